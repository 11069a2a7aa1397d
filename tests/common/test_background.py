"""A journal that commits on a thread of its own, on a disk that is full for a while."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tapewire.common.events import EVERYTHING, Event, RiskHalted
from tapewire.common.runtime import background
from tapewire.common.runtime.background import DONE, BackgroundJournal
from tapewire.common.runtime.journal import JournalFullError, SqliteJournal, events_of
from tests.waiting import wait_for

HALT = RiskHalted(1, EVERYTHING, "x")


class Disk:
    def __init__(self) -> None:
        self.is_full = True
        self.attempts = 0


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """A disk that is full until the test says otherwise."""
    one, append = Disk(), SqliteJournal.append

    def maybe(journal: SqliteJournal, events: Sequence[Event]) -> int:
        one.attempts += 1
        if one.is_full:
            raise JournalFullError("full")
        return append(journal, events)

    monkeypatch.setattr(SqliteJournal, "append", maybe)
    monkeypatch.setattr(background, "RETRY_S", 0.01)
    return one


def test_a_commit_is_tried_again_until_there_is_room(disk: Disk, tmp_path: Path) -> None:
    with closing(BackgroundJournal(tmp_path / "j.sqlite")) as journal:
        journal.begin([HALT])
        wait_for(lambda: disk.attempts > 2, "a second attempt")
        assert (journal.full, journal.head.seq, journal.ready()) == ("full", 0, [])
        with pytest.raises(JournalFullError, match="full"):
            journal.wait()
        disk.is_full = False
        wait_for(lambda: journal.ready() == [[DONE]], "the commit")
        assert (journal.full, journal.head.seq, list(events_of(journal))) == ("", 1, [HALT])


class Watched:
    """A database that notes what it is asked, and whose commits wait until the test lets them."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self.asked: list[str] = []
        self.may_commit = threading.Event()

    def execute(self, query: str, *rest: Any) -> Any:
        self.asked.append(query.split(maxsplit=1)[0])
        if query == "COMMIT":
            assert self.may_commit.wait(background.WAIT_MAX_S)
        return self._database.execute(query, *rest)

    def __getattr__(self, name: str) -> Any:
        self.asked.append(name)
        return getattr(self._database, name)


def test_begin_returns_when_only_the_disk_is_left_to_wait_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched: list[Watched] = []
    append = SqliteJournal.append

    def watching(journal: SqliteJournal, events: Sequence[Event]) -> int:
        watched.append(Watched(journal._db))
        monkeypatch.setattr(journal, "_db", watched[0])
        return append(journal, events)

    monkeypatch.setattr(SqliteJournal, "append", watching)
    monkeypatch.setattr(background, "HANDED_MAX_S", background.WAIT_MAX_S)
    with closing(BackgroundJournal(tmp_path / "j.sqlite")) as journal:
        journal.begin([HALT])
        assert watched[0].asked[:2] == ["BEGIN", "executemany"]
        assert (journal.head.seq, journal.ready()) == (0, [])
        watched[0].may_commit.set()
        journal.wait()
        assert (journal.head.seq, watched[0].asked[2]) == (1, "COMMIT")


def test_an_end_does_not_wait_for_room(disk: Disk, tmp_path: Path) -> None:
    journal = BackgroundJournal(tmp_path / "j.sqlite")
    journal.begin([HALT])
    wait_for(lambda: journal.full == "full", "the failure")
    journal.close()
    with closing(SqliteJournal(tmp_path / "j.sqlite")) as left:
        assert left.head.seq == 0
