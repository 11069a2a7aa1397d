"""What was recorded, for whoever reads it: the Parquet files, and the segments that are none yet.

A segment that is there counts, and Parquet files of its name do not (see `compaction`). So the
segments are looked at first, and read at once; then the files. If a segment is compacted in
between, what was read of it is used, and its files are passed over.
"""

import heapq
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
from pyarrow import compute

from tapewire.common.events import Tick
from tapewire.recorder import parquet
from tapewire.recorder.folder import (
    BARS,
    CLOSED,
    KEYS,
    OPEN,
    PARQUET,
    TICKS,
    Folder,
    family,
    key_of,
)
from tapewire.recorder.parquet import DamagedError, Known
from tapewire.recorder.segments import HEADER_MAX_BYTES
from tapewire.recorder.streams import Hole, Stretch, between
from tapewire.recorder.tables import Columns, Part, day_of, decoded, ticks_of

TRIES: Final = 10


class Piece(NamedTuple):
    """What one file or one segment has of a part."""

    part: Part
    name: str
    path: Path | None
    """None where it is still in a segment."""
    columns: Columns | None = None

    def table(self) -> pa.Table:
        """All its rows; raises `DamagedError`."""
        if self.columns is not None:
            return self.columns.table()
        assert self.path is not None
        return parquet.read(self.path)

    def known(self) -> tuple[int, Known]:
        """How many rows it has, and what is known of them; raises `DamagedError`."""
        if self.columns is None:
            assert self.path is not None
            return parquet.footer(self.path)
        table = self.columns.table()
        return table.num_rows, parquet.known_of(table, self.columns)


class Entry(NamedTuple):
    """What is recorded of a part: its rows, the bytes of its files (0 for what is in segments),
    its first and last time (UTC), and the holes: those that end in it."""

    part: Part
    rows: int
    size_bytes: int
    from_ns: int
    to_ns: int
    holes: tuple[tuple[Stretch, Hole], ...]

    @property
    def missing(self) -> int:
        """How many messages or events are missing."""
        return sum(hole.missing for _, hole in self.holes)


class Store:
    """A folder of what was recorded, as it is at this moment."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.faults: list[str] = []
        """What of the segments cannot be read."""
        segments = _segments(folder)
        self.pieces = [*_files(folder, segments)]
        for name, found in segments.items():
            self.faults += found.faults
            self.pieces += [Piece(part, name, None, one) for part, one in found.parts.items()]
        self.pieces = [*_counting(self.pieces)]

    def entries(self, unreadable: list[str]) -> list[Entry]:
        """What is recorded, part by part; what says of a file that it cannot be read is added to
        `unreadable`."""
        found: list[_Seen] = []
        for piece in self.pieces:
            try:
                found.append(_Seen(piece, *piece.known()))
            except DamagedError as error:
                unreadable.append(str(error))
        holes = _holes(found)
        grouped: dict[Part, list[int]] = {}
        for at, seen in enumerate(found):
            grouped.setdefault(seen.piece.part, []).append(at)
        return [
            _entry(part, [found[at] for at in places], [one for at in places for one in holes[at]])
            for part, places in grouped.items()
        ]

    def symbols(self) -> list[str]:
        """Whose ticks are recorded."""
        return sorted({one.part.key for one in self.pieces if one.part.table == TICKS})

    def ticks(
        self, symbols: Sequence[str], from_ns: int | None = None, to_ns: int | None = None
    ) -> Iterator[Tick]:
        """The ticks of `symbols` from `from_ns` on and before `to_ns`, in the order of their times;
        those of one moment as they were recorded. Raises `DamagedError`."""
        yield from heapq.merge(
            *(self._of(symbol, from_ns, to_ns) for symbol in dict.fromkeys(symbols)),
            key=lambda tick: tick.ts_ns,
        )

    def tables(self, symbol: str, from_ns: int | None, to_ns: int | None) -> Iterator[pa.Table]:
        """The ticks of a symbol as tables, day after day, each in the order of their times."""
        of_symbol = [p for p in self.pieces if p.part.table == TICKS and p.part.key == symbol]
        for day in sorted({piece.part.day for piece in of_symbol}):
            if _is_within(day, from_ns, to_ns):
                pieces = [piece for piece in of_symbol if piece.part.day == day]
                yield _in_order(pieces, from_ns, to_ns)

    def _of(self, symbol: str, from_ns: int | None, to_ns: int | None) -> Iterator[Tick]:
        for table in self.tables(symbol, from_ns, to_ns):
            yield from ticks_of(table, symbol)


class _Segment(NamedTuple):
    parts: dict[Part, Columns]
    faults: list[str]


def _segments(folder: Folder) -> dict[str, _Segment]:
    """What the segments hold that are not Parquet yet. One that has become it since they were
    listed is listed no more the next time."""
    for _ in range(TRIES):
        try:
            begun = [n for n in folder.named(OPEN) if _has_blocks(folder.segment(n, OPEN))]
            names = sorted({*begun, *folder.named(CLOSED)})
            return {name: _read(folder, name) for name in names}
        except FileNotFoundError:
            continue
    raise DamagedError(f"{folder.segments}: its segments change faster than they can be read")


def _has_blocks(path: Path) -> bool:
    """Whether a segment may have more than its header; one that has only been created has none."""
    return path.stat().st_size > HEADER_MAX_BYTES


def _read(folder: Folder, name: str) -> _Segment:
    try:
        contents = folder.read(name)
    except ValueError as error:
        return _Segment({}, [f"{name}: {error}"])
    found = decoded(contents)
    faults = (*contents.damaged, *found.unreadable)
    return _Segment(found.parts, [f"{name}: {fault}" for fault in faults])


def _files(folder: Folder, segments: Container[str]) -> Iterator[Piece]:
    """The Parquet files, but for those of segments that are still there."""
    for table, key in KEYS.items():
        within = f"{table}/*" if table == BARS else table
        for path in folder.path.glob(f"{within}/date=*/{key}=*/*{PARQUET}"):
            if path.stem not in segments:
                yield Piece(_part(folder, path, key), path.stem, path)


def _part(folder: Folder, path: Path, key: str) -> Part:
    of_day = path.parent.parent
    named, day = path.parent.name.removeprefix(f"{key}="), of_day.name.removeprefix("date=")
    return Part(str(of_day.parent.relative_to(folder.path)), day, key_of(named))


def _counting(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """In order, and of each part's bars the newest alone: see `bars`."""
    ordered = sorted(pieces, key=lambda piece: (piece.part, piece.name))
    for piece, after in zip_longest(ordered, ordered[1:]):
        is_last = after is None or after.part != piece.part
        if is_last or family(piece.part.table) != BARS:
            yield piece


class _Seen(NamedTuple):
    piece: Piece
    rows: int
    known: Known


def _entry(part: Part, files: Sequence[_Seen], holes: Sequence[tuple[Stretch, Hole]]) -> Entry:
    paths = [one.piece.path for one in files]
    return Entry(
        part,
        sum(one.rows for one in files),
        sum(path.stat().st_size for path in paths if path is not None),
        min(one.known.from_ns for one in files),
        max(one.known.to_ns for one in files),
        tuple(holes),
    )


def _holes(files: Sequence[_Seen]) -> list[list[tuple[Stretch, Hole]]]:
    """The holes of each file: those inside it, and those between it and the one before."""
    stretches = [one.known.stretches for one in files]
    found = [[(one, hole) for one in of_file for hole in one.holes] for of_file in stretches]
    streams: dict[tuple[str, str], list[int]] = {}
    for at, seen in enumerate(files):
        streams.setdefault((seen.piece.part.table, seen.piece.part.key), []).append(at)
    for places in streams.values():
        for at, stretch, hole in between([stretches[place] for place in places]):
            found[places[at]].append((stretch, hole))
    return found


def _is_within(day: str, from_ns: int | None, to_ns: int | None) -> bool:
    """Whether a day has some of the time between two moments."""
    is_early = from_ns is not None and day < day_of(from_ns)
    return not (is_early or (to_ns is not None and day > day_of(to_ns)))


def _in_order(pieces: Sequence[Piece], from_ns: int | None, to_ns: int | None) -> pa.Table:
    """The ticks of one symbol on one day, in the order of their times."""
    table = pa.concat_tables([piece.table() for piece in pieces])
    table = parquet.between(table, from_ns, to_ns)
    order = compute.sort_indices(table["ts_ns"])  # stable
    return table.take(order)
