"""The columns of a file of ticks, read once: what was read is kept in the user's cache folder.

An entry is named after the file's path, and holds what it was made of: the file's size and hash,
and the version of the reader. One that does not fit, or that is damaged, is as good as none: the
file is read again, and its entry replaced. A folder that cannot be written costs only the time.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from tapewire.common.ticks.arrow import table_by_arrow
from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.rows import Row
from tapewire.common.ticks.table import VALUES, Column, TickTable, table_of

VERSION: Final = 3
"""Of the reader and of the entries: whatever changes what a file is read as changes this."""
ROWS_MIN: Final = 20_000
"""A smaller file is read again as quickly as its entry."""
ENTRIES_MAX: Final = 32
SUFFIX: Final = ".ticks"
ALIGNED: Final = 8
"""The arrays begin at a multiple of this: of others numpy makes a copy for each search."""


class Head(msgspec.Struct, frozen=True):
    """The first line of an entry: what it was made of, and the hash of what follows."""

    version: int
    source: str
    digest: str
    rows: int
    texts: list[list[str]]


def table_of_file(file: TickFile) -> TickTable:
    """The columns of a whole file, from the cache if it has them; raises as `TickFile.rows`."""
    if isinstance(file, Decoded):
        return file.table
    if not isinstance(file.source, Path):
        return _read_whole(file)
    source = _source(file)
    entry = (
        folder() / f"{hashlib.blake2b(str(file.path.resolve()).encode()).hexdigest()[:32]}{SUFFIX}"
    )
    if (known := _read(entry, source)) is not None:
        return known
    table = _read_whole(file)
    if len(table) >= ROWS_MIN and source:
        with suppress(OSError):
            _write(entry, source, table)
    return table


class Decoded(TickFile):
    """A file that is read once for many readers: its rows come from its columns, in memory."""

    def __init__(self, file: TickFile) -> None:
        vars(self).update(vars(file))
        self.table = table_of_file(file)

    def rows(self, from_ns: int | None, to_ns: int | None) -> Iterator[Row]:
        """See `TickFile.rows`."""
        return self.table.between(from_ns, to_ns).rows()


def _read_whole(file: TickFile) -> TickTable:
    return table_by_arrow(file) or file.whole() or table_of(file.rows(None, None))


def folder() -> Path:
    """Where entries are kept: `XDG_CACHE_HOME`, or `~/.cache`."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if named else Path.home() / ".cache") / "tapewire" / "ticks"


def _source(file: TickFile) -> str:
    """Names a file's content, and how it is understood; "" if it cannot be read, which its reader
    will explain."""
    try:
        with file.path.open("rb") as source:
            found = hashlib.file_digest(source, "blake2b").hexdigest()
    except OSError:
        return ""
    return f"{found} {file.read_as}"


def digest(table: TickTable) -> str:
    """The hash of all rows."""
    found = hashlib.blake2b()
    for part in _arrays(table):
        found.update(part)
    for column in (table.symbols, *table.values.values()):
        found.update(msgspec.msgpack.encode(column.texts))
    return found.hexdigest()


def _arrays(table: TickTable) -> Iterator[bytes]:
    yield table.ts_ns.tobytes()
    for column in (table.symbols, *(table.values[name] for name in VALUES)):
        yield column.codes.tobytes()


def _write(entry: Path, source: str, table: TickTable) -> None:
    """Put an entry in place, whole or not at all; the oldest of too many go."""
    entry.parent.mkdir(parents=True, exist_ok=True)
    body = b"".join(_arrays(table))
    columns = (table.symbols, *(table.values[name] for name in VALUES))
    head = Head(
        VERSION, source, hashlib.blake2b(body).hexdigest(), len(table),
        [column.texts for column in columns],
    )  # fmt: skip
    fresh = entry.with_suffix(f".{os.getpid()}")
    try:
        encoded = msgspec.msgpack.encode(head)
        room = bytes(-len(encoded) % ALIGNED)
        fresh.write_bytes(len(encoded).to_bytes(8, "little") + encoded + room + body)
        fresh.replace(entry)
    finally:
        fresh.unlink(missing_ok=True)
    entries = sorted(entry.parent.glob(f"*{SUFFIX}"), key=lambda one: one.stat().st_mtime_ns)
    for old in entries[:-ENTRIES_MAX]:
        old.unlink(missing_ok=True)


def _read(entry: Path, source: str) -> TickTable | None:
    """The table of an entry; None where there is none of this content, or it is damaged."""
    try:
        data = memoryview(entry.read_bytes())
        size = 8 + int.from_bytes(data[:8], "little")
        head = msgspec.msgpack.decode(data[8:size], type=Head)
        body = data[size + -size % ALIGNED :]
        fits = (head.version, head.source) == (VERSION, source)
        if not fits or hashlib.blake2b(body).hexdigest() != head.digest:
            return None
        return _table(head, body)
    except (OSError, ValueError, msgspec.MsgspecError, OverflowError):
        return None


def _table(head: Head, body: memoryview) -> TickTable:
    times = np.frombuffer(body, np.int64, head.rows)
    codes = np.frombuffer(body, np.int32, offset=times.nbytes).reshape(-1, head.rows)
    symbols, *values = map(Column, codes, head.texts)
    return TickTable(times, symbols, dict(zip(VALUES, values, strict=True)))
