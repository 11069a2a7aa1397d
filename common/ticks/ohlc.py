"""Bars of a file as ticks: four trades each, with a quote at the price of each.

    open   at the bar's start
    high and low   a third and two thirds through it: first the one that is nearer to the open
    close  a nanosecond before the bar's end; the quote has no size from then on

What could go wrong: a strategy trades at a price that it cannot know yet. It learns a bar's close,
or the whole bar, at the bar's end. Whatever it orders then comes later than that, and finds a quote
without size until the next bar opens: it trades at the next open, over a night or a week-end too,
and never at the close that it was decided on. The order of high and low within a bar is not in the
file; that the nearer one came first is what TradingView assumes as well.

The trades of a bar lie within it, and each has a quarter of its volume, so bars that are made of
them are the file's. A bar of a day or longer begins at midnight of its date in UTC, wherever it was
traded, and closes four hours before the next date: within the trading day of that date (see
`trading_days`), whose end values positions.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from tapewire.common.ticks.fields import plain
from tapewire.common.ticks.stamps import iso
from tapewire.common.ticks.table import ABSENT, Codes, Column, TickTable, Times, columns_of_rows

NOTE: Final = (
    "the file has bars: each trades at its open, high, low and close, without a spread; after a"
    " close orders wait for the next one's open"
)
"""What a reader of the results should know."""
SIZE_ASSUMED: Final = "1000000"
PRICES: Final = ("open", "high", "low", "last")
BAR_VALUES: Final = (*PRICES, "last_size")
TICKS: Final = len(PRICES)
MINUTE_NS: Final = 60_000_000_000
HOUR_NS: Final = 3_600_000_000_000
DAY_NS: Final = 24 * HOUR_NS
DAILY_MIN_NS: Final = 20 * HOUR_NS
AFTER_CLOSE_NS: Final = 4 * HOUR_NS


class Bar(msgspec.Struct, gc=False):
    """A bar as it stands in a file: the time of its start or its end, and by how much the clock of
    that time is ahead of UTC; values are the file's text, None is "not carried"."""

    ts_ns: int
    offset_ns: int
    symbol: str
    open: str | None
    high: str | None
    low: str | None
    last: str | None
    last_size: str | None


class Bars(NamedTuple):
    """Bars as columns, as `Bar` has them; `values` are those of `BAR_VALUES`."""

    ts_ns: Times
    offset_ns: Times
    symbols: Column
    values: dict[str, Column]

    def taken(self, rows: "npt.NDArray[np.intp]") -> "Bars":
        """Some of them, in this order."""
        values = {name: one.taken(rows) for name, one in self.values.items()}
        return Bars(self.ts_ns[rows], self.offset_ns[rows], self.symbols.taken(rows), values)


def bars_of(bars: Iterable[Bar]) -> Bars:
    """Bars, one by one, as columns."""
    whole, found = columns_of_rows(bars, ("ts_ns", "offset_ns"), ("symbol", *BAR_VALUES))
    return Bars(whole["ts_ns"], whole["offset_ns"], found.pop("symbol"), found)


def ticks_of(bars: Bars, *, ends: bool) -> TickTable:
    """The ticks of bars, in time order; `ends`: the times are those of the bars' ends. Raises
    ValueError for bars of a symbol that are out of order or lack a price."""
    bars = _whole(bars)
    begins_ns, ends_ns = _spans(bars, ends=ends)
    span_ns = ends_ns - begins_ns
    times = np.stack(
        [begins_ns, begins_ns + span_ns // 3, begins_ns + span_ns * 2 // 3, ends_ns - 1], axis=1
    ).ravel()
    order = np.argsort(times, kind="stable")
    size = np.zeros((len(begins_ns), TICKS), np.int32)
    size[:, -1] = 1
    price, shown = _prices(bars), Column(size.ravel(), [SIZE_ASSUMED, "0"]).taken(order)
    price = price.taken(order)
    values = {"bid": price, "ask": price, "bid_size": shown, "ask_size": shown, "last": price}
    values["last_size"] = _quarters(bars.values["last_size"]).taken(order)
    symbols = Column(np.repeat(bars.symbols.codes, TICKS)[order], bars.symbols.texts)
    return TickTable(times[order], symbols, values)


def _whole(bars: Bars) -> Bars:
    """The bars that have prices. Yahoo writes a line without any for some days."""
    absent = np.stack([bars.values[name].codes == ABSENT for name in PRICES])
    partly = absent.any(axis=0) & ~absent.all(axis=0)
    if partly.any():
        at = int(np.argmax(partly))
        raise ValueError(
            f"the bar of {iso(int(bars.ts_ns[at]))} lacks a price, expected open, high, low and"
            " close"
        )
    return bars.taken(np.flatnonzero(~absent.all(axis=0)))


def _spans(bars: Bars, *, ends: bool) -> tuple[Times, Times]:
    """When each bar begins and ends, in UTC."""
    stamps = bars.ts_ns
    by_symbol = np.lexsort((np.arange(len(stamps)), bars.symbols.codes))
    ordered, codes = stamps[by_symbol], bars.symbols.codes[by_symbol]
    follows = codes[1:] == codes[:-1]
    steps = ordered[1:] - ordered[:-1]
    _require_order(bars, by_symbol, follows & (steps <= 0))
    local = stamps + bars.offset_ns
    at_midnight = not (local % DAY_NS).any()
    width_ns = _width_ns(steps[follows], DAY_NS if at_midnight else MINUTE_NS)
    is_daily = width_ns >= DAILY_MIN_NS and at_midnight
    if is_daily:
        stamps, ends = local, False
    room = np.full(len(stamps), width_ns)
    ordered = stamps[by_symbol]
    steps = np.minimum(ordered[1:] - ordered[:-1], width_ns)
    if ends:
        room[by_symbol[1:][follows]] = steps[follows]
        return stamps - room, stamps
    room[by_symbol[:-1][follows]] = steps[follows]
    return stamps, stamps + room - (AFTER_CLOSE_NS if is_daily else 0)


def _require_order(
    bars: Bars, by_symbol: "npt.NDArray[np.intp]", wrong: "npt.NDArray[np.bool_]"
) -> None:
    if not wrong.any():
        return
    before, after = by_symbol[np.argmax(wrong) : np.argmax(wrong) + 2].tolist()
    raise ValueError(
        f"the bar of {bars.symbols.texts[bars.symbols.codes[after]]} of"
        f" {iso(int(bars.ts_ns[after]))} follows that of {iso(int(bars.ts_ns[before]))}; expected"
        " each symbol's bars in time order, each time once: sort them, and remove repeated ones"
    )


def _width_ns(steps: Times, alone_ns: int) -> int:
    """The width of bars by the time from one to the next: the most frequent, and of those the
    least. Where there is no more than one bar of a symbol, `alone_ns`."""
    if not len(steps):
        return alone_ns
    known, counts = np.unique(steps, return_counts=True)
    return int(known[np.argmax(counts)])


def _prices(bars: Bars) -> Column:
    """The prices of all ticks, bar after bar, in the order in which they come within one."""
    codes, texts = _joined([bars.values[name] for name in PRICES])
    floats = np.array([*map(float, texts), np.nan])[codes]
    opened, high, low, _ = floats
    low_first = np.abs(low - opened) < np.abs(high - opened)
    codes[1:3] = np.where(low_first, codes[2:0:-1], codes[1:3])
    return Column(codes.T.ravel(), texts)


def _joined(columns: list[Column]) -> tuple[Codes, list[str]]:
    """The codes of several columns, one below the other, in one list of texts."""
    known: dict[str, int] = {}
    codes = []
    for column in columns:
        places = [known.setdefault(text, len(known)) for text in column.texts]
        codes.append(np.array([*places, ABSENT], np.int32)[column.codes])
    return np.stack(codes), [*known]


def _quarters(volume: Column) -> Column:
    """A quarter of each bar's volume, for each of its ticks."""
    known: dict[str, int] = {}
    quarters = [plain(Decimal(text) / TICKS) for text in volume.texts]
    places = [known.setdefault(text, len(known)) for text in quarters]
    codes = np.array([*places, ABSENT], np.int32)[volume.codes]
    return Column(np.repeat(codes, TICKS), [*known])
