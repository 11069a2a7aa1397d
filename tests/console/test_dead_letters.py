"""`tapewire dead-letters`: what was not used, and trying it again."""

from contextlib import closing
from pathlib import Path

import pytest

from tapewire.common.bus import wire
from tapewire.common.delivery.letter_file import LetterFile
from tapewire.common.events import EVERYTHING, RiskHalted
from tests.console.running import Tapewire

HALT = RiskHalted(7, EVERYTHING, "lunch")
T0 = 1_790_000_000_000_000_000


@pytest.fixture
def kept(run_dir: Path) -> Path:
    """Executor has an event that it failed on and a forged signal, risk some bytes."""
    write(run_dir, "executor", T0, "risk.events", "KeyError('AAPL')", wire.encode(HALT))
    write(run_dir, "risk", T0 + 1, "requests", "no request", b"\xc1" * 600)
    write(run_dir, "executor", T0 + 2, "signals", "no token", b"")
    return run_dir


def write(run_dir: Path, role: str, *letter: object) -> None:
    with closing(file_of(run_dir, role)) as file:
        file.keep(*letter)


def file_of(run_dir: Path, role: str) -> LetterFile:
    return LetterFile(run_dir / "dead-letters" / f"{role}.sqlite")


def test_they_are_listed_oldest_first_with_what_they_were_and_why_they_could_not_be_used(
    tapewire: Tapewire, kept: Path
) -> None:
    lines = tapewire("dead-letters").out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("2026-09-21T14:13:20.000000Z  executor/1     risk.events")
    assert lines[0].endswith("risk.halted: KeyError('AAPL')")
    assert lines[1].endswith("600 bytes: no request")
    assert "executor/2" in lines[2]
    assert tapewire("dead-letters", "--process", "risk").out.splitlines() == [lines[1]]
    newest = tapewire("dead-letters", "--limit", "1").out.splitlines()
    assert newest == [lines[2], "2 older ones; --limit shows more"]


def test_without_any_it_says_so(tapewire: Tapewire, run_dir: Path) -> None:
    assert tapewire("dead-letters").out == "no dead letters\n"


def test_one_is_shown_with_all_that_it_was(tapewire: Tapewire, kept: Path) -> None:
    assert '"reason": "lunch"' in tapewire("dead-letters", "show", "executor/1").out
    assert "and 88 bytes more" in tapewire("dead-letters", "show", "risk/1").out
    found = tapewire("dead-letters", "show", "risk/1", "--json").json
    assert (found["body"], found["event"]) == ("c1" * 600, None)
    event = tapewire("dead-letters", "show", "executor/1", "--json").json["event"]
    assert (event["type"], event["reason"]) == ("risk.halted", "lunch")


@pytest.mark.parametrize(
    "name", ["executor/9", "executor", "1", "nobody/1", "/1", "../x/1", f"risk/{9**40}"]
)
def test_one_that_is_not_there_is_refused(tapewire: Tapewire, kept: Path, name: str) -> None:
    ended = tapewire("dead-letters", "show", name)
    assert ended.status == 2
    assert f"no dead letter is called '{name}'; `tapewire dead-letters` lists them" in ended.err


def test_what_somebody_asked_for_is_not_handed_back(tapewire: Tapewire, kept: Path) -> None:
    ended = tapewire("dead-letters", "retry", "executor/2")
    assert ended.status == 2
    assert "executor/2 came from signals and is not handed back" in ended.err
    with closing(file_of(kept, "executor")) as file:
        assert not any(letter.wanted for letter in file.all())


def test_a_process_that_does_not_run_takes_it_later(tapewire: Tapewire, kept: Path) -> None:
    (kept / "status" / "executor.json").unlink(missing_ok=True)
    ended = tapewire("dead-letters", "retry", "executor/1")
    assert (ended.status, ended.out) == (0, "executor/1 is taken when executor runs\n")
    with closing(file_of(kept, "executor")) as file:
        assert [letter.id for letter in file.wanted()] == [1]


def test_one_or_all_are_dropped_and_neither_by_accident(tapewire: Tapewire, kept: Path) -> None:
    for arguments in ((), ("executor/1", "--all")):
        assert tapewire("dead-letters", "drop", *arguments).status == 2
    assert tapewire("dead-letters", "drop", "executor/1").out == "dropped 1 dead letter\n"
    assert len(tapewire("dead-letters").out.splitlines()) == 2
    assert tapewire("dead-letters", "drop", "--all", "--json").json == {"dropped": 2}
    assert tapewire("dead-letters").out == "no dead letters\n"
