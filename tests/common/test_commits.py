"""Commits on their way to the disk, and how far the journal goes once they are there."""

from collections.abc import Sequence

from tapewire.common.bus import wire
from tapewire.common.bus.streams import JournaledStream
from tapewire.common.bus.transport import Inbound
from tapewire.common.clock import Now, VirtualClock
from tapewire.common.events import EVERYTHING, ControlReply, Event, RiskHalted
from tapewire.common.runtime.commits import RETRY_NS, Commits
from tapewire.common.runtime.journal import GENESIS, Head, JournalFullError
from tapewire.common.runtime.memory_journal import MemoryJournal
from tapewire.common.runtime.metrics import Metrics
from tapewire.common.runtime.service import Service


class SlowDisk(MemoryJournal):
    """Commits when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[Event] = []

    def begin(self, events: Sequence[Event]) -> int:
        self.begun = [*events]
        return self.head.seq + 1


class Silence:
    """A transport on which nothing comes."""

    emptied = True

    def poll(self, timeout_ms: int) -> list[Inbound]:
        return []

    def send(self, channel: str, frames: Sequence[bytes]) -> bool:
        return True


class NoSockets:
    def send(self, channel: str, frames: list[bytes]) -> bool:
        return True


def test_the_head_counts_what_is_under_way_once_also_when_it_is_just_durable() -> None:
    """A journal in the background moves its head in a poll, before the turn takes note of it. What
    is asked in that turn must not be told of events that never come: it would wait for them."""
    disk = SlowDisk()
    commits = Commits(
        JournaledStream("gateway", "e", disk), NoSockets(), VirtualClock(), Metrics(),
        seal=lambda: None, durable=lambda: None,
    )  # fmt: skip
    commits.emitted = [RiskHalted(1, EVERYTHING, "a"), RiskHalted(2, EVERYTHING, "b")]
    assert (commits.head_seq, disk.head) == (2, Head(0, GENESIS))
    commits.advance()
    assert commits.head_seq == 2
    disk.append(disk.begun)
    assert commits.head_seq == 2
    commits.emitted.append(RiskHalted(3, EVERYTHING, "c"))
    assert commits.head_seq == 3
    commits.advance()
    assert commits.head_seq == 3


def test_what_waits_for_a_commit_under_way_is_not_held_so_that_nobody_spins_until_it_is_done() -> (
    None
):
    disk = SlowDisk()
    commits = Commits(
        JournaledStream("gateway", "e", disk), NoSockets(), VirtualClock(), Metrics(),
        seal=lambda: None, durable=lambda: None,
    )  # fmt: skip
    commits.emitted = [RiskHalted(1, EVERYTHING, "a")]
    assert commits.held
    commits.advance()
    commits.emitted.append(RiskHalted(2, EVERYTHING, "b"))
    assert not commits.held
    disk.append(disk.begun)
    commits.advance()
    assert not commits.held  # the next one is under way
    disk.append(disk.begun)
    commits.advance()
    commits.emitted.append(RiskHalted(3, EVERYTHING, "c"))
    assert commits.held


def test_what_has_become_durable_is_acted_on_before_timed_work() -> None:
    """An order that waited for the disk does not also wait for what is due in its turn."""
    log: list[str] = []

    class Broker(Service):
        def on_durable(self) -> None:
            log.append("durable")

        def after_commit(self, now: Now) -> None:
            log.append("act")

        def on_tick(self, now: Now) -> None:
            log.append("timed")

    disk = SlowDisk()
    service = Broker("gateway", Silence(), VirtualClock(), epoch="e", journal=disk)
    service.emit(RiskHalted(1, EVERYTHING, "a"))
    service.turn(0)
    assert log == ["timed", "act"], "nothing is durable yet"
    disk.append(disk.begun)
    log.clear()
    service.turn(0)
    assert log[:3] == ["durable", "act", "timed"]


# ---- on a full disk -----------------------------------------------------------------------------


class FullDisk(MemoryJournal):
    """Has no room until the test makes some."""

    def __init__(self) -> None:
        super().__init__()
        self.has_room = False
        self.attempts = 0

    def append(self, events: Sequence[Event]) -> int:
        self.attempts += 1
        if not self.has_room:
            raise JournalFullError("the disk is full")
        return super().append(events)


class Committing:
    """Commits to a full disk, with what they published and acted on."""

    def __init__(self) -> None:
        self.disk, self.clock = FullDisk(), VirtualClock()
        self.sent: list[str] = []
        self.log: list[str] = []
        self.commits = Commits(
            JournaledStream("risk", "e", self.disk), self, self.clock, Metrics(),
            seal=lambda: self.log.append("sealed"), durable=lambda: self.log.append("durable"),
        )  # fmt: skip

    def send(self, channel: str, frames: list[bytes]) -> bool:
        self.sent.append(channel)
        return True

    def emit(self, number: int) -> None:
        self.commits.emitted.append(RiskHalted(number, EVERYTHING, "x"))

    def turn(self) -> None:
        self.commits.advance()
        self.commits.publish()

    def later(self) -> None:
        self.clock.advance_to(self.clock.mono_ns() + RETRY_NS)
        self.turn()


def test_nothing_is_published_or_acted_on_before_there_is_room_and_nothing_is_lost() -> None:
    one = Committing()
    one.emit(1)
    one.commits.answer(b"cli", ControlReply(True, "ACTIVE", ""))
    one.turn()
    one.emit(2)
    one.later()
    assert (one.sent, one.log, one.disk.head.seq) == ([], ["sealed"], 0)
    assert one.commits.full == "the disk is full; it is tried again until it can be written"
    assert one.commits.head_seq == 2
    one.disk.has_room = True
    one.later()
    assert (one.commits.full, one.log) == ("", ["sealed", "durable", "sealed", "durable"])
    assert one.sent == ["events", "requests", "events"]
    kept = [wire.decode_event(record).ts_ns for record in one.disk.read(1, 10)]
    assert kept == [1, 2]


def test_a_full_disk_is_not_tried_at_every_turn() -> None:
    one = Committing()
    one.emit(1)
    for _ in range(10):
        one.turn()
    assert one.disk.attempts == 1
    one.later()
    assert one.disk.attempts == 2


def test_an_end_on_a_full_disk_does_not_wait_for_room() -> None:
    one = Committing()
    one.emit(1)
    one.commits.flush()
    assert (one.sent, one.commits.full != "") == ([], True)
