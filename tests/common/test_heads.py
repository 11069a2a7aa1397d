"""What a process remembers of journals: noticed whatever was done to one, and nothing made up."""

from pathlib import Path

import pytest

from tapewire.common.events import EVERYTHING, RiskHalted
from tapewire.common.runtime.head_file import HeadFile
from tapewire.common.runtime.heads import SAVE_EVERY_NS, Heads, HeadStore
from tapewire.common.runtime.journal import Head, JournalDamagedError
from tapewire.common.runtime.memory_journal import MemoryJournal
from tapewire.virtual.node import HeadMemory


def journal(count: int, reason: str = "x") -> MemoryJournal:
    one = MemoryJournal()
    one.append([RiskHalted(n, EVERYTHING, reason) for n in range(count)])
    return one


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> HeadStore:
    (tmp_path / "heads").mkdir()
    return HeadMemory() if request.param == "memory" else HeadFile(tmp_path, "risk")


def restarted(store: HeadStore) -> Heads:
    return Heads("risk", store)


def remembering(store: HeadStore, own: MemoryJournal) -> Heads:
    """A process that has run on that journal, at its next start."""
    heads = restarted(store)
    heads.keep(own, 0)
    return restarted(store)


def test_a_new_process_remembers_nothing_and_takes_any_journal(store: HeadStore) -> None:
    heads = restarted(store)
    assert heads.of("gateway") is None
    heads.require(None)
    heads.require(journal(3))


def test_what_heartbeats_told_is_remembered_over_a_restart(store: HeadStore) -> None:
    heads = restarted(store)
    heads.note("gateway", Head(5, "c5"), durable=True)
    heads.note("gateway", Head(4, "c4"), durable=True)
    heads.note("executor", Head(0, ""), durable=True)
    heads.keep(None, 0)
    assert restarted(store).of("gateway") == Head(5, "c5")
    assert restarted(store).of("executor") is None, "an empty journal is nothing to remember"


def test_it_is_written_once_per_second_and_only_if_it_is_news(store: HeadStore) -> None:
    heads = restarted(store)
    heads.keep(journal(1), 7)
    assert heads.due_ns == 7 + SAVE_EVERY_NS
    before = store.read()
    heads.keep(journal(1), 8)
    assert store.read() is before or store.read() == before


def test_a_journal_that_has_grown_is_sound(store: HeadStore) -> None:
    heads = remembering(store, journal(3))
    heads.require(journal(3))
    heads.require(journal(50))


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (None, "risk's journal ends at record 0, but 3 were seen: it was cut, deleted, or"),
        (journal(0), "ends at record 0, but 3 were seen"),
        (journal(2), "ends at record 2, but 3 were seen"),
        (journal(3, "y"), "risk's journal has another record 3 than was seen"),
        (journal(50, "y"), "has another record 3 than was seen"),
    ],
)
def test_a_journal_that_does_not_hold_what_is_remembered_is_refused(
    store: HeadStore, found: MemoryJournal | None, fault: str
) -> None:
    heads = remembering(store, journal(3))
    with pytest.raises(JournalDamagedError, match=fault):
        heads.require(found)


def test_after_damage_was_found_every_record_is_looked_at_until_it_is_mended(
    store: HeadStore,
) -> None:
    heads = remembering(store, journal(3))
    heads.suspect("record 2 is not as it was written")
    damaged = journal(3)
    damaged._records[1] = damaged._records[0]
    for _ in range(2):
        with pytest.raises(JournalDamagedError, match="record 2 is not as it was written"):
            restarted(store).require(damaged)
    mended = restarted(store)
    mended.require(journal(3))
    mended.keep(journal(3), 0)
    restarted(store).require(damaged)  # nothing is suspected any more: reading it finds it


def test_the_loss_of_power_may_take_what_did_not_wait_for_the_disk() -> None:
    store, weak = HeadMemory(), journal(3)
    weak.durable = False
    heads = remembering(store, weak)
    heads.note("gateway", Head(5, "c5"), durable=True)
    heads.note("executor", Head(6, "c6"), durable=False)
    heads.save()
    with pytest.raises(JournalDamagedError):
        restarted(store).require(journal(2))  # a death of the process takes nothing
    store.boots += 1
    heads = restarted(store)
    heads.require(journal(2))
    assert (heads.of("gateway"), heads.of("executor")) == (Head(5, "c5"), None)


def test_a_closed_journal_is_on_the_disk_whatever_it_waited_for_before() -> None:
    store, weak = HeadMemory(), journal(3)
    weak.durable = False
    heads = remembering(store, weak)
    heads.keep(weak, 0, closed=True)
    store.boots += 1
    with pytest.raises(JournalDamagedError):
        restarted(store).require(journal(2))


@pytest.mark.parametrize("content", [b"", b"{", b'{"heads": {"risk": 3}}', b"\xff" * 20])
def test_a_file_that_cannot_be_read_is_an_empty_memory(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "heads").mkdir()
    file = HeadFile(tmp_path, "risk")
    file.path.write_bytes(content)
    heads = restarted(file)
    assert heads.of("risk") is None
    heads.keep(journal(2), 0)
    assert restarted(file).of("risk") == journal(2).head


def test_a_disk_that_is_full_leaves_what_was_written(tmp_path: Path) -> None:
    (tmp_path / "heads").mkdir()
    file = HeadFile(tmp_path, "risk")
    heads = remembering(file, journal(2))
    (tmp_path / "heads").rename(tmp_path / "away")
    heads.keep(journal(3), 0)
    (tmp_path / "away").rename(tmp_path / "heads")
    assert restarted(file).of("risk") == journal(2).head
    heads.keep(journal(3), 0)
    assert restarted(file).of("risk") == journal(3).head
