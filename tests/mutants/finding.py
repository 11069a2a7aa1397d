"""Looks for a planted bug: by the search within small bounds first, then by the simulation."""

import re
import time
from typing import Final, Literal, NamedTuple

from tests.exhaustive.scenario import scenario
from tests.exhaustive.search import Search
from tests.simulation.order_plants import MASKED_PLANTS, MASKS, with_its_mask
from tests.simulation.plants import FIRED, PLANTS
from tests.simulation.run import simulate
from tests.simulation.seeds import seeds_for

MASKED: Final = {name: with_its_mask(name) for name in MASKED_PLANTS}
ALL: Final = {**PLANTS, **MASKED}
STEPS: Final = 30
FAULTS: Final = 1
SEARCHES: Final = (("pair", 1, 4_000), ("pair", 2, 2_000), ("bracket", 2, 2_000))
"""Scenarios, their intents and how many states of each: more are left to the simulation. With one
intent the search gets further."""
SEARCHED: Final = f"{sum(states for *_, states in SEARCHES):,} states"
By = Literal["both", "search", "simulation"]
GUARANTEE: Final = re.compile(r"G\d|groups|flatten|tail|dead letter|model|shares")


class PlantError(Exception):
    """Something broke where the bug had not done what it does: the plant itself raises, or a check
    is wrong. Neither is a find."""


class Found(NamedTuple):
    """What found a bug, after how much, in how many seconds of CPU. `by` is empty if nothing did;
    `breaks` names the guarantees that did not hold; `without` is the other check that had to be
    taken away, or the bug would have led to nothing. `plant_error` says what is wrong with the
    plant itself: then nothing is known about the checks."""

    name: str
    by: str
    after: str
    seconds: float
    breaks: str
    without: str
    plant_error: str = ""


def find(name: str, seeds: int, by: By = "both") -> Found:
    """Look for the bug `name`, with at most `seeds` of the simulation; by one of the two alone.

    What ends the looking by an exception is an error of the plant: the others can still be found.
    """
    began_s, after = time.process_time(), f"{seeds} seeds" if by != "search" else SEARCHED
    what, fault, error = "", "", ""
    try:
        what, after, fault = _look(name, seeds, by) or (what, after, fault)
    except Exception as raised:  # noqa: BLE001  whatever it is, the other bugs are still looked for
        after = ""
        error = str(raised) if isinstance(raised, PlantError) else f"it raised {raised!r}"
    breaks = ", ".join(sorted({*GUARANTEE.findall(fault)}))
    spent_s = time.process_time() - began_s
    return Found(name, what, after, spent_s, breaks, MASKS.get(name, ""), error)


def _look(name: str, seeds: int, by: By) -> tuple[str, str, str] | None:
    """By what it was found, after how much, and what broke. Raises `PlantError`, and whatever the
    plant raises."""
    found = _by_search(name) if by != "simulation" else None
    if found is None and by != "search":
        found = _by_simulation(name, seeds)
    return found


def _by_search(name: str) -> tuple[str, str, str] | None:
    seen = 0
    for of, intents, states in SEARCHES:
        search = Search(scenario(of, intents), faults=FAULTS, instants=1, replaced=ALL[name])
        FIRED.clear()
        found = search.run(60.0, states)
        seen += found.states
        if found.fault and not FIRED[name]:
            raise PlantError(f"{name} did nothing, and yet: {found.fault}")
        if found.fault:
            return f"search ({of}, intents: {intents})", f"{seen:,} states", found.fault
    return None


def _by_simulation(name: str, seeds: int) -> tuple[str, str, str] | None:
    for number, seed in enumerate(seeds_for(name, seeds + 2), 1):
        result = simulate(seed, STEPS, ALL[name])
        if result.broken and not result.fired.get(name):
            raise PlantError(f"{name} did nothing with seed {seed}, and yet: {result.broken[0]}")
        if result.broken:
            return "simulation", f"{number} seeds", "; ".join(result.broken)
    return None
