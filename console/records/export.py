"""Files of the ledger's tables: CSV for a spreadsheet, Parquet for a notebook.

CSV has amounts as plain digits, to ten places, and times in UTC to the nanosecond. Parquet has them
as decimals of 38 digits, ten behind the point, which a reader adds up exactly.
"""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tapewire.common import extras
from tapewire.common.amounts import reported, text
from tapewire.common.whole_file import whole
from tapewire.console.records.ledger import Column, Kind, Row

if TYPE_CHECKING:
    import pyarrow as pa

Write = Callable[[Path, Sequence[Column], Iterable[Row]], None]
DIGITS, PLACES = 38, 10


def write(path: Path, form: str, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """Write a table to `path`: all of it, or nothing where that fails.

    Raises `ConfigError` where the format needs a library that is not installed, or the folder is
    missing.
    """
    with whole(path, "-o ") as beside:
        FORMATS[form](beside, columns, rows)


def iso_ns(ns: int) -> str:
    """A moment in UTC, to the nanosecond."""
    moment = datetime.fromtimestamp(ns // 1_000_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ns % 1_000_000_000:09d}Z"


def plain(value: Any, kind: Kind) -> Any:
    """A value of a row as JSON and CSV have it; None where there is none."""
    if isinstance(value, Decimal):
        return text(value)
    if isinstance(value, date):
        return value.isoformat()
    return iso_ns(value) if kind == "time" and value is not None else value


def _csv(path: Path, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([column.name for column in columns])
        writer.writerows([plain(row[name], kind) for name, kind in columns] for row in rows)


def _parquet(path: Path, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    extras.require("--format parquet", "pyarrow", "data")
    from pyarrow import parquet

    parquet.write_table(arrow_table(columns, rows), path)


def arrow_table(columns: Sequence[Column], rows: Iterable[Row]) -> "pa.Table":
    """The rows as a table of Arrow, each column of its kind."""
    import pyarrow as pa

    types: Mapping[Kind, Any] = {
        "text": pa.string(),
        "amount": pa.decimal128(DIGITS, PLACES),
        "count": pa.int64(),
        "time": pa.timestamp("ns", tz="UTC"),
        "day": pa.date32(),
        "number": pa.float64(),
        "flag": pa.bool_(),
    }
    schema = pa.schema([(name, types[kind]) for name, kind in columns])
    exact = [{name: _exact(value) for name, value in row.items()} for row in rows]
    return pa.Table.from_pylist(exact, schema)


def _exact(value: Any) -> Any:
    return reported(value) if isinstance(value, Decimal) else value


FORMATS: Final[Mapping[str, Write]] = {"csv": _csv, "parquet": _parquet}
"""What can be written, by the name of `--format`."""
