"""Rebuilding the journals of a lost host: from the mirror alone, into a run directory without any.

Each stream is read from its first record to its last, and checked against its chain as it is
written. Nothing is in its place before all of them are whole and on the disk.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from tapewire.bridge.reading import Mirrors
from tapewire.common.errors import ConfigError
from tapewire.common.runtime.durable import fsync
from tapewire.common.runtime.journal import Head, Journal, JournalError, SqliteJournal

CHUNK: Final = 1_000
JOURNALS: Final = "journals"


class Restored(NamedTuple):
    """What was rebuilt of a role's journal, and from which stream; "" where there is none."""

    role: str
    stream: str
    head: Head


def require_empty(run_dir: Path) -> None:
    """Raise `ConfigError` unless a run directory is missing, or has no file in it: what is there
    may be all that is left of the truth."""
    if run_dir.is_file() or any(not path.is_dir() for path in run_dir.rglob("*")):
        raise ConfigError(
            f"run_dir {run_dir} is not empty; expected a new one, so that nothing is overwritten:"
            " move it out of the way, or choose another run_dir"
        )


def restore(mirrors: Mirrors, roles: Sequence[str], run_dir: Path) -> list[Restored]:
    """Rebuild these roles' journals in `run_dir`, which exists and is this user's alone.

    Raises `ConfigError` if there is no stream for any of them, `JournalError` or `MirrorError` if
    one is damaged or cannot be read. Then nothing is left of it.
    """
    with tempfile.TemporaryDirectory(prefix="restore-", dir=run_dir) as folder:
        restored = [_restore(mirrors, role, Path(folder)) for role in roles]
        if not any(one.stream for one in restored):
            raise ConfigError(
                f"the mirror has no stream of {', '.join(roles)}; cluster.prefix must be the one"
                " that they were mirrored under"
            )
        places = run_dir / JOURNALS
        places.mkdir(mode=0o700, exist_ok=True)
        for path in sorted(Path(folder).iterdir()):
            path.replace(places / path.name)
        fsync(places)
    return restored


def _restore(mirrors: Mirrors, role: str, folder: Path) -> Restored:
    mirrored = mirrors.journal(role)
    if mirrored is None:
        return Restored(role, "", Head(0, ""))
    path = folder / f"{role}.sqlite"
    with closing(SqliteJournal(path, "NORMAL")) as journal:
        for records in pieces(mirrored):
            journal.append_records(records)
        head = journal.head
    fsync(path)
    if head != mirrored.head:
        raise JournalError(f"{mirrored.stream}: ends with another record than its leader has")
    return Restored(role, mirrored.stream, head)


def pieces(journal: Journal) -> Iterator[list[bytes]]:
    """All records of a journal, some at a time."""
    seq = 1
    while records := journal.read(seq, CHUNK):
        yield records
        seq += len(records)
