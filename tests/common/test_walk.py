"""A walk beside a running process finds what its start did not read."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tapewire.common.events import EVERYTHING, RiskHalted
from tapewire.common.runtime.journal import JournalDamagedError, SqliteJournal
from tapewire.common.runtime.walk import PIECE, Walk

COUNT = 3 * PIECE + 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with closing(SqliteJournal(tmp_path / "j.sqlite")) as journal:
        journal.append([RiskHalted(n, EVERYTHING, "x") for n in range(COUNT)])
    return tmp_path / "j.sqlite"


def walked(path: Path) -> Walk:
    walk = Walk(path, pause_s=0)
    walk.join()
    return walk


def test_a_sound_journal_is_walked_to_its_end(path: Path) -> None:
    walk = walked(path)
    assert walk.records == COUNT
    walk.require_sound()


@pytest.mark.parametrize("seq", [1, PIECE, PIECE + 1, COUNT])
def test_a_changed_record_is_found_wherever_it_is(path: Path, seq: int) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE records SET record = x'00' WHERE seq = ?", (seq,))
    with pytest.raises(JournalDamagedError, match=f"record {seq} is not as it was written"):
        walked(path).require_sound()


def test_a_file_that_cannot_be_opened_is_not_called_damaged(tmp_path: Path) -> None:
    walked(tmp_path / "nothing").require_sound()


def test_it_ends_when_it_is_told_to(path: Path) -> None:
    walk = Walk(path, pause_s=3600)
    walk.close()
    assert walk.records < COUNT


def test_it_ends_at_the_head_of_its_beginning_however_much_is_written_meanwhile(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy process writes faster than a walk reads, which would never end."""
    read = SqliteJournal.read

    def read_beside_a_writer(journal: SqliteJournal, from_seq: int, limit: int) -> list[bytes]:
        with closing(SqliteJournal(path)) as writer:
            writer.append([RiskHalted(n, EVERYTHING, "x") for n in range(PIECE)])
        return read(journal, from_seq, limit)

    monkeypatch.setattr(SqliteJournal, "read", read_beside_a_writer)
    assert COUNT <= walked(path).records < COUNT + PIECE
