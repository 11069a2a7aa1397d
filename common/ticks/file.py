"""A person's file of ticks or bars: Tapewire's own CSV, any known layout, or Parquet."""

from collections.abc import Iterator
from datetime import tzinfo
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Final, Literal, get_args

from tapewire.common.errors import ConfigError
from tapewire.common.ticks import lines, ohlc, parquet
from tapewire.common.ticks.columns import columns_of, plain
from tapewire.common.ticks.fields import price_in, size_in, symbol_in, time_in
from tapewire.common.ticks.layouts import Head, head_of, layout_of, nearest
from tapewire.common.ticks.memory import InColumns, InMemory
from tapewire.common.ticks.rows import (
    HEADER,
    CsvMarket,
    Row,
    number_of,
    opened,
    symbol_of,
    time_of,
)
from tapewire.common.ticks.stamps import Moment, UnknownZone, zone_of
from tapewire.common.ticks.table import TickTable

SIZE_ASSUMED: Final = ohlc.SIZE_ASSUMED
HEAD_LINES: Final = 3
BarTime = Literal["start", "end"]
"""Which end of a bar its time is."""


class TickFile:
    """Rows of a CSV (.gz too) or of Parquet, in time order; `rows` may be asked for more than once.

    What a file lacks is made up, and `notes` says so: without a column of symbols all rows are of
    the one that the file is named after, unless it is given; without quotes every trade is also a
    quote with both sides at its price; without sizes each quote shows `SIZE_ASSUMED`. A bar becomes
    ticks: see `ohlc`. `timezone` is that of times that name none, UTC if it is not given. `source`
    is what is read, `path` its name.

    What is broken or out of order raises ValueError with file, line, found and expected, and what
    is given wrongly `ConfigError`.
    """

    def __init__(
        self,
        path: Path | InMemory | InColumns,
        symbol: str = "",
        *,
        timezone: str = "",
        bar_time: BarTime = "start",
    ) -> None:
        self.source = path
        self.path = path if isinstance(path, Path) else Path(path.name)
        is_text = not isinstance(path, InColumns) and not parquet.is_parquet(path)
        self.text = path if is_text and not isinstance(path, InColumns) else None
        """What is read line by line; None for columns."""
        head, self.is_own = self._head()
        self.delimiter, self.head_lines, self.layout = head.delimiter, head.lines, head.layout
        try:
            self.columns = columns_of(head.names)
        except ValueError as error:
            raise ValueError(f"{self._place()}: {error}; {nearest(head.names)}") from error
        if bar_time not in get_args(BarTime):
            raise ConfigError(f"the time of a bar is {bar_time!r:.40}, must be start or end")
        self.timezone, self.bar_time = timezone, bar_time
        self.zone = _zone("" if self.layout is not None and self.layout.is_utc else timezone)
        self._size_unit = self.layout.size_unit if self.layout is not None else 1
        self._is_named = bool(symbol or head.symbol)
        self._symbol = symbol or head.symbol or self.path.name.partition(".")[0]
        self.notes = tuple(self._made_up())

    @property
    def only_symbol(self) -> str | None:
        """The symbol of all rows, where the file does not name any."""
        return self._symbol if self.columns.symbol is None else None

    @property
    def read_as(self) -> str:
        """How its contents are understood, beside what they are: two files of the same bytes and
        the same text here have the same rows."""
        return f"{self.said} {self.head_lines}"

    @property
    def said(self) -> str:
        """What is not in the file itself: its symbol, and which times it has; empty without any."""
        bar_time = "" if self.bar_time == "start" else self.bar_time
        return " ".join(filter(None, [self.only_symbol, self.timezone, bar_time]))

    def rows(self, from_ns: int | None, to_ns: int | None) -> Iterator[Row]:
        """The rows from `from_ns` on and before `to_ns`, in UTC nanoseconds; None: no bound."""
        for row in self._rows():
            if to_ns is not None and row.ts_ns >= to_ns:
                return
            if from_ns is None or row.ts_ns >= from_ns:
                yield row

    def whole(self) -> TickTable | None:
        """Its rows as columns; None where they are read one by one."""
        return self._columns if self.text is None or self.columns.is_bars else None

    def _rows(self) -> Iterator[Row]:
        if (table := self.whole()) is not None:
            return table.rows()
        return iter(CsvMarket(self.text)) if self.text and self.is_own else lines.ticks_in(self)

    @cached_property
    def _columns(self) -> TickTable:
        if isinstance(self.source, InColumns):
            return self.source.table()
        if self.text is None:
            return parquet.table_of_parquet(self)
        return self.as_ticks(ohlc.bars_of(lines.bars_in(self)))

    def as_ticks(self, bars: ohlc.Bars) -> TickTable:
        """The ticks that bars of this file stand for."""
        try:
            return ohlc.ticks_of(bars, ends=self.bar_time == "end")
        except ValueError as error:
            raise ValueError(f"{self.path}: {error}") from error

    # ---- one value, as `rows` reads it: each raises ValueError -----------------------------------

    def moment(self, day: str | None, text: str, after_ns: int = 0) -> Moment:
        """A time, with a `day` where that stands apart, in a row after one of `after_ns`."""
        if self.is_own:
            return Moment(time_of(text))
        return time_in(day, text, self.zone, after_ns)

    def symbol(self, text: str) -> str:
        """A symbol; that of the file's name where it has none."""
        if self.is_own:
            return symbol_of(text)
        return symbol_in(self._symbol if self.columns.symbol is None else text.strip())

    def value(self, column: str, text: str) -> str | None:
        """A price or a size."""
        if self.is_own:
            return number_of(text)
        name = column.replace("_", " ")
        return size_in(text, name, self._size_unit) if "size" in name else price_in(text, name)

    # ---- the head --------------------------------------------------------------------------------

    def _head(self) -> tuple[Head, bool]:
        """The names of the columns, and whether they are Tapewire's own."""
        if isinstance(self.source, InColumns):
            return Head(HEADER.split(","), ","), True
        if self.text is None:
            names = parquet.names_of(self.path)
            return Head(names, ",", 0, layout=layout_of(names)), False
        with opened(self.text) as file:
            first = [line.rstrip("\r\n") for line in islice(file, HEAD_LINES)]
        if not first:
            raise ValueError(f"{self.path}: the file is empty, expected a CSV of ticks")
        try:
            return head_of(first), first[0] == HEADER
        except ValueError as error:
            raise ValueError(f"{self._place()}: {error}") from error

    def _place(self) -> str:
        return f"{self.path}: line 1" if self.text else f"{self.path}"

    def _made_up(self) -> Iterator[str]:
        columns = self.columns
        if isinstance(self.source, InColumns):
            yield from self.source.notes
        if columns.symbol is None and not self._is_named:
            yield f"the file has no symbols: all of it is {self._symbol}, after its name"
        if columns.is_bars:
            yield ohlc.NOTE
        else:
            yield from self._made_up_quotes()
        known = {plain(name) for name in self.layout.columns} if self.layout is not None else set()
        if self.layout is not None and self.layout.note:
            yield self.layout.note
        if unused := [name for name in columns.unused if plain(name) not in known]:
            yield f"columns that are not used: {', '.join(unused)}"

    def _made_up_quotes(self) -> Iterator[str]:
        columns = self.columns
        if not columns.has_quotes:
            yield (
                "the file has no quotes: each trade's price counts as bid and ask, so that trading"
                " costs no spread"
            )
        if columns.bid_size is None or columns.ask_size is None:
            yield f"the file has no quote sizes: each quote shows {int(SIZE_ASSUMED):,}"


def _zone(name: str) -> tzinfo:
    try:
        return zone_of(name)
    except UnknownZone as error:
        raise ConfigError(str(error)) from error
