"""Everything that can happen to two intents, within bounds: no invariant breaks.

The bounds here take seconds. `make soak` has the larger ones.
"""

import pytest

from tests.exhaustive.scenario import scenario
from tests.exhaustive.search import Found, Search
from tests.simulation.plants import PLANTS

SOAK_S = 400.0


def searched(name: str, *, plant: str = "", states: int = 0, seconds: float = 60, **bounds: int):
    search = Search(
        scenario(name, bounds.pop("intents", 2)),
        faults=bounds["faults"], instants=bounds.get("instants", 1), replaced=PLANTS.get(plant),
    )  # fmt: skip
    return search.run(seconds, states)


def is_sound(found: Found) -> bool:
    assert found.fault == "", found.path
    return found.at_rest > 0


@pytest.mark.parametrize(("name", "intents"), [("pair", 1), ("bracket", 2)])
def test_nothing_breaks_in_any_order_of_all_messages(name: str, intents: int):
    found = searched(name, faults=0, intents=intents)
    assert is_sound(found)
    assert found.is_whole
    assert ("ACCEPTED", "OrderCancelled") in found.covered


@pytest.mark.parametrize("name", ["pair", "bracket"])
def test_nothing_breaks_with_a_fault_among_the_first_states(name: str):
    assert is_sound(searched(name, faults=1, states=250))


@pytest.mark.soak
def test_the_same_search_comes_to_the_same_states():
    first, second = (searched("pair", faults=1, states=150) for _ in range(2))
    assert (first.transitions, first.ran) == (second.transitions, second.ran)


@pytest.mark.soak
def test_a_planted_bug_is_found_and_its_path_is_shown():
    found = searched("pair", plant="stored-reply-forgotten", faults=1, intents=1, states=4_000)
    assert found.fault.startswith("G")
    assert found.is_shortest


@pytest.mark.soak
@pytest.mark.parametrize(
    ("name", "intents", "faults"),
    [("pair", 2, 0), ("pair", 1, 1), ("bracket", 2, 1), ("pair", 2, 2), ("bracket", 2, 3)],
)
def test_nothing_breaks_within_larger_bounds(name: str, intents: int, faults: int):
    assert is_sound(searched(name, faults=faults, intents=intents, instants=2, seconds=SOAK_S))
