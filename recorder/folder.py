"""The folder of what is recorded: where each file lies, and the files of segments.

    segments/NAME.open          being written, or left by a recorder that was killed
    segments/NAME.segment       closed: waits to become Parquet
    segments/NAME.damaged       what of it could be read is Parquet; kept for a person to look at
    ticks/date=2024-01-08/symbol=AAPL/NAME.parquet
    events/date=2024-01-08/source=gateway/NAME.parquet
    bars/1-min-TRADES/date=2024-01-08/symbol=AAPL/NAME.parquet      downloaded: see `bars`
    checksums/NAME.json         the CRC-32 of each Parquet file of this name
    partial/                    files that are not known to be right yet

A NAME is of one segment and used once: it begins with the epoch of the recorder's start, and no
two starts have the same. So the Parquet of a segment has the segment's name, and to do a
compaction again replaces its files instead of adding to them.
"""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote, unquote

from tapewire.common.errors import TapewireError
from tapewire.common.runtime.role_lock import RoleTaken, take_role
from tapewire.recorder.segments import (
    HEADER_MAX_BYTES,
    Contents,
    SegmentError,
    contents,
)

OPEN: Final = ".open"
CLOSED: Final = ".segment"
DAMAGED: Final = ".damaged"
PARQUET: Final = ".parquet"
TICKS: Final = "ticks"
EVENTS: Final = "events"
BARS: Final = "bars"
"""A family of tables, one for each kind of bars: `bars/1-min-TRADES`."""
KEYS: Final = {TICKS: "symbol", EVENTS: "source", BARS: "symbol"}
"""For each table, what its files are divided by besides the day."""
COMPACTING: Final = "compacting"
"""The name of the lock that whoever makes Parquet holds in the folder."""
PLAIN: Final = " "
"""What stays as it is in a path, besides letters, digits and `_.-~`."""


class Folder:
    """Where what is recorded lies; `prepare` creates it, for this user alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.segments = path / "segments"
        self.partial = path / "partial"
        self._checksums = path / "checksums"

    def __repr__(self) -> str:
        return f"<Folder {self.path}>"

    def prepare(self) -> None:
        """Create what is missing of it."""
        inside = (self.segments, self.partial, self._checksums, self.path / "locks")
        for folder in (self.path, *inside):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def keep_checksums(self, name: str, files: Mapping[Path, int]) -> None:
        """Write down the checksums of the Parquet files of a name, by their paths."""
        found = {str(path.relative_to(self.path)): crc for path, crc in files.items()}
        partial = self.partial / "checksums.json"
        with partial.open("w") as file:
            json.dump(found, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        move(partial, self._checksums / f"{name}.json")

    def checksum(self, path: Path) -> int | None:
        """What was written down of a Parquet file; None where nothing was, or it cannot be read."""
        try:
            known = json.loads((self._checksums / f"{path.stem}.json").read_bytes())
            return int(known[str(path.relative_to(self.path))])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def lock(self, name: str) -> IO[str]:
        """Hold a lock in it until the file is closed; raises `TapewireError` if another process
        does."""
        try:
            return take_role(self.path, name)
        except RoleTaken as error:
            raise TapewireError(f"{self.path}: {error}") from error

    def named(self, end: str) -> list[str]:
        """The names of the segments in a state, in the order in which they were begun."""
        return sorted(path.stem for path in self.segments.glob(f"*{end}"))

    def segment(self, name: str, end: str) -> Path:
        """The file of a segment in a state."""
        return self.segments / f"{name}{end}"

    def parquet(self, table: str, day: str, key: str, name: str) -> Path:
        """The file of a part of a table."""
        folder = self.path / table / f"date={day}" / f"{KEYS[family(table)]}={encoded(key)}"
        return folder / f"{name}{PARQUET}"

    def adopt(self) -> list[str]:
        """Close what a recorder left open as it was killed: cut what is torn off its end. Returns
        a sentence for each segment of which something was cut. Only for whoever records."""
        return [said for name in self.named(OPEN) if (said := self._adopt(name))]

    def _adopt(self, name: str) -> str:
        path = self.segment(name, OPEN)
        try:
            found = contents(path.read_bytes())
        except SegmentError as error:
            if path.stat().st_size > HEADER_MAX_BYTES:
                move(path, self.segment(name, DAMAGED))
                return f"{path.name}: {error}; it is kept as {name}{DAMAGED}"
            path.unlink()  # whoever began it was killed before there was a header
            return ""
        if found.torn_bytes:
            os.truncate(path, found.whole_bytes)
        move(path, self.segment(name, CLOSED))
        return f"{path.name}: {found.torn_bytes:,} torn bytes were cut" if found.torn_bytes else ""

    def read(self, name: str) -> Contents:
        """What a segment holds, in whatever state it is; raises `FileNotFoundError` if it is gone,
        and `SegmentError` if it cannot be read at all."""
        for end in (CLOSED, OPEN):
            with contextlib.suppress(FileNotFoundError):
                return contents(self.segment(name, end).read_bytes())
        return contents(self.segment(name, CLOSED).read_bytes())  # it was closed in between


class SegmentFile:
    """A segment that is being written. Every write is whole or, where it fails, taken back."""

    def __init__(self, folder: Folder, name: str, head: bytes) -> None:
        self._folder, self._name = folder, name
        self._path = folder.segment(self._name, OPEN)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        self._fd = os.open(self._path, flags, 0o600)
        self.size_bytes = 0
        try:
            self.append(head)
            sync_folder(folder.segments)
        except OSError:
            os.close(self._fd)
            self._path.unlink()
            raise

    def append(self, piece: bytes) -> None:
        """Write a piece behind the others; raises `OSError`, and then nothing of it is there."""
        rest = memoryview(piece)
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError:
            os.ftruncate(self._fd, self.size_bytes)
            raise
        self.size_bytes += len(piece)

    def sync(self) -> None:
        """Have all of it on the disk before this returns."""
        os.fdatasync(self._fd)

    def close(self) -> None:
        """No more is written: it may become Parquet."""
        try:
            os.fsync(self._fd)
        finally:
            os.close(self._fd)
        move(self._path, self._folder.segment(self._name, CLOSED))


def family(table: str) -> str:
    """What a table is one of: `bars` of `bars/1-min-TRADES`."""
    return table.partition("/")[0]


def move(path: Path, target: Path) -> None:
    """Rename a file so that not even a loss of power takes that back."""
    path.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_folder(folder: Path) -> None:
    """Create a folder and those above it, for this user alone, and have their names on the disk."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def encoded(key: str) -> str:
    """A symbol as part of a path. Readers of such paths decode `%2F`."""
    return quote(key, safe=PLAIN)


def key_of(text: str) -> str:
    """The symbol that a part of a path names."""
    return unquote(text)
