"""The head of risk's journal in a file elsewhere: a lower bound, whenever the process dies."""

import os
from contextlib import closing
from pathlib import Path

import pytest

from tapewire.common.events import EVERYTHING, RiskHalted
from tapewire.common.runtime import head_log
from tapewire.common.runtime.head_file import HeadFile
from tapewire.common.runtime.head_log import HeadLog, Line
from tapewire.common.runtime.heads import Heads, Remembered
from tapewire.common.runtime.journal import Head, JournalDamagedError
from tapewire.common.runtime.memory_journal import MemoryJournal

HALTS = [RiskHalted(n, EVERYTHING, "x") for n in range(5)]


def journal(count: int, reason: str = "x") -> MemoryJournal:
    one = MemoryJournal()
    one.append([RiskHalted(n, EVERYTHING, reason) for n in range(count)])
    return one


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def start(tmp_path: Path, said: list[str]):
    """A start of risk whose own memory in the run directory was put back as well."""
    (tmp_path / "heads").mkdir()

    def start(path: Path = tmp_path / "audit.jsonl") -> tuple[Heads, HeadLog]:
        (tmp_path / "heads" / "risk.json").unlink(missing_ok=True)
        log = HeadLog(path, said.append)
        return Heads("risk", HeadFile(tmp_path, "risk"), log), log

    return start


def run_on(start, own: MemoryJournal) -> None:
    heads, log = start()
    heads.require(own)
    with closing(log):
        heads.keep(own, 0)


def test_each_new_head_is_a_line_and_an_old_one_is_none(start, tmp_path: Path) -> None:
    for count in (2, 2, 3):
        run_on(start, journal(count))
    lines = head_log.read(tmp_path / "audit.jsonl")
    assert [line.head for line in lines] == [journal(2).head, journal(3).head]


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (journal(2), "ends at record 2, but 3 were seen"),
        (journal(3, "y"), "has another record 3 than was seen"),
        (journal(9, "y"), "has another record 3 than was seen"),
        (None, "ends at record 0, but 3 were seen"),
    ],
)
def test_a_start_finds_what_was_put_back_in_the_whole_run_directory(
    start, tmp_path: Path, found: MemoryJournal | None, fault: str
) -> None:
    run_on(start, journal(3))
    with pytest.raises(JournalDamagedError, match=fault) as raised:
        start()[0].require(found)
    assert str(tmp_path / "audit.jsonl") in str(raised.value)


def test_a_death_between_a_record_and_its_head_is_no_damage(start) -> None:
    run_on(start, journal(3))
    start()[0].require(journal(4))


@pytest.mark.parametrize("kept", range(1, 60, 7))
def test_a_death_within_a_line_is_no_damage_and_the_next_line_is_whole(
    start, tmp_path: Path, kept: int
) -> None:
    run_on(start, journal(3))
    run_on(start, journal(4))
    path = tmp_path / "audit.jsonl"
    first, second, _ = path.read_bytes().split(b"\n")
    path.write_bytes(first + b"\n" + second[:kept])
    start()[0].require(journal(3))
    run_on(start, journal(5))
    assert [line.seq for line in head_log.read(path)] == [3, 5]


def test_a_head_that_no_disk_was_waited_for_counts_until_the_machine_restarts() -> None:
    lines = [Line(1, 3, "c3", durable=False, boot="a"), Line(2, 2, "c2", boot="a")]
    assert [line.seq for line in head_log.counted(lines, "a")] == [3, 2]
    assert [line.seq for line in head_log.counted(lines, "b")] == [2]


def test_of_a_long_file_only_the_end_is_looked_at_where_that_has_a_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "audit.jsonl"
    for seq in range(1, 9):
        head_log.append(path, Line(1, seq, f"c{seq}", durable=seq < 5, boot="a"))
    whole, taken = head_log.read(path), []
    monkeypatch.setattr(head_log, "END_BYTES", 100)
    reading = head_log.read
    monkeypatch.setattr(
        head_log, "read", lambda path, last=None: taken.append(last) or reading(path, last)
    )
    assert head_log.newest(path, "a") == whole[-1]
    assert taken == [100]
    assert head_log.newest(path, "b") == whole[3], "what no disk was waited for is over"


def test_what_a_person_has_accepted_ends_what_was_before(start, tmp_path: Path) -> None:
    run_on(start, journal(5))
    head_log.accept(tmp_path / "audit.jsonl", Head(*journal(2).head), "restored")
    start()[0].require(journal(2))
    with pytest.raises(JournalDamagedError):
        start()[0].require(journal(1))


def test_a_place_that_cannot_be_written_is_said_once_and_tried_again(
    start, tmp_path: Path, said: list[str]
) -> None:
    place = tmp_path / "share"
    heads, log = start(place / "audit.jsonl")
    heads.require(journal(3))
    for now_ns in range(3):
        heads.keep(journal(3), now_ns)
    log.close()
    assert len(said) == 1
    assert "is not written to" in said[0]
    place.mkdir()
    heads, log = start(place / "audit.jsonl")
    with closing(log):
        log.fault = "as before"
        heads.keep(journal(3), 0)
    assert said[1].endswith("can be written again")
    assert [line.seq for line in head_log.read(log.path)] == [3]


def test_a_place_that_does_not_answer_keeps_nobody_waiting(
    start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reads, writes = os.pipe()
    monkeypatch.setattr(head_log, "append", lambda *_: os.read(reads, 1))
    monkeypatch.setattr(head_log, "CLOSE_MAX_S", 0.05)
    _, log = start()
    for seq in range(1, 100):
        log.note(Remembered(seq, f"c{seq}"))
    log.close()
    assert log._waiting is not None
    assert log._waiting.seq == 99, "of what waits only the newest is kept"
    os.write(writes, b"xx")
    log._thread.join(5)
