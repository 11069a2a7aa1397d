"""Checkpoints: what long journals come to, so that a start need not read all of them.

The group has one checkpoint, in sections: one for each journal, with the records of it that still
matter, and one for the whole group, with what holds for all of them. A section ends with
`checkpoint.completed`, which says for which record of the journal it stands. A process folds the
section of its own journal, and then the journal from the next record on. Of each source that it
follows it folds the section, and asks the source for the rest. What a checkpoint holds, and what
may be left out of it, is decided in `common.retention`; it is made in `compaction`.

What could go wrong, and why this is enough
-------------------------------------------
*   The journals stay as they are, with every record: a checkpoint adds nothing to them and takes
    nothing from them. So one that is missing, half written or damaged costs time, and nothing else:
    the start reads everything from its beginning. A process uses all of it or none, for its
    sections were made together.
*   It is written beside the old one, brought to the disk, and then put in its place. A crash leaves
    the old one or the new one, and a process that is reading keeps what it has opened.
*   It has a chain of its own, which is walked before any of it is used, and it names the chain of
    each journal at the record for which it stands. A journal that was exchanged, restored from a
    copy, or has lost its tail does not have that record. If it is the own one, then the checkpoint
    is not of this past, and is not used. If it is a source's, the source does not confirm it, as
    with a head that was remembered (see `heads`), and that is a fault.
*   No loss of power takes what a checkpoint stands on: the journals are brought to the disk before
    it takes its place, also those that do not wait for the disk.
*   It is made from records that were checked as they were read. So the chain behind it needs no
    second look at each start.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

from tapewire.common.bus import wire
from tapewire.common.config.settings import Config
from tapewire.common.events import (
    CheckpointCompleted,
    Event,
    ExecutionsCarried,
    PositionCarried,
    RecordKept,
)
from tapewire.common.instruments import Instrument
from tapewire.common.retention.executions import GROUP
from tapewire.common.retention.policy import Policy, Record
from tapewire.common.runtime.durable import fsync
from tapewire.common.runtime.journal import (
    GENESIS,
    Head,
    Journal,
    JournalError,
    SqliteJournal,
    events_of,
)

FOLDER: Final = "checkpoints"
CHUNK: Final = 5000  # records in one commit
READ: Final = 100  # records at once: some are large


class Begins(Protocol):
    """What follows a source."""

    def begin(self, head: Head) -> None:
        """The source's journal is known up to here."""


class Checkpoints(Protocol):
    """Where the group's checkpoint is kept."""

    @property
    def policy(self) -> Policy:
        """What it holds."""

    @property
    def instruments(self) -> tuple[Instrument, ...]:
        """What is configured: sums of money depend on it."""

    def open(self) -> Journal | None:
        """The newest checkpoint; None if there is none. Raises `JournalError` if it is damaged."""

    def secure(self) -> None:
        """Bring to the disk what the journals have by now; raises `OSError` if that fails."""

    def replace(self, events: Iterable[Event]) -> None:
        """Put a checkpoint of these events in place of the old one, whole or not at all."""


class CheckpointFile:
    """The group's checkpoint as a file under the run directory."""

    def __init__(self, run_dir: Path, policy: Policy, instruments: Iterable[Instrument]) -> None:
        self.path = run_dir / FOLDER / f"{GROUP}.sqlite"
        self.policy = policy
        self.instruments = tuple(instruments)
        self._journals = run_dir / "journals"

    def open(self) -> Journal | None:
        """See `Checkpoints.open`."""
        return SqliteJournal(self.path, read_only=True) if self.path.exists() else None

    def secure(self) -> None:
        """See `Checkpoints.secure`: of each journal the file and the log beside it."""
        for pattern in ("*.sqlite-wal", "*.sqlite"):
            for path in self._journals.glob(pattern):
                fsync(path)

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
            fsync(partial)
            partial.replace(self.path)
            fsync(self.path.parent)
        except sqlite3.Error as error:
            raise JournalError(f"{partial}: {error}; the last checkpoint stays") from error
        finally:
            _remove(partial)


def checkpoint_file(run_dir: Path, config: Config) -> CheckpointFile:
    """That of a run directory, by its group's configuration."""
    ttl_ms = max((one.signal_ttl_ms for one in config.strategies), default=0)
    policy = Policy().with_ttl(2 * ttl_ms * 1_000_000)
    return CheckpointFile(run_dir, policy, config.all_instruments())


def discard(run_dir: Path) -> None:
    """Remove the checkpoint, as a journal is moved away or exchanged."""
    for path in (run_dir / FOLDER).glob("*.sqlite*"):
        path.unlink()


def fill(journal: Journal, events: Iterable[Event]) -> None:
    """Append `events` in a few commits."""
    remaining = iter(events)
    while chunk := list(islice(remaining, CHUNK)):
        journal.append(chunk)


def terms_of(instruments: Iterable[Instrument]) -> str:
    """A hash over what the sums of money in a checkpoint depend on: one that was made with other
    multipliers is not used."""
    terms = sorted(f"{one.symbol} {one.multiplier.normalize():f}" for one in instruments)
    return hashlib.blake2b("\n".join(terms).encode(), digest_size=16).hexdigest()


class Checkpoint:
    """A checkpoint, looked at from end to end; raises `JournalError` if it is not whole, or if it
    was made with other instruments. `ends` has the end of each section."""

    def __init__(self, journal: Journal, instruments: Iterable[Instrument]) -> None:
        self.ends: dict[str, CheckpointCompleted] = {}
        self._journal = journal
        self._extents: dict[str, range] = {}
        last: Event | None = None
        for number, event in enumerate(self._events(1), 1):
            last = event
            if isinstance(event, CheckpointCompleted):
                self.ends[event.source] = event
            elif isinstance(event, RecordKept):
                first = self._extents.get(event.source, range(number, number)).start
                self._extents[event.source] = range(first, number + 1)
        if not isinstance(last, CheckpointCompleted) or last.source != GROUP:
            raise JournalError(f"it ends with {last}; expected the group's checkpoint.completed")
        if last.chain != terms_of(instruments):
            raise JournalError("it was made with other instruments, or other multipliers")

    def head(self, source: str) -> Head:
        """For which record of `source`'s journal its section stands."""
        end = self.ends.get(source)
        return Head(end.seq, end.chain) if end is not None else Head(0, GENESIS)

    def records(self, source: str) -> Iterator[Record]:
        """A section, and its end."""
        extent = self._extents.get(source, range(0))
        for event in islice(self._events(extent.start), len(extent)):
            if isinstance(event, RecordKept):
                yield Record(source, event.seq, wire.decode_event(event.record))
        if source in self.ends:
            yield Record(source, 0, self.ends[source])

    def require(self, source: str, journal: Journal | None) -> None:
        """Raise `JournalError` unless the journal holds the record that its section stands for."""
        seq, chain = self.head(source)
        if (journal.chain_at(seq) if journal is not None else GENESIS) != chain:
            raise JournalError(f"{source}'s journal has another record {seq}, or none")

    def close(self) -> None:
        """Let go of the file."""
        self._journal.close()

    def _events(self, from_seq: int) -> Iterator[Event]:
        try:
            yield from events_of(self._journal, from_seq, READ)
        except wire.WireError as error:
            raise JournalError(f"it cannot be read: {error}") from error


def kept(record: Record) -> Event:
    """A record of a checkpoint as it is written down."""
    if isinstance(record.event, CheckpointCompleted):
        return record.event
    return RecordKept(record.source, record.seq, wire.encode(record.event))


class Past:
    """What a start begins with: from a checkpoint on, where there is one that fits the own journal
    (None: this role has none). `fault` says why one that is there is not used, in a sentence."""

    def __init__(self, role: str, journal: Journal | None, store: Checkpoints | None) -> None:
        self.fault = ""
        self._role = role
        self._journal = journal
        self._checkpoint = self._fitting(store) if store is not None else None

    def head(self, source: str) -> Head:
        """How far `source`'s journal is in the checkpoint."""
        return self._checkpoint.head(source) if self._checkpoint else Head(0, GENESIS)

    def of_group(self) -> Iterator[Event]:
        """What holds for all journals together, for whoever reads those of both gateways."""
        yield from (record.event for record in self._records(GROUP))

    def own(self) -> Iterator[Event]:
        """The own journal: its section, and the records behind it."""
        yield from (record.event for record in self._records(self._role))
        if self._journal is not None:
            yield from events_of(self._journal, self.head(self._role).seq + 1)

    def followed(self, source: str) -> Iterator[Record]:
        """The section of a source, for whoever reads both gateways: what is carried for one of them
        alone is in the group's."""
        for record in self._records(source):
            if not isinstance(record.event, PositionCarried | ExecutionsCarried):
                yield record

    def alone(self, source: str) -> Iterator[Record]:
        """The section of a source, for whoever reads no other gateway."""
        return self._records(source)

    def finish(
        self, followers: Mapping[str, Begins], dead_letter: Callable[[str, str, bytes], None]
    ) -> None:
        """All sections were taken in: each source is followed from where its section ends."""
        for source, follower in followers.items():
            follower.begin(self.head(source))
        if self.fault:
            dead_letter("checkpoint", self.fault, b"")
        if self._checkpoint is not None:
            self._checkpoint.close()

    def _records(self, source: str) -> Iterator[Record]:
        return self._checkpoint.records(source) if self._checkpoint else iter(())

    def _fitting(self, store: Checkpoints) -> Checkpoint | None:
        try:
            journal = store.open()
            found = Checkpoint(journal, store.instruments) if journal is not None else None
            if found is not None and self._journal is not None:
                found.require(self._role, self._journal)
        except JournalError as error:
            self.fault = f"the checkpoint is not used, so the start takes longer: {error}"
            return None
        return found


def _remove(file: Path) -> None:
    """Remove an SQLite file with all that belongs to it."""
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()
