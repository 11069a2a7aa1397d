"""A journal that commits on a thread of its own, so that its service does not stop for the disk."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue

from tapewire.common.events import Event
from tapewire.common.runtime.journal import (
    Head,
    JournalError,
    JournalFullError,
    SqliteJournal,
    Synchronous,
)

DONE = b"done"
WAIT_MAX_S = 30.0
RETRY_S = 0.25
HANDED_MAX_S = 0.005


class BackgroundJournal:
    """An SQLite journal; also a `Stream`, so that a poll returns when a commit is complete.

    The thread has a connection of its own; this one only reads. `head` is what the service knows to
    be durable: it moves in `ready` and `wait`, in the service's own thread, never behind its back.

    `begin` lets the thread have the interpreter until nothing but the disk is left to wait for. It
    would not get it otherwise before the turn ends, and an order waits for the disk after that.

    A commit that finds the disk full is tried again until there is room, and `full` says why.
    """

    def __init__(
        self,
        path: Path,
        synchronous: Synchronous = "FULL",
        make_room: Callable[[], bool] = lambda: False,
    ) -> None:
        self.full = ""
        self._reader = SqliteJournal(path, synchronous)
        self._head = self._reader.head
        self._written = self._head  # by the thread; read once `_done` was signalled
        self._fault: JournalError | None = None
        self._queue: SimpleQueue[Sequence[Event] | None] = SimpleQueue()
        self._closing = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._handed = threading.Event()  # what was begun is in the file, but for its commit
        self._done = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._thread = threading.Thread(
            target=self._run, args=(path, synchronous, make_room), name="journal", daemon=True
        )
        self._thread.start()

    def __repr__(self) -> str:
        return f"<BackgroundJournal {self._reader.path}, head {self._head.seq}>"

    # ---- the journal ---------------------------------------------------------------------------

    @property
    def head(self) -> Head:
        """How far it goes, durably."""
        return self._head

    @property
    def durable(self) -> bool:
        """Whether what `head` names survives the machine's loss of power."""
        return self._reader.durable

    def chain_at(self, seq: int) -> str:
        """The chain up to record `seq`; empty for 0 and beyond the end."""
        return self._reader.chain_at(seq)

    def append(self, events: Sequence[Event]) -> int:
        """Write `events` and wait for it."""
        first = self.begin(events)
        self.wait()
        return first

    def begin(self, events: Sequence[Event]) -> int:
        """Hand `events` to the thread; one commit at a time. Returns the first one's seq.

        Returns once they are written and only the commit is left to do, or after 5 ms."""
        self._raise_fault()
        self._idle.clear()
        self._handed.clear()
        self._queue.put(events)
        self._handed.wait(HANDED_MAX_S)
        return self._head.seq + 1

    def wait(self) -> None:
        """Return once what was begun is durable; raises `JournalError` if it failed, and
        `JournalFullError` while the disk is full."""
        until_s = time.monotonic() + WAIT_MAX_S
        while not self._idle.wait(RETRY_S):
            if self.full:
                raise JournalFullError(self.full)
            if time.monotonic() > until_s:
                raise JournalError(f"{self._reader.path}: a commit took more than {WAIT_MAX_S:g} s")
        self._learn()

    def read(self, from_seq: int, limit: int) -> list[bytes]:
        """Up to `limit` records from `from_seq` on."""
        return self._reader.read(from_seq, limit)

    # ---- the stream ----------------------------------------------------------------------------

    def fileno(self) -> int:
        """Readable when a commit is complete."""
        return self._done

    def wants_write(self) -> bool:
        """It is only read."""
        return False

    def ready(self) -> list[list[bytes]]:
        """Take note of what is complete."""
        try:
            os.eventfd_read(self._done)
        except BlockingIOError:
            return []
        self._learn()
        return [[DONE]]

    def write(self, data: bytes) -> bool:
        """Nothing can be written to it as a stream."""
        return False

    def close(self) -> None:
        """Complete what was begun, if there is room for it; end the thread, close the files."""
        self._closing.set()
        self._queue.put(None)
        self._thread.join(WAIT_MAX_S)
        self._reader.close()
        os.close(self._done)

    # ---- inside --------------------------------------------------------------------------------

    def _learn(self) -> None:
        self._raise_fault()
        self._head = self._written

    def _raise_fault(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _run(self, path: Path, synchronous: Synchronous, make_room: Callable[[], bool]) -> None:
        """The thread: each batch in one commit, in their order. A failure is the last it does."""
        try:
            journal = SqliteJournal(
                path, synchronous, make_room=make_room, inserted=self._handed.set
            )
            while (events := self._queue.get()) is not None and self._append(journal, events):
                self._written = journal.head
                self._signal()
            journal.close()
        except JournalError as error:
            self._fault = error
            self._signal()

    def _append(self, journal: SqliteJournal, events: Sequence[Event]) -> bool:
        """Write them, once there is room; False if the process ends before there is."""
        while True:
            try:
                journal.append(events)
            except JournalFullError as error:
                self.full = str(error)
                if self._closing.wait(RETRY_S):
                    return False
            else:
                self.full = ""
                return True

    def _signal(self) -> None:
        self._idle.set()
        self._handed.set()
        os.eventfd_write(self._done, 1)
