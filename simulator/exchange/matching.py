"""The exchange: market and limit orders against the shown size of the current quote.

An order that meets the opposite quote trades at its price, up to the size shown; what is
taken stays taken until that side is quoted again. The rest of a market order waits for the
next quote, the rest of a limit order rests and trades at its own limit once the opposite
quote reaches it. Orders do not trade with each other: the other side is always the market.
"""

from bisect import insort
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.simulator.exchange.orders import ZERO, Execution, Order, commission_of


class Side(msgspec.Struct, gc=False):
    """One side of a quote as its source wrote it; `left` is what orders left of `size`."""

    price: str | None = None
    size: str | None = None
    left: Decimal | None = None  # None: untouched, as long as nobody needs the number

    def shown(self) -> tuple[Decimal, Decimal] | None:
        """Price and size still there, or None if there is nothing to trade with."""
        if self.price is None or self.size is None:
            return None
        if self.left is None:
            self.left = Decimal(self.size)
        return (Decimal(self.price), self.left) if self.left > 0 else None


class Book:
    """What is known of one symbol: its quote, its last trade, the orders that wait."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.bid = Side()
        self.ask = Side()
        self.last: str | None = None
        self.buys: list[Order] = []
        self.sells: list[Order] = []

    def waiting(self, order: Order) -> list[Order]:
        """The orders on the order's own side, best first."""
        return self.buys if order.action == "BUY" else self.sells

    def opposite(self, order: Order) -> Side:
        """The side of the quote that the order would trade with."""
        return self.ask if order.action == "BUY" else self.bid

    def mark(self) -> Decimal | None:
        """A price to value positions by: the quote's middle, else the last trade."""
        if self.bid.price and self.ask.price:
            return (Decimal(self.bid.price) + Decimal(self.ask.price)) / 2
        return Decimal(self.last) if self.last else None


class Exchange:
    """All books and orders. Every method that can trade returns the executions, in order."""

    def __init__(
        self, instruments: Iterable[Instrument], first_perm_id: int = 1_000_000_001
    ) -> None:
        self.books = {one.symbol: Book(one) for one in instruments}
        self.orders: dict[int, Order] = {}  # by permId
        self._next_perm_id = first_perm_id
        self._next_rank = 1

    def quote(self, row: Row, now_ns: int) -> list[Execution]:
        """Take over a row of the market and trade with what it brought."""
        book = self.books[row.symbol]
        if row.bid is not None or row.bid_size is not None:
            _renew(book.bid, row.bid, row.bid_size)
        if row.ask is not None or row.ask_size is not None:
            _renew(book.ask, row.ask, row.ask_size)
        if row.last is not None:
            book.last = row.last
        if not (book.buys or book.sells):
            return []
        return self._sweep(book, book.buys, now_ns) + self._sweep(book, book.sells, now_ns)

    def accept(self, order: Order) -> None:
        """Give the order its permId; it meets the market in `work`."""
        order.perm_id = self._next_perm_id
        self._next_perm_id += 1
        self.orders[order.perm_id] = order
        self._rank(order)

    def work(self, order: Order, now_ns: int) -> list[Execution]:
        """Let an accepted order meet the market; what is left of it then waits."""
        book = self.books[order.instrument.symbol]
        insort(book.waiting(order), order, key=_sort_key)
        done = self._sweep(book, book.waiting(order), now_ns, only=order)
        order.resting = True
        return done

    def cancel(self, order: Order, reason: str, now_ns: int) -> None:
        """Take an open order off the book."""
        waiting = self.books[order.instrument.symbol].waiting(order)
        if order in waiting:
            waiting.remove(order)
        order.status, order.reason, order.done_ns = "Cancelled", reason, now_ns

    def modify(
        self, order: Order, quantity: Decimal, limit: Decimal | None, now_ns: int
    ) -> list[Execution]:
        """Change quantity (above what is filled) and limit; the order meets the market anew.

        It keeps its place in the queue if it only became smaller.
        """
        self.books[order.instrument.symbol].waiting(order).remove(order)
        if limit != order.limit or quantity > order.quantity:
            self._rank(order)
            order.resting = order.resting and limit == order.limit
        order.quantity, order.limit = quantity, limit
        return self.work(order, now_ns)

    def open_orders(self) -> list[Order]:
        """Orders that can still trade, oldest first."""
        return [order for order in self.orders.values() if order.is_open]

    def _rank(self, order: Order) -> None:
        order.rank = self._next_rank
        self._next_rank += 1

    def _sweep(
        self, book: Book, waiting: list[Order], now_ns: int, only: Order | None = None
    ) -> list[Execution]:
        done = []
        for order in list(waiting):
            if only is not None and order is not only:
                continue
            execution = self._trade(book, order, now_ns)
            if execution is not None:
                done.append(execution)
            elif only is None and order.limit is not None:
                break  # the rest of this side has limits that are further away
        waiting[:] = [order for order in waiting if order.remaining]
        return done

    def _trade(self, book: Book, order: Order, now_ns: int) -> Execution | None:
        side = book.opposite(order)
        shown = side.shown()
        if shown is None:
            return None
        price, left = shown
        if order.limit is not None and not _reaches(order, price):
            return None
        shares = min(order.remaining, left)
        side.left = left - shares
        if order.resting and order.limit is not None:
            price = order.limit
        return _execute(order, shares, price, now_ns)


def _execute(order: Order, shares: Decimal, price: Decimal, now_ns: int) -> Execution:
    order.filled += shares
    order.notional += shares * price
    order.last_price = price
    order.executions += 1
    before, order.commission = order.commission, commission_of(order)
    order.status = "Submitted" if order.remaining else "Filled"
    if not order.remaining:
        order.done_ns = now_ns
    return Execution(
        exec_id=f"0000e0d5.{order.perm_id:08x}.{order.executions:08x}.01",
        order=order,
        ts_ns=now_ns,
        shares=shares,
        price=price,
        cumulative=order.filled,
        average_price=order.average_price,
        commission=order.commission - before,
        is_passive=order.resting and order.limit is not None,
    )


def _reaches(order: Order, price: Decimal) -> bool:
    limit = order.limit or ZERO
    return price <= limit if order.action == "BUY" else price >= limit


def _renew(side: Side, price: str | None, size: str | None) -> None:
    if price is not None:
        side.price = price
    if size is not None:
        side.size = size
    side.left = None


def _sort_key(order: Order) -> tuple[bool, Decimal, int]:
    return order.sort_key
