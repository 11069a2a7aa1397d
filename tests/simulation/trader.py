"""A strategy that trades all the time, so that every fault meets an order under way."""

from decimal import Decimal
from typing import ClassVar

import msgspec

from common.events import Quote
from strategy import Strategy


class TraderParameters(msgspec.Struct, frozen=True):
    """A signal every `every` quotes, up to `until_ns`; every third one a resting limit order."""

    every: int = 7
    until_ns: int = 0
    quantity: int = 5


class Trader(Strategy):
    """Buys and sells in turn, whatever the price."""

    Parameters: ClassVar[type[msgspec.Struct]] = TraderParameters

    def on_start(self) -> None:
        self.quotes = 0

    def on_quote(self, quote: Quote) -> None:
        self.quotes += 1
        due = self.quotes % self.parameters.every == 0
        if not due or quote.bid is None or quote.ts_ns > self.parameters.until_ns:
            return
        turn = self.quotes // self.parameters.every
        limit = Decimal(repr(quote.bid)) if turn % 3 == 0 else None
        act = self.buy if turn % 2 else self.sell
        act(quote.symbol, self.parameters.quantity + turn % 4, limit)
