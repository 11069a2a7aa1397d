"""Parquet files of recorded tables: written, read back, compared; and looked through for damage.

The footer carries what is known of the file's streams (`Known`), so that a list of everything that
was recorded reads no rows.
"""

import os
import zlib
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
from pyarrow import compute, parquet

from tapewire.common.errors import TapewireError
from tapewire.recorder.streams import Stretch, Stretches
from tapewire.recorder.tables import Columns

KEY: Final = b"tapewire"
CHUNK_BYTES: Final = 1 << 20
ENCODINGS: Final = {
    **dict.fromkeys(("ts_ns", "seq"), "DELTA_BINARY_PACKED"),
    **dict.fromkeys(("bid", "bid_size", "ask", "ask_size", "price", "size"), "BYTE_STREAM_SPLIT"),
    **dict.fromkeys(("open", "high", "low", "close", "volume", "average"), "BYTE_STREAM_SPLIT"),
}
REPEATED: Final = ["kind", "source", "epoch"]


class Known(msgspec.Struct, frozen=True):
    """What the footer says: the times of the earliest and the latest row, and the streams; of what
    was downloaded, of which times all rows are there."""

    from_ns: int
    to_ns: int
    stretches: list[Stretch]
    covered: list[tuple[int, int]] = []


class DamagedError(TapewireError):
    """A file does not hold what was written to it; says which file, and what is wrong."""


def write(columns: Columns, path: Path) -> int:
    """Write a table to a file, have it on the disk, and read it back; returns its rows. Raises
    `DamagedError` where it is not what was written."""
    table = columns.table()
    known = known_of(table, columns)
    schema = table.schema.with_metadata({KEY: msgspec.json.encode(known)})
    parquet.write_table(
        table.cast(schema),
        path,
        compression="zstd",
        use_dictionary=[name for name in REPEATED if name in table.column_names],
        column_encoding={k: v for k, v in ENCODINGS.items() if k in table.column_names},
    )
    with path.open("rb") as file:
        os.fsync(file.fileno())
    if not read(path).equals(table):
        raise DamagedError(f"{path} does not read back as it was written; it is not used")
    return int(table.num_rows)


def known_of(table: pa.Table, columns: Columns) -> Known:
    """What is known of the rows of a table, which has some."""
    bounds = compute.min_max(table["ts_ns"]).as_py()
    covered = [(from_ns, to_ns) for from_ns, to_ns in columns.covered]
    return Known(bounds["min"], bounds["max"], [*columns.stretches], covered)


def between(table: pa.Table, from_ns: int | None, to_ns: int | None) -> pa.Table:
    """The rows from one time on and before another; None: no bound."""
    if from_ns is not None:
        table = table.filter(compute.greater_equal(table["ts_ns"], from_ns))
    return table if to_ns is None else table.filter(compute.less(table["ts_ns"], to_ns))


def read(path: Path) -> pa.Table:
    """All rows of a file; raises `DamagedError` where they cannot be read."""
    try:
        return parquet.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        raise DamagedError(f"{path} cannot be read: {error}") from error


def footer(path: Path) -> tuple[int, Known]:
    """How many rows a file has, and what is known of them; raises `DamagedError`."""
    try:
        found = parquet.read_metadata(path)
        return found.num_rows, msgspec.json.decode(found.metadata[KEY], type=Known)
    except (OSError, pa.ArrowException, KeyError, TypeError, msgspec.MsgspecError) as error:
        raise DamagedError(f"{path} is not a file of the recorder: {error}") from error


def crc(path: Path) -> int:
    """The CRC-32 of a file."""
    found = 0
    with path.open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            found = zlib.crc32(piece, found)
    return found


def faults(path: Path, expected_crc: int | None) -> list[str]:
    """What is wrong with a file, read as a whole: its checksum, what its footer says, and the order
    of its seqs. None where it is as it was written."""
    if expected_crc is None:
        return [f"{path} has no checksum written down; it is not a file of the recorder"]
    if crc(path) != expected_crc:
        return [f"{path} is damaged: its checksum is not the one that was written down"]
    try:
        _, known = footer(path)
        stretches = stretches_of(read(path), known)
    except (DamagedError, KeyError) as error:
        return [str(error)]
    found = []
    if stretches != known.stretches:
        found.append(f"{path}: its rows have other seqs than its footer says")
    if backward := sum(one.backward for one in stretches):
        found.append(f"{path}: {backward:,} messages are out of order")
    return found


def stretches_of(table: pa.Table, known: Known) -> list[Stretch]:
    """The streams of a file, from its rows; bars are of none."""
    found = Stretches()
    if "seq" not in table.column_names:
        return []
    sources = table.column("source").to_pylist() if "source" in table.column_names else None
    only = known.stretches[0].source if known.stretches else ""
    rows: list[Any] = [table.column(name).to_pylist() for name in ("epoch", "seq", "ts_ns")]
    last = None
    for at, (epoch, seq, ts_ns) in enumerate(zip(*rows, strict=True)):
        key = (sources[at] if sources is not None else only, epoch, seq)
        if last is not None and key != last[0]:
            found.take(*last[0], last[1])
        last = (key, ts_ns)
    if last is not None:
        found.take(*last[0], last[1])
    return [*found]
