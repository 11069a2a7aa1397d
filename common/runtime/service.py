"""The service around a core, without its sockets.

A turn
------
One turn takes what has arrived, lets the core decide on all of it, writes down what the core
emitted, and only then acts on it and publishes it. The order matters:

    poll -> dispatch -> on_tick -> commit -> after_commit -> announce -> catch up, heartbeat

*   What is emitted is on disk before anyone receives it. If the process dies before the commit,
    nothing happened; if it dies after it, the next start reads it and readers get it by catch-up.
    There is no moment in which another process knows something that a restart here would not.
*   A reply leaves after the commit too, so an answer never promises what a crash could undo.
*   `after_commit` runs before the announcement: what goes to the broker does not wait for readers
    to be woken. Once a commit of an earlier turn is durable, it does not wait for `on_tick` either.
*   One commit per turn, whatever came in it: under load the batch grows, and the cost of an event
    falls. With a journal that commits in the background, turns go on meanwhile (see `commits`).

An event that raises costs itself: it becomes a dead letter, and the rest of the turn goes on. The
one exception is a journal that cannot be written: going on would act on what no restart knows, so
the process ends. Where it is only the disk that is full, nothing is acted on, and the process waits
for room (see `disk`).

A service has followers for the streams it reads, a journaled stream of its own if it emits events,
and a transport. It opens nothing and reads no clock but the one it is given, so the same service
runs in a process, in a back-test and in a simulation.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from tapewire.common.bus import wire
from tapewire.common.bus.router import EventRouter
from tapewire.common.bus.streams import Follower, JournaledStream
from tapewire.common.bus.transport import Transport
from tapewire.common.bus.wire import WireError
from tapewire.common.clock import Clock, Now
from tapewire.common.delivery.circuits import Circuits
from tapewire.common.delivery.letters import DeadLetters, Letter, may_be_handed_back
from tapewire.common.events import (
    TEXT_MAX,
    CatchUp,
    CatchUpReply,
    CircuitChanged,
    Event,
    Heartbeat,
    ProcessState,
    RequestRefused,
    TradingState,
    name_of,
)
from tapewire.common.runtime.commits import Commits
from tapewire.common.runtime.disk import Brake, Room
from tapewire.common.runtime.door import Door
from tapewire.common.runtime.heads import Heads
from tapewire.common.runtime.hold import Hold
from tapewire.common.runtime.journal import Head, Journal, JournalError
from tapewire.common.runtime.metrics import Metrics
from tapewire.common.runtime.rhythm import Rhythm
from tapewire.common.runtime.status import following, status_of, watch_streams

T = TypeVar("T")

JOURNAL: Final = "journal"
"""The channel on which a journal that commits in the background says that it has."""


class Service:
    """Base of all services; a subclass says what to do with each kind of input.

    Channels by convention: `events` is what it publishes on, `requests` where others ask it,
    `SOURCE.events` and `SOURCE.requests` the two to a source it follows.

    What comes goes through three routers: `events` (of followed sources), `requests` and
    `replies`. A handler registered there, `handler(event, source or sender, now)`, takes its
    type of event; the rest goes to `on_event`, `on_request` and `on_reply`.

    With `hold_ms` what is emitted waits that long to be written down and published, for more of it.
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
        brakes: Brake | None = None,
    ) -> None:
        self.role = role
        self.epoch = epoch
        self.transport = transport
        self.clock = clock
        self.metrics = Metrics()
        self.followers = {source: Follower(source) for source in follows}
        self.stream = JournaledStream(role, epoch, journal) if journal is not None else None
        self.beats: dict[str, Heartbeat] = {}
        self.journal_fault = ""
        self.report_now = False  # something changed that status and log are to show at once
        self.letters = DeadLetters(self.metrics)
        self.circuits = Circuits(f"{role}-{epoch}", self.metrics, self.on_circuit)
        self.dead_letters = self.letters.recent
        self.dead_letter = self.letters.add
        self._heads: Heads | None = None
        self._journal = journal
        self.rhythm = Rhythm(heartbeat_ms * 1_000_000, clock.mono_ns())
        self._hold_ms, self._hold = hold_ms, Hold()
        self._announced: tuple[object, ...] | None = None
        self.commits = Commits(
            self.stream, transport, clock, self.metrics,
            seal=self.on_seal, durable=self.on_durable,
        )  # fmt: skip
        self.room = Room(brakes, lambda: self.commits.full, self.on_room)
        self._turns = self.metrics.times["turn", ""]
        self._set_up_routers()
        watch_streams(self.metrics, self.followers, journal)

    def _set_up_routers(self) -> None:
        """What comes, and who takes it."""
        self.events: EventRouter[str, Now] = self._router(self.on_event)
        self.requests: EventRouter[bytes, Now] = self._router(
            lambda event, sender, now: self.on_request(sender, event, now)
        )
        self.replies: EventRouter[str, Now] = self._router(
            lambda event, source, now: self.on_reply(source, event, now)
        )
        self._routers = (self.events, self.requests, self.replies)
        self.door = Door(self.requests.route, self.dead_letter, self.reply)
        self.replies.on(CatchUpReply, self._on_past)
        self.replies.on(RequestRefused, self.door.refused)
        if self.stream is not None:
            self.requests.on(CatchUp, self.on_catch_up)

    # ---- what a subclass fills in ------------------------------------------------------------

    def listens_to(self, source: str) -> bool:
        """Whether events of a followed source are wanted; of another one heartbeats alone are."""
        return True

    def on_event(self, event: Event, source: str, now: Now) -> None:
        """An event of a followed source: each once, in order."""

    def on_heartbeat(self, source: str, beat: Heartbeat, now: Now) -> None:
        """A followed source lives; `followers[source].fault` says if it cannot be trusted."""

    def on_request(self, sender: bytes, event: Event, now: Now) -> None:
        """Something asked on the `requests` channel; answer with `reply`."""
        self.dead_letter("requests", f"{name_of(event)} is not a request for this process", b"")

    def on_reply(self, source: str, event: Event, now: Now) -> None:
        """An answer to what this service asked `source`."""

    def on_frames(self, channel: str, frames: list[bytes], now: Now) -> None:
        """A message on a channel of the subclass's own."""

    def on_tick(self, now: Now) -> None:
        """Once per turn, after all input: timed decisions."""

    def on_stop(self, now: Now) -> str:
        """Once, at the end, after all input; returns what it leaves undone, in a sentence."""
        return ""

    def on_seal(self) -> None:
        """A commit begins, with all that was emitted so far."""

    def on_durable(self) -> None:
        """What was sealed last is on disk: it may be acted on."""

    def after_commit(self, now: Now) -> None:
        """Once or twice per turn, before anyone receives what has become durable in it: what must
        not wait for readers to be woken. Only what is durable may be acted on."""

    def hold_ms(self) -> int:
        """How long what is emitted waits to be written down, as things are now."""
        return self._hold_ms

    def readiness(self, now: Now) -> tuple[ProcessState, str]:
        """The state it is in, and in a sentence what it waits for."""
        return self.following()

    def on_room(self, reason: str) -> None:
        """Why nothing that adds risk may be taken, by its brakes; "" when it may again."""

    def trading(self) -> TradingState | None:
        """Risk's trading state; None for every other role."""
        return None

    def risk_seq(self) -> int:
        """How far risk's journal has been taken in, where its halts are enforced; 0 elsewhere."""
        return 0

    def halted(self) -> object:
        """What is halted, where halts are enforced: a change of it is announced at once."""
        return None

    def detail(self) -> dict[str, Any]:
        """What else a person may want to see of it, JSON-able."""
        return {}

    def on_catch_up(self, question: CatchUp, sender: bytes, now: Now) -> None:
        """A reader asks for a piece of the journal."""
        assert self.stream is not None
        answer = self.stream.answer(question)
        if self.room.unwritable:  # it has what is durable, and what waits may wait for long
            self.transport.send("requests", [sender, wire.encode(answer)])
        else:
            self.reply(sender, answer)

    def on_circuit(self, change: CircuitChanged) -> None:
        """A circuit breaker of this process has changed."""
        if self.stream is not None:
            self.emit(change)

    def on_letter(self, letter: Letter, now: Now) -> str:
        """A dead letter to be tried again; returns why it cannot be, or an empty text."""
        source = letter.origin.removesuffix(".events")
        if source not in self.followers or not may_be_handed_back(letter.origin):
            return f"what came from {letter.origin} is not handed back"
        self.events.route(letter.origin, wire.decode_event(letter.body), source, now)
        return ""

    # ---- what a subclass uses ----------------------------------------------------------------

    def emit(self, *events: Event) -> None:
        """Emit events: written down at the end of the turn, then published."""
        self.commits.emitted += events

    def reply(self, sender: bytes, event: Event) -> None:
        """Answer a request, once everything emitted in this turn is on disk."""
        self.commits.answer(sender, event)

    def head_after_commit(self) -> int:
        """The journal's last seq once all that was emitted so far is written."""
        return self.commits.head_seq

    def ask(self, source: str, event: Event) -> bool:
        """Send a request to `source` now; False if it is not there."""
        return self.transport.send(f"{source}.requests", [wire.encode(event)])

    def remember(self, heads: Heads) -> None:
        """Take up what this role remembered of journals when it last ran; before the first turn."""
        self._heads = heads
        for source, follower in self.followers.items():
            follower.remember(heads.of(source))

    def following(self) -> tuple[ProcessState, str]:
        """READY once every followed source has sent something and its past is known."""
        return following(self.followers.values())

    def reported_state(self, now: Now) -> tuple[ProcessState, str]:
        """Its readiness, as far as there is room on the disk."""
        return ("HALTED", self.room.reason) if self.room.reason else self.readiness(now)

    # ---- the turn ----------------------------------------------------------------------------

    def turn(self, timeout_ms: int) -> None:
        """Take what has come (waiting up to `timeout_ms` for it), decide, commit, publish."""
        if self.commits.held:  # its time must not pass unnoticed
            timeout_ms = min(timeout_ms, self.hold_ms())
        inbound = self.transport.poll(timeout_ms)
        now = self.clock.now()
        self.room.look(now)
        for channel, frames in inbound:
            try:
                self._dispatch(channel, frames, now)
            except WireError as error:
                self.dead_letter(channel, str(error), frames[-1] if frames else b"")
            except JournalError:
                raise  # what cannot be written down must not be acted on: the process ends
            except Exception as error:  # noqa: BLE001 - one bad event costs itself, not the process
                self.dead_letter(channel, repr(error), frames[-1] if frames else b"")
        if self.commits.settle():
            self.after_commit(now)
        self.letters.hand_back(now, self.on_letter)
        self.circuits.retry(self._routers, now)
        self.on_tick(now)
        if not (self.commits.emitted and self._hold.lasts(now.mono_ns, self.hold_ms())):
            self.commits.advance()
            self.after_commit(now)
            self.commits.publish()
            if self.commits.emitted:  # by acting on it
                self.commit()
        self._catch_up(now)
        self._beat(now)
        if self._heads is not None and now.mono_ns >= self._heads.due_ns:
            self._heads.keep(self._journal, now.mono_ns)
        self._turns.record(self.clock.mono_ns() - now.mono_ns)

    @property
    def due_ns(self) -> int | None:
        """When it needs a turn though nothing arrives (monotonic); None if it needs none."""
        return self._hold.due_ns

    def stop(self) -> str:
        """End in order: `on_stop`, then write down and say what it led to; returns what it said."""
        left = self.on_stop(self.clock.now())
        self.commits.flush()
        left = "; ".join(filter(None, [left, self.room.left]))
        if self._heads is not None:
            self._heads.keep(self._journal, self._heads.due_ns)
        for router in self._routers:
            router.close()
        return left

    def close(self) -> None:
        """Close the journal. That writes all of it to the disk, so its head is remembered as what
        no loss of power can take."""
        if self._journal is None:
            return
        self._journal.close()
        if self._heads is not None:
            self._heads.keep(self._journal, self._heads.due_ns, closed=True)

    def commit(self) -> None:
        """Write down what was emitted; publish what is durable, and answer those who asked."""
        self.commits.advance()
        self.commits.publish()

    def _dispatch(self, channel: str, frames: list[bytes], now: Now) -> None:
        source, dot, kind = channel.rpartition(".")
        if dot and kind == "events":
            self._on_published(source, frames, now)
        elif dot and kind == "requests":
            self.replies.route(channel, wire.decode_event(frames[-1]), source, now)
        elif channel == JOURNAL:
            pass  # a commit is complete: that there is a turn is all it takes
        elif channel == "requests":
            self.door.enter(frames, now)
        else:
            self.on_frames(channel, frames, now)

    def _on_published(self, source: str, frames: list[bytes], now: Now) -> None:
        follower = self.followers[source]
        batch, dead = wire.decode_batch(frames[1])
        self.letters.add_all(dead)
        if frames[0] == wire.topic(f"heartbeat.{source}"):
            for beat in batch.events:
                if isinstance(beat, Heartbeat):
                    self.beats[source] = beat
                    follower.on_heartbeat(beat, batch.epoch)
                    if self._heads is not None and follower.trusted:
                        head = Head(beat.seq, beat.chain)
                        self._heads.note(source, head, durable=beat.durable)
                    self.on_heartbeat(source, beat, now)
            return
        self._route(source, follower.on_batch(batch), now)

    def _on_past(self, reply: CatchUpReply, source: str, now: Now) -> None:
        batch, dead = wire.decode_batch(reply.body)
        self.letters.add_all(dead)
        self._route(source, self.followers[source].on_reply(reply, batch), now)

    def _route(self, source: str, events: Iterable[Event], now: Now) -> None:
        if self.listens_to(source):
            self.events.route_all(f"{source}.events", events, source, now)
        for _ in events:  # a follower counts an event when it is taken from it
            pass

    def _router(self, otherwise: Callable[[Event, T, Now], None]) -> EventRouter[T, Now]:
        """What cannot be written down must not be acted on: that error ends the process."""
        return EventRouter(
            self.metrics,
            self.dead_letter,
            self.clock.mono_ns,
            fatal=(JournalError,),
            otherwise=otherwise,
            seed=self.role,
        )

    def _catch_up(self, now: Now) -> None:
        for follower in self.followers.values():
            question = follower.request(now)
            if question is not None:
                self.ask(follower.source, question)

    def _beat(self, now: Now) -> None:
        """A heartbeat when it is due, and at once when the state has changed."""
        if self.stream is None:
            return
        state, reason = self.reported_state(now)
        trading = self.trading()
        announced = (state, reason, trading, self.halted())
        if now.mono_ns < self.rhythm.due_ns and announced == self._announced:
            return
        self._announced = announced
        self.rhythm.done(now.mono_ns)
        seq, chain = self.stream.journal.head
        beat = Heartbeat(
            now.wall_ns, state, reason[:TEXT_MAX], seq, chain, trading, now.mono_ns,
            self.stream.journal.durable, self.journal_fault, self.risk_seq(),
        )  # fmt: skip
        self.transport.send("events", self.stream.heartbeat(beat))

    def status(self) -> Mapping[str, Any]:
        """All that a person or a program is shown of this process, JSON-able."""
        return status_of(self, self.clock.now())
