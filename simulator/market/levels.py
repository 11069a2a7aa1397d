"""Where the price of a contract begins, where its kind says it: futures and pairs of currencies."""

import random
from decimal import Decimal

from tapewire.common.instruments import Instrument
from tapewire.common.shorthands import FUTURE, PAIR
from tapewire.simulator.exchange import futures
from tapewire.simulator.exchange.made import currencies_of, pair_level

FUTURE_MOVED = 0.1
PAIR_MOVED = 0.03
"""How far from what its kind is about a price begins at most, as a share of it."""


def level_of(instrument: Instrument, seed: int) -> Decimal | None:
    """Where a contract begins with a seed; None if its kind does not say it."""
    if instrument.sec_type == PAIR:
        return pair_start(instrument, seed)
    if instrument.sec_type != FUTURE:
        return None
    product = futures.PRODUCTS.get(instrument.underlying, futures.OTHER)
    return _near(float(product.level), FUTURE_MOVED, instrument.underlying, instrument, seed)


def pair_start(instrument: Instrument, seed: int) -> Decimal | None:
    """Where a pair of currencies begins with a seed; None for anything else."""
    pair = currencies_of(instrument)
    if pair is None:
        return None
    return _near(pair_level(*pair), PAIR_MOVED, pair[0], instrument, seed)


def _near(about: float, moved: float, what: str, instrument: Instrument, seed: int) -> Decimal:
    chance = random.Random(f"{seed} level {what} {instrument.currency}")
    return Decimal(repr(about * chance.uniform(1 - moved, 1 + moved)))
