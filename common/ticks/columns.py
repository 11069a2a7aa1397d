"""Which column of a person's CSV is what: common header names, matched whatever their case."""

from collections.abc import Sequence
from typing import Final

import msgspec

NAMES: Final = {
    "ts": ("ts_ns", "ts", "timestamp", "datetime", "date_time", "time", "date"),
    "symbol": ("symbol", "ticker", "instrument", "contract"),
    "bid": ("bid", "bid_price", "bidprice", "best_bid"),
    "ask": ("ask", "ask_price", "askprice", "offer", "best_ask"),
    "bid_size": ("bid_size", "bidsize", "bid_qty", "bid_volume"),
    "ask_size": ("ask_size", "asksize", "ask_qty", "ask_volume"),
    "last": ("last", "price", "last_price", "trade_price", "close"),
    "last_size": ("last_size", "lastsize", "size", "volume", "qty", "quantity", "trade_size"),
}
"""Of each of our columns the names that it goes by; where a file has several, the first counts."""

DELIMITERS: Final = ",;\t"


class Columns(msgspec.Struct, frozen=True):
    """The place of each of our columns in a line, None where the file has none.

    `day` is the place of a date that stands apart from its time of day; `unused` are names that
    mean nothing here.
    """

    count: int
    ts: int
    day: int | None
    symbol: int | None
    bid: int | None
    ask: int | None
    bid_size: int | None
    ask_size: int | None
    last: int | None
    last_size: int | None
    unused: tuple[str, ...]

    @property
    def has_quotes(self) -> bool:
        """Whether the file has bids and asks."""
        return self.bid is not None

    @property
    def is_bars(self) -> bool:
        """Whether a row sums up a stretch of time, as open, high, low and close do."""
        return {"high", "low"} <= {_plain(name) for name in self.unused}


def delimiter_of(header: str) -> str:
    """The character between the columns: the one that the header has most of."""
    return max(DELIMITERS, key=header.count)


def columns_of(header: Sequence[str]) -> Columns:
    """Find the columns; raises ValueError saying what is missing and what was found."""
    names = [_plain(name) for name in header]
    found = {ours: _place(names, known) for ours, known in NAMES.items()}
    day, ts = None, found["ts"]
    if "date" in names and "time" in names:
        day, ts = names.index("date"), names.index("time")
    shown = ", ".join(header)[:120]
    if ts is None:
        raise ValueError(f"no column of times in {shown!r}, expected {_or(NAMES['ts'])}")
    if (found["bid"] is None) != (found["ask"] is None):
        raise ValueError(f"one of bid and ask alone in {shown!r}, expected both or none")
    if found["bid"] is None and found["last"] is None:
        raise ValueError(f"no column of prices in {shown!r}, expected bid and ask, or last")
    used = {ts, day, *found.values()}
    unused = tuple(name for place, name in enumerate(header) if place not in used)
    del found["ts"]
    return Columns(len(header), ts, day=day, unused=unused, **found)


def _plain(name: str) -> str:
    return name.strip().lstrip("\ufeff").strip("'\"").lower().replace(" ", "_").replace("-", "_")


def _place(names: Sequence[str], known: Sequence[str]) -> int | None:
    return next((names.index(name) for name in known if name in names), None)


def _or(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
