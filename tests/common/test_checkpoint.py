"""Checkpoints: a start reads them where they fit, and the whole journal where they do not."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest

from tapewire.common.events import CheckpointCompleted, Event, RiskViolation, Scope
from tapewire.common.runtime.checkpoint import CheckpointFile, Past, Policy, Said
from tapewire.common.runtime.journal import JournalError, SqliteJournal

ROLE = "gateway"
POLICY = Policy(records=4)


def event(number: int) -> Event:
    return RiskViolation(number, Scope(), "rule", f"number {number}")


def numbers(events: Iterable[Event]) -> list[int]:
    return [e.ts_ns for e in events if isinstance(e, RiskViolation)]


@pytest.fixture
def journal(tmp_path: Path) -> Iterable[SqliteJournal]:
    with closing(SqliteJournal(tmp_path / "gateway.sqlite")) as found:
        found.append([event(number) for number in range(1, 7)])
        yield found


@pytest.fixture
def file(tmp_path: Path) -> CheckpointFile:
    return CheckpointFile(tmp_path, ROLE, POLICY)


def past(journal: SqliteJournal, file: CheckpointFile) -> Past:
    return Past(ROLE, journal, file)


def test_without_a_checkpoint_all_of_the_journal_is_read(journal, file) -> None:
    assert numbers(past(journal, file).events()) == [1, 2, 3, 4, 5, 6]
    assert past(journal, file).fault == ""


def test_with_one_it_is_read_from_there_on(journal, file) -> None:
    past(journal, file).renew([event(3)], 100, Said)
    journal.append([event(7)])
    found = past(journal, file)
    assert numbers(found.events()) == [3, 7]
    assert numbers(found.events()) == [3, 7]  # as often as it is asked
    assert found.fault == ""


def test_it_is_due_after_so_many_records(journal, file) -> None:
    assert past(journal, file).due
    past(journal, file).renew([event(3)], 100, Said)
    journal.append([event(7), event(8), event(9)])
    assert not past(journal, file).due
    journal.append([event(10)])
    assert past(journal, file).due


def test_a_new_one_replaces_the_old_one_and_ends_once(journal, file) -> None:
    past(journal, file).renew([event(3)], 100, lambda: Said(5))
    journal.append([event(7)])
    again = past(journal, file)
    again.renew(again.events(), 200, lambda: Said(6))
    ends = [e for e in past(journal, file).events() if isinstance(e, CheckpointCompleted)]
    assert [(e.seq, e.expired_ns) for e in ends] == [(7, 6)]


def test_one_that_was_cut_off_in_the_writing_is_never_seen(journal, file) -> None:
    def breaking() -> Iterable[Event]:
        yield event(3)
        raise RuntimeError("the power is gone")

    past(journal, file).renew([event(1)], 100, Said)
    with pytest.raises(RuntimeError):
        past(journal, file).renew(breaking(), 200, Said)
    assert [path.name for path in file.path.parent.iterdir()] == [file.path.name]
    assert numbers(past(journal, file).events()) == [1]
    file.path.with_name(f"{file.path.name}.partial").write_bytes(b"of a start that was killed")
    past(journal, file).renew([event(2)], 300, Said)
    assert numbers(past(journal, file).events()) == [2]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE records SET record = zeroblob(length(record)) WHERE seq = 1",
        "DELETE FROM records WHERE seq = 1",
        "DELETE FROM records WHERE seq = (SELECT max(seq) FROM records)",
        "DELETE FROM records",
    ],
)
def test_a_damaged_one_is_not_used(journal, file, damage: str) -> None:
    past(journal, file).renew([event(3), event(4)], 100, Said)
    with closing(sqlite3.connect(file.path)) as db:
        db.execute(damage)
        db.commit()
    found = past(journal, file)
    assert numbers(found.events()) == [1, 2, 3, 4, 5, 6]
    assert "the checkpoint is not used" in found.fault


def test_what_is_no_database_is_not_used(journal, file) -> None:
    file.path.parent.mkdir()
    file.path.write_bytes(b"nonsense" * 1000)
    assert numbers(past(journal, file).events()) == [1, 2, 3, 4, 5, 6]


def test_one_of_another_past_is_not_used(tmp_path: Path, journal, file) -> None:
    past(journal, file).renew([event(3)], 100, Said)
    with closing(SqliteJournal(tmp_path / "other.sqlite")) as other:
        other.append([event(number) for number in range(11, 21)])
        found = past(other, file)
        assert numbers(found.events()) == list(range(11, 21))
        assert "of another journal" in found.fault
    assert "of another journal" in Past("liquidation", journal, file).fault


def test_one_that_stands_beyond_the_journals_end_is_not_used(tmp_path: Path, journal, file) -> None:
    past(journal, file).renew([event(3)], 100, Said)
    with closing(SqliteJournal(tmp_path / "older.sqlite")) as older:
        older.append([event(number) for number in range(1, 5)])
        assert numbers(past(older, file).events()) == [1, 2, 3, 4]


def test_a_disk_that_does_not_take_it_costs_only_the_checkpoint(journal, file, monkeypatch) -> None:
    def full(_events: Iterable[Event]) -> None:
        raise JournalError("database or disk is full")

    monkeypatch.setattr(file, "replace", full)
    found = past(journal, file)
    found.renew([event(3)], 100, Said)
    assert "no checkpoint was made" in found.fault


def test_signals_that_live_long_are_kept_long() -> None:
    policy = Policy(expired_ns=10, ended_ns=12)
    assert policy.with_ttl(1).ended_ns == 12
    assert policy.with_ttl(100).ended_ns == 110
