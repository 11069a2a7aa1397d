"""A journaled stream and its follower, and a network between them that a test plays."""

from dataclasses import dataclass, field

from tapewire.common.bus import wire
from tapewire.common.bus.streams import Follower, JournaledStream
from tapewire.common.clock import Now
from tapewire.common.events import (
    EVERYTHING,
    CatchUpReply,
    Event,
    Heartbeat,
    RiskViolation,
)
from tapewire.common.runtime.memory_journal import MemoryJournal


def at(mono_ns: int) -> Now:
    """A moment by the monotonic clock; the wall clock is set back again and again."""
    return Now(10**18 - mono_ns, mono_ns)


def numbered(number: int) -> RiskViolation:
    return RiskViolation(number, EVERYTHING, "rule", "reason")


def numbers(events: list[Event]) -> list[int]:
    return [e.ts_ns for e in events if isinstance(e, RiskViolation)]


@dataclass
class Pair:
    """A stream and its follower, with what the follower has given so far."""

    journal: MemoryJournal = field(default_factory=MemoryJournal)
    epoch: str = "e1"
    follower: Follower = field(default_factory=lambda: Follower("risk"))
    got: list[Event] = field(default_factory=list)
    born: int = 0

    @property
    def stream(self) -> JournaledStream:
        return JournaledStream("risk", self.epoch, self.journal)

    def publish(self, count: int = 1) -> bytes:
        events = [numbered(self.born + n) for n in range(1, count + 1)]
        self.born += count
        return self.stream.announcement(self.stream.journal.append(events), events)[1]

    def beat(self) -> bytes:
        seq, chain = self.journal.head
        return self.stream.heartbeat(Heartbeat(1, "READY", "", seq, chain))[1]

    def hear(self, body: bytes) -> None:
        batch, _ = wire.decode_batch(body)
        if batch.events and isinstance(batch.events[0], Heartbeat):
            self.follower.on_heartbeat(batch.events[0], batch.epoch)
        else:
            self.got += self.follower.on_batch(batch)

    def hear_reply(self, reply: CatchUpReply) -> None:
        self.got += self.follower.on_reply(reply, wire.decode_batch(reply.body)[0])

    def ask(self, mono_ns: int = 0) -> CatchUpReply | None:
        question = self.follower.request(at(mono_ns))
        return None if question is None else self.stream.answer(question)

    def settle(self, now_ns: int) -> None:
        """Let a faultless network end what is open."""
        self.hear(self.beat())
        while (reply := self.ask(now_ns)) is not None:
            self.hear_reply(reply)

    def has_all(self) -> bool:
        return numbers(self.got) == list(range(1, self.born + 1))
