"""Recorded ticks as columns, which a back-test reads as it reads a file of them.

A row is what `exporting` writes of a tick, to the character: so a back-test on what is recorded is
the one on its export.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import compute

from tapewire.common.ticks import ohlc
from tapewire.common.ticks.arrow_values import numbers_of
from tapewire.common.ticks.as_ticks import EMPTY, text_of
from tapewire.common.ticks.table import ABSENT, VALUES, Column, Floats, TickTable, Times
from tapewire.recorder import bars
from tapewire.recorder.bars import Kind
from tapewire.recorder.folder import Folder
from tapewire.recorder.store import Store
from tapewire.recorder.tables import QUOTE

SOURCES: Final = dict(zip(VALUES, (*VALUES[:4], "price", "size"), strict=True))
"""For each column of a file of ticks, the recorder's."""
OF_BARS: Final = dict(zip(ohlc.BAR_VALUES, ("open", "high", "low", "close", "volume"), strict=True))
"""For each column of a file of bars, the recorder's."""


def table_of_bars(
    folder: Folder, symbols: Mapping[str, Kind], from_ns: int | None, to_ns: int | None
) -> TickTable:
    """The ticks that downloaded bars stand for: see `ohlc`; of each symbol those of a kind. Raises
    `DamagedError`."""
    tables = [
        bars.table_of_bars(folder, kind, symbol, from_ns, to_ns) for symbol, kind in symbols.items()
    ]
    codes = np.repeat(np.arange(len(tables), dtype=np.int32), [len(one) for one in tables])
    whole = pa.concat_tables(tables)
    times = numbers_of(whole["ts_ns"].combine_chunks(), np.int64)
    values = {name: _column(_floats(whole[source])) for name, source in OF_BARS.items()}
    found = ohlc.Bars(times, np.zeros_like(times), Column(codes, [*symbols]), values)
    return ohlc.ticks_of(found, ends=False)


class _OfSymbol(NamedTuple):
    ts_ns: Times
    values: dict[str, Floats]


def table_of_store(
    store: Store, symbols: Sequence[str], from_ns: int | None = None, to_ns: int | None = None
) -> TickTable:
    """What `Store.ticks` yields, as columns; raises `DamagedError`."""
    found = [_of_symbol([*store.tables(one, from_ns, to_ns)]) for one in symbols]
    times = np.concatenate([np.zeros(0, np.int64), *(one.ts_ns for one in found)])
    order = np.argsort(times, kind="stable")
    codes = np.repeat(np.arange(len(found), dtype=np.int32), [len(one.ts_ns) for one in found])
    values = {
        name: _column(np.concatenate([np.zeros(0), *(one.values[name] for one in found)])[order])
        for name in VALUES
    }
    return TickTable(times[order], Column(codes[order], [*symbols]), values)


def _of_symbol(tables: Sequence[Any]) -> _OfSymbol:
    """One symbol's ticks; NaN is what a row does not carry."""
    times = [numbers_of(one["ts_ns"].combine_chunks(), np.int64) for one in tables]
    values = {
        name: np.concatenate([np.zeros(0), *(_floats(one[source]) for one in tables)])
        for name, source in SOURCES.items()
    }
    is_quote = [
        numbers_of(compute.equal(one["kind"], QUOTE).cast("int8").combine_chunks(), np.int8)
        for one in tables
    ]
    _mark_empty(values, np.concatenate([np.zeros(0, np.int8), *is_quote]).astype(bool))
    return _OfSymbol(np.concatenate([np.zeros(0, np.int64), *times]), values)


def _floats(found: Any) -> Floats:
    return numbers_of(found.fill_null(np.nan).combine_chunks(), np.float64)


def _mark_empty(values: dict[str, Floats], is_quote: npt.NDArray[np.bool_]) -> None:
    """A side that had a price and has nothing now is empty, and not as before: see `as_ticks`."""
    for side in ("bid", "ask"):
        price, size = values[side], values[f"{side}_size"]
        shown = np.logical_or.accumulate(~np.isnan(price))
        empty = is_quote & shown & np.isnan(price) & np.isnan(size)
        price[empty], size[empty] = map(float, EMPTY)


def _column(values: Floats) -> Column:
    """Values with the text of each distinct one."""
    known, places = np.unique(values, return_inverse=True)  # NaN, if there is one, is the last
    is_absent = len(known) > 0 and np.isnan(known[-1])
    texts = [text_of(value) for value in (known[:-1] if is_absent else known).tolist()]
    codes = places.astype(np.int32)
    if is_absent:
        codes[codes == len(texts)] = ABSENT
    return Column(codes, texts)
