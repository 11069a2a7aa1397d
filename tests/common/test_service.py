"""A service's turn: what came, what was decided, written down, and only then said."""

from collections import deque
from collections.abc import Sequence

import pytest

from tapewire.common.bus import wire
from tapewire.common.bus.transport import Inbound
from tapewire.common.clock import Now, VirtualClock
from tapewire.common.events import (
    EVERYTHING,
    CatchUp,
    CatchUpReply,
    Control,
    ControlReply,
    Event,
    Heartbeat,
    ProcessState,
    RiskHalted,
    RiskViolation,
)
from tapewire.common.runtime.journal import JournalError
from tapewire.common.runtime.memory_journal import MemoryJournal
from tapewire.common.runtime.service import Service

START_NS = 10**15


def numbered(number: int) -> RiskViolation:
    return RiskViolation(number, EVERYTHING, "rule", "reason")


RAISING = RiskViolation(2, EVERYTHING, "rule", "raise")


class Wires:
    """A transport that keeps what is sent and gives what a test puts in."""

    def __init__(self) -> None:
        self.inbound: deque[Inbound] = deque()
        self.sent: list[tuple[str, list[bytes]]] = []
        self.log: list[str] = []
        self.waits_ms: list[int] = []
        self.emptied = True

    def poll(self, timeout_ms: int) -> list[Inbound]:
        self.waits_ms.append(timeout_ms)
        taken = list(self.inbound)
        self.inbound.clear()
        return taken

    def send(self, channel: str, frames: Sequence[bytes]) -> bool:
        self.sent.append((channel, list(frames)))
        self.log.append(f"send {channel} {wire.topic_name(frames[0])}")
        return True

    def events(self, channel: str = "events", topic: str = "risk") -> list[Event]:
        """All events that were published on a topic."""
        bodies = [f[1] for c, f in self.sent if c == channel and f[0] == wire.topic(topic)]
        return [event for body in bodies for event in wire.decode_batch(body)[0].events]

    def beats(self) -> list[Event]:
        return self.events(topic="heartbeat.risk")


class LoggedJournal(MemoryJournal):
    """A journal that notes its appends among what a transport sends."""

    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self.log = log
        self.full = False

    def append(self, events: Sequence[Event]) -> int:
        if self.full:
            raise JournalError("the disk is full")
        self.log.append("append")
        return super().append(events)


class Risk(Service):
    """A source: gives birth to what it is asked for."""

    state: tuple[ProcessState, str] = ("READY", "")

    def on_request(self, sender: bytes, event: Event, now: Now) -> None:
        assert isinstance(event, Control)
        if event.reason == "raise":
            raise RuntimeError("cannot")
        self.reply(sender, ControlReply(True, "HALTED", "halted"))
        self.emit(RiskHalted(now.wall_ns, EVERYTHING, event.reason))
        if event.reason == "commit":
            self.commit()

    def readiness(self, now: Now) -> tuple[ProcessState, str]:
        return self.state


class Executor(Service):
    """A reader of risk that keeps what it heard."""

    def __init__(self, transport: Wires, clock: VirtualClock) -> None:
        super().__init__("executor", transport, clock, epoch="e1", follows=("risk",))
        self.heard: list[int] = []

    def on_event(self, event: Event, source: str, now: Now) -> None:
        assert isinstance(event, RiskViolation)
        if event.reason == "raise":
            raise RuntimeError("cannot")
        self.heard.append(event.ts_ns)


class Risky:
    """A risk service with what it stands on."""

    def __init__(self, hold_ms: int = 0) -> None:
        self.wires = Wires()
        self.clock = VirtualClock(START_NS)
        self.journal = LoggedJournal(self.wires.log)
        self.service = Risk(
            "risk", self.wires, self.clock, epoch="r1", journal=self.journal, hold_ms=hold_ms
        )

    def control(self, reason: str, sender: bytes = b"console") -> None:
        request = wire.encode(Control(1, "halt", reason))
        self.wires.inbound.append(("requests", [sender, request]))


@pytest.fixture
def risk() -> Risky:
    return Risky()


def test_it_writes_down_then_publishes_then_answers(risk: Risky) -> None:
    risk.control("a person said so")
    risk.service.turn(0)
    sent = ["send events risk", "send requests console", "send events heartbeat.risk"]
    assert risk.wires.log == ["append", *sent]
    assert risk.wires.events() == [RiskHalted(START_NS, EVERYTHING, "a person said so")]


def test_what_one_turn_brings_is_one_commit_and_one_message(risk: Risky) -> None:
    for reason in ("one", "two"):
        risk.control(reason)
    risk.service.turn(0)
    assert risk.wires.log.count("append") == 1
    assert risk.wires.log.count("send events risk") == 1
    assert len(risk.wires.events()) == 2


def test_what_is_held_is_written_down_and_told_together_once_its_time_is_over() -> None:
    risk = Risky(hold_ms=2)
    for reason in ("one", "two"):
        risk.control(reason)
        risk.service.turn(50)
        assert risk.journal.head.seq == 0
        risk.clock.advance_to(risk.clock.now_ns() + 1_000_000)
    assert risk.wires.events() == []
    risk.service.turn(50)
    assert risk.wires.waits_ms == [50, 2, 2], "it does not sleep through the end of its hold"
    assert risk.wires.log[1:5] == ["append", "send events risk", *["send requests console"] * 2]
    assert [e.reason for e in risk.wires.events() if isinstance(e, RiskHalted)] == ["one", "two"]
    risk.service.turn(50)
    assert risk.wires.waits_ms[-1] == 50


def test_what_is_held_is_written_down_at_the_end() -> None:
    risk = Risky(hold_ms=1000)
    risk.control("held")
    risk.service.turn(0)
    assert risk.journal.head.seq == 0
    risk.service.stop()
    assert risk.journal.head.seq == 1
    assert len(risk.wires.events()) == 1


def test_a_clock_that_is_set_back_does_not_prolong_the_hold() -> None:
    risk = Risky(hold_ms=1)
    risk.control("held")
    risk.service.turn(0)
    risk.clock.step_wall(-(10**12))
    risk.clock.advance_to(START_NS + 1_000_000)
    risk.service.turn(0)
    assert len(risk.wires.events()) == 1


def test_a_journal_that_cannot_write_ends_the_turn_and_nothing_is_said(risk: Risky) -> None:
    risk.journal.full = True
    risk.control("a person said so")
    with pytest.raises(JournalError):
        risk.service.turn(0)
    assert risk.wires.sent == []


def test_a_journal_that_cannot_write_within_a_handler_is_not_taken_for_a_bad_event(
    risk: Risky,
) -> None:
    risk.journal.full = True
    risk.control("commit")
    with pytest.raises(JournalError):
        risk.service.turn(0)
    assert not risk.service.dead_letters


def test_a_request_whose_handler_raises_costs_itself_alone(risk: Risky) -> None:
    risk.control("raise")
    risk.control("a person said so")
    risk.service.turn(0)
    assert risk.wires.events() == [RiskHalted(START_NS, EVERYTHING, "a person said so")]
    assert risk.service.metrics.value("dead_letters") == 1
    assert risk.service.dead_letters[0].reason == "RuntimeError('cannot')"


@pytest.mark.parametrize("frames", [[b"x", b"\xc1"], [b"x"], [b"x", b""]], ids=str)
def test_bytes_that_are_no_request_become_a_dead_letter(risk: Risky, frames: list[bytes]) -> None:
    risk.wires.inbound.append(("requests", frames))
    risk.service.turn(0)
    assert [letter.origin for letter in risk.service.dead_letters] == ["requests"]


def test_catch_up_is_answered_from_the_journal(risk: Risky) -> None:
    risk.journal.append([numbered(n) for n in (1, 2, 3)])
    risk.wires.inbound.append(("requests", [b"reader", wire.encode(CatchUp(7, 2))]))
    risk.service.turn(0)
    sent = {c: f for c, f in risk.wires.sent if c == "requests"}["requests"]
    assert sent[0] == b"reader"
    reply = wire.decode(sent[1], CatchUpReply)
    assert (reply.id, reply.head) == (7, 3)
    batch, _ = wire.decode_batch(reply.body)
    assert (batch.seq, batch.events) == (2, [numbered(2), numbered(3)])


def test_a_heartbeat_goes_out_when_it_is_due(risk: Risky) -> None:
    risk.service.turn(0)
    risk.service.turn(0)
    assert len(risk.wires.beats()) == 1
    risk.clock.advance_to(START_NS + 250_000_000)
    risk.service.turn(0)
    assert len(risk.wires.beats()) == 2


def test_a_change_of_state_is_told_at_once(risk: Risky) -> None:
    risk.service.turn(0)
    risk.service.state = ("HALTED", "because")
    risk.service.turn(0)
    last = risk.wires.beats()[-1]
    assert isinstance(last, Heartbeat)
    assert (last.state, last.reason) == ("HALTED", "because")


def test_a_heartbeat_carries_the_head_of_the_journal(risk: Risky) -> None:
    risk.control("a person said so")
    risk.service.turn(0)
    last = risk.wires.beats()[-1]
    assert isinstance(last, Heartbeat)
    assert (last.seq, last.chain) == risk.journal.head


class Joined:
    """A source and a reader with a transport between them that a test can break."""

    def __init__(self) -> None:
        self.risk = Risky()
        self.wires = Wires()
        self.clock = VirtualClock(1_000)
        self.executor = Executor(self.wires, self.clock)

    def publish(self, *events: Event) -> None:
        self.risk.service.emit(*events)

    def turn(self, *, lose: str = "") -> None:
        """One turn of each; what is on a channel that contains `lose` does not arrive."""
        self.risk.service.turn(0)
        for channel, frames in self._drain(self.risk.wires, lose):
            arrived = frames if channel == "events" else frames[1:]
            self.wires.inbound.append((f"risk.{channel}", arrived))
        self.executor.turn(0)
        for channel, frames in self._drain(self.wires, lose):
            if channel == "risk.requests":
                self.risk.wires.inbound.append(("requests", [b"executor", *frames]))

    @staticmethod
    def _drain(wires: Wires, lose: str) -> list[tuple[str, list[bytes]]]:
        sent = [m for m in wires.sent if not lose or lose not in m[0]]
        wires.sent.clear()
        return sent

    def turns(self, count: int) -> None:
        """As many turns, a second apart."""
        for _ in range(count):
            for clock in (self.clock, self.risk.clock):
                clock.advance_to(clock.now_ns() + 1_000_000_000)
            self.turn()


@pytest.fixture
def joined() -> Joined:
    return Joined()


def test_a_reader_waits_until_it_has_heard_its_source(joined: Joined) -> None:
    assert joined.executor.following() == ("WAITING", "waiting for risk")
    joined.turn()
    assert joined.executor.following() == ("READY", "")


def test_a_lost_message_is_asked_for_and_answered(joined: Joined) -> None:
    joined.turn()
    joined.publish(numbered(1))
    joined.turn(lose="events")
    joined.publish(numbered(2))
    joined.turns(3)
    assert joined.executor.heard == [1, 2]
    assert joined.executor.status()["gaps"] == {"risk": 1}
    assert joined.executor.following() == ("READY", "")


def test_a_lost_question_and_a_lost_answer_are_made_good(joined: Joined) -> None:
    joined.publish(numbered(1))
    joined.turn(lose="events")
    joined.turns(1)
    joined.turn(lose="requests")
    joined.turns(4)
    assert joined.executor.heard == [1]


def test_a_reader_whose_every_turn_brings_news_catches_up_if_answers_come_first(
    joined: Joined,
) -> None:
    joined.risk.journal.append([numbered(n) for n in (1, 2, 3)])
    joined.turn()
    for number in (4, 5):
        joined.publish(numbered(number))
        joined.turn()
    assert joined.risk.wires.inbound, "it has asked"
    joined.publish(numbered(6))
    joined.risk.service.turn(0)
    events = [f for c, f in joined.risk.wires.sent if c == "events"]
    (answer,) = [f for c, f in joined.risk.wires.sent if c == "requests"]
    joined.wires.inbound.append(("risk.requests", answer[1:]))
    joined.wires.inbound.extend(("risk.events", frames) for frames in events)
    joined.executor.turn(0)
    assert joined.executor.heard == [1, 2, 3, 4, 5, 6]
    assert joined.executor.following() == ("READY", "")


def test_a_late_reader_has_the_whole_past(joined: Joined) -> None:
    joined.risk.journal.append([numbered(n) for n in range(1, 2501)])
    joined.turns(8)
    assert joined.executor.heard == list(range(1, 2501))


def test_an_event_whose_handler_raises_costs_itself_and_not_its_batch(joined: Joined) -> None:
    joined.turn()
    joined.publish(numbered(1), RAISING, numbered(3))
    joined.turn()
    assert joined.executor.heard == [1, 3]
    assert joined.executor.status()["gaps"] == {"risk": 0}
    (letter,) = joined.executor.dead_letters
    assert wire.decode_event(letter.body) == RAISING


def test_a_raising_handler_costs_one_event_of_a_catch_up_too(joined: Joined) -> None:
    joined.risk.journal.append([numbered(1), RAISING, numbered(3)])
    joined.turn()
    joined.turn()
    assert joined.executor.heard == [1, 3]


def test_a_heartbeat_that_cannot_be_read_takes_no_event_with_it(joined: Joined) -> None:
    joined.turn()
    newer = wire.encode(Heartbeat(1, "READY", "", 1, "")).replace(b"READY", b"DREAM")
    body = wire.encode_records("risk", "r1", 1, [newer])
    joined.wires.inbound.append(("risk.events", [wire.topic("heartbeat.risk"), body]))
    joined.publish(numbered(1))
    joined.turn()
    assert joined.executor.heard == [1]
    assert joined.executor.metrics.value("dead_letters") == 1


def test_a_source_that_lost_its_tail_halts_its_readers(joined: Joined) -> None:
    joined.publish(numbered(1))
    joined.turn()
    joined.risk = Risky()
    joined.risk.service.epoch = "r2"
    assert joined.risk.service.stream is not None
    joined.risk.service.stream.epoch = "r2"
    joined.turns(1)
    state, reason = joined.executor.following()
    assert state == "HALTED"
    assert "risk's journal ends at record 0, but 1 were seen" in reason


def test_no_bytes_on_any_channel_stop_a_turn(joined: Joined) -> None:
    for channel in ("risk.events", "risk.requests"):
        for frames in ([], [b""], [b"\xc1", b"\xc1"], [wire.topic("risk"), b"\x90"]):
            joined.wires.inbound.append((channel, frames))
    joined.turn()
    assert joined.executor.metrics.value("dead_letters") == 8
