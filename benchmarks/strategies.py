"""Strategies that only benchmarks run."""

from decimal import Decimal

import msgspec

from common.events import Quote
from strategy import Strategy


class EveryNthParameters(msgspec.Struct, frozen=True):
    """`every`: how many quotes an order."""

    every: int = 100


class EveryNth(Strategy):
    """Buys and sells one in turn, on every nth quote, at the bid that triggered it.

    The bid carries the quote's number, so the order that comes back leads to its tick.
    """

    Parameters = EveryNthParameters
    _quotes = 0
    _orders = 0

    def on_quote(self, quote: Quote) -> None:
        """Count; at each nth, signal."""
        self._quotes += 1
        if self._quotes % self.parameters.every == 0 and quote.bid is not None:
            self._orders += 1
            order = self.buy if self._orders % 2 else self.sell
            order(quote.symbol, 1, Decimal(repr(quote.bid)))
