"""The files of ticks and bars that can be read, as their makers write them: one table.

The reader takes from it what a header cannot say: the columns of files without one, the unit of
sizes, the zone of times. An error names the layout that comes nearest, and the documents list all.
What a column means is not written here again: each is known by its name (see `columns`).
"""

import csv
import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple

import msgspec

from tapewire.common.ticks.columns import NAMES, plain
from tapewire.common.ticks.rows import COLUMNS

DELIMITERS: Final = ",;\t"
NAMES_MAX: Final = 60
"""Of a header, for the layout that comes nearest."""
NEEDED: Final = ("ts", "bid", "ask", "last", "open", "high", "low")
LIKENESS_MIN: Final = 0.75
_DATUM: Final = re.compile(r"-?\d+(?:\.\d+)?|true|false", re.IGNORECASE)


class Layout(msgspec.Struct, frozen=True):
    """One kind of file: its columns in their order, and a line of it. `size_unit` is what a size
    of 1 in it stands for."""

    name: str
    columns: tuple[str, ...]
    line: str
    has_header: bool = True
    is_utc: bool = False
    """Times without a zone are UTC, whatever zone is given."""
    size_unit: int = 1
    note: str = ""
    """What a reader of the results should know."""


def _columns(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


_MILLIONS: Final = "sizes are in millions, as Dukascopy writes them: 1.5 counts as 1,500,000"
_KLINES: Final = _columns(
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,"
    "taker_buy_quote_volume,ignore"
)
BARS: Final = Layout(
    "bars", _columns("date,open,high,low,close,volume"),
    "2024-01-08 09:31,184.1,184.3,184.05,184.2,1200",
)  # fmt: skip
LAYOUTS: Final = (
    BARS,
    Layout("trades", _columns("time,symbol,price,size"), "1704724200123,AAPL,184.11,100"),
    Layout(
        "quotes", _columns("time,symbol,bid,ask,bid_size,ask_size"),
        "2024-01-08T14:30:00.123Z,AAPL,184.1,184.12,200,300",
    ),
    Layout(
        "ticks of Tapewire", COLUMNS, "1704724200000000000,AAPL,184.1,184.12,200,300,184.11,100"
    ),
    Layout(
        "bars of Yahoo", _columns("Date,Open,High,Low,Close,Adj Close,Volume"),
        "2024-01-08,182.09,185.6,181.5,185.56,184.9,59144500",
        note="prices are not adjusted for dividends: Adj Close is not used",
    ),
    Layout(
        "bars of Dukascopy", _columns("Gmt time,Open,High,Low,Close,Volume"),
        "08.01.2024 09:31:00.000,1.09411,1.09425,1.09405,1.0942,120.5",
        is_utc=True, size_unit=1_000_000, note=_MILLIONS,
    ),
    Layout(
        "ticks of Dukascopy", _columns("Gmt time,Ask,Bid,AskVolume,BidVolume"),
        "08.01.2024 09:31:00.123,1.09412,1.0941,0.9,1.5",
        is_utc=True, size_unit=1_000_000, note=_MILLIONS,
    ),
    Layout(
        "bars of Dukascopy in local time", _columns("Local time,Open,High,Low,Close,Volume"),
        "08.01.2024 09:31:00.000 GMT+0100,1.09411,1.09425,1.09405,1.0942,120.5",
        size_unit=1_000_000, note=_MILLIONS,
    ),
    Layout(
        "ticks of Dukascopy in local time", _columns("Local time,Ask,Bid,AskVolume,BidVolume"),
        "08.01.2024 09:31:00.123 GMT+0100,1.09412,1.0941,0.9,1.5",
        size_unit=1_000_000, note=_MILLIONS,
    ),
    Layout(
        "bars of Interactive Brokers", _columns("date,open,high,low,close,volume,average,barCount"),
        "20240108 09:31:00 US/Eastern,184.1,184.3,184.05,184.2,1200,184.15,90",
    ),
    Layout(
        "klines of Binance", _KLINES,
        "1704706260000,43800.1,43810.0,43795.5,43805.2,12.3,1704706319999,538803.9,410,6.1,267214,0",
    ),
    Layout(
        "klines of Binance without a header", _KLINES,
        "1704706260000,43800.1,43810.0,43795.5,43805.2,12.3,1704706319999,538803.9,410,6.1,267214,0",
        has_header=False,
    ),
    Layout(
        "trades of Binance without a header",
        _columns("id,price,qty,quote_qty,time,is_buyer_maker,is_best_match"),
        "3361721,43800.1,0.01,438.0,1704706260123,True,True", has_header=False,
    ),
)  # fmt: skip


class Head(NamedTuple):
    """What stands before the data of a file: the names of its columns, how many lines it takes,
    and its symbol where the header names one."""

    names: list[str]
    delimiter: str
    lines: int = 1
    symbol: str = ""
    layout: Layout | None = None


def head_of(lines: Sequence[str]) -> Head:
    """The head of a CSV, of its first lines; raises ValueError for one that cannot be told."""
    delimiter = max(DELIMITERS, key=lines[0].count)
    first, *others = ([*csv.reader([line], delimiter=delimiter)] for line in lines)
    names = first[0] if first else []
    if names and all(_DATUM.fullmatch(name.strip()) for name in names):
        return _without_header(names, delimiter)
    if len(others) > 1 and (found := _of_yfinance(names, *others[0][:1], *others[1][:1])):
        return found._replace(layout=layout_of(found.names))
    return Head(names, delimiter, layout=layout_of(names))


def _without_header(line: Sequence[str], delimiter: str) -> Head:
    for layout in LAYOUTS:
        if not layout.has_header and len(layout.columns) == len(line):
            return Head([*layout.columns], delimiter, 0, layout=layout)
    counts = " or ".join(str(len(one.columns)) for one in LAYOUTS if not one.has_header)
    raise ValueError(
        f"it is data, {','.join(line)[:60]!r}, and not the names of columns. Write a line of names"
        f" above it, such as {','.join(BARS.columns)}; without names only {counts} columns can be"
        f" read, as Binance writes them, and these are {len(line)}"
    )


def _of_yfinance(names: list[str], second: list[str], third: list[str]) -> Head | None:
    """The three lines of `yfinance.download(...).to_csv()`: prices, the ticker, and the index."""
    if names[:1] != ["Price"] or second[:1] != ["Ticker"] or third[:1] != ["Date"]:
        return None
    tickers = sorted({*second[1:]})
    if len(tickers) != 1:
        raise ValueError(
            f"it has the bars of {', '.join(tickers)[:80]} beside each other; write one file for"
            " each"
        )
    return Head(["Date", *names[1:]], ",", 3, tickers[0])


def layout_of(names: Sequence[str]) -> Layout | None:
    """The layout of which a header has all columns; the one with the most of them."""
    given = {plain(name) for name in names}
    whole = [one for one in LAYOUTS if {plain(name) for name in one.columns} <= given]
    return max((one for one in whole if one.has_header), key=_length, default=None)


def _length(layout: Layout) -> int:
    return len(layout.columns)


def nearest(names: Sequence[str]) -> str:
    """The layout that a header comes nearest to, and what it lacks for it, in a sentence."""
    given = {plain(name) for name in names[:NAMES_MAX]}
    best = max(LAYOUTS, key=lambda one: _nearness(one, given))
    lacks = ", ".join(name for name in _needed(best) if plain(name) not in given)
    return (
        f"the nearest that can be read is {best.name}, {','.join(best.columns)}; missing: {lacks}"
    )


def _nearness(layout: Layout, given: set[str]) -> tuple[float, float]:
    """How much a header has of what a layout needs, from 0 to 1, and how many of its columns."""
    found = {
        name: max((_likeness(plain(name), one) for one in given), default=0.0)
        for name in layout.columns
    }
    needed = _needed(layout)
    return sum(found[name] for name in needed) / len(needed), sum(found.values())


def _needed(layout: Layout) -> list[str]:
    """The columns of a layout without which nothing can be read."""
    known = {name for ours in NEEDED for name in NAMES[ours]}
    return [name for name in layout.columns if plain(name) in known]


def _likeness(name: str, given: str) -> float:
    ratio = SequenceMatcher(None, name, given).ratio()
    return ratio if ratio >= LIKENESS_MIN else 0.0
