"""A file of ticks taken into what is recorded: the same files, as if it had been recorded.

They have the name of the file's contents, so a file that is imported again, or after an import that
was killed, replaces what it had brought. A file about a time of which something else is recorded is
refused, since every tick would be there twice. Of a file of many days one day is in memory.
"""

import hashlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from tapewire.common.errors import ConfigError
from tapewire.common.ticks.as_ticks import Quoted
from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.stamps import iso
from tapewire.recorder.compaction import Writing, making
from tapewire.recorder.folder import TICKS, Folder
from tapewire.recorder.store import Store
from tapewire.recorder.tables import Columns, Part, day_of, tick_rows

DIGITS: Final = 16
SOURCE: Final = "import"


class Imported(NamedTuple):
    """How many ticks of which symbols a file brought."""

    ticks: int
    symbols: tuple[str, ...]


class Span(NamedTuple):
    """From when to when a file has ticks of a symbol."""

    from_ns: int
    to_ns: int


def import_file(folder: Folder, file: TickFile) -> Imported:
    """Take in a file of ticks. Raises ValueError where it is broken, and `ConfigError` where
    something else is recorded of its symbols in its time; then nothing is taken."""
    name = f"{SOURCE}-{_digest(file)}"
    spans: dict[str, Span] = {}
    with making(folder):
        writing = Writing(folder, name)
        for part, columns in _parts(file, name, spans):
            writing.add(part, columns)
        _require_new(folder, name, spans)
        writing.finish()
    return Imported(writing.rows, tuple(sorted(spans)))


def _parts(file: TickFile, name: str, spans: dict[str, Span]) -> Iterator[tuple[Part, Columns]]:
    """The file's ticks by day and symbol, day after day; `spans` get each symbol's time."""
    day, parts = "", dict[Part, Columns]()
    quoted: dict[str, Quoted] = {}
    seqs: dict[str, int] = {}
    for row in file.rows(None, None):
        if (found := day_of(row.ts_ns)) != day:
            yield from parts.items()
            day, parts = found, {}
        ticks = quoted.setdefault(row.symbol, Quoted()).ticks(row)
        if not ticks:
            continue
        seq = seqs[row.symbol] = seqs.get(row.symbol, 0) + 1
        part = Part(TICKS, day, row.symbol)
        columns = parts.get(part)
        if columns is None:
            columns = parts[part] = Columns(part)
        columns.stretches.take(SOURCE, name, seq, row.ts_ns)
        columns.add(tick_rows(ticks, SOURCE, name, seq))
        begin = spans[row.symbol].from_ns if row.symbol in spans else row.ts_ns
        spans[row.symbol] = Span(begin, row.ts_ns)
    yield from parts.items()


def _require_new(folder: Folder, name: str, spans: dict[str, Span]) -> None:
    for piece in Store(folder).pieces:
        span = spans.get(piece.part.key) if piece.part.table == TICKS else None
        if span is None or piece.name == name:
            continue
        count, known = piece.known()
        if known.from_ns <= span.to_ns and span.from_ns <= known.to_ns:
            raise ConfigError(
                f"{count:,} ticks of {piece.part.key} from {iso(known.from_ns)} to"
                f" {iso(known.to_ns)} are recorded already, and the file has some of that time;"
                " nothing was imported: each tick would be there twice"
            )


def _digest(file: TickFile) -> str:
    """Of a file's contents, and of how they are understood where that was said: in another zone, or
    of another symbol, they are other ticks."""
    with file.path.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256")
    digest.update(file.said.encode())
    return digest.hexdigest()[:DIGITS]
