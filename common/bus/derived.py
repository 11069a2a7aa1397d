"""Derived topics: what the gateway makes of ticks once for all who ask for the same.

    tick.SYMBOL@10/s     at most 10 ticks per second, the newest ones
    tick.SYMBOL@>0.05    only ticks whose price has moved by more than 0.05 since the last one
    bar.SYMBOL.1m        bars of a minute (`s`, `m`, `h`)

A PUB socket sends every reader of a topic the same bytes, so each of these is a topic of its own,
with a seq of its own. `first.SYMBOL@10/s` has the last values for a joiner, as `last.SYMBOL` has of
all ticks. It begins otherwise, for those who read `last.` of every symbol want nothing older.
"""

import re
from typing import Final, NamedTuple

FILTER_PATTERN: Final = r"(?:(?P<rate>1000|[1-9]\d{0,2})/s|>(?P<change>\d{1,12}(?:\.\d{1,12})?))"
SIZE_PATTERN: Final = r"(?P<count>[1-9]\d{0,4})(?P<unit>[smh])"
_FILTERED: Final = re.compile(f"(?P<symbol>.+)@{FILTER_PATTERN}", re.ASCII)
_SIZE: Final = re.compile(SIZE_PATTERN, re.ASCII)
_UNIT_NS: Final = {"s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000}


JOINED: Final = "first"
"""What the topic of a filter's last values begins with."""


class Filter(NamedTuple):
    """What ticks a reader wants of a symbol: at most so many per second, or those that change the
    price by more than so much. One of the two is 0."""

    symbol: str
    rate_per_s: int = 0
    change: float = 0.0


def filter_of(name: str) -> Filter | None:
    """What the name behind `tick.` asks for; None if it is not a filter."""
    found = _FILTERED.fullmatch(name)
    if found is None:
        return None
    return Filter(found["symbol"], int(found["rate"] or 0), float(found["change"] or 0))


def size_ns(text: str) -> int | None:
    """The width of a bar, such as `30s` or `1h`; None if it is not one."""
    found = _SIZE.fullmatch(text)
    return int(found["count"]) * _UNIT_NS[found["unit"]] if found is not None else None
