"""What the benchmark `costs` measures is linear, in counted steps; and its figures are whole."""

import pytest

from tapewire.benchmarks.costs import CASES
from tests import counted
from tests.benchmarks.running import figures_of, goals_are_whole


@pytest.mark.parametrize("name", CASES)
def test_ten_times_the_work_takes_ten_times_the_steps(name: str) -> None:
    few, many = (counted.steps(CASES[name](count)) for count in (20, 200))
    assert many < 13 * few


def test_every_case_is_measured_at_both_sizes() -> None:
    figures = figures_of("costs", "--count", "10", "--steps", "0")
    assert set(figures["ms"]) == set(CASES)
    assert all(few > 0 and many > 0 for few, many in figures["ms"].values())
    assert goals_are_whole(figures)


def test_a_simulation_is_one_of_them_in_a_checkout() -> None:
    figures = figures_of("costs", "--count", "10", "--steps", "1")
    assert "a simulation of 1 steps" in figures["ms"]
