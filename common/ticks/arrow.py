"""Columns of a file of ticks by Arrow's reader, which is some thirty times as quick as row by row.

What a row may be is not written here again. Arrow cuts the lines up and numbers the distinct texts
of each column; each text is then read once by the functions that read it in a row. Whatever is not
as plain as that (a quote character, a line with too few columns, a value or a time that the row
reader refuses, rows out of order) gives None: the file is read row by row, and that reader says
what is wrong, or shows that nothing is.
"""

import gzip
import io
import zlib
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tapewire.common.ticks.file import SIZE_ASSUMED, TickFile
from tapewire.common.ticks.stamps import unit_of
from tapewire.common.ticks.table import ABSENT, VALUES, Column, TickTable, Times

Read = Callable[[str], str | None]
EPOCH: Final = "^[0-9]{9,19}$"  # eight digits are a day


def table_by_arrow(file: TickFile) -> TickTable | None:
    """The columns of a whole file; None where that is the row reader's business."""
    if find_spec("pyarrow") is None:
        return None
    found = _read(file)
    if found is None:
        return None
    try:
        return _table(file, found)
    except ValueError:
        return None


def _read(file: TickFile) -> list[Any] | None:
    """Arrow's columns as they stand in the file: each an array of numbered texts."""
    from pyarrow import ArrowInvalid, csv, dictionary, int32, utf8

    try:
        data = file.source.read_bytes()
        data = gzip.decompress(data) if file.source.suffix == ".gz" else data
    except (OSError, EOFError, zlib.error):
        return None
    if b'"' in data or data.count(b"\r") != data.count(b"\r\n"):
        return None
    names = [f"f{place}" for place in range(file.columns.count)]
    kinds = dict.fromkeys(names, dictionary(int32(), utf8()))
    for place in (file.columns.ts, file.columns.day):
        kinds |= {} if place is None else {names[place]: utf8()}
    try:
        found = csv.read_csv(
            io.BytesIO(data),
            csv.ReadOptions(column_names=names, skip_rows=1, block_size=1 << 24),
            csv.ParseOptions(
                delimiter=file.delimiter, quote_char=False, ignore_empty_lines=not file.is_own
            ),
            csv.ConvertOptions(
                column_types=kinds, null_values=[], strings_can_be_null=False
            ),
        )  # fmt: skip
    except ArrowInvalid:
        return None
    return [one.combine_chunks() for one in found.unify_dictionaries().columns]


def _table(file: TickFile, found: list[Any]) -> TickTable | None:
    """Raises ValueError for a value that the row reader has to look at."""
    columns, given = file.columns, dict[str, Column]()
    times = _times(file, found)
    if len(times) > 1 and not (times[1:] >= times[:-1]).all():
        return None
    for name in VALUES:
        place = getattr(columns, name)
        if place is not None:
            given[name] = _column(found[place], partial(file.value, name))
    if not columns.has_quotes:
        given["bid"] = given["ask"] = given["last"]
    absent = Column(np.full(len(times), ABSENT, np.int32), [])
    for side in ("bid", "ask"):
        if f"{side}_size" not in given:
            codes = np.where(given[side].codes == ABSENT, ABSENT, 0).astype(np.int32)
            given[f"{side}_size"] = Column(codes, [SIZE_ASSUMED])
    if columns.symbol is None:
        symbols = Column(np.zeros(len(times), np.int32), [file.symbol("")])
    else:
        symbols = _column(found[columns.symbol], file.symbol)
    return TickTable(times, symbols, {name: given.get(name, absent) for name in VALUES})


def _column(found: Any, read: Read) -> Column:
    """One column, each of its texts as the row reader has it."""
    texts = [read(text) for text in found.dictionary.to_pylist()]
    known: dict[str, int] = {}
    codes = [ABSENT if text is None else known.setdefault(text, len(known)) for text in texts]
    places = _numbers(found.indices, np.int32)
    return Column(np.array([*codes, ABSENT], np.int32)[places], [*known])


def _times(file: TickFile, found: list[Any]) -> Times:
    columns = file.columns
    texts = found[columns.ts]
    if columns.day is None and (plain := _plain_times(file, texts)) is not None:
        return plain
    days = [None] * len(texts) if columns.day is None else found[columns.day].to_pylist()
    return np.fromiter(map(file.time, days, texts.to_pylist()), np.int64, len(texts))


def _plain_times(file: TickFile, texts: Any) -> Times | None:
    """Of an epoch written in digits alone, the unit of which the first of them shows."""
    from pyarrow import ArrowInvalid, compute, int64

    if not len(texts) or not compute.all(compute.match_substring_regex(texts, EPOCH)).as_py():
        return None
    try:
        numbers = _numbers(compute.cast(texts, int64()), np.int64)
    except ArrowInvalid:  # beyond 64 bits
        return None
    first, last = int(numbers[0]), int(numbers.max())
    unit = 1 if file.is_own else unit_of(first)
    if not file.is_own and unit_of(last) != unit:
        return None
    return numbers * unit


def _numbers(found: Any, kind: type[Any]) -> npt.NDArray[Any]:
    """An array of Arrow's without absent values; its own conversion would import pandas."""
    return np.frombuffer(found.buffers()[1], kind, len(found), found.offset * kind().itemsize)
