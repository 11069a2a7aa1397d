"""Compaction: a closed segment becomes Parquet, and goes when that is known to be right.

    read the segment -> write every part in a folder that no reader looks at -> read each back and
    compare -> move them to their places -> remove the segment

It may be killed between any two steps, and is then done again from the start. As long as the
segment is there, it is what counts: `store` does not look at Parquet files that have its name. As
the files of a segment have its name and no other has, doing it again replaces them, and no row is
there twice. The segment is removed last, when all its files have their names on the disk, so no row
is there less than once.

A segment that is damaged is not removed. What of it can be read becomes Parquet, and it is renamed,
for a person to look at.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from tapewire.common.errors import TapewireError
from tapewire.common.runtime.reserve import free_bytes
from tapewire.recorder import parquet
from tapewire.recorder.folder import (
    CLOSED,
    COMPACTING,
    DAMAGED,
    PARQUET,
    Folder,
    make_folder,
    move,
    sync_folder,
)
from tapewire.recorder.segments import SegmentError
from tapewire.recorder.tables import Columns, Decoded, Part, decoded

FAULTS_MAX: Final = 5  # sentences about one segment


class Writing:
    """Parquet files of one name: written one after the other, then given their places together. For
    whoever holds the lock."""

    def __init__(self, folder: Folder, name: str) -> None:
        self.rows = 0
        self._folder, self._name = folder, name
        self._paths: dict[Path, Path] = {}

    def add(self, part: Part, columns: Columns) -> None:
        """Write a part, where no reader looks; raises `DamagedError` if it does not read back."""
        partial = self._folder.partial / f"{len(self._paths)}{PARQUET}"
        self.rows += parquet.write(columns, partial)
        self._paths[self._folder.parquet(*part, self._name)] = partial

    def finish(self) -> None:
        """Write down their checksums, then move them to their places."""
        crcs = {path: parquet.crc(partial) for path, partial in self._paths.items()}
        self._folder.keep_checksums(self._name, crcs)
        for path, partial in self._paths.items():
            make_folder(path.parent)
            move(partial, path)


class Compacted(NamedTuple):
    """What one compaction did: the segments and their rows, and what could not be read."""

    segments: int
    rows: int
    faults: tuple[str, ...]


@contextmanager
def making(folder: Folder) -> Iterator[None]:
    """Hold the lock of whoever makes Parquet, without what one that was killed has left."""
    folder.prepare()
    with folder.lock(COMPACTING):
        for left in folder.partial.iterdir():
            left.unlink()
        yield


def compact(folder: Folder, free_min_bytes: int = 0) -> Compacted:
    """Make Parquet of all segments that are closed. Raises `TapewireError` where that cannot be
    now: somebody else does it, or the disk has less than `free_min_bytes` free."""
    with making(folder):
        rows, faults, names = 0, [], folder.named(CLOSED)
        for name in names:
            if (free := free_bytes(folder.path)) < free_min_bytes:
                raise TapewireError(
                    f"the disk of {folder.path} has {free:,} bytes free; {free_min_bytes:,} are"
                    " left to trading"
                )
            added, said = compact_one(folder, name)
            rows += added
            faults += said
        return Compacted(len(names), rows, tuple(faults))


def compact_one(folder: Folder, name: str) -> tuple[int, list[str]]:
    """Make Parquet of one segment; returns its rows, and what of it could not be read."""
    segment = folder.segment(name, CLOSED)
    try:
        contents = folder.read(name)
    except SegmentError as error:
        move(segment, folder.segment(name, DAMAGED))
        return 0, [f"{name}: {error}"]
    found = decoded(contents)
    rows = _write(folder, name, found)
    faults = [*contents.damaged, *found.unreadable]
    if contents.torn_bytes:
        faults.append(f"{contents.torn_bytes:,} bytes at its end are damaged")
    if faults:
        move(segment, folder.segment(name, DAMAGED))
    else:
        segment.unlink()
        sync_folder(segment.parent)
    return rows, [f"{name}: {fault}" for fault in faults[:FAULTS_MAX]]


def _write(folder: Folder, name: str, found: Decoded) -> int:
    """Write all parts of a segment, then give all of them their names; returns the rows."""
    writing = Writing(folder, name)
    for part, columns in found.parts.items():
        writing.add(part, columns)
    writing.finish()
    return writing.rows
