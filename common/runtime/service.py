"""The shell around a core, without its sockets: one turn takes what came, decides, writes down,
then speaks.

A service has followers for the streams it reads, a journaled stream of its own if it gives birth
to events, and a transport. It opens nothing and reads no clock but the one it is given, so the
same service runs in a process, in a back-test and in a simulation.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from tapewire.common.bus import wire
from tapewire.common.bus.router import EventRouter
from tapewire.common.bus.streams import Follower, JournaledStream
from tapewire.common.bus.transport import Transport
from tapewire.common.bus.wire import DeadLetter, WireError
from tapewire.common.events import (
    CatchUp,
    CatchUpReply,
    Event,
    Heartbeat,
    ProcessState,
    TradingState,
)
from tapewire.common.runtime.clock import Clock
from tapewire.common.runtime.journal import Journal, JournalError
from tapewire.common.runtime.metrics import Metrics

T = TypeVar("T")

DEAD_LETTERS_MAX: Final = 1000


class Service:
    """Base of all services; a subclass says what to do with each kind of input.

    Channels by convention: `events` is what it publishes on, `requests` where others ask it,
    `SOURCE.events` and `SOURCE.requests` the two to a source it follows.

    What comes goes through three routers: `events` (of followed sources), `requests` and
    `replies`. A handler registered there, `handler(event, source or sender, now_ns)`, takes its
    type of event; the rest goes to `on_event`, `on_request` and `on_reply`.

    With `hold_ms` what is born waits so long to be written down and told, for more of its kind and
    for others to have the processor first: for a service whose word nobody waits for.
    """

    def __init__(
        self,
        role: str,
        transport: Transport,
        clock: Clock,
        *,
        epoch: str,
        follows: tuple[str, ...] = (),
        journal: Journal | None = None,
        heartbeat_ms: int = 250,
        hold_ms: int = 0,
    ) -> None:
        self.role = role
        self.epoch = epoch
        self.transport = transport
        self.clock = clock
        self.metrics = Metrics()
        self.followers = {source: Follower(source) for source in follows}
        self.stream = JournaledStream(role, epoch, journal) if journal is not None else None
        self.beats: dict[str, Heartbeat] = {}
        self.dead_letters: deque[DeadLetter] = deque(maxlen=DEAD_LETTERS_MAX)
        self._heartbeat_ns = heartbeat_ms * 1_000_000
        self._next_beat_ns = 0
        self._hold_ms = hold_ms
        self._due_ns: int | None = None  # when what is held is written down
        self._told: tuple[ProcessState, str, TradingState | None] | None = None
        self._born: list[Event] = []
        self._replies: list[tuple[bytes, Event]] = []
        self.events: EventRouter[str, int] = self._router(
            lambda event, source, now_ns: self.on_event(source, event, now_ns)
        )
        self.requests: EventRouter[bytes, int] = self._router(
            lambda event, sender, now_ns: self.on_request(sender, event, now_ns)
        )
        self.replies: EventRouter[str, int] = self._router(
            lambda event, source, now_ns: self.on_reply(source, event, now_ns)
        )
        self.replies.on(CatchUpReply, self._on_past)
        if self.stream is not None:
            self.requests.on(CatchUp, self._on_catch_up)
        self._turns = self.metrics.times["turn", ""]
        self.metrics.watch("gaps", self._gaps, "counter")
        self.metrics.watch("journal_seq", self._journal_seq)

    # ---- what a subclass fills in ------------------------------------------------------------

    def on_event(self, source: str, event: Event, now_ns: int) -> None:
        """An event of a followed source: each once, in order."""

    def on_heartbeat(self, source: str, beat: Heartbeat, now_ns: int) -> None:
        """A followed source lives; `followers[source].fault` says if it came back with less."""

    def on_request(self, sender: bytes, event: Event, now_ns: int) -> None:
        """Something asked on the `requests` channel; answer with `reply`."""

    def on_reply(self, source: str, event: Event, now_ns: int) -> None:
        """An answer to what this service asked `source`."""

    def on_frames(self, channel: str, frames: list[bytes], now_ns: int) -> None:
        """A message on a channel of the subclass's own."""

    def on_tick(self, now_ns: int) -> None:
        """Once a turn, after all input: timed decisions."""

    def on_stop(self, now_ns: int) -> str:
        """Once, at the end, when all that had come was taken; gives what it leaves undone, in a
        sentence, or an empty text."""
        return ""

    def after_commit(self, now_ns: int) -> None:
        """Once a turn, when all that was born in it is on disk, and before anyone hears of it:
        what must not wait for readers to be woken."""

    def readiness(self, now_ns: int) -> tuple[ProcessState, str]:
        """The state it is in, and in a sentence what it waits for."""
        return self.following()

    def trading(self) -> TradingState | None:
        """Risk's trading state; None for every other role."""
        return None

    def detail(self) -> dict[str, Any]:
        """What else a person may want to see of it, JSON-able."""
        return {}

    # ---- what a subclass uses ----------------------------------------------------------------

    def born(self, *events: Event) -> None:
        """Give birth to events: written down at the end of the turn, then published."""
        self._born += events

    def reply(self, sender: bytes, event: Event) -> None:
        """Answer a request, once everything born in this turn is on disk."""
        self._replies.append((sender, event))

    def head_after_commit(self) -> int:
        """The journal's last seq once all that was born so far is written."""
        return (self.stream.journal.head.seq if self.stream else 0) + len(self._born)

    def ask(self, source: str, event: Event) -> bool:
        """Send a request to `source` now; False if it is not there."""
        return self.transport.send(f"{source}.requests", [wire.encode(event)])

    def bury(self, origin: str, reason: str, body: bytes) -> None:
        """Keep and count input that could not be used."""
        self.metrics.count("dead_letters", label=origin)
        self.dead_letters.append(DeadLetter(origin, reason, body[:256]))

    def following(self) -> tuple[ProcessState, str]:
        """READY once every followed source was heard and its past is known."""
        for follower in self.followers.values():
            if follower.fault:
                return "HALTED", follower.fault
        late = [f.source for f in self.followers.values() if not f.caught_up]
        if late:
            return "WAITING", f"waiting to hear from {', '.join(late)}"
        return "READY", ""

    # ---- the turn ----------------------------------------------------------------------------

    def turn(self, timeout_ms: int) -> None:
        """Take what has come (waiting up to `timeout_ms` for it), decide, write down, speak."""
        inbound = self.transport.poll(min(timeout_ms, self._hold_ms) if self._born else timeout_ms)
        now_ns = self.clock.now_ns()
        for channel, frames in inbound:
            try:
                self._dispatch(channel, frames, now_ns)
            except WireError as error:
                self.bury(channel, str(error), frames[-1] if frames else b"")
            except JournalError:
                raise  # what cannot be written down must not be acted on: the process ends
            except Exception as error:  # noqa: BLE001 - one bad event costs itself, not the process
                self.bury(channel, repr(error), frames[-1] if frames else b"")
        self.on_tick(now_ns)
        if not self._holding(now_ns):
            written = self._write_down()
            self.after_commit(now_ns)
            self._announce(*written)
            self.commit()  # what acting on it has given birth to
        self._catch_up(now_ns)
        self._beat(now_ns)
        self._turns.record(self.clock.now_ns() - now_ns)

    def stop(self) -> str:
        """End in order: `on_stop`, then write down and say what it led to; gives what it said."""
        left = self.on_stop(self.clock.now_ns())
        self.commit()
        for router in (self.events, self.requests, self.replies):
            router.close()
        return left

    def commit(self) -> None:
        """Write down what was born, then announce it and answer those who asked."""
        self._announce(*self._write_down())

    def _holding(self, now_ns: int) -> bool:
        """Whether what was born still waits; a clock that was set back does not prolong it."""
        if not self._born:
            return False
        hold_ns = self._hold_ms * 1_000_000
        due_ns = self._due_ns = self._due_ns or now_ns + hold_ns
        if 0 < due_ns - now_ns <= hold_ns:
            return True
        self._due_ns = None
        return False

    def _write_down(self) -> tuple[int, list[Event]]:
        """Journal what was born; gives it with the first one's seq."""
        if not self._born or self.stream is None:
            return 0, []
        born, self._born = self._born, []
        began_ns = self.clock.now_ns()
        seq = self.stream.journal.append(born)
        self.metrics.times["commit", ""].record(self.clock.now_ns() - began_ns)
        return seq, born

    def _announce(self, seq: int, written: list[Event]) -> None:
        if written and self.stream is not None:
            self.transport.send("events", self.stream.announcement(seq, written))
        for sender, event in self._replies:
            self.transport.send("requests", [sender, wire.encode(event)])
        self._replies.clear()

    def _dispatch(self, channel: str, frames: list[bytes], now_ns: int) -> None:
        source, dot, kind = channel.rpartition(".")
        if dot and kind == "events":
            self._on_published(source, frames, now_ns)
        elif dot and kind == "requests":
            self.replies.route(channel, wire.decode_event(frames[-1]), source, now_ns)
        elif channel == "requests":
            self.requests.route(channel, wire.decode_event(frames[-1]), frames[0], now_ns)
        else:
            self.on_frames(channel, frames, now_ns)

    def _on_published(self, source: str, frames: list[bytes], now_ns: int) -> None:
        follower = self.followers[source]
        batch, dead = wire.decode_batch(frames[1])
        self._bury_all(dead)
        if frames[0] == wire.topic(f"heartbeat.{source}"):
            for beat in batch.events:
                if isinstance(beat, Heartbeat):
                    self.beats[source] = beat
                    follower.on_heartbeat(beat, batch.epoch)
                    self.on_heartbeat(source, beat, now_ns)
            return
        channel = f"{source}.events"
        for event in follower.on_batch(batch):
            self.events.route(channel, event, source, now_ns)

    def _on_past(self, reply: CatchUpReply, source: str, now_ns: int) -> None:
        batch, dead = wire.decode_batch(reply.body)
        self._bury_all(dead)
        channel = f"{source}.events"
        for event in self.followers[source].on_reply(reply, batch):
            self.events.route(channel, event, source, now_ns)

    def _on_catch_up(self, question: CatchUp, sender: bytes, now_ns: int) -> None:
        assert self.stream is not None
        self.reply(sender, self.stream.answer(question))

    def _router(self, otherwise: Callable[[Event, T, int], None]) -> EventRouter[T, int]:
        """What cannot be written down must not be acted on: that error ends the process."""
        return EventRouter(
            self.metrics, self.bury, self.clock.now_ns, fatal=(JournalError,), otherwise=otherwise
        )

    def _gaps(self) -> dict[str, float]:
        return {source: follower.gaps for source, follower in self.followers.items()}

    def _journal_seq(self) -> dict[str, float]:
        return {"": self.stream.journal.head.seq} if self.stream is not None else {}

    def _bury_all(self, letters: list[DeadLetter]) -> None:
        for letter in letters:
            self.bury(letter.origin, letter.reason, letter.body)

    def _catch_up(self, now_ns: int) -> None:
        for follower in self.followers.values():
            question = follower.request(now_ns)
            if question is not None:
                self.ask(follower.source, question)

    def _beat(self, now_ns: int) -> None:
        """A heartbeat when it is due, and at once when the state has changed."""
        if self.stream is None:
            return
        state, reason = self.readiness(now_ns)
        telling = (state, reason, self.trading())
        if now_ns < self._next_beat_ns and telling == self._told:
            return
        self._told, self._next_beat_ns = telling, now_ns + self._heartbeat_ns
        seq, chain = self.stream.journal.head
        beat = Heartbeat(now_ns, state, reason, seq, chain, telling[2])
        self.transport.send("events", self.stream.heartbeat(beat))

    def status(self) -> Mapping[str, Any]:
        """All that a person or a program is shown of this process, JSON-able."""
        state, reason = self.readiness(self.clock.now_ns())
        head = self.stream.journal.head if self.stream else None
        return {
            "role": self.role,
            "state": state,
            "reason": reason,
            "epoch": self.epoch,
            "journal_seq": head.seq if head else None,
            "gaps": {f.source: f.gaps for f in self.followers.values()},
            **self.metrics.snapshot(),
            **self.detail(),
        }
