"""The synthetic market's options: quotes made from the price of what they are on.

Each strike of an expiry has a volatility of its own, which never changes: higher the further it is
from the first price of the underlying, as traders have it, and a little by chance. Call and put of
a strike share it. So quotes move with the underlying and with time, and with nothing else.
"""

import math
import random
from collections.abc import Iterator
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from tapewire.common.instruments import Instrument
from tapewire.common.options import OptionTerms, years_left
from tapewire.common.ticks.rows import Row
from tapewire.simulator.exchange.black_scholes import worth
from tapewire.simulator.market.past import DAY_S, NS_PER_S, SymbolPast
from tapewire.simulator.market.screen import Screen
from tapewire.simulator.market.summary import Summary, summarise

LEVEL: Final = 0.22
SMILE: Final = 0.35
CHANCE: Final = 0.01
VOL_MAX: Final = 1.5
QUOTED_EVERY_S: Final = 300
PAST_DAYS: Final = 90
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


class OptionPast:
    """What an option's quotes were before the market began: one every five minutes, from the price
    of its underlying. Before `end_s` it existed for `PAST_DAYS`."""

    has_trades: Final = False

    def __init__(self, quotes: OptionQuotes, on: SymbolPast, end_s: int) -> None:
        self._quotes = quotes
        self._on = on
        self._end_s = end_s
        self.first_s = max(on.first_s, (end_s // DAY_S - PAST_DAYS) * DAY_S)

    def summary(self, from_s: int, to_s: int) -> Summary:
        """What the quotes from one second on and before another come to."""
        whole: Summary = {}
        screen = Screen()
        for _, row in self.rows(from_s, to_s):
            summarise(row, screen, whole)
        return whole

    def rows(self, from_s: int, to_s: int) -> Iterator[tuple[int, Row]]:
        """The quotes from one second on and before another, with their times in nanoseconds."""
        first = -(-max(from_s, self.first_s) // QUOTED_EVERY_S) * QUOTED_EVERY_S
        for second in range(first, min(to_s, self._end_s), QUOTED_EVERY_S):
            at_ns = second * NS_PER_S
            bid, ask = self._quotes.at(self._on.price(second), at_ns)
            sides = (format(bid, "f"), format(ask, "f"))
            yield at_ns, Row(at_ns, self._quotes.symbol, *sides, "10", "10", None, None)
