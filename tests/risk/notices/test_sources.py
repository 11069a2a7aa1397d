"""What is read of the files of others: each thing once, and nothing is written."""

from pathlib import Path

import pytest

from tapewire.common.delivery import letter_file
from tapewire.common.delivery.letter_file import LetterFile
from tapewire.common.events import ConnectionLost, Event
from tapewire.common.runtime.journal import SqliteJournal
from tapewire.risk.notices.notifier import Place
from tapewire.risk.notices.sources import CHUNK, Sources

Places = dict[str, Place]


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    for name in ("journals", letter_file.FOLDER, "status"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def sources(run_dir: Path) -> Sources:
    return Sources(run_dir)


def lost(number: int) -> ConnectionLost:
    return ConnectionLost(number, f"number {number}")


def written(run_dir: Path, *events: Event, source: str = "gateway") -> None:
    journal = SqliteJournal(run_dir / "journals" / f"{source}.sqlite")
    journal.append(events)
    journal.close()


def read(sources: Sources, places: Places) -> list[int]:
    """The times of what is new; `places` moves on."""
    found = []
    for news in sources.news(places):
        assert not news.fault
        found += [event.ts_ns for event in news.events if isinstance(event, ConnectionLost)]
        places[news.source] = news.place
    return found


def test_each_event_is_read_once_also_by_the_next_process(run_dir, sources):
    places: Places = {}
    assert read(sources, places) == []
    written(run_dir, lost(1), lost(2))
    assert read(sources, places) == [1, 2]
    assert read(sources, places) == []
    written(run_dir, lost(3))
    assert read(sources, places) == [3]
    written(run_dir, lost(4))
    assert read(Sources(run_dir), places) == [4]


def test_a_long_journal_is_read_in_pieces(run_dir, sources):
    written(run_dir, *map(lost, range(2 * CHUNK + 1)))
    assert len(list(sources.news({"risk": Place()}))) == 3


def test_a_journal_that_took_the_place_of_another_is_read_from_its_beginning(run_dir, sources):
    places: Places = {}
    written(run_dir, lost(1), lost(2))
    read(sources, places)
    for path in (run_dir / "journals").glob("gateway*"):
        path.unlink()
    written(run_dir, lost(7), lost(8), lost(9))
    assert read(sources, places) == [7, 8, 9]


def test_where_nothing_was_ever_read_only_the_end_of_a_long_journal_is(
    run_dir, sources, monkeypatch
):
    monkeypatch.setattr("tapewire.risk.notices.sources.RECENT", 2)
    written(run_dir, *map(lost, range(1, 6)))
    written(run_dir, *map(lost, range(11, 16)), source="risk")
    assert read(sources, {}) == [4, 5, 14, 15]


def test_a_journal_that_cannot_be_read_is_a_fault_and_the_others_are_read(run_dir, sources):
    (run_dir / "journals" / "executor.sqlite").write_bytes(b"this is not a database" * 100)
    written(run_dir, lost(1))
    written(run_dir, lost(2), source="risk")
    found = {news.source: news for news in sources.news({})}
    assert found["executor"].fault
    assert not found["gateway"].fault
    assert found["risk"].events == [lost(2)]


def test_reading_leaves_the_files_as_they_are(run_dir, sources):
    written(run_dir, lost(1))
    path = run_dir / "journals" / "gateway.sqlite"
    before = path.read_bytes()
    read(sources, {})
    assert path.read_bytes() == before


def test_nothing_stays_open_so_whoever_writes_a_journal_leaves_all_of_it_in_its_file(
    run_dir, sources
):
    path = run_dir / "journals" / "gateway.sqlite"
    journal = SqliteJournal(path)
    journal.append([lost(1)])
    assert read(sources, {}) == [1]
    journal.close()
    assert [one.name for one in path.parent.iterdir()] == ["gateway.sqlite"]


def test_dead_letters_are_read_once_and_no_more_than_a_few_whole(run_dir, sources):
    file = LetterFile(run_dir / letter_file.FOLDER / "executor.sqlite")
    for n in range(1, 15):
        file.keep(n, "gateway.events", f"number {n}", b"")
    (found,) = sources.letters({}, since_ns=2)
    assert found.role == "executor"
    assert [one.reason for one in found.first] == [f"number {n}" for n in range(2, 12)]
    assert (found.more, found.last_id) == (3, 14)
    assert list(sources.letters({"executor": 14}, 0)) == []
    file.drop(14)
    file.drop(13)
    assert list(sources.letters({"executor": 14}, 0)) == []
    file.keep(15, "gateway.events", "number 15", b"")
    (found,) = sources.letters({"executor": 14}, 0)
    assert [one.reason for one in found.first] == ["number 15"]
    file.close()


def test_a_new_file_of_dead_letters_is_read_from_its_beginning(run_dir, sources):
    file = LetterFile(run_dir / letter_file.FOLDER / "executor.sqlite")
    file.keep(1, "gateway.events", "number 1", b"")
    (found,) = sources.letters({"executor": 900}, 0)
    assert (len(found.first), found.last_id) == (1, 1)
    file.close()


def test_a_file_of_dead_letters_that_is_just_being_created_has_none(run_dir, sources):
    (run_dir / letter_file.FOLDER / "executor.sqlite").touch()
    assert list(sources.letters({}, 0)) == []
