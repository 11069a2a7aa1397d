"""A journal that is deleted under its process stops everything that adds risk."""

from pathlib import Path

import pytest

from tapewire.common.clock import Now
from tapewire.common.runtime.journal import SqliteJournal
from tapewire.common.runtime.own_journal import OpenFile, OwnJournal

SECOND_NS = 1_000_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "journals"
    folder.mkdir()
    SqliteJournal(folder / "gateway.sqlite").close()
    return folder / "gateway.sqlite"


def test_a_journal_in_its_place_is_no_reason(file: Path):
    opened = OpenFile(file)
    one = OwnJournal(lambda: opened.lost)
    for second in range(3):
        one.look(Now(0, second * SECOND_NS))
    assert one.reason == ""


def test_what_is_deleted_moved_or_replaced_is_named(file: Path):
    opened = OpenFile(file)
    kept = file.rename(file.with_suffix(".kept"))
    assert opened.lost == f"{file} was deleted or moved while it was in use"
    file.touch()
    assert opened.lost == f"{file} was replaced by another file while it was in use"
    file.unlink()
    kept.unlink()
    file.parent.rmdir()
    assert opened.lost == f"{file} was deleted or moved while it was in use"


def test_it_is_looked_for_once_per_second_and_stays_lost():
    answers = iter(["", "x was deleted or moved while it was in use", ""])
    one = OwnJournal(lambda: next(answers))
    for ms in (0, 500, 999):
        one.look(Now(0, ms * 1_000_000))
    assert one.reason == ""
    for second in (1, 2, 3):
        one.look(Now(0, second * SECOND_NS))
    assert one.reason.startswith("x was deleted or moved while it was in use: nothing that is done")
