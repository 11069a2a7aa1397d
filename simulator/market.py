"""Market rows: read from CSV, in time order."""

import gzip
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import IO

import msgspec

COLUMNS = ("ts_ns", "symbol", "bid", "ask", "bid_size", "ask_size", "last", "last_size")
HEADER = ",".join(COLUMNS)
_NUMBER = r"(-?\d+(?:\.\d+)?)?"
_SYMBOL = r"([!-+\--~](?:[ -+\--~]{0,62}[!-+\--~])?)"  # as instruments have it, without commas
_LINE = re.compile(r"(\d{1,19})," + _SYMBOL + f",{_NUMBER}" * 6)
_SYMBOL_ONLY = re.compile(_SYMBOL)
_NUMBER_ONLY = re.compile(_NUMBER)
_PRICES_ENOUGH = 100  # fewer distinct prices say nothing about a coarser grid


class Row(msgspec.Struct, gc=False):
    """One change of the market; values are the source's own text, None is "not carried".

    Text, since nearly all rows are only passed on: what matches an order becomes a Decimal
    when it does.
    """

    ts_ns: int
    symbol: str
    bid: str | None
    ask: str | None
    bid_size: str | None
    ask_size: str | None
    last: str | None
    last_size: str | None


class CsvMarket:
    """The rows of a CSV file (.gz too) with `HEADER` as its first line.

    Rows before `from_ns` (UTC nanoseconds) are left out. A line that is broken or out of
    time order raises ValueError with file, line number, what was found and expected.
    """

    def __init__(self, path: str | Path, from_ns: int | None = None) -> None:
        self._path = Path(path)
        self._rows = self._read(from_ns or 0)

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    def __next__(self) -> Row:
        return next(self._rows)

    def _read(self, from_ns: int) -> Iterator[Row]:
        last_ns = 0
        match = _LINE.fullmatch
        with _open(self._path) as file:
            header = file.readline().rstrip("\r\n")
            if header != HEADER:
                raise ValueError(f"{self._path}: line 1 is {header[:80]!r}, expected {HEADER!r}")
            for number, line in enumerate(file, start=2):
                found = match(line.rstrip("\r\n"))
                if found is None:
                    raise ValueError(f"{self._path}: line {number}: {_fault(line)}")
                ts, *values = found.groups()
                ts_ns = int(ts)
                if ts_ns < last_ns:
                    raise ValueError(
                        f"{self._path}: line {number}: ts_ns is {ts_ns}, "
                        f"expected {last_ns} or later, rows are in time order"
                    )
                last_ns = ts_ns
                if ts_ns >= from_ns:
                    yield Row(ts_ns, *values)


def symbols_of(path: str | Path, limit: int, rows_max: int = 50_000) -> dict[str, Decimal]:
    """The first `limit` symbols in the first `rows_max` rows, each with the step of its prices."""
    prices: dict[str, set[Decimal]] = {}
    for number, row in enumerate(CsvMarket(path)):
        if number >= rows_max:
            break
        if row.symbol not in prices and len(prices) >= limit:
            continue
        seen = prices.setdefault(row.symbol, set())
        seen.update(Decimal(text) for text in (row.bid, row.ask, row.last) if text)
    return {symbol: tick_of(seen) for symbol, seen in prices.items()}


def plain(text: str) -> str:
    """A number's text without the trailing zeros of its fraction: "61837.6300" -> "61837.63"."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def tick_of(prices: set[Decimal]) -> Decimal:
    """The step that all of `prices` lie on: the finest decimal place that any of them uses, or 2,
    2.5 or 5 of it where all of many lie on that grid (the quarter points of ES)."""
    places = max((_places(price) for price in prices), default=2)
    finest = Decimal(1).scaleb(-places)
    if len(prices) < _PRICES_ENOUGH:
        return finest
    step = math.gcd(*(int(price.scaleb(places)) for price in prices))
    return finest * step if step in (2, 5, 10, 20, 25, 50) else finest


def _places(price: Decimal) -> int:
    text = plain(format(price, "f"))
    return len(text.partition(".")[2])


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", errors="replace")
    return path.open(encoding="utf-8", errors="replace")


def _fault(line: str) -> str:
    """Why a line does not parse, in words that name the column."""
    parts = line.rstrip("\r\n").split(",")
    if len(parts) != len(COLUMNS):
        return f"{len(parts)} columns, expected {len(COLUMNS)} ({HEADER})"
    for name, part in zip(COLUMNS[2:], parts[2:], strict=True):
        if not _NUMBER_ONLY.fullmatch(part):
            return f"{name} is {part!r}, expected a decimal number or nothing"
    if not _SYMBOL_ONLY.fullmatch(parts[1]):
        return f"symbol is {parts[1]!r}, expected 1 to 64 printable ASCII characters"
    return f"ts_ns is {parts[0]!r}, expected UTC nanoseconds"
