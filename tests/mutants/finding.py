"""Looks for a planted bug: by the search within small bounds first, then by the simulation."""

import re
import time
from typing import Final, NamedTuple

from tests.exhaustive.scenario import NAMES, scenario
from tests.exhaustive.search import Search
from tests.simulation.combo_plants import COMBO_PLANTS
from tests.simulation.group_plants import GROUP_PLANTS
from tests.simulation.order_plants import MASKED_PLANTS, MASKS, OPEN_PLANTS, with_its_mask
from tests.simulation.plants import PLANTS
from tests.simulation.run import COMBOS_AT, GROUPS_EVERY, simulate

MASKED: Final = {name: with_its_mask(name) for name in MASKED_PLANTS}
ALL: Final = {**PLANTS, **MASKED, **OPEN_PLANTS}
STEPS: Final = 30
FAULTS: Final = 1
STATES: Final = 5_000
"""Of the search, for each scenario: more would rather be left to the simulation."""
GUARANTEE: Final = re.compile(r"G\d|groups|flatten|tail|dead letter|model|shares")


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


def find(name: str, seeds: int) -> Found:
    """Look for the bug `name`, with at most `seeds` of the simulation."""
    began_s = time.process_time()
    found = _by_search(name) or _by_simulation(name, seeds)
    by, after, fault = found or ("", f"{seeds} seeds", "")
    breaks = ", ".join(sorted({*GUARANTEE.findall(fault)}))
    return Found(name, by, after, time.process_time() - began_s, breaks, MASKS.get(name, ""))


def _by_search(name: str) -> tuple[str, str, str] | None:
    for of in NAMES:
        search = Search(scenario(of), faults=FAULTS, instants=1, replaced=ALL[name])
        found = search.run(60.0, STATES)
        if found.fault:
            return f"search ({of})", f"{found.states} states", found.fault
    return None


def _by_simulation(name: str, seeds: int) -> tuple[str, str, str] | None:
    """The seeds that trade what the bug is about; of others, all."""
    tried = range(2, seeds + 2)
    if name in GROUP_PLANTS or name.startswith("bracket-"):
        tried = range(GROUPS_EVERY - 1, seeds, GROUPS_EVERY)
    elif name in COMBO_PLANTS:
        tried = range(COMBOS_AT, seeds, GROUPS_EVERY)
    for number, seed in enumerate(tried, 1):
        result = simulate(seed, STEPS, ALL[name])
        if result.broken and result.fired.get(name):
            return "simulation", f"{number} seeds", "; ".join(result.broken)
    return None
