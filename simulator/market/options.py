"""The synthetic market's options: quotes made from the price of what they are on.

Each strike of an expiry has a volatility of its own, which never changes: higher the further it is
from the first price of the underlying, as traders have it, and a little by chance. Call and put of
a strike share it. So quotes move with the underlying and with time, and with nothing else.
"""

import math
import random
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from tapewire.common.instruments import Instrument
from tapewire.common.options import OptionTerms, years_left
from tapewire.simulator.exchange.black_scholes import worth

LEVEL: Final = 0.22
SMILE: Final = 0.35
CHANCE: Final = 0.01
VOL_MAX: Final = 1.5
HALF_SPREAD: Final = Decimal("0.01")
"""Of the price, on either side of it; at least half a price step."""


def vol_of(terms: OptionTerms, first: float, seed: int) -> float:
    """The volatility of a strike, with the underlying at `first` in the beginning."""
    chance = random.Random(f"{seed} {terms.underlying} {terms.expiry} {terms.strike:f}")
    away = math.log(float(terms.strike) / first)
    return min(VOL_MAX, LEVEL + SMILE * away * away + chance.uniform(-CHANCE, CHANCE))


class OptionQuotes:
    """The quotes of one option."""

    def __init__(self, instrument: Instrument, terms: OptionTerms, first: float, seed: int) -> None:
        self.symbol = instrument.symbol
        self._terms = terms
        self._tick = instrument.min_tick
        self._vol = vol_of(terms, first, seed)

    def at(self, spot: float, now_ns: int) -> tuple[Decimal, Decimal]:
        """Bid and ask with the underlying at `spot`, on the grid of its prices, above 0."""
        terms = self._terms
        years = years_left(terms.expiry, now_ns)
        fair = worth(terms.right, float(terms.strike), spot, years, self._vol).price
        middle, tick = Decimal(repr(round(fair, 6))), self._tick
        half = max(tick / 2, middle * HALF_SPREAD)
        bid = max(Decimal(1), ((middle - half) / tick).to_integral_value(ROUND_FLOOR))
        ask = max(bid + 1, ((middle + half) / tick).to_integral_value())
        return bid * tick, ask * tick
