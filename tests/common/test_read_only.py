"""A disk that becomes read-only is one on which everything waits, and nothing ends."""

import errno
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tapewire.common.events import EVERYTHING, RiskHalted
from tapewire.common.runtime import read_only
from tapewire.common.runtime.journal import JournalError, JournalFullError, SqliteJournal, verify
from tests.pipeline.test_full_disk import NAMESPACE, require_namespace
from tests.places import ROOT

EVENT = RiskHalted(1, EVERYTHING, "x")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a disk of its own showed."""
    require_namespace()
    folder = tmp_path_factory.mktemp("disk")
    done = subprocess.run(
        [*NAMESPACE, sys.executable, "-m", "tests.common.read_only_disk", str(folder)],
        capture_output=True, text=True, cwd=ROOT, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return {**found, "folder": str(folder)}


def test_a_read_only_disk_is_known_by_what_cannot_be_opened(seen: dict[str, Any]) -> None:
    assert seen["before"] == seen["afterwards"] == [False, False, ""]
    assert seen["meanwhile"] == [True, True, f"the disk of {seen['folder']} is read-only"]


def test_looking_leaves_nothing_behind(seen: dict[str, Any]) -> None:
    assert seen["left"] == ["j.sqlite"]


def test_a_start_waits_until_it_can_be_written(seen: dict[str, Any]) -> None:
    sentence = "is read-only; waiting until 1,000,000 bytes can be written"
    assert seen["waited"] is True
    assert seen["said"] == [f"the disk of {seen['folder']} {sentence}"]


def test_a_journal_on_it_can_be_tried_again(seen: dict[str, Any]) -> None:
    assert (seen["began"], seen["again"]) == ("1 records", "2 records")
    assert seen["refused"].startswith(f"JournalFullError: {seen['folder']}/j.sqlite: its disk is")


class Failing:
    """A database of which a commit fails, as on a disk that goes while the file is open."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def execute(self, text: str) -> object:
        if text != "COMMIT":
            return self._db.execute(text)
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
        raise error

    def __getattr__(self, name: str) -> object:
        return getattr(self._db, name)


@pytest.mark.parametrize("code", [errno.EROFS, errno.EIO])
def test_a_commit_that_fails_on_it_is_kept_and_one_on_a_broken_disk_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    with closing(SqliteJournal(tmp_path / "j.sqlite")) as journal:
        whole, journal._db = journal._db, Failing(journal._db)  # type: ignore[assignment]

        def refuse(*_: object) -> NoReturn:
            raise OSError(code, os.strerror(code))

        with monkeypatch.context() as patch:
            patch.setattr(read_only.os, "open", refuse)
            with pytest.raises(JournalError) as raised:
                journal.append([EVENT])
        assert isinstance(raised.value, JournalFullError) is (code == errno.EROFS)
        assert "nothing was written or published" in str(raised.value)
        assert journal.head.seq == 0
        journal._db = whole
        assert journal.append([EVENT]) == 1
        verify(journal)
