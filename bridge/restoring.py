"""Rebuilding the journals of a lost host: from the mirror alone, into a run directory without any.

Each stream is read from its first record to its last, and checked against its chain as it is
written. Nothing is in its place before all of them are whole and on the disk.
"""

import contextlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from tapewire.bridge.engine import generations
from tapewire.bridge.reading import MirrorJournal, Mirrors
from tapewire.common.amounts import counted
from tapewire.common.errors import ConfigError
from tapewire.common.runtime.durable import fsync
from tapewire.common.runtime.journal import (
    Head,
    Journal,
    JournalDamagedError,
    JournalError,
    SqliteJournal,
)

CHUNK: Final = 1_000
JOURNALS: Final = "journals"


class Restored(NamedTuple):
    """What was rebuilt of a role's journal, and from which stream; "" where there is none."""

    role: str
    stream: str
    head: Head


class Chosen(NamedTuple):
    """Which stream of a role is to be restored, and up to which record; 0: the newest, all."""

    generation: int = 0
    last: int = 0


def chosen(prefix: str, roles: Sequence[str], streams: Iterable[str]) -> dict[str, Chosen]:
    """What a person chooses, by role: each `STREAM`, or `STREAM@RECORD`. Raises `ConfigError` for
    anything else."""
    found: dict[str, Chosen] = {}
    for text in streams:
        name, at, last = text.partition("@")
        numbers = {role: generations(prefix, role, [name]) for role in roles}
        (role, number), *_ = [(r, n[0]) for r, n in numbers.items() if n] or [("", 0)]
        if not number or (at and not (last.isdecimal() and int(last))):
            raise ConfigError(
                f"--stream is {text!r}; expected the name of a stream, {prefix}-{roles[0]}-1 for"
                f" one, or {prefix}-{roles[0]}-1@812 for its records up to 812"
            )
        found[role] = Chosen(number, int(last or 0))
    return found


def require_empty(run_dir: Path) -> None:
    """Raise `ConfigError` unless a run directory is missing, or has no file in it: what is there
    may be all that is left of the truth."""
    if run_dir.is_file() or any(not path.is_dir() for path in run_dir.rglob("*")):
        raise ConfigError(
            f"run_dir {run_dir} is not empty; expected a new one, so that nothing is overwritten:"
            " move it out of the way, or choose another run_dir"
        )


def restore(
    mirrors: Mirrors,
    roles: Sequence[str],
    run_dir: Path,
    chosen: Mapping[str, Chosen] = MappingProxyType({}),
) -> list[Restored]:
    """Rebuild these roles' journals in `run_dir`, which exists and is this user's alone: each from
    its newest stream, or from the one that is `chosen`.

    Raises `ConfigError` if there is no stream for any of them, or if an older one has more records
    than the newest and none is chosen; `JournalError` or `MirrorError` if one is damaged or cannot
    be read. Then nothing is left of it.
    """
    for role in roles:
        if role not in chosen:
            _require_longest(mirrors, role)
    with tempfile.TemporaryDirectory(prefix="restore-", dir=run_dir) as folder:
        restored = [
            _restore(mirrors, role, chosen.get(role, Chosen()), Path(folder)) for role in roles
        ]
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


def _require_longest(mirrors: Mirrors, role: str) -> None:
    """A stream that was begun a moment before the host was lost has hardly anything in it yet."""
    newest, longest = mirrors.end(role), mirrors.longer(role)
    if newest is not None and longest is not None:
        raise ConfigError(
            f"{newest.stream} has {counted(newest.seq, 'record')}, and {longest.stream} before it"
            f" {counted(longest.seq, 'record')}; expected --stream {longest.stream} or"
            f" --stream {newest.stream}, to say which one the lost host's journal was"
        )


def _restore(mirrors: Mirrors, role: str, wanted: Chosen, folder: Path) -> Restored:
    if wanted.generation and wanted.generation not in mirrors.generations(role):
        raise ConfigError(f"the mirror has no stream {wanted.generation} of {role}")
    mirrored = mirrors.journal(role, *wanted)
    if mirrored is None:
        return Restored(role, "", Head(0, ""))
    path = folder / f"{role}.sqlite"
    with closing(SqliteJournal(path, "NORMAL")) as journal:
        try:
            for records in pieces(mirrored):
                journal.append_records(records)
        except JournalDamagedError as error:
            raise JournalDamagedError(
                f"{error}{_what_is_sound(mirrored, journal.head.seq)}"
            ) from error
        head = journal.head
    fsync(path)
    if head != mirrored.head:
        raise JournalError(f"{mirrored.stream}: ends with another record than its leader has")
    return Restored(role, mirrored.stream, head)


def _what_is_sound(mirrored: MirrorJournal, seq: int) -> str:
    """How to restore what is before the damage, which is behind record `seq`."""
    with contextlib.suppress(JournalDamagedError):
        while mirrored.read(seq + 1, 1):
            seq += 1
    return f"; --stream {mirrored.stream}@{seq} restores the records before it" if seq else ""


def pieces(journal: Journal) -> Iterator[list[bytes]]:
    """All records of a journal, some at a time."""
    seq = 1
    while records := journal.read(seq, CHUNK):
        yield records
        seq += len(records)
