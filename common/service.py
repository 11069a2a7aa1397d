"""The shell around a core, without its sockets: one turn takes what came, decides, writes down,
then speaks.

A service has followers for the streams it reads, a journaled stream of its own if it gives birth
to events, and a transport. It opens nothing and reads no clock but the one it is given, so the
same service runs in a process, in a back-test and in a simulation.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from common import wire
from common.clock import Clock
from common.events import (
    CatchUp,
    CatchUpReply,
    Event,
    Heartbeat,
    ProcessState,
    TradingState,
)
from common.journal import Journal, JournalError
from common.metrics import Metrics
from common.streams import Follower, JournaledStream
from common.transport import Transport
from common.wire import DeadLetter, WireError

DEAD_LETTERS_MAX: Final = 1000


class Service:
    """Base of all services; a subclass says what to do with each kind of input.

    Channels by convention: `events` is what it publishes on, `requests` where others ask it,
    `SOURCE.events` and `SOURCE.requests` the two to a source it follows.
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
        self._told: tuple[ProcessState, str, TradingState | None] | None = None
        self._born: list[Event] = []
        self._replies: list[tuple[bytes, Event]] = []

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
        inbound = self.transport.poll(timeout_ms)
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
        self._catch_up(now_ns)
        announcement = self._write_down()
        self.after_commit(now_ns)
        self._announce(announcement)
        self.commit()  # what acting on it has given birth to
        self._beat(now_ns)

    def commit(self) -> None:
        """Write down what was born, then announce it and answer those who asked."""
        self._announce(self._write_down())

    def _write_down(self) -> list[bytes]:
        """Journal what was born; gives the frames that announce it, none if nothing was."""
        if not self._born or self.stream is None:
            return []
        born, self._born = self._born, []
        return self.stream.commit(born)

    def _announce(self, frames: list[bytes]) -> None:
        if frames:
            self.transport.send("events", frames)
        for sender, event in self._replies:
            self.transport.send("requests", [sender, wire.encode(event)])
        self._replies.clear()

    def _dispatch(self, channel: str, frames: list[bytes], now_ns: int) -> None:
        source, dot, kind = channel.rpartition(".")
        if dot and kind == "events":
            self._on_published(source, frames, now_ns)
        elif dot and kind == "requests":
            self._on_answer(source, wire.decode_event(frames[-1]), now_ns)
        elif channel == "requests":
            self._on_asked(frames[0], wire.decode_event(frames[-1]), now_ns)
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
        for event in follower.on_batch(batch):
            self._hand_over(source, event, now_ns)

    def _on_answer(self, source: str, event: Event, now_ns: int) -> None:
        if not isinstance(event, CatchUpReply):
            self.on_reply(source, event, now_ns)
            return
        batch, dead = wire.decode_batch(event.body)
        self._bury_all(dead)
        for past in self.followers[source].on_reply(event, batch):
            self._hand_over(source, past, now_ns)

    def _hand_over(self, source: str, event: Event, now_ns: int) -> None:
        """Give the subclass one event; if it raises, that event is lost and the next one is not."""
        try:
            self.on_event(source, event, now_ns)
        except JournalError:
            raise
        except Exception as error:  # noqa: BLE001 - one bad event costs itself, not the process
            self.bury(f"{source}.events", repr(error), wire.encode(event))

    def _on_asked(self, sender: bytes, event: Event, now_ns: int) -> None:
        if isinstance(event, CatchUp) and self.stream is not None:
            self.reply(sender, self.stream.answer(event))
        else:
            self.on_request(sender, event, now_ns)

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
