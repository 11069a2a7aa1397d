"""What breaks by itself is not a find: a bug must have done what it does."""

from typing import Any

import pytest

from tests.exhaustive.search import Found
from tests.mutants import finding
from tests.mutants.__main__ import main
from tests.simulation.plants import PLANTS
from tests.simulation.run import Result

NAME = "working-ignored"


def simulated(monkeypatch: pytest.MonkeyPatch, *broken: str, **fired: int) -> None:
    """Each simulation comes to that."""
    counts = {name.replace("_", "-"): count for name, count in fired.items()}

    def simulate(seed: int, _steps: int, replaced: Any) -> Result:
        assert replaced is PLANTS[NAME]
        return Result(seed, [*broken], {}, 0, 0, 0, 0, counts)

    monkeypatch.setattr(finding, "simulate", simulate)


def test_what_breaks_where_the_bug_did_something_is_found(monkeypatch: pytest.MonkeyPatch):
    simulated(monkeypatch, "G5: risk was added", working_ignored=1)
    found = finding.find(NAME, 3, "simulation")
    assert (found.by, found.after, found.breaks) == ("simulation", "1 seeds", "G5")


def test_a_bug_that_breaks_nothing_has_survived(monkeypatch: pytest.MonkeyPatch):
    simulated(monkeypatch, working_ignored=1)
    found = finding.find(NAME, 3, "simulation")
    assert (found.by, found.after) == ("", "3 seeds")


def test_what_breaks_where_the_bug_did_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch):
    simulated(monkeypatch, "dead letter of gateway: AttributeError()")
    found = finding.find(NAME, 3, "simulation")
    assert (found.by, found.breaks) == ("", "")
    assert found.plant_error.startswith(f"{NAME} did nothing with seed 2, and yet: dead letter")


def test_nor_is_what_breaks_in_the_search_found_where_the_bug_did_nothing(
    monkeypatch: pytest.MonkeyPatch,
):
    broken = Found("pair", 1, fault="dead letter of gateway: AttributeError()")
    monkeypatch.setattr(finding.Search, "run", lambda *_: broken)
    found = finding.find(NAME, 3, "search")
    assert (found.by, found.plant_error) == ("", f"{NAME} did nothing, and yet: {broken.fault}")


def test_a_broken_plant_is_a_row_and_the_others_are_still_looked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """A method that a plant replaces may have another name by now."""
    of = {build: name for name, plant in PLANTS.items() for build in plant.values()}

    def simulate(seed: int, _steps: int, replaced: Any) -> Result:
        name = of[next(iter(replaced.values()))]
        if name == NAME:
            raise AttributeError("no gate")
        return Result(seed, ["G1: twice"], {}, 0, 0, 0, 0, {name: 1})

    monkeypatch.setattr(finding, "simulate", simulate)
    assert main([NAME, "one-too-many", "--by", "simulation"]) == 2
    _, _, broken, found = capsys.readouterr().out.splitlines()
    assert f"| {NAME} | this plant is broken: it raised AttributeError('no gate') |" in broken
    assert "| one-too-many | simulation | 1 seeds," in found


def test_a_survivor_is_not_an_error_of_its_plant(monkeypatch: pytest.MonkeyPatch):
    simulated(monkeypatch, working_ignored=1)
    assert main([NAME, "--by", "simulation", "--seeds", "1"]) == 1
