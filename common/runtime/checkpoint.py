"""Checkpoints: what a long journal comes to, so that a start need not read all of it.

A checkpoint is a short journal: events which, folded by the very functions that fold the whole
journal, give the state that still matters. It ends with `checkpoint.completed`, which says for
which record of the journal it stands. A start folds the checkpoint, and then the journal from the
next record on. What is in it, and what may be left out, its owner decides.

What could go wrong, and why this is enough
-------------------------------------------
*   The journal stays as it is, with every record: a checkpoint adds nothing to it and takes nothing
    from it. So one that is missing, half written or damaged costs time, and nothing else: the start
    reads the journal from its beginning.
*   It is written beside the old one, brought to the disk, and then put in its place. A crash leaves
    the old one or the new one.
*   It has a chain of its own, which is walked before any of it is used, and it names the chain of
    the journal at the record for which it stands. A journal that was exchanged, restored from a
    copy, or has lost its tail does not have that record: then the checkpoint is not of this past,
    and is not used.
*   It is made from records that were checked as they were read. So the chain behind it needs no
    second look at each start.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from tapewire.common.bus import wire
from tapewire.common.events import CheckpointCompleted, Event
from tapewire.common.runtime.journal import (
    Journal,
    JournalError,
    SqliteJournal,
    events_of,
    verify,
)

HOUR_NS: Final = 3_600_000_000_000
DAY_NS: Final = 24 * HOUR_NS
FOLDER: Final = "checkpoints"
CHUNK: Final = 5000


class Policy(NamedTuple):
    """When to make a checkpoint, and how long it keeps what is over (nanoseconds, wall).

    `records` must have come since the last one. Intents that expired `expired_ns` ago may be left
    out, and so may orders whose state has been final for `ended_ns`, which is longer than
    `expired_ns` by the time that any signal lives. Ends that the broker may take back are kept for
    `given_up_ns`.
    """

    records: int = 10_000
    expired_ns: int = DAY_NS
    ended_ns: int = DAY_NS + 2 * HOUR_NS  # a trading day has 25 hours at times
    given_up_ns: int = 7 * DAY_NS

    def with_ttl(self, ttl_ns: int) -> "Policy":
        """The policy where no signal lives longer than `ttl_ns`."""
        return self._replace(ended_ns=max(self.ended_ns, self.expired_ns + ttl_ns))


class Said(NamedTuple):
    """What the end of a checkpoint says of what is not in it: see `CheckpointCompleted`."""

    expired_ns: int = 0
    order_id: str = ""


class Checkpoints(Protocol):
    """Where a role's checkpoint is kept."""

    @property
    def policy(self) -> Policy:
        """When to make one."""

    def open(self) -> Journal | None:
        """The newest checkpoint; None if there is none. Raises `JournalError` if it is damaged."""

    def replace(self, events: Iterable[Event]) -> None:
        """Put a checkpoint of these events in place of the old one, whole or not at all."""


class CheckpointFile:
    """A role's checkpoint as a file under the run directory."""

    def __init__(self, run_dir: Path, role: str, policy: Policy) -> None:
        self.path = run_dir / FOLDER / f"{role}.sqlite"
        self.policy = policy

    def open(self) -> Journal | None:
        """See `Checkpoints.open`."""
        return SqliteJournal(self.path, read_only=True) if self.path.exists() else None

    def replace(self, events: Iterable[Event]) -> None:
        """See `Checkpoints.replace`; raises `JournalError` or `OSError` if the disk is full."""
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        partial = self.path.with_name(f"{self.path.name}.partial")
        _remove(partial)
        try:
            with closing(SqliteJournal(partial, "NORMAL")) as journal:
                fill(journal, events)
            # A log beside the file could outlive it, and be taken for the next one's.
            with closing(sqlite3.connect(partial)) as db:
                db.execute("PRAGMA journal_mode=DELETE")
            _fsync(partial)
            partial.replace(self.path)
            _fsync(self.path.parent)
        finally:
            _remove(partial)


def discard(run_dir: Path, role: str) -> None:
    """Remove a role's checkpoint, as its journal is moved away."""
    for path in (run_dir / FOLDER).glob(f"{role}.sqlite*"):
        path.unlink()


def fill(journal: Journal, events: Iterable[Event]) -> None:
    """Append `events` in a few commits."""
    remaining = iter(events)
    while chunk := list(islice(remaining, CHUNK)):
        journal.append(chunk)


class Past:
    """A journal as a start reads it: from its checkpoint on, where there is one that fits."""

    def __init__(self, role: str, journal: Journal, checkpoints: Checkpoints | None) -> None:
        self.fault = ""
        """Why a checkpoint that is there is not used, in a sentence."""
        self._role = role
        self._journal = journal
        self._checkpoints = checkpoints
        self._seq = 0  # the record for which the checkpoint stands
        self._look()

    @property
    def due(self) -> bool:
        """Whether enough has come since the checkpoint to make a new one."""
        if self._checkpoints is None:
            return False
        return self._journal.head.seq - self._seq >= self._checkpoints.policy.records

    def events(self) -> Iterator[Event]:
        """The checkpoint's events, then the journal's from the next record on."""
        base = self._checkpoints.open() if self._checkpoints is not None and self._seq else None
        if base is not None:
            with closing(base):
                yield from events_of(base)
        yield from events_of(self._journal, self._seq + 1)

    def renew(self, events: Iterable[Event], now_ns: int, said: Callable[[], Said]) -> None:
        """Replace the checkpoint by one of `events`, which stands for the journal as it is now.
        `said` is asked once all of them were taken."""
        assert self._checkpoints is not None
        try:
            self._checkpoints.replace(self._ended(events, now_ns, said))
        except (JournalError, OSError) as error:
            self.fault = f"no checkpoint was made, so the next start takes longer: {error}"

    def _ended(
        self, events: Iterable[Event], now_ns: int, said: Callable[[], Said]
    ) -> Iterator[Event]:
        seq, chain = self._journal.head
        for event in events:
            if not isinstance(event, CheckpointCompleted):
                yield event
        yield CheckpointCompleted(now_ns, self._role, seq, chain, *said())

    def _look(self) -> None:
        """Find the record for which the checkpoint stands, after a look at all of it."""
        try:
            base = self._checkpoints.open() if self._checkpoints is not None else None
            if base is not None:
                with closing(base):
                    verify(base)
                    self._seq = self._fitting(base)
        except JournalError as error:
            self.fault = f"the checkpoint is not used, so the start takes longer: {error}"

    def _fitting(self, base: Journal) -> int:
        records = base.read(base.head.seq, 1) if base.head.seq else []
        end = wire.decode_event(records[0]) if records else None
        if not isinstance(end, CheckpointCompleted):
            raise JournalError(f"it ends with {end}; expected checkpoint.completed")
        if end.source != self._role or self._journal.chain_at(end.seq) != end.chain:
            raise JournalError(f"it is of another journal, as record {end.seq} there is another")
        return end.seq


def _remove(file: Path) -> None:
    """Remove an SQLite file with all that belongs to it."""
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
