"""A journal keeps what it was given, knows when it was changed, and says when it cannot write."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tapewire.common.bus.wire import WIRE_VERSION
from tapewire.common.events import EVERYTHING, Event, RiskHalted
from tapewire.common.runtime.journal import (
    GENESIS,
    LOG_BYTES,
    Head,
    Journal,
    JournalDamagedError,
    JournalError,
    JournalFullError,
    JournalVersionError,
    SqliteJournal,
    events_of,
    link,
    verify,
)
from tapewire.common.runtime.memory_journal import MemoryJournal


def events(count: int, start: int = 1) -> list[Event]:
    return [RiskHalted(n, EVERYTHING, f"reason {n}") for n in range(start, start + count)]


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journal]:
    store: Journal
    store = MemoryJournal() if request.param == "memory" else SqliteJournal(tmp_path / "j.sqlite")
    yield store
    store.close()


def test_an_empty_journal_has_no_head(journal: Journal) -> None:
    assert journal.head == Head(0, GENESIS)
    assert journal.read(1, 10) == []
    verify(journal)


def test_records_are_numbered_from_one_without_holes(journal: Journal) -> None:
    assert journal.append(events(2)) == 1
    assert journal.append(events(1, start=3)) == 3
    assert journal.head.seq == 3
    assert list(events_of(journal)) == events(3)
    verify(journal)


def test_nothing_is_written_for_no_events(journal: Journal) -> None:
    journal.append(events(1))
    before = journal.head
    journal.append([])
    assert journal.head == before


def test_reading_starts_and_ends_where_it_is_told(journal: Journal) -> None:
    journal.append(events(5))
    assert len(journal.read(2, 3)) == 3
    assert journal.read(6, 3) == []
    assert list(events_of(journal, from_seq=4)) == events(2, start=4)
    assert list(events_of(journal, chunk=2)) == events(5)


def test_both_stores_have_the_same_chain(tmp_path: Path) -> None:
    memory = MemoryJournal()
    with closing(SqliteJournal(tmp_path / "j.sqlite")) as sqlite:
        for store in (memory, sqlite):
            store.append(events(2))
            store.append(events(1, start=3))
        assert memory.head == sqlite.head
        assert memory.read(1, 9) == sqlite.read(1, 9)


def test_the_chain_does_not_depend_on_how_records_were_grouped() -> None:
    one, two = MemoryJournal(), MemoryJournal()
    one.append(events(2))
    two.append(events(1))
    two.append(events(1, start=2))
    assert one.head == two.head


def test_the_chain_depends_on_what_came_before() -> None:
    assert link(link(GENESIS, b"a"), b"b") != link(link(GENESIS, b"b"), b"b")


def test_a_reopened_journal_continues_its_chain(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    whole = MemoryJournal()
    whole.append(events(3))
    with closing(SqliteJournal(path)) as first:
        first.append(events(2))
    with closing(SqliteJournal(path)) as second:
        assert second.head.seq == 2
        assert second.append(events(1, start=3)) == 3
        assert second.head == whole.head
        verify(second)


def test_the_file_alone_is_a_copy_though_a_reader_closes_last(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    journal = SqliteJournal(path)
    journal.append(events(3))
    reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    assert reader.execute("select count(*) from records").fetchone() == (3,)
    journal.close()
    copy = shutil.copy(path, tmp_path / "copy.sqlite")
    reader.close()
    with closing(SqliteJournal(Path(copy))) as found:
        assert list(events_of(found)) == events(3)


def test_a_reader_sees_what_the_writer_has_committed(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    with closing(SqliteJournal(path)) as writer:
        writer.append(events(2))
        with closing(SqliteJournal(path, read_only=True)) as reader:
            assert list(events_of(reader)) == events(2)
            with pytest.raises(JournalError, match="readonly"):
                reader.append(events(1))


DAMAGE = [
    (
        "UPDATE records SET record = (SELECT record FROM records WHERE seq = 1) WHERE seq = 2",
        "record 2 is not as it was written",
    ),
    ("UPDATE records SET chain = 'x' WHERE seq = 2", "record 2 is not as it was written"),
    ("DELETE FROM records WHERE seq = 1", "record 1 is missing"),
    ("DELETE FROM records WHERE seq = 2", "record 2 is missing"),
]


@pytest.mark.parametrize(("damage", "found"), DAMAGE)
@pytest.mark.parametrize("chunk", [1, 2, 1000])
def test_a_changed_record_is_found_by_whoever_reads_it(
    tmp_path: Path, damage: str, found: str, chunk: int
) -> None:
    path = tmp_path / "j.sqlite"
    with closing(SqliteJournal(path)) as journal:
        journal.append(events(3))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(damage)
    with closing(SqliteJournal(path)) as journal:
        with pytest.raises(JournalDamagedError, match=rf"j\.sqlite: {found}$"):
            verify(journal, chunk)
        with pytest.raises(JournalDamagedError, match=found):
            list(events_of(journal))


def test_a_tail_that_is_cut_under_a_reader_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    with closing(SqliteJournal(path)) as journal:
        journal.append(events(3))
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("DELETE FROM records WHERE seq = 3")
        with pytest.raises(JournalDamagedError, match="record 3 of 3 is missing"):
            verify(journal)


def test_every_bit_of_a_journal_file_that_matters_is_watched(tmp_path: Path) -> None:
    """Whichever is flipped: the reader is refused, or reads exactly what was written, or the head
    is another one, which those who remember it know."""
    path, sound = tmp_path / "j.sqlite", events(40)
    with closing(SqliteJournal(path)) as journal:
        journal.append(sound)
        head = journal.head
    before = path.read_bytes()
    outcomes = set()
    for at in range(0, len(before), 37):
        path.write_bytes(before[:at] + bytes([before[at] ^ 1 << at % 8]) + before[at + 1 :])
        try:
            with closing(SqliteJournal(path, read_only=True)) as journal:
                verify(journal)
                same = list(events_of(journal)) == sound and journal.head == head
                outcomes.add("harmless" if same else "another head")
                assert same or journal.head != head, f"byte {at}"
        except JournalError as error:
            outcomes.add(type(error).__name__)
    assert {"harmless", "JournalDamagedError"} <= outcomes


def test_the_chain_at_a_record_is_that_of_a_journal_that_ends_there(journal: Journal) -> None:
    assert journal.chain_at(0) == journal.chain_at(1) == GENESIS
    journal.append(events(2))
    head = journal.head
    journal.append(events(2, start=3))
    assert journal.chain_at(2) == head.chain
    assert journal.chain_at(4) == journal.head.chain
    assert journal.chain_at(5) == journal.chain_at(0) == GENESIS


def test_a_crash_loses_what_was_not_fsynced() -> None:
    journal = MemoryJournal(durable=False)
    journal.append(events(2))
    journal.fsync()
    kept = journal.head
    journal.append(events(2, start=3))
    journal.crash()
    assert journal.head == kept
    assert list(events_of(journal)) == events(2)


def test_a_crash_loses_nothing_of_a_durable_journal() -> None:
    journal = MemoryJournal()
    journal.append(events(2))
    journal.crash()
    assert list(events_of(journal)) == events(2)


def test_a_full_disk_is_an_error_and_nothing_was_written(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    with closing(SqliteJournal(path)) as journal:
        journal.append(events(1))
        before = journal.head
        pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
        journal._db.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(JournalError, match="full; nothing was written or published"):
            journal.append(events(1000, start=2))
        assert journal.head == before
        assert journal.read(1, 10) == journal.read(1, 1)
        journal._db.execute(f"PRAGMA max_page_count = {pages + 1000}")
        assert journal.append(events(1000, start=2)) == 2
        verify(journal)


def test_a_commit_that_fails_halfway_leaves_no_record_behind(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    with closing(SqliteJournal(path)) as journal, closing(sqlite3.connect(path)) as other:
        other.execute("INSERT INTO records VALUES (2, 'x', x'00')")
        other.commit()
        with pytest.raises(JournalError, match="nothing was written"):
            journal.append(events(2))
        assert other.execute("SELECT seq FROM records").fetchall() == [(2,)]


def test_a_file_that_is_no_journal_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    path.write_bytes(b"not a database " * 100)
    with pytest.raises(JournalError, match=r"j\.sqlite: .*; expected a journal"):
        SqliteJournal(path)


def test_a_journal_that_is_not_there_is_not_made_for_a_reader(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="expected a journal"):
        SqliteJournal(tmp_path / "j.sqlite", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_the_log_has_its_size_before_the_first_commit_and_keeps_it(tmp_path: Path) -> None:
    with closing(SqliteJournal(tmp_path / "j.sqlite")) as journal:
        assert journal.log_path.stat().st_size == LOG_BYTES
        journal.append(events(100))
        assert journal.log_path.stat().st_size == LOG_BYTES
        verify(journal)


@pytest.mark.parametrize("count", [0, 1, 100, 20_000])
def test_what_a_killed_process_leaves_is_what_it_committed(tmp_path: Path, count: int) -> None:
    """Its log as it is, the room behind its end included; 20,000 records have passed its end."""
    left = tmp_path / "left"
    left.mkdir()
    with closing(SqliteJournal(tmp_path / "j.sqlite")) as journal:
        for start in range(1, count, 500):
            journal.append(events(min(500, count - start + 1), start))
        head = journal.head
        for path in (journal.path, journal.log_path):
            shutil.copy(path, left)
    with closing(SqliteJournal(left / "j.sqlite")) as again:
        assert again.head == head
        verify(again)
        assert again.log_path.stat().st_size == LOG_BYTES
        again.append(events(1, count + 1))
        verify(again)


def test_a_log_that_a_reader_holds_is_left_as_it_is(tmp_path: Path) -> None:
    with closing(SqliteJournal(tmp_path / "j.sqlite", "NORMAL")) as journal:
        journal.append(events(3))
        size = journal.log_path.stat().st_size
        with closing(sqlite3.connect(journal.path)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT seq FROM records").fetchall()
            with closing(SqliteJournal(journal.path)) as again:
                assert again.log_path.stat().st_size == size
                again.append(events(1, 4))
                verify(again)


def set_version(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {version}")


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(
    ("stored", "found"), [(0, 1), (1, 1), (WIRE_VERSION + 1, WIRE_VERSION + 1)]
)
def test_a_journal_of_another_version_is_refused_with_what_to_do(
    tmp_path: Path, read_only: bool, stored: int, found: int
) -> None:
    """Version 1 did not write its number down."""
    path = tmp_path / "journals" / "j.sqlite"
    path.parent.mkdir()
    with closing(SqliteJournal(path)) as journal:
        journal.append(events(1))
    set_version(path, stored)
    before = path.read_bytes()
    with pytest.raises(JournalVersionError) as caught:
        SqliteJournal(path, read_only=read_only)
    assert str(caught.value) == (
        f"{path}: journal version {found}, expected {WIRE_VERSION};"
        f" use another run_dir, or move {path.parent} out of the way and run"
        " `tapewire journals accept`"
    )
    assert path.read_bytes() == before, "it is left as it was"


def test_a_journal_carries_its_version_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    with closing(SqliteJournal(path)), closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (WIRE_VERSION,)


def test_a_journal_that_is_being_created_has_no_records_yet(tmp_path: Path) -> None:
    """SQLite writes the header of a file before its first table."""
    path = tmp_path / "j.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
    with closing(SqliteJournal(path, read_only=True)) as reader:
        assert reader.head == Head(0, GENESIS)
        assert reader.read(1, 10) == []
        with closing(SqliteJournal(path)) as writer:
            writer.append(events(1))
            assert len(reader.read(1, 10)) == 1


# ---- on a full disk -----------------------------------------------------------------------------


class Bounded:
    """A journal on a disk with no room, and what a reserve would make of it."""

    def __init__(self, path: Path, reserves: int = 0) -> None:
        self.reserves = reserves
        self.journal = SqliteJournal(path, make_room=self.make_room)
        self.limit(0)

    def limit(self, pages: int) -> None:
        """SQLite raises the bound to the present size, so that not a page can be added."""
        self.journal._db.execute(f"PRAGMA max_page_count = {pages or 1}")

    def make_room(self) -> bool:
        self.reserves -= 1
        if self.reserves >= 0:
            self.limit(1_000_000)
        return self.reserves >= 0


LARGE = [RiskHalted(n, EVERYTHING, "x" * 200) for n in range(200)]


def test_a_full_disk_is_an_error_of_its_own_and_nothing_is_written(tmp_path: Path) -> None:
    one = Bounded(tmp_path / "j.sqlite")
    with closing(one.journal) as journal:
        with pytest.raises(JournalFullError, match="full; nothing was written or published"):
            journal.append(LARGE)
        assert (journal.head, journal.read(1, 10)) == (Head(0, GENESIS), [])
        one.limit(1_000_000)
        assert journal.append(LARGE) == 1
        verify(journal)


def test_a_reserve_is_asked_for_once_per_commit(tmp_path: Path) -> None:
    one = Bounded(tmp_path / "j.sqlite", reserves=1)
    with closing(one.journal) as journal:
        assert (journal.append(LARGE), one.reserves) == (1, 0)
        one.limit(0)
        with pytest.raises(JournalFullError):
            journal.append(LARGE)
        assert one.reserves == -1
