"""A person's CSV line by line: the definition of what it holds, which quicker ways come to too."""

import csv
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from tapewire.common.ticks.ohlc import BAR_VALUES, SIZE_ASSUMED, Bar
from tapewire.common.ticks.rows import Row, opened
from tapewire.common.ticks.stamps import Moment, iso

if TYPE_CHECKING:
    from tapewire.common.ticks.file import TickFile

R = TypeVar("R")


def ticks_in(file: "TickFile") -> Iterator[Row]:
    """The rows of a file of ticks."""
    return _read(file, _Ticks(file).row)


def bars_in(file: "TickFile") -> Iterator[Bar]:
    """The bars of a file of bars."""
    return _read(file, _Bars(file).bar)


def _read(file: "TickFile", read: Callable[[list[str]], R]) -> Iterator[R]:
    assert file.text is not None
    with opened(file.text) as text:
        lines = csv.reader(text, delimiter=file.delimiter)
        for _ in range(file.head_lines):
            next(lines)
        for fields in lines:
            if not fields:
                continue
            try:
                if len(fields) != file.columns.count:
                    raise ValueError(
                        f"{len(fields)} columns, expected {file.columns.count} as in line 1"
                    )
                found = read(fields)
            except ValueError as error:
                raise ValueError(f"{file.path}: line {lines.line_num}: {error}") from error
            yield found


class _Lines:
    def __init__(self, file: "TickFile") -> None:
        self.file, self.columns = file, file.columns
        self.last_ns = 0

    def text(self, fields: list[str], name: str) -> str | None:
        place: int | None = getattr(self.columns, name)
        return None if place is None else self.file.value(name, fields[place])

    def symbol(self, fields: list[str]) -> str:
        place = self.columns.symbol
        return self.file.symbol("" if place is None else fields[place])

    def moment(self, fields: list[str]) -> Moment:
        day = None if self.columns.day is None else fields[self.columns.day]
        return self.file.moment(day, fields[self.columns.ts], self.last_ns)


class _Ticks(_Lines):
    """Lines of ticks, which are in time order."""

    def row(self, fields: list[str]) -> Row:
        symbol, ts_ns = self.symbol(fields), self.moment(fields).ns
        if ts_ns < self.last_ns:
            raise ValueError(
                f"the time is {iso(ts_ns)}, expected {iso(self.last_ns)} or later, rows are in time"
                " order"
            )
        self.last_ns = ts_ns
        bid, ask = self.text(fields, "bid"), self.text(fields, "ask")
        last = self.text(fields, "last")
        if not self.columns.has_quotes:
            bid = ask = last
        sizes = self.size(fields, "bid_size", bid), self.size(fields, "ask_size", ask)
        return Row(ts_ns, symbol, bid, ask, *sizes, last, self.text(fields, "last_size"))

    def size(self, fields: list[str], name: str, price: str | None) -> str | None:
        if getattr(self.columns, name) is None:
            return None if price is None else SIZE_ASSUMED
        return self.text(fields, name)


class _Bars(_Lines):
    """Lines of bars; those of a symbol are in time order, which `ohlc` sees to."""

    def bar(self, fields: list[str]) -> Bar:
        symbol, moment = self.symbol(fields), self.moment(fields)
        self.last_ns = moment.ns
        opened, high, low, close, volume = (self.text(fields, name) for name in BAR_VALUES)
        return Bar(moment.ns, moment.offset_ns, symbol, opened, high, low, close, volume)
