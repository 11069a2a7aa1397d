"""Looks for a planted bug: by the search within small bounds first, then by the simulation."""

import re
import time
from typing import Final, Literal, NamedTuple

from tests.exhaustive.scenario import NAMES, scenario
from tests.exhaustive.search import Search
from tests.simulation.order_plants import MASKED_PLANTS, MASKS, with_its_mask
from tests.simulation.plants import FIRED, PLANTS
from tests.simulation.run import simulate
from tests.simulation.seeds import seeds_for

MASKED: Final = {name: with_its_mask(name) for name in MASKED_PLANTS}
ALL: Final = {**PLANTS, **MASKED}
STEPS: Final = 30
FAULTS: Final = 1
STATES: Final = 5_000
"""Of the search, for each scenario: more would rather be left to the simulation."""
By = Literal["both", "search", "simulation"]
GUARANTEE: Final = re.compile(r"G\d|groups|flatten|tail|dead letter|model|shares")


class PlantError(Exception):
    """Something broke where the bug had not done what it does: the plant itself raises, or a check
    is wrong. Neither is a find."""


class Found(NamedTuple):
    """What found a bug, after how much, in how many seconds of CPU. `by` is empty if nothing did;
    `breaks` names the guarantees that did not hold; `without` is the other check that had to be
    taken away, or the bug would have led to nothing."""

    name: str
    by: str
    after: str
    seconds: float
    breaks: str
    without: str


def find(name: str, seeds: int, by: By = "both") -> Found:
    """Look for the bug `name`, with at most `seeds` of the simulation; by one of the two alone.

    Raises `PlantError` if something else than the bug breaks.
    """
    began_s = time.process_time()
    found = _by_search(name) if by != "simulation" else None
    if found is None and by != "search":
        found = _by_simulation(name, seeds)
    what, after, fault = found or ("", f"{seeds} seeds" if by != "search" else "all states", "")
    breaks = ", ".join(sorted({*GUARANTEE.findall(fault)}))
    return Found(name, what, after, time.process_time() - began_s, breaks, MASKS.get(name, ""))


def _by_search(name: str) -> tuple[str, str, str] | None:
    for of in NAMES:
        search = Search(scenario(of), faults=FAULTS, instants=1, replaced=ALL[name])
        FIRED.clear()
        found = search.run(60.0, STATES)
        if found.fault and not FIRED[name]:
            raise PlantError(f"{name} did nothing, and yet: {found.fault}")
        if found.fault:
            return f"search ({of})", f"{found.states} states", found.fault
    return None


def _by_simulation(name: str, seeds: int) -> tuple[str, str, str] | None:
    for number, seed in enumerate(seeds_for(name, seeds + 2), 1):
        result = simulate(seed, STEPS, ALL[name])
        if result.broken and not result.fired.get(name):
            raise PlantError(f"{name} did nothing with seed {seed}, and yet: {result.broken[0]}")
        if result.broken:
            return "simulation", f"{number} seeds", "; ".join(result.broken)
    return None
