"""What the number of a seed says of its storm: what is traded, under which limit, and whether links
are slow. So of a hundred seeds in a row each kind of storm is there, and a planted bug is looked
for where it can do something.
"""

from decimal import Decimal
from typing import Final

from tests.simulation.combo_plants import COMBO_PLANTS
from tests.simulation.group_plants import GROUP_PLANTS

GROUPS_EVERY: Final = 4
COMBOS_AT: Final = 1  # of every four, those that trade combos
LADDERS_EVERY: Final = 8
CLOGS_EVERY: Final = 3
CLOGS_AT: Final = 2  # of every three, those in which links are slow for seconds
LIMIT: Final = Decimal(60)
NARROW_EVERY: Final = 6
NARROW_AT: Final = 5  # of every six, those in which an order or two are the limit
NARROW: Final = Decimal(20)
HOLDS_EVERY: Final = 5  # those in which TWS holds back orders until they are called lost
CLOGGED: Final = ("lease-never-expires",)
NARROWED: Final = ("no-welcome",)
"""Bugs that show where links are slow, and the limit is narrow too."""
HELD_BACK: Final = ("late-accept-ignored",)
"""Bugs that show where TWS takes an order that was called lost, and no checkpoint has forgotten it
by then, as in every other seed."""


def limit_of(seed: int) -> Decimal:
    """How much of an instrument a seed's strategies may hold."""
    return NARROW if seed % NARROW_EVERY == NARROW_AT else LIMIT


def seeds_for(plant: str, stop: int) -> range:
    """The seeds below `stop` in which a planted bug can show; of others than the first two, all."""
    if plant in GROUP_PLANTS or plant.startswith("bracket-"):
        return range(GROUPS_EVERY - 1, stop, GROUPS_EVERY)
    if plant in COMBO_PLANTS:
        return range(COMBOS_AT, stop, GROUPS_EVERY)
    if plant in NARROWED:
        return range(NARROW_AT, stop, NARROW_EVERY)
    if plant in HELD_BACK:
        return range(2 * HOLDS_EVERY, stop, 2 * HOLDS_EVERY)
    if plant in CLOGGED:
        return range(CLOGS_AT, stop, CLOGS_EVERY)
    return range(2, stop)
