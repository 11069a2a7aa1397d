"""A file of ticks as columns: every row of it in a few arrays, for whoever wants all of them.

A value is kept as its source wrote it, once for all rows that have it, and a row has the number of
its text. So a row that is made of the columns is the one that `TickFile` reads, to the character,
and what has to be known of a value (a float, whether it is a number at all) is found out once for
each text, not for each row.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tapewire.common.ticks.rows import COLUMNS, Row

VALUES: Final = COLUMNS[2:]
"""The columns of prices and sizes, in the order of a `Row`."""
ROWS_FIRST: Final = 16
ROWS_AT_ONCE: Final = 4_096
ABSENT: Final = -1

Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]


class Column(NamedTuple):
    """The values of one column: of each row the place of its text in `texts`, or `ABSENT`."""

    codes: Codes
    texts: list[str]

    def taken(self, rows: npt.NDArray[np.intp]) -> "Column":
        """The values of some rows, in this order."""
        return Column(self.codes[rows], self.texts)

    def floats(self) -> Floats:
        """The value of each text; behind them NaN, where the code `ABSENT` finds it."""
        return np.array([*map(float, self.texts), np.nan])


class TickTable(NamedTuple):
    """The rows of a file, in its order: `ts_ns` is UTC, `symbols` has no value that is absent."""

    ts_ns: Times
    symbols: Column
    values: dict[str, Column]

    def __len__(self) -> int:
        return len(self.ts_ns)

    def place(self, ts_ns: int | None, default: int) -> int:
        """The first row at this time or later; `default` without one."""
        return default if ts_ns is None else int(np.searchsorted(self.ts_ns, ts_ns))

    def between(self, from_ns: int | None, to_ns: int | None) -> "TickTable":
        """The rows from a time on and before another, UTC; None: no bound."""
        start = self.place(from_ns, 0)
        return self.part(start, max(start, self.place(to_ns, len(self))))

    def part(self, start: int, stop: int) -> "TickTable":
        """The rows from `start` on and before `stop`; they share their arrays with these."""
        values = {n: Column(c.codes[start:stop], c.texts) for n, c in self.values.items()}
        symbols = Column(self.symbols.codes[start:stop], self.symbols.texts)
        return TickTable(self.ts_ns[start:stop], symbols, values)

    def rows(self, start: int = 0) -> Iterator[Row]:
        """The rows from `start` on, as they were read."""
        return Rows(self).begin(start)


class Rows:
    """Makes rows of a table, from any place on, as often as anybody likes."""

    def __init__(self, table: TickTable) -> None:
        self._table = table
        self._columns = [table.symbols, *(table.values[name] for name in VALUES)]
        self._texts: list[list[Any]] = [[*column.texts, None] for column in self._columns]

    def begin(self, start: int) -> Iterator[Row]:
        """The rows from `start` on, as they were read; the first few alone, as often only they are
        wanted."""
        table, at_once = self._table, ROWS_FIRST
        while start < len(table):
            part = slice(start, start + at_once)
            found = [
                map(known.__getitem__, column.codes[part].tolist())
                for known, column in zip(self._texts, self._columns, strict=True)
            ]
            yield from map(Row, table.ts_ns[part].tolist(), *found)
            start, at_once = part.stop, min(2 * at_once, ROWS_AT_ONCE)


class _Texts:
    """The texts of one column, numbered in the order in which they came."""

    def __init__(self) -> None:
        self._known: dict[str | None, int] = {None: ABSENT}
        self._codes: list[int] = []

    def add(self, text: str | None) -> None:
        """The next row's value."""
        code = self._known.get(text)
        if code is None:
            code = self._known[text] = len(self._known) - 1
        self._codes.append(code)

    def column(self) -> Column:
        """All that came."""
        texts = [text for text in self._known if text is not None]
        return Column(np.array(self._codes, np.int32), texts)


def table_of(rows: Iterable[Row]) -> TickTable:
    """The columns of rows, one after the other: what any quicker way must come to as well."""
    whole, texts = columns_of_rows(rows, ("ts_ns",), ("symbol", *VALUES))
    return TickTable(whole["ts_ns"], texts.pop("symbol"), texts)


def columns_of_rows(
    rows: Iterable[Any], whole_names: Sequence[str], text_names: Sequence[str]
) -> tuple[dict[str, Times], dict[str, Column]]:
    """The columns of objects, by the names of their attributes: whole numbers, and texts."""
    whole: dict[str, list[int]] = {name: [] for name in whole_names}
    texts = {name: _Texts() for name in text_names}
    adders: list[tuple[str, Callable[[Any], None]]]
    adders = [(name, found.append) for name, found in whole.items()]
    adders += [(name, found.add) for name, found in texts.items()]
    for row in rows:
        for name, add in adders:
            add(getattr(row, name))
    numbers = {name: np.array(found, np.int64) for name, found in whole.items()}
    return numbers, {name: one.column() for name, one in texts.items()}
