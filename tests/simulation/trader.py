"""A strategy that trades, changes and cancels: every fault meets an order under way."""

from decimal import Decimal
from typing import ClassVar

import msgspec

from tapewire.common.events import Quote
from tapewire.strategy import Strategy


class TraderParameters(msgspec.Struct, frozen=True):
    """A signal every `every` quotes, up to `until_ns`; every third one a limit order, which rests
    at times. Between them orders are changed and cancelled, some before they were answered."""

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
        turn, place = divmod(self.quotes, self.parameters.every)
        if quote.bid is None or quote.ts_ns > self.parameters.until_ns:
            return
        if place == 0:
            self.trade(turn, quote.symbol, Decimal(repr(quote.bid)))
        elif place == 2:
            self.change(turn)
        elif place == 4 and turn % 2 and self.orders:
            self.cancel(self.orders[turn % len(self.orders)].id)

    def trade(self, turn: int, symbol: str, bid: Decimal) -> None:
        """A market order, or a limit order at the bid or one away from it."""
        is_buy = bool(turn % 2)
        limit = bid + turn % 2 * -1 if turn % 4 else bid
        act = self.buy if is_buy else self.sell
        order_id = act(
            symbol, self.parameters.quantity + turn % 4, limit if turn % 3 == 0 else None
        )
        if turn % 11 == 0:
            self.cancel(order_id)  # nobody has answered it yet
        elif turn % 13 == 0:
            self.modify(order_id, self.parameters.quantity + 9)

    def change(self, turn: int) -> None:
        """Another quantity, another limit, or both, for an order that rests."""
        resting = [order for order in self.orders if order.limit_price is not None]
        if not resting:
            return
        order = resting[turn % len(resting)]
        quantity = max(order.filled + 1, order.quantity + turn % 7 - 3)
        limit = order.limit_price + turn % 3 - 1
        if turn % 5 == 0:
            self.modify(order.id, quantity)
        elif turn % 5 == 1:
            self.modify(order.id, limit_price=limit)
        else:
            self.modify(order.id, quantity, limit)
        if turn % 9 == 0:
            self.cancel(order.id)
