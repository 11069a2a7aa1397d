"""Files of ticks and bars in Parquet, whose columns have the names of those of a CSV.

A value becomes the text that it would have in a CSV, and that is read as there. A number has the
shortest digits from which exactly the same number is read, so a `float32` of 10.1 is 10.1. Each
distinct value is read once.
"""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tapewire.common import extras
from tapewire.common.ticks.arrow_times import in_unit, moments_in
from tapewire.common.ticks.arrow_values import column_of, numbers_of
from tapewire.common.ticks.assembly import assembled
from tapewire.common.ticks.memory import InMemory
from tapewire.common.ticks.stamps import UnknownZone, zone_in
from tapewire.common.ticks.zones import Moments, in_zone, moments_of, offsets_at

if TYPE_CHECKING:
    from tapewire.common.ticks.file import TickFile
    from tapewire.common.ticks.table import Column, TickTable

MAGIC: Final = b"PAR1"


def is_parquet(path: Path | InMemory) -> bool:
    """Whether a file is Parquet, by its first bytes."""
    if isinstance(path, InMemory):
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:  # which whoever reads it as a CSV will explain
        return False


def names_of(path: Path) -> list[str]:
    """The names of a file's columns; raises ValueError naming it if it cannot be read."""
    return list(_opened(path).schema_arrow.names)


def table_of_parquet(file: "TickFile") -> "TickTable":
    """The rows of a file; raises ValueError naming it, and the row where one is broken."""
    columns = file.columns
    places = [getattr(columns, name) for name in columns.__struct_fields__ if name != "count"]
    names = _opened(file.path).schema_arrow.names
    wanted = [place for place in places if isinstance(place, int)]
    try:
        table = _opened(file.path).read([names[place] for place in wanted])
        found = {place: table.column(names[place]).combine_chunks() for place in wanted}
        days = None if columns.day is None else _texts_of(found[columns.day])
        moments = _moments(file, found[columns.ts], days)
        return assembled(file, moments, lambda place, read: _column(found[place], read))
    except _failures() as error:
        raise ValueError(f"{file.path}: {error}") from error


def _opened(path: Path) -> Any:
    extras.require(f"{path} is Parquet", "pyarrow", "data")
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(path)
    except _failures() as error:
        raise ValueError(f"{path}: it is Parquet that cannot be read: {error}") from error


def _failures() -> tuple[type[Exception], ...]:
    from pyarrow import ArrowException

    return (ArrowException, OSError, ValueError, KeyError)


def _moments(file: "TickFile", found: Any, days: Any) -> Moments:
    """The moments of a column, whatever its type."""
    from pyarrow import compute, int64, timestamp, types

    if found.null_count:
        row = compute.index(compute.is_null(found), True).as_py() + 1
        raise ValueError(f"row {row}: it has no time")
    if types.is_timestamp(found.type):
        numbers = numbers_of(compute.cast(found, timestamp("ns", found.type.tz)), np.int64)
        if found.type.tz is None:
            return moments_of(numbers, *in_zone(numbers, file.zone))
        return Moments(numbers, offsets_at(numbers, _zone(found.type.tz)))
    if types.is_date(found.type):
        numbers = numbers_of(compute.cast(found, timestamp("ns")), np.int64)
        return moments_of(numbers, *in_zone(numbers, file.zone))
    if types.is_integer(found.type) and len(found):
        epochs = in_unit(numbers_of(compute.cast(found, int64()), np.int64))
        if epochs is not None:
            return Moments(epochs, np.zeros(len(epochs), np.int64))
    return moments_in(file, _texts_of(found), days)


def _zone(name: str) -> Any:
    """The zone of a column, which matters only for what counts as midnight."""
    try:
        return zone_in(name)
    except UnknownZone:
        return zone_in("")


def _column(found: Any, read: Any) -> "Column":
    from pyarrow import types

    if not types.is_dictionary(found.type):
        found = found.dictionary_encode()
    from pyarrow import dictionary, int32

    return column_of(found.cast(dictionary(int32(), found.type.value_type)), read, _texts)


def _texts_of(found: Any) -> Any:
    """An array of whatever type as one of texts."""
    from pyarrow import array, types, utf8

    if types.is_string(found.type):
        return found
    if types.is_dictionary(found.type):
        found = found.dictionary_decode()
    return array(_texts(found), utf8())


def _texts(values: Any) -> Sequence[str]:
    """Values as the texts that they would have in a CSV."""
    from pyarrow import types

    kind = {"float": np.float32, "halffloat": np.float16}.get(str(values.type), np.float64)
    if types.is_floating(values.type):
        return [_digits(kind(one)) for one in values.to_pylist()]
    return [_text(one) for one in values.to_pylist()]


def _digits(value: Any) -> str:
    """The shortest digits of a float, of however many bits; `nan` is absent."""
    if not np.isfinite(value):
        return str(value)
    return np.format_float_positional(value, trim="-")


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
