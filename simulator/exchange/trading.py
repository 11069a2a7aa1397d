"""Trading: what orders do when the market reaches them, one symbol at a time, as the models say.

Where an order stands in the queue
----------------------------------
With the queue `shown` a resting limit order has `ahead`, the size that is before it at its limit.
That is what its own side of the quote shows there when it joins: nothing if its limit is better
than the quote. A limit behind the quote joins a level that nobody shows, so it is not known what is
ahead (None) until the quote comes to that level, and then it is all that is shown there. As it
counts those as ahead who joined later, an order fills later than it would have.

Only trades at the limit make it less; what others cancel does not. Once the quote of its own side
is worse than its limit, nobody is ahead. An order with nobody ahead trades as soon as the opposite
quote is at its limit; until then the opposite quote has to be beyond it. A row that has both a
trade and a quote is the trade first: the quote is what it left.
"""

from decimal import Decimal
from typing import Final

from tapewire.common.order_checks import BELOW_ZERO
from tapewire.simulator.exchange.book import Book
from tapewire.simulator.exchange.commissions import Commissions
from tapewire.simulator.exchange.executing import execute, is_no_worse, reaches
from tapewire.simulator.exchange.fill_models import FillModels
from tapewire.simulator.exchange.orders import ZERO, Execution, Order

BLOCKED: Final = (1, 2)
"""The types of OCA groups of which one order at a time is at the exchange."""


class Trading:
    """Lets orders trade with their book. `traded` has the OCA groups of which an order has traded
    against the same change of the market."""

    def __init__(self, models: FillModels) -> None:
        self.models = models
        self.commissions = Commissions(models.tariffs)

    @property
    def has_queues(self) -> bool:
        """Whether it matters to a resting order what is before it."""
        return self.models.queue == "shown"

    def execute(self, order: Order, shares: Decimal, price: Decimal, ts_ns: int) -> Execution:
        """Let an order trade, whatever the market shows."""
        return execute(order, shares, price, ts_ns, self.commissions)

    # ---- against the quote -----------------------------------------------------------------------

    def sweep(
        self, book: Book, waiting: list[Order], now_ns: int, traded: set[str]
    ) -> list[Execution]:
        """Let the orders of a side meet the quote. Of a group with block, one trades."""
        done = []
        for order in list(waiting):
            if order.workable <= 0 or _is_blocked(order, traded):
                continue
            execution = self.meet(book, order, now_ns)
            if execution is not None:
                done.append(execution)
                traded.add(order.oca_group)
            elif order.limit is not None and not self.has_queues:
                break  # the limits of the other orders are further away
        waiting[:] = [order for order in waiting if order.remaining]
        return done

    def meet(self, book: Book, order: Order, now_ns: int) -> Execution | None:
        """Let an order meet the opposite quote."""
        side = book.opposite(order)
        shown = side.shown()
        if shown is None:
            return None
        price, left = shown
        shares = min(order.workable, left) if self.models.partial else order.workable
        if shares <= 0 or not reaches(order, price) or self._waits(order, price):
            return None
        if self.models.partial:
            side.left = left - shares
        if order.resting and order.limit is not None:
            price = order.limit
        else:
            price = self.slipped(order, price)
        return self.execute(order, shares, price, now_ns)

    def can_fill(self, book: Book, order: Order) -> bool:
        """Whether all that remains of an order could trade with the quote at once."""
        shown = book.opposite(order).shown()
        if shown is None:
            return False
        price, left = shown
        return (left >= order.remaining or not self.models.partial) and reaches(order, price)

    def slipped(self, order: Order, price: Decimal) -> Decimal:
        """Where an order trades that takes from a quote at `price`: worse by the slippage, but not
        beyond its limit, nor at a price that the contract cannot have."""
        slippage, instrument = self.models.slippage, order.instrument
        if slippage.is_none:
            return price
        distance = slippage.of(price, instrument.min_tick)
        limit = order.limit
        if order.side == "BUY":
            return price + distance if limit is None else min(price + distance, limit)
        found = price - distance if limit is None else max(price - distance, limit)
        if found <= 0 < price and instrument.sec_type not in BELOW_ZERO:
            return min(price, instrument.min_tick)
        return found

    # ---- in the queue ----------------------------------------------------------------------------

    def join(self, book: Book, order: Order) -> None:
        """An order comes to rest at its limit, behind all that is shown there."""
        order.ahead = ZERO if book.own(order).quoted() is None else None
        if self.has_queues and order.limit is not None:
            _look_ahead(book, order)

    def trade_queue(
        self, book: Book, waiting: list[Order], now_ns: int, traded: set[str]
    ) -> list[Execution]:
        """Fill orders of a side from the trade that has just been, behind what is ahead of them."""
        last, size, done = book.traded(), Decimal(book.last_size or 0), list[Execution]()
        left = size  # of the trade, for this side's orders together
        for order in list(waiting):
            if last is None or order.limit is None or not order.resting:
                continue
            if not is_no_worse(order, last, order.limit):
                break  # the limits of the other orders are further away
            shares = min(order.workable, left - _used_up(order, last, size))
            if shares <= 0 or _is_blocked(order, traded):
                continue
            left -= shares
            traded.add(order.oca_group)
            done.append(self.execute(order, shares, order.limit, now_ns))
        waiting[:] = [order for order in waiting if order.remaining]
        return done

    def look_ahead(self, book: Book, waiting: list[Order]) -> None:
        """Note what the new quote says about who is ahead of resting orders."""
        for order in waiting:
            if order.resting and order.ahead != 0:
                _look_ahead(book, order)

    def _waits(self, order: Order, price: Decimal) -> bool:
        """Whether others are before a resting order at this price."""
        return self.has_queues and order.resting and price == order.limit and order.ahead != 0

    # ---- at the midpoint -------------------------------------------------------------------------

    def trade_pegs(self, book: Book, now_ns: int, traded: set[str]) -> list[Execution]:
        """Fill orders at the midpoint from the trade that has just been."""
        last, left = book.traded(), Decimal(book.last_size or 0)
        done = []
        for order in list(book.pegs):
            price, shares = _peg(order, book), min(order.workable, left)
            if _is_blocked(order, traded):
                continue
            if last is None or price is None or shares <= 0 or not is_no_worse(order, last, price):
                continue
            left -= shares
            traded.add(order.oca_group)
            done.append(self.execute(order, shares, price, now_ns))
        book.pegs[:] = [order for order in book.pegs if order.remaining]
        return done


def _is_blocked(order: Order, traded: set[str]) -> bool:
    """Whether another order of its group has traded against this change of the market."""
    return order.oca_group in traded and order.oca_type in BLOCKED


def _look_ahead(book: Book, order: Order) -> None:
    """An empty side says nothing."""
    own, limit = book.own(order), order.limit
    price = own.quoted()
    if price is None or limit is None:
        return
    if not is_no_worse(order, limit, price):
        order.ahead = ZERO  # nobody shows as good a price
    elif price == limit and order.ahead is None:
        order.ahead = Decimal(own.size or 0)


def _used_up(order: Order, last: Decimal, size: Decimal) -> Decimal:
    """How much of a trade goes to those who are ahead of an order, which become fewer."""
    if last != order.limit:
        order.ahead = ZERO  # it went through that price
        return ZERO
    if order.ahead is None:
        return size
    used = min(order.ahead, size)
    order.ahead -= used
    return used


def _peg(order: Order, book: Book) -> Decimal | None:
    """Where a pegged order is: the midpoint, or its limit if that is worse for the market."""
    middle = book.middle()
    if middle is None:
        return None
    offset = order.offset or ZERO
    if order.side == "BUY":
        return min(middle - offset, order.limit if order.limit is not None else middle)
    return max(middle + offset, order.limit if order.limit is not None else middle)
