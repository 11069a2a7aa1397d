"""Small changes of a source: which there are, that each is made, and that tests notice them."""

from pathlib import Path

import pytest

from tests.tokens import __main__ as command
from tests.tokens.__main__ import CORES, BaselineError, Core, sample, tries
from tests.tokens.changes import changes_of

SOURCE = '''
"""Not this 1 < 2."""

LIMIT = 5


class Queue:
    """Neither a docstring nor an annotation nor an attribute that is set for the first time."""

    def __init__(self) -> None:
        self.count = 0

    def __repr__(self) -> str:
        return f"{self.count + 1}"

    def add(self, more: int = 3) -> bool:
        """Nor 1 + 1."""
        assert more > 0
        é: tuple[int, int] = (7, more)
        self.note("größer", é[0] < more)  # über
        if self.count + more > LIMIT and not self.full:
            return False
        self.count += more
        return True
'''
CHANGED = {
    "0 -> 1",
    "7 -> 8",
    "< -> <=",
    "< -> >=",
    "+ -> -",
    "> -> >=",
    "> -> <=",
    "and -> or",
    "not -> ",
    "False -> True",
    "True -> False",
    "+= -> -=",
    'self.note("größer", é[0] < more) -> pass',
    "if self.count + more > LIMIT and not self.full: return False -> pass",
    "self.count += more -> pass",
}
CODE = """
def larger(one: int, other: int) -> int:
    return one if one > other else other


def last(most: int) -> int:
    number = 0
    while number < most:
        number += 1
    return number
"""
TEST = """
import sys
sys.path.insert(0, {folder!r})
from small import larger, last


def test_larger():
    assert (larger(1, 2), last(3)) == (2, 3)
"""


def test_every_change_of_what_functions_do_and_no_other(tmp_path: Path):
    path = tmp_path / "queue.py"
    path.write_text(SOURCE)
    changes = changes_of(path)
    assert {f"{' '.join(one.old.split())} -> {one.new}" for one in changes} == CHANGED
    assert [one.line for one in changes if one.old == "+="] == [23]
    for one in changes:
        changed = one.applied()
        compile(changed, path, "exec")
        assert len(changed) == len(SOURCE.encode()) + len(one.new) - len(one.old.encode())


def small(tmp_path: Path, test: str = TEST) -> tuple[Core, Path]:
    (tmp_path / "small.py").write_text(CODE)
    (tmp_path / "test_small.py").write_text(test.format(folder=str(tmp_path)))
    return Core((f"{tmp_path}/small.py",), (f"{tmp_path}/test_small.py",)), tmp_path / "small.py"


def test_what_a_test_notices_is_caught_and_what_it_does_not_survives(tmp_path: Path):
    core, path = small(tmp_path)
    wanted = {"> -> >=": False, "> -> <=": True, "1 -> 2": True}
    changes = [one for one in changes_of(path) if f"{one.old} -> {one.new}" in wanted]
    found = {
        f"{one.change.old} -> {one.change.new}": bool(one.caught_by) for one in tries(core, changes)
    }
    assert found == wanted
    assert path.read_text() == CODE


def test_a_change_that_has_no_end_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(command, "SLACK_S", 1)
    core, path = small(tmp_path)
    (endless,) = [one for one in changes_of(path) if one.old == "number += 1"]
    (tried,) = tries(core, [endless])
    assert tried.caught_by.startswith("no end within")


def test_tests_that_fail_without_a_change_say_nothing(tmp_path: Path):
    core, path = small(tmp_path, TEST.replace("== (2, 3)", "== (2, 4)"))
    with pytest.raises(BaselineError, match="1 failed"):
        list(tries(core, changes_of(path)[:1]))


def test_a_sample_is_the_same_for_the_same_seed():
    core = CORES["executor"]
    assert sample(core, 1, 5) == sample(core, 1, 5) != sample(core, 2, 5)
    assert len(sample(core, 1, 10**6)) > 300


def test_every_core_has_sources_and_tests():
    for core in CORES.values():
        assert command.files(core.sources, "*.py")
        for path in command.files((*core.sources, *core.tests, *core.apart), "*.py"):
            assert path.is_file()
