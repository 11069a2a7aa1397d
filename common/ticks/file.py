"""A person's file of ticks: Tapewire's own CSV, or one with fewer columns and other names."""

import csv
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from tapewire.common.config.text import quoted
from tapewire.common.instruments import SYMBOL_PATTERN
from tapewire.common.ticks.columns import Columns, columns_of, delimiter_of
from tapewire.common.ticks.memory import InMemory
from tapewire.common.ticks.rows import (
    HEADER,
    CsvMarket,
    Row,
    number_of,
    opened,
    symbol_of,
    time_of,
)
from tapewire.common.ticks.stamps import iso, stamp_ns

SIZE_ASSUMED: Final = "1000000"
_SYMBOL: Final = re.compile(SYMBOL_PATTERN)
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_ABSENT: Final = frozenset(["", "nan", "na", "n/a", "null", "none", "-"])


class TickFile:
    """Rows of a CSV (.gz too) in time order; `rows` may be asked for more than once.

    What a file lacks is made up, and `notes` says so: without a column of symbols all rows are of
    the one that the file is named after, unless it is given; without quotes every trade is also a
    quote with both sides at its price; without sizes each quote shows `SIZE_ASSUMED`. `source` is
    what is read, `path` its name.

    What is broken or out of order raises ValueError with file, line, found and expected.
    """

    def __init__(self, path: Path | InMemory, symbol: str = "") -> None:
        self.source = path
        self.path = Path(path.name) if isinstance(path, InMemory) else path
        with opened(path) as file:
            first = file.readline()
        if not first:
            raise ValueError(f"{path}: the file is empty, expected a CSV of ticks")
        header = first.rstrip("\r\n")
        self.is_own = header == HEADER
        self.delimiter = delimiter_of(header)
        try:
            self.columns = columns_of(next(csv.reader([header], delimiter=self.delimiter), []))
        except ValueError as error:
            raise ValueError(f"{path}: line 1: {error}") from error
        self._is_named = bool(symbol)
        self._symbol = symbol or path.name.partition(".")[0]
        self.notes = tuple(self._made_up())

    @property
    def only_symbol(self) -> str | None:
        """The symbol of all rows, where the file does not name any."""
        return self._symbol if self.columns.symbol is None else None

    def rows(self, from_ns: int | None, to_ns: int | None) -> Iterator[Row]:
        """The rows from `from_ns` on and before `to_ns`, in UTC nanoseconds; None: no bound."""
        rows = iter(CsvMarket(self.source)) if self.is_own else self._read()
        for row in rows:
            if to_ns is not None and row.ts_ns >= to_ns:
                return
            if from_ns is None or row.ts_ns >= from_ns:
                yield row

    # ---- one value, as `rows` reads it: each raises ValueError -----------------------------------

    def time(self, day: str | None, text: str) -> int:
        """A time, with a `day` where that stands apart; UTC nanoseconds."""
        return time_of(text) if self.is_own else _moment(day, text)

    def symbol(self, text: str) -> str:
        """A symbol; that of the file's name where it has none."""
        if self.is_own:
            return symbol_of(text)
        symbol = self._symbol if self.columns.symbol is None else text.strip()
        if not _SYMBOL.fullmatch(symbol):
            raise ValueError(
                f"the symbol is {quoted(symbol)}, expected 1 to 64 printable ASCII characters"
            )
        return symbol

    def value(self, column: str, text: str) -> str | None:
        """A price or a size."""
        if self.is_own:
            return number_of(text)
        is_size = column.endswith("_size")
        return _number_in(text, column.replace("_", " "), 0 if is_size else None)

    def _made_up(self) -> Iterator[str]:
        columns = self.columns
        if columns.symbol is None and not self._is_named:
            yield f"the file has no symbols: all of it is {self._symbol}, after its name"
        if not columns.has_quotes:
            yield (
                "the file has no quotes: each trade's price counts as bid and ask, so that trading"
                " costs no spread"
            )
        if columns.bid_size is None or columns.ask_size is None:
            yield f"the file has no quote sizes: each quote shows {int(SIZE_ASSUMED):,}"
        if columns.is_bars:
            yield (
                "the file looks like bars: each is traded at its close, at the row's time; where"
                " that is the bar's start, the close is known before its time"
            )
        if columns.unused:
            yield f"columns that are not used: {', '.join(columns.unused)}"

    def _read(self) -> Iterator[Row]:
        last_ns = 0
        with opened(self.source) as file:
            lines = csv.reader(file, delimiter=self.delimiter)
            next(lines)
            for fields in lines:
                if not fields:
                    continue
                try:
                    row = self._row(fields, self.columns)
                except ValueError as error:
                    raise ValueError(f"{self.path}: line {lines.line_num}: {error}") from error
                if row.ts_ns < last_ns:
                    raise ValueError(
                        f"{self.path}: line {lines.line_num}: the time is {iso(row.ts_ns)},"
                        f" expected {iso(last_ns)} or later, rows are in time order"
                    )
                last_ns = row.ts_ns
                yield row

    def _row(self, fields: list[str], columns: Columns) -> Row:
        if len(fields) != columns.count:
            raise ValueError(f"{len(fields)} columns, expected {columns.count} as in line 1")
        symbol = self.symbol("" if columns.symbol is None else fields[columns.symbol])
        bid, ask = _number(fields, columns.bid, "bid"), _number(fields, columns.ask, "ask")
        last = _number(fields, columns.last, "last")
        if not columns.has_quotes:
            bid = ask = last
        return Row(
            _time(fields, columns),
            symbol,
            bid,
            ask,
            _size(fields, columns.bid_size, bid, "bid size"),
            _size(fields, columns.ask_size, ask, "ask size"),
            last,
            _number(fields, columns.last_size, "last size", least=0),
        )


def _time(fields: list[str], columns: Columns) -> int:
    return _moment(None if columns.day is None else fields[columns.day], fields[columns.ts])


def _moment(day: str | None, text: str) -> int:
    """A time, after the `day` that stands apart from it, if one does."""
    if day is not None:
        text = f"{day.strip()}T{text.strip()}"
    try:
        return stamp_ns(text)
    except ValueError:
        raise ValueError(
            f"the time is {quoted(text)}, expected ISO (2024-01-08T14:30:00Z) or an epoch in s, ms,"
            " us or ns"
        ) from None


def _size(fields: list[str], place: int | None, price: str | None, name: str) -> str | None:
    if place is None:
        return None if price is None else SIZE_ASSUMED
    return _number(fields, place, name, least=0)


def _number(
    fields: list[str], place: int | None, name: str, least: int | None = None
) -> str | None:
    """A number as plain digits; None where the file does not carry it."""
    return None if place is None else _number_in(fields[place], name, least)


def _number_in(text: str, name: str, least: int | None) -> str | None:
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        if text.lower() in _ABSENT:
            return None
        text = _digits(text, name)
    if least is not None and text.startswith("-"):
        raise ValueError(f"{name} is {text}, expected {least} or above")
    return text


def _digits(text: str, name: str) -> str:
    """A number written in another way, such as +1.5 or 1e-05."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise ValueError(f"{name} is {quoted(text)}, expected a decimal number or nothing")
    return format(value, "f")
