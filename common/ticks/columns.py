"""Which column of a person's file is what: common header names, matched whatever their case."""

from collections.abc import Sequence
from typing import Final

import msgspec

NAMES: Final = {
    "ts": (
        "ts_ns", "ts", "timestamp", "datetime", "date_time", "time", "date", "gmt_time",
        "local_time", "open_time", "transact_time", "__index_level_0__",
    ),
    "symbol": ("symbol", "ticker", "instrument", "contract"),
    "bid": ("bid", "bid_price", "bidprice", "best_bid"),
    "ask": ("ask", "ask_price", "askprice", "offer", "best_ask"),
    "bid_size": ("bid_size", "bidsize", "bid_qty", "bid_volume", "bidvolume"),
    "ask_size": ("ask_size", "asksize", "ask_qty", "ask_volume", "askvolume"),
    "last": ("last", "price", "last_price", "trade_price", "close"),
    "last_size": ("last_size", "lastsize", "size", "volume", "qty", "quantity", "trade_size"),
    "open": ("open",),
    "high": ("high",),
    "low": ("low",),
}  # fmt: skip
"""Of each of our columns the names that it goes by; where a file has several, the first counts."""
BAR: Final = ("open", "high", "low")


class Columns(msgspec.Struct, frozen=True):
    """The place of each of our columns in a line, None where the file has none.

    `day` is the place of a date that stands apart from its time of day; `unused` are names that
    mean nothing here. `open`, `high` and `low` are there in a file of bars alone, which has no
    quotes; the close is its `last`.
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
    open: int | None
    high: int | None
    low: int | None
    unused: tuple[str, ...]

    @property
    def has_quotes(self) -> bool:
        """Whether the file has bids and asks."""
        return self.bid is not None

    @property
    def is_bars(self) -> bool:
        """Whether a row sums up a stretch of time by its open, high, low and close."""
        return self.open is not None


def columns_of(header: Sequence[str]) -> Columns:
    """Find the columns; raises ValueError saying what is missing and what was found."""
    names = [plain(name) for name in header]
    found = {ours: _place(names, known) for ours, known in NAMES.items()}
    day, ts = None, found.pop("ts")
    if "date" in names and "time" in names:
        day, ts = names.index("date"), names.index("time")
    shown = ", ".join(header)[:120]
    if ts is None:
        raise ValueError(f"no column of times in {shown!r}, expected one such as time or date")
    if (found["bid"] is None) != (found["ask"] is None):
        raise ValueError(f"one of bid and ask alone in {shown!r}, expected both or none")
    if found["bid"] is None and found["last"] is None:
        raise ValueError(
            f"no column of prices in {shown!r}, expected bid and ask, or one such as price or close"
        )
    is_bars = found["bid"] is None and all(found[name] is not None for name in BAR)
    found |= {} if is_bars else dict.fromkeys(BAR)
    used = {ts, day, *found.values()}
    unused = tuple(name for place, name in enumerate(header) if place not in used)
    return Columns(len(header), ts, day=day, unused=unused, **found)


def plain(name: str) -> str:
    """A header's name as `NAMES` has it."""
    return name.strip().lstrip("\ufeff").strip("'\"").lower().replace(" ", "_").replace("-", "_")


def _place(names: Sequence[str], known: Sequence[str]) -> int | None:
    return next((names.index(name) for name in known if name in names), None)
