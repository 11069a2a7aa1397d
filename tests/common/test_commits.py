"""Commits on their way to the disk, and how far the journal goes once they are there."""

from collections.abc import Sequence

from tapewire.common.bus.streams import JournaledStream
from tapewire.common.clock import VirtualClock
from tapewire.common.events import EVERYTHING, Event, RiskHalted
from tapewire.common.runtime.commits import Commits
from tapewire.common.runtime.journal import GENESIS, Head
from tapewire.common.runtime.memory_journal import MemoryJournal
from tapewire.common.runtime.metrics import Metrics


class SlowDisk(MemoryJournal):
    """Commits when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[Event] = []

    def begin(self, events: Sequence[Event]) -> int:
        self.begun = [*events]
        return self.head.seq + 1


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
