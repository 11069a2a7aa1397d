"""A journal that commits on a thread of its own, on a disk that is full for a while."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

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


def test_an_end_does_not_wait_for_room(disk: Disk, tmp_path: Path) -> None:
    journal = BackgroundJournal(tmp_path / "j.sqlite")
    journal.begin([HALT])
    wait_for(lambda: journal.full == "full", "the failure")
    journal.close()
    with closing(SqliteJournal(tmp_path / "j.sqlite")) as left:
        assert left.head.seq == 0
