"""Journals as the bridge reads them: only what is on the disk, and the file that is there now."""

from contextlib import closing
from pathlib import Path

import pytest

from tapewire.bridge import journals
from tapewire.bridge.journals import BATCH_BYTES, SYNC_EVERY_NS, Source, sources_of
from tapewire.common.clock import Now
from tapewire.common.config import settings as configuration
from tapewire.common.events import RiskHalted, Scope
from tapewire.common.runtime.journal import JournalDamagedError, SqliteJournal, link

NOW = Now(0, 10 * SYNC_EVERY_NS)
LATER = Now(0, 11 * SYNC_EVERY_NS)


def event(seq: int, text: str = "a") -> RiskHalted:
    return RiskHalted(seq, Scope(), text)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "executor.sqlite"


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are brought to the disk."""
    names: list[str] = []
    monkeypatch.setattr(journals, "fsync", lambda path: names.append(path.name))
    return names


def test_there_is_nothing_to_mirror_before_there_is_a_journal(path: Path):
    source = Source(path, durable=True)
    assert source.look(NOW) == 0
    path.touch()
    assert source.look(NOW) == 0
    assert source.lines(1, 5) == ("", [])


def test_records_come_with_their_chains_as_another_process_writes_them(path: Path):
    source = Source(path, durable=True)
    with closing(SqliteJournal(path)) as journal:
        journal.append([event(1), event(2)])
        assert source.look(NOW) == 2
        journal.append([event(3)])
        assert source.look(NOW) == 3
        before, lines = source.lines(2, 10)
        assert [line.seq for line in lines] == [2, 3]
        assert before == journal.chain_at(1)
        assert lines[0].chain == link(before, lines[0].record)
        assert lines[-1].chain == journal.head.chain


def test_a_journal_that_does_not_wait_for_the_disk_is_brought_there_first(
    path: Path, synced: list[str]
):
    source = Source(path, durable=False)
    with closing(SqliteJournal(path, "NORMAL")) as journal:
        journal.append([event(1)])
        assert source.look(NOW) == 1
        assert synced == ["executor.sqlite-wal", "executor.sqlite"]
        journal.append([event(2)])
        assert source.look(NOW) == 1  # not yet: the disk has others to serve
        assert source.look(LATER) == 2
        assert len(synced) == 4
        assert source.look(LATER) == 2
        assert len(synced) == 4


def test_a_journal_that_waits_for_the_disk_is_not(path: Path, synced: list[str]):
    with closing(SqliteJournal(path)) as journal:
        journal.append([event(1)])
        assert Source(path, durable=True).look(NOW) == 1
    assert synced == []


def test_the_executors_journal_is_the_one_that_does_not_wait(tmp_path: Path):
    def waiting(**storage: object) -> dict[str, bool]:
        config = configuration.Config(storage=storage)  # type: ignore[arg-type]
        return {role: one._durable for role, one in sources_of(config, tmp_path).items()}

    assert waiting() == {"gateway": True, "liquidation": True, "executor": False, "risk": True}
    assert set(waiting(synchronous="NORMAL").values()) == {False}


def test_a_file_that_takes_the_place_of_another_is_the_one_that_is_read(path: Path):
    source = Source(path, durable=True)
    with closing(SqliteJournal(path)) as journal:
        journal.append([event(1), event(2)])
        assert source.look(NOW) == 2
    other = path.with_name("other.sqlite")
    with closing(SqliteJournal(other)) as journal:
        journal.append([event(1, "b")])
        head = journal.head
    for end in ("-wal", "-shm"):
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)
    other.replace(path)
    assert source.look(NOW) == 1
    assert source.lines(1, 1)[1][0].chain == head.chain


def test_a_batch_is_bounded_in_bytes_and_has_one_record_in_any_case(path: Path):
    source = Source(path, durable=True)
    with closing(SqliteJournal(path)) as journal:
        journal.append_records([bytes(BATCH_BYTES), bytes(BATCH_BYTES), b"x"])
        assert [line.seq for line in source.lines(1, 9)[1]] == [1]
        assert [line.seq for line in source.lines(3, 9)[1]] == [3]
        assert len(source.lines(1, 9, None)[1]) == 3


def test_a_record_that_was_changed_is_not_mirrored(path: Path):
    source = Source(path, durable=True)
    with closing(SqliteJournal(path)) as journal:
        journal.append([event(1), event(2)])
        journal._db.execute("UPDATE records SET record = x'00' WHERE seq = 2")
        with pytest.raises(JournalDamagedError, match="record 2 is not as it was written"):
            source.lines(1, 9)
