"""Journals: the events a process emits, on disk before they are published.

Every record carries a hash over itself and the record before it, so the last hash (the chain's
head) names the whole history. Two stores implement one port: SQLite in live processes, here, and
one in memory with a crash model (see `memory_journal`).

Every read walks the chain over what it reads, so a record that is not as it was written is found
by whoever needs it, before it is decoded: a start by its replay, a reader by its catch-up, the
console by its tables. That costs 1 us per record, where applying one takes 100 us and more. What is
wrong is a `JournalDamagedError`, which is never read over.

A journal file carries the wire version that its records are encoded in, as SQLite's user_version.
A file of another version is refused before anything in it is decoded: its events have other fields,
and a past that is half understood is worse than none.
"""

import contextlib
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from tapewire.common.bus import wire
from tapewire.common.errors import TapewireError
from tapewire.common.events import Event
from tapewire.common.runtime import read_only as disk

GENESIS = ""
Synchronous = Literal["FULL", "NORMAL"]
FIRST_VERSION = 1
"""The version that did not write its number down."""
BUSY_MS = 5000
CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
UNWRITTEN = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
"""What SQLite says of a disk that has become read-only, and of much else."""
Row = tuple[int, str, bytes]
"""A record's number, the chain up to it, and the record."""
LOG_BYTES = 4 * 1024 * 1024 + 64 * 1024  # a checkpoint comes after 1000 pages of 4 KiB


class Head(NamedTuple):
    """The last record's sequence number (0: none yet) and the chain up to it."""

    seq: int
    chain: str


class Journal(Protocol):
    """Append-only records, numbered from 1 without holes."""

    @property
    def head(self) -> Head:
        """The last record's number, and the chain up to it."""

    @property
    def durable(self) -> bool:
        """Whether what `head` names survives the machine's loss of power."""

    def chain_at(self, seq: int) -> str:
        """The chain up to record `seq`; empty for 0 and beyond the end."""

    def append(self, events: Sequence[Event]) -> int:
        """Write `events` in one commit; they are durable on return. Returns the first one's seq."""

    def begin(self, events: Sequence[Event]) -> int:
        """As `append`, but they are durable once `head` has reached them, perhaps later."""

    def wait(self) -> None:
        """Return once what was begun is durable; raises `JournalFullError` if it cannot be now."""

    @property
    def full(self) -> str:
        """Why what was begun waits for room on the disk; empty if it does not."""

    def read(self, from_seq: int, limit: int) -> list[bytes]:
        """Up to `limit` records from `from_seq` on, as encoded; raises `JournalDamagedError` where
        one is not as it was written."""

    def close(self) -> None:
        """Let go of the store."""


class JournalError(TapewireError):
    """A journal that cannot be trusted or written; names the file and what is wrong with it."""


class JournalVersionError(JournalError):
    """A journal that another version of Tapewire wrote."""


class JournalFullError(JournalError):
    """A journal whose disk is full or read-only: nothing was written; it can be tried again."""


class JournalDamagedError(JournalError):
    """A journal that does not hold what was written to it."""


class AtOnce:
    """Of journals whose commits are durable when they return, or raise."""

    full = ""

    def append(self, events: Sequence[Event]) -> int:
        """See `Journal.append`."""
        raise NotImplementedError

    def begin(self, events: Sequence[Event]) -> int:
        """See `Journal.begin`."""
        return self.append(events)

    def wait(self) -> None:
        """Nothing is ever under way."""


def link(chain: str, record: bytes) -> str:
    """The chain after `record`: BLAKE2b-128 over the chain before it and the record."""
    return hashlib.blake2b(record, key=chain.encode(), digest_size=16).hexdigest()


def events_of(journal: Journal, from_seq: int = 1, chunk: int = 1000) -> Iterator[Event]:
    """All events from `from_seq` on, decoded, in order."""
    while records := journal.read(from_seq, chunk):
        yield from map(wire.decode_event, records)
        from_seq += len(records)


def verify(journal: Journal, chunk: int = 1000) -> None:
    """Walk the whole chain; raises `JournalDamagedError` naming the first bad record."""
    seq = 0
    while records := journal.read(seq + 1, chunk):
        seq += len(records)
    if seq < journal.head.seq:
        raise JournalDamagedError(f"record {seq + 1} of {journal.head.seq} is missing")


def verified(place: str, from_seq: int, chain: str, rows: Iterable[Row]) -> list[bytes]:
    """The records of `rows`, which begin at `from_seq` behind `chain`, each checked by its link."""
    records = []
    for expected, (seq, stored, record) in enumerate(rows, from_seq):
        if seq != expected:
            raise JournalDamagedError(f"{place}record {expected} is missing")
        chain = link(chain, record)
        if chain != stored:
            raise JournalDamagedError(f"{place}record {seq} is not as it was written")
        records.append(record)
    return records


class SqliteJournal(AtOnce):
    """A journal in one SQLite file, in WAL mode.

    `synchronous` is SQLite's own: FULL fsyncs each commit, NORMAL survives a process's death but
    not the machine's. `make_room` is asked for room on a full disk, before a commit is given up; it
    tells whether it made some. `inserted` is called when the records of a commit are written and
    only the disk is left to wait for.
    """

    def __init__(
        self,
        path: Path,
        synchronous: Synchronous = "FULL",
        *,
        read_only: bool = False,
        make_room: Callable[[], bool] = lambda: False,
        inserted: Callable[[], None] = lambda: None,
    ) -> None:
        self.path = path
        self.durable = synchronous == "FULL"
        self.log_path = path.with_name(f"{path.name}-wal")
        self._has_table = False
        self._make_room = make_room
        self._inserted = inserted
        mode = "ro" if read_only else "rwc"
        try:
            self._db = sqlite3.connect(
                f"file:{path}?mode={mode}", timeout=BUSY_MS / 1000, uri=True, isolation_level=None
            )
            self._require_version()
            if not read_only:
                self._prepare(synchronous)
            self._head = self._stored_head()
        except sqlite3.Error as error:
            raise self._error(error, "expected a journal", writing=not read_only) from error

    @property
    def head(self) -> Head:
        """The last record's number, and the chain up to it."""
        return self._head

    def append(self, events: Sequence[Event]) -> int:
        """Write `events` in one commit; raises `JournalFullError` on a full or read-only disk,
        `JournalError` on one that fails. Nothing is written then."""
        return self.append_records([wire.encode(event) for event in events])

    def append_records(self, records: Iterable[bytes]) -> int:
        """As `append`, of records that are encoded already, such as another journal's."""
        first = self._head.seq + 1
        chain, rows = self._head.chain, []
        for seq, record in enumerate(records, first):
            chain = link(chain, record)
            rows.append((seq, chain, record))
        try:
            self._commit(rows)
        except JournalFullError:
            if not self._make_room():
                raise
            self._commit(rows)
        self._head = Head(first + len(rows) - 1, chain)
        return first

    def read(self, from_seq: int, limit: int) -> list[bytes]:
        """Up to `limit` records from `from_seq` on, read with the one before them: each is checked
        against the chain."""
        if self._is_new():
            return []
        rows = self._rows(max(1, from_seq - 1), limit + (from_seq > 1))
        place, chain = f"{self.path}: ", GENESIS
        if from_seq > 1 and rows:
            seq, chain, _ = rows.pop(0)
            if seq != from_seq - 1:
                raise JournalDamagedError(f"{place}record {from_seq - 1} is missing")
        return verified(place, from_seq, chain, rows)

    def chain_at(self, seq: int) -> str:
        """The chain up to record `seq`; empty for 0 and beyond the end."""
        rows = [] if self._is_new() else self._rows(seq, 1)
        return rows[0][1] if rows and rows[0][0] == seq else GENESIS

    def renewed(self) -> Head:
        """The head as it is now, of a journal that another process writes."""
        try:
            self._head = self._stored_head()
        except sqlite3.Error as error:
            raise self._error(error, "nothing of it was used") from error
        return self._head

    def close(self) -> None:
        """Close the file. It has all records then: SQLite leaves them in the file beside it where a
        reader that may not write closes last, and a copy of the journal alone would be empty."""
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")
        self._db.close()

    def _commit(self, rows: Sequence[Row]) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT INTO records VALUES (?, ?, ?)", rows)
            self._inserted()
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise self._error(error, "nothing was written or published", writing=True) from error

    def _rows(self, from_seq: int, limit: int) -> list[Row]:
        query = "SELECT seq, chain, record FROM records WHERE seq >= ? ORDER BY seq LIMIT ?"
        try:
            return self._db.execute(query, (from_seq, limit)).fetchall()
        except sqlite3.Error as error:
            raise self._error(error, "nothing of it was used") from error

    def _error(self, error: sqlite3.Error, then: str, *, writing: bool = False) -> JournalError:
        """`error` with the file's name; a file that is not a database any more is a damaged one."""
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if writing and code in UNWRITTEN and disk.is_read_only(self.path):
            return JournalFullError(f"{self.path}: its disk is read-only; {then}; {disk.ADVICE}")
        kind = JournalDamagedError if code in CORRUPT else JournalError
        kind = JournalFullError if code == sqlite3.SQLITE_FULL else kind
        return kind(f"{self.path}: {error}; {then}")

    def _require_version(self) -> None:
        found = self._version()
        if found not in (None, wire.WIRE_VERSION):
            self._db.close()
            raise JournalVersionError(
                f"{self.path}: journal version {found}, expected {wire.WIRE_VERSION};"
                f" use another run_dir, or move {self.path.parent} out of the way and run"
                " `tapewire journals accept`"
            )

    def _version(self) -> int | None:
        """The version of its records; None for a file that has no table for them yet."""
        tables = "SELECT 1 FROM sqlite_master WHERE name = 'records'"
        if self._db.execute(tables).fetchone() is None:
            return None
        stored: int = self._db.execute("PRAGMA user_version").fetchone()[0]
        return stored or FIRST_VERSION

    def _prepare(self, synchronous: Synchronous) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(f"PRAGMA synchronous={synchronous}")
        if self._version() is None:
            self._create()
        if synchronous == "FULL":
            self._size_log()

    def _create(self) -> None:
        """The table and the version in one commit: nobody sees one without the other."""
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS records"
            " (seq INTEGER PRIMARY KEY, chain TEXT NOT NULL, record BLOB NOT NULL)"
        )
        self._db.execute(f"PRAGMA user_version = {wire.WIRE_VERSION}")
        self._db.execute("COMMIT")

    def _size_log(self) -> None:
        """Give the log the size that it grows to between two checkpoints.

        A commit that makes a file longer takes the file system a commit of its own, on the way of
        each order. What SQLite finds behind the log's end it knows not to be of it; where the log
        cannot be emptied, or the disk is full, it grows by itself.
        """
        self._db.execute("PRAGMA busy_timeout = 0")  # no reader is waited for
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        self._db.execute("BEGIN IMMEDIATE")  # nobody writes to it meanwhile
        with contextlib.suppress(OSError), self.log_path.open("r+b") as log:
            if not os.fstat(log.fileno()).st_size:
                log.write(bytes(LOG_BYTES))
                log.flush()
                os.fsync(log.fileno())
        self._db.execute("ROLLBACK")

    def _is_new(self) -> bool:
        """Whether its writer has created the file and nothing in it yet: as good as no records.

        A reader may come at that moment. Once there is a table there always is.
        """
        if not self._has_table:
            self._has_table = bool(self._db.execute("SELECT 1 FROM sqlite_master").fetchall())
        return not self._has_table

    def _stored_head(self) -> Head:
        if self._is_new():
            return Head(0, GENESIS)
        query = "SELECT seq, chain FROM records ORDER BY seq DESC LIMIT 1"
        row = self._db.execute(query).fetchone()
        return Head(*row) if row else Head(0, GENESIS)
