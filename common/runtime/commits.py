"""Commits: what a service emits, on its way to the journal and from there to its readers.

A commit takes about as long as an fsync, some 250 us. With a journal that commits in the
background, a service does not stop for it: it goes on with its turns, and acts on it when it is
durable.
What must not go wrong, and why this is enough:

*   Nobody may receive an event, or an answer that depends on one, before it is durable. So a
    commit takes along the answers that were given in its turns, and both leave together when the
    journal says that the commit is complete.
*   Order. At most one commit is under way. What is emitted meanwhile goes into the next one, so
    commits complete in the order of their events, and the journal's sequence is that order too.
*   Nothing may be *acted on* before it is durable either: an order must not be written to the
    broker while its intent is still on its way to the disk. The service learns when a commit
    begins (`seal`) and when it is durable (`durable`), and keeps what it would act on until then.
*   A journal that fails raises in the service's own turn, and ends the process. One whose disk is
    full or read-only does not: its commit stays under way, and is tried again until it can be
    written. Nothing is published or acted on meanwhile, so ending the process would help nobody,
    and when there is room it goes on where it was.

With a journal that commits at once, each commit is durable in the turn that began it.
"""

import contextlib
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from tapewire.common.bus import wire
from tapewire.common.bus.streams import JournaledStream
from tapewire.common.bus.transport import Transport
from tapewire.common.clock import Clock
from tapewire.common.events import Event
from tapewire.common.runtime.journal import JournalFullError
from tapewire.common.runtime.metrics import Metrics

RETRY_NS: Final = 250_000_000

Answer = tuple[bytes, Event]
"""Who asked, and the answer."""


class Commit(NamedTuple):
    """Events that go to the journal together, from `seq` on, and the answers that wait for them."""

    seq: int
    events: Sequence[Event]
    answers: Sequence[Answer]
    began_ns: int

    @property
    def last_seq(self) -> int:
        """The last event's seq; 0 without events."""
        return self.seq + len(self.events) - 1 if self.events else 0


class Commits:
    """The commits of one service; it calls `seal` when one begins, `durable` when it is on disk."""

    def __init__(
        self,
        stream: JournaledStream | None,
        transport: Transport,
        clock: Clock,
        metrics: Metrics,
        *,
        seal: Callable[[], None],
        durable: Callable[[], None],
    ) -> None:
        self.emitted: list[Event] = []
        self._stream = stream
        self._transport = transport
        self._clock = clock
        self._metrics = metrics
        self._seal = seal
        self._durable = durable
        self._answers: list[Answer] = []
        self._under_way: Commit | None = None
        self._finished: list[Commit] = []
        self._full = ""  # why the commit that is under way could not be begun
        self._retry_ns = 0

    @property
    def full(self) -> str:
        """Why nothing can be written down at present; empty if it can."""
        waiting = self._full or (self._stream.journal.full if self._stream is not None else "")
        return f"{waiting}; it is tried again until it can be written" if waiting else ""

    @property
    def is_idle(self) -> bool:
        """Whether nothing is emitted, under way or to be published."""
        return not (self.emitted or self._answers or self._under_way or self._finished)

    @property
    def head_seq(self) -> int:
        """The journal's last seq once all that was emitted so far is durable."""
        journaled = self._stream.journal.head.seq if self._stream is not None else 0
        under_way = self._under_way.last_seq if self._under_way is not None else 0
        if self._full and self._under_way is not None:  # it has no seq yet
            under_way = journaled + len(self._under_way.events)
        # not their sum: the journal may have them already, and this turn has not taken note of it
        return max(journaled, under_way) + len(self.emitted)

    @property
    def held(self) -> bool:
        """Whether something waits to be committed that no commit under way will call attention to:
        the journal says when that one is complete, and until then nothing can begin."""
        return bool(self.emitted) and self._under_way is None

    def answer(self, sender: bytes, event: Event) -> None:
        """Answer a request, once everything emitted so far is durable."""
        self._answers.append((sender, event))

    def advance(self) -> None:
        """Complete the commit that is under way, if it is durable by now, and begin the next."""
        if self._full and self._clock.mono_ns() >= self._retry_ns:
            self._write()
        if self._under_way is not None:
            self._complete()
        if self._under_way is None and (self.emitted or self._answers):
            self._begin()
            self._complete()

    def settle(self) -> bool:
        """Complete the commit that is under way; whether there is one, and it is durable."""
        if self._under_way is None:
            return False
        self._complete()
        return self._under_way is None

    def publish(self) -> None:
        """Announce what has become durable, and answer those who asked."""
        if not self._finished:
            return
        finished, self._finished = self._finished, []
        for commit in finished:
            if commit.events and self._stream is not None:
                frames = self._stream.announcement(commit.seq, commit.events)
                self._transport.send("events", frames)
            for sender, event in commit.answers:
                self._transport.send("requests", [sender, wire.encode(event)])

    def flush(self) -> None:
        """Wait until everything is durable, and publish it; while the disk is full, only what is
        durable."""
        with contextlib.suppress(JournalFullError):
            while not self._full and (self.emitted or self._answers or self._under_way):
                if self._stream is not None:
                    self._stream.journal.wait()
                self.advance()
        self.publish()

    def _begin(self) -> None:
        events, self.emitted = self.emitted, []
        answers, self._answers = self._answers, []
        began_ns = self._clock.mono_ns()
        self._under_way = Commit(0, events if self._stream is not None else (), answers, began_ns)
        if self._under_way.events:
            self._seal()
            self._write()

    def _write(self) -> None:
        """Hand the commit that is under way to the journal."""
        commit, stream = self._under_way, self._stream
        assert commit is not None
        assert stream is not None
        try:
            seq = stream.journal.begin(commit.events)
        except JournalFullError as error:
            self._full, self._retry_ns = str(error), self._clock.mono_ns() + RETRY_NS
        else:
            self._full, self._under_way = "", commit._replace(seq=seq)

    def _complete(self) -> None:
        commit, stream = self._under_way, self._stream
        if commit is None or self._full:
            return
        if commit.events and stream is not None:
            if stream.journal.head.seq < commit.last_seq:
                return
            took_ns = self._clock.mono_ns() - commit.began_ns
            self._metrics.times["commit", ""].record(took_ns)
            self._durable()
        self._under_way = None
        self._finished.append(commit)
