"""One symbol's market: its quote, its last trade, and the orders that wait there."""

from decimal import Decimal

import msgspec

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.simulator.exchange.orders import Order


class QuoteSide(msgspec.Struct, gc=False):
    """One side of a quote as its source wrote it; `left` is what orders have left of `size`."""

    price: str | None = None
    size: str | None = None
    left: Decimal | None = None  # None: nothing taken yet
    number: int = 0  # counts the prices that came while an order was held

    def shown(self) -> tuple[Decimal, Decimal] | None:
        """The price and the size still available; None if there is nothing to trade with."""
        if self.price is None or self.size is None:
            return None
        if self.left is None:
            self.left = Decimal(self.size)
        return (Decimal(self.price), self.left) if self.left > 0 else None

    def quoted(self) -> Decimal | None:
        """The price, whatever is left of it; None for an empty side, which has -1 and no size."""
        if self.price is None:
            return None
        price = Decimal(self.price)
        return None if price == -1 and not Decimal(self.size or 0) else price


class Book:
    """One symbol: its quote, its last trade, and its open orders."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.bid = QuoteSide()
        self.ask = QuoteSide()
        self.last: str | None = None
        self.last_size: str | None = None
        self.last_number = 0  # counts the trades that came while an order was held
        self.buys: list[Order] = []
        self.sells: list[Order] = []
        self.pegs: list[Order] = []  # pegged to the midpoint, oldest first
        self.stops: list[Order] = []  # held until triggered, in no order

    def take(self, row: Row) -> None:
        """Apply a market row. It is the hottest place of the exchange, hence flat."""
        bid, ask = self.bid, self.ask
        if row.bid is not None:
            bid.price, bid.left = row.bid, None
        if row.bid_size is not None:
            bid.size, bid.left = row.bid_size, None
        if row.ask is not None:
            ask.price, ask.left = row.ask, None
        if row.ask_size is not None:
            ask.size, ask.left = row.ask_size, None
        if row.last is not None:
            self.last, self.last_size = row.last, row.last_size
        if self.stops:
            self._count(row)

    def _count(self, row: Row) -> None:
        """Number the prices that came: two in a row can matter to an order that is held."""
        self.bid.number += row.bid is not None
        self.ask.number += row.ask is not None
        self.last_number += row.last is not None

    def current(self, ts_ns: int) -> Row:
        """The market as it stands, in one row."""
        symbol, bid, ask = self.instrument.symbol, self.bid, self.ask
        return Row(
            ts_ns, symbol, bid.price, ask.price, bid.size, ask.size, self.last, self.last_size
        )

    def waiting(self, order: Order) -> list[Order]:
        """The orders that wait where this one does: held, pegged, or on its side, best first."""
        if order.is_held:
            return self.stops
        if order.kind.is_pegged:
            return self.pegs
        return self.buys if order.side == "BUY" else self.sells

    def opposite(self, order: Order) -> QuoteSide:
        """The side of the quote that the order would trade with."""
        return self.ask if order.side == "BUY" else self.bid

    def own(self, order: Order) -> QuoteSide:
        """The side of the quote that the order is a part of while it rests at the best price."""
        return self.bid if order.side == "BUY" else self.ask

    def traded(self) -> Decimal | None:
        """The price of the last trade."""
        return None if self.last is None else Decimal(self.last)

    def middle(self) -> Decimal | None:
        """The midpoint of the quote; None with a side missing."""
        bid, ask = self.bid.quoted(), self.ask.quoted()
        return None if bid is None or ask is None else (bid + ask) / 2

    def mark(self) -> Decimal | None:
        """A price to value positions by: the midpoint of the quote, else the last trade."""
        middle = self.middle()
        return self.traded() if middle is None else middle

    def auction_price(self) -> Decimal | None:
        """The price of an auction at this moment: the last trade's, else the midpoint."""
        traded = self.traded()
        return self.middle() if traded is None else traded
