"""Bars of history: their sizes, how far a duration reaches, and how they are put together."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from msgspec.structs import replace

from tapewire.simulator.exchange.hours import Hours
from tapewire.simulator.market.history import History
from tapewire.simulator.market.summary import Bar, Kind, Summary, join

NS_PER_S: Final = 1_000_000_000
DAY_S: Final = 86_400
WEEK_S: Final = 7 * DAY_S
MONTH_S: Final = 30 * DAY_S
SIZES: Final = {
    "1 secs": 1, "5 secs": 5, "10 secs": 10, "15 secs": 15, "30 secs": 30, "1 min": 60,
    "2 mins": 120, "3 mins": 180, "5 mins": 300, "10 mins": 600, "15 mins": 900, "20 mins": 1_200,
    "30 mins": 1_800, "1 hour": 3_600, "2 hours": 7_200, "3 hours": 10_800, "4 hours": 14_400,
    "8 hours": 28_800, "1 day": DAY_S, "1 week": WEEK_S, "1 month": MONTH_S,
}  # fmt: skip
"""Seconds of each size; a month's are those of its days."""
OTHER_NAMES: Final = {"1 sec": "1 secs", "1 mins": "1 min", "1D": "1 day", "1W": "1 week",
                      "1M": "1 month"}  # fmt: skip
UNITS: Final = {"S": 1, "D": DAY_S, "W": WEEK_S, "M": MONTH_S, "Y": 365 * DAY_S}
SECONDS_MAX: Final = DAY_S
DURATION_MAX_S: Final = 50 * UNITS["Y"]
BARS_MAX: Final = {1: 2_000}
OTHER_BARS_MAX: Final = 20_000
_DURATION: Final = re.compile(r"(\d{1,5}) +([SDWMY])", re.ASCII)


class Made(NamedTuple):
    """A bar, and the time that it is of: from `begin_ns` on and before `end_ns`."""

    begin_ns: int
    end_ns: int
    bar: Bar


def size_of(text: str) -> int | None:
    """The seconds of a bar size; None for what TWS does not have."""
    return SIZES.get(OTHER_NAMES.get(text.strip(), text.strip()))


def duration_s(text: str) -> int | None:
    """The seconds of a duration such as `3 D`, at most 50 years; None for what is none."""
    found = _DURATION.fullmatch(text.strip().upper())
    seconds = int(found[1]) * UNITS[found[2]] if found else 0
    return seconds if 0 < seconds <= DURATION_MAX_S else None


def is_in_seconds(text: str) -> bool:
    """Whether a duration is given in seconds."""
    return text.strip().upper().endswith("S")


def begin_of(at_ns: int, size_s: int) -> int:
    """When the bar of a moment begins, in UTC: a week's on Monday, a month's on the first."""
    if size_s < WEEK_S:
        return at_ns // NS_PER_S // size_s * size_s * NS_PER_S
    day = datetime.fromtimestamp(at_ns // NS_PER_S, UTC).replace(hour=0, minute=0, second=0)
    first = day.replace(day=1) if size_s == MONTH_S else day - timedelta(days=day.weekday())
    return int(first.timestamp()) * NS_PER_S


def end_of(begin_ns: int, size_s: int) -> int:
    """When a bar ends that begins then."""
    if size_s != MONTH_S:
        return begin_ns + size_s * NS_PER_S
    return begin_of(begin_ns + 32 * DAY_S * NS_PER_S, size_s)


def too_many(seconds: int, size_s: int) -> bool:
    """Whether a duration has more bars of a size than one answer may have."""
    return seconds // size_s > BARS_MAX.get(size_s, OTHER_BARS_MAX)


class Bars:
    """The bars of one symbol, of one kind, or of both sides of the quote (`BID_ASK`)."""

    def __init__(self, history: History, hours: Hours, symbol: str, what: str, size_s: int) -> None:
        self._history = history
        self._hours = hours
        self._symbol = symbol
        self._what = what
        self._size_s = size_s

    def between(self, from_ns: int, to_ns: int, *, use_rth: bool) -> list[Made]:
        """The bars that begin before `to_ns`, from the one of `from_ns` on. One of quotes that saw
        none is flat; one of trades is left out. With `use_rth` they are of regular hours alone."""
        made = []
        last: Bar | None = None
        for begin_ns, end_ns in self._times(from_ns, to_ns):
            bar = self._bar(begin_ns, min(end_ns, to_ns), use_rth=use_rth)
            if bar is None and last is not None and self._what != "TRADES":
                bar = Bar(last.close, last.close, last.close, last.close)
            if bar is not None:
                made.append(Made(begin_ns, end_ns, bar))
                last = bar
        return made

    def _times(self, from_ns: int, to_ns: int) -> Iterator[tuple[int, int]]:
        head_ns = self._history.head_ns(self._symbol)
        if head_ns is None:
            return
        begin_ns = begin_of(max(from_ns, head_ns), self._size_s)
        while begin_ns < to_ns:
            end_ns = end_of(begin_ns, self._size_s)
            yield begin_ns, end_ns
            begin_ns = end_ns

    def _bar(self, from_ns: int, to_ns: int, *, use_rth: bool) -> Bar | None:
        whole: Summary = {}
        stretches = self._hours.regular_between(from_ns, to_ns) if use_rth else [(from_ns, to_ns)]
        for begin_ns, end_ns in stretches:
            join(whole, self._history.summary(self._symbol, begin_ns, end_ns))
        return both_sides(whole) if self._what == "BID_ASK" else whole.get(kind_of(self._what))


def kind_of(what: str) -> Kind:
    """The kind of price that a bar is of."""
    kinds: dict[str, Kind] = {"MIDPOINT": "MIDPOINT", "BID": "BID", "ASK": "ASK"}
    return kinds.get(what, "TRADES")


def both_sides(whole: Summary) -> Bar | None:
    """A bar of BID_ASK: it opens with the bid and closes with the ask; between the lowest bid and
    the highest ask."""
    bid, ask = whole.get("BID"), whole.get("ASK")
    if bid is None or ask is None:
        return None
    return replace(bid, high=ask.high, close=ask.close)
