"""The rows of a file out of its columns, whoever has read them: ticks, or the ticks of bars."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np

from tapewire.common.ticks.ohlc import BAR_VALUES, SIZE_ASSUMED, Bars
from tapewire.common.ticks.stamps import iso
from tapewire.common.ticks.table import ABSENT, VALUES, Column, TickTable
from tapewire.common.ticks.zones import Moments

if TYPE_CHECKING:
    from tapewire.common.ticks.file import TickFile

Read = Callable[[str], str | None]
ReadColumn = Callable[[int, Read], Column]
"""Gives the column at a place in the file, each of its texts read by a function."""
NO_SYMBOL: Final = ""


class OutOfOrderError(ValueError):
    """Rows are not in time order; says which row is the first that is not, from 1."""


def assembled(file: "TickFile", moments: Moments, column: ReadColumn) -> TickTable:
    """The rows of a file; raises ValueError for what is broken or out of order."""
    symbols = _symbols(file, len(moments.ns), column)
    values: dict[str, Column] = {}
    for name in BAR_VALUES if file.columns.is_bars else VALUES:
        place = getattr(file.columns, name)
        if place is not None:
            values[name] = column(place, partial(file.value, name))
    absent = Column(np.full(len(moments.ns), ABSENT, np.int32), [])
    if file.columns.is_bars:
        values = {name: values.get(name, absent) for name in BAR_VALUES}
        return file.as_ticks(Bars(moments.ns, moments.offset_ns, symbols, values))
    _require_order(moments)
    if not file.columns.has_quotes:
        values["bid"] = values["ask"] = values["last"]
    for side in ("bid", "ask"):
        values.setdefault(f"{side}_size", _assumed(values[side]))
    return TickTable(moments.ns, symbols, {name: values.get(name, absent) for name in VALUES})


def _symbols(file: "TickFile", count: int, column: ReadColumn) -> Column:
    if file.columns.symbol is None:
        return Column(np.zeros(count, np.int32), [file.symbol(NO_SYMBOL)])
    found = column(file.columns.symbol, file.symbol)
    if (found.codes == ABSENT).any():
        file.symbol(NO_SYMBOL)  # which says what is wrong with it
    return found


def _assumed(price: Column) -> Column:
    """A size where there is a price, in a file without sizes."""
    return Column(np.where(price.codes == ABSENT, ABSENT, 0).astype(np.int32), [SIZE_ASSUMED])


def _require_order(moments: Moments) -> None:
    wrong = moments.ns[1:] < moments.ns[:-1]
    if wrong.any():
        row = int(np.argmax(wrong)) + 1
        raise OutOfOrderError(
            f"row {row + 1}: the time is {iso(int(moments.ns[row]))}, expected"
            f" {iso(int(moments.ns[row - 1]))} or later, rows are in time order"
        )
