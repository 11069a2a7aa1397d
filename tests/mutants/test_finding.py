"""What breaks by itself is no find: a bug must have done what it does."""

from typing import Any

import pytest

from tests.exhaustive.search import Found
from tests.mutants import finding
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
    with pytest.raises(finding.PlantError, match=f"{NAME} did nothing with seed 2, .*Attribute"):
        finding.find(NAME, 3, "simulation")


def test_nor_is_what_breaks_in_the_search_found_where_the_bug_did_nothing(
    monkeypatch: pytest.MonkeyPatch,
):
    broken = Found("pair", 1, fault="dead letter of gateway: AttributeError()")
    monkeypatch.setattr(finding.Search, "run", lambda *_: broken)
    with pytest.raises(finding.PlantError, match=f"{NAME} did nothing, .*Attribute"):
        finding.find(NAME, 3, "search")
