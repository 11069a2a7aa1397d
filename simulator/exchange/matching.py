"""The exchange: market, limit and stop orders against the size that the current quote shows.

An order that reaches the opposite quote trades at that price, up to the size shown. The size it
takes is gone until that side is quoted again. The rest of a market order waits for the next quote.
The rest of a limit order rests, and trades at its own limit once the opposite quote reaches it.
Orders never trade with each other: the counterparty is always the market.

A stop order is held until it triggers, as TWS does by default for stocks and futures: a BUY stop
when the last trade is at or above its stop price, a SELL stop when it is at or below. For a symbol
that has not traded yet, the side of the quote that the order would trade with counts instead: the
ask for a BUY, the bid for a SELL. A stop that the market has already passed when it arrives, or
when it is modified, triggers at once. From then on it is an order like any other.
"""

from bisect import insort
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.simulator.exchange.orders import ZERO, Execution, Order, Terms, commission_of


class QuoteSide(msgspec.Struct, gc=False):
    """One side of a quote as its source wrote it; `left` is what orders have left of `size`."""

    price: str | None = None
    size: str | None = None
    left: Decimal | None = None  # None: nothing taken yet

    def shown(self) -> tuple[Decimal, Decimal] | None:
        """The price and the size still available; None if there is nothing to trade with."""
        if self.price is None or self.size is None:
            return None
        if self.left is None:
            self.left = Decimal(self.size)
        return (Decimal(self.price), self.left) if self.left > 0 else None


class Book:
    """One symbol: its quote, its last trade, and its open orders."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.bid = QuoteSide()
        self.ask = QuoteSide()
        self.last: str | None = None
        self.last_size: str | None = None
        self.buys: list[Order] = []
        self.sells: list[Order] = []
        self.stops: list[Order] = []  # held until triggered, in no order

    def current(self, ts_ns: int) -> Row:
        """The market as it stands, in one row."""
        symbol, bid, ask = self.instrument.symbol, self.bid, self.ask
        return Row(
            ts_ns, symbol, bid.price, ask.price, bid.size, ask.size, self.last, self.last_size
        )

    def waiting(self, order: Order) -> list[Order]:
        """The orders that wait where this one does: held, or on its side, best first."""
        if order.is_held:
            return self.stops
        return self.buys if order.side == "BUY" else self.sells

    def opposite(self, order: Order) -> QuoteSide:
        """The side of the quote that the order would trade with."""
        return self.ask if order.side == "BUY" else self.bid

    def triggers(self, order: Order) -> bool:
        """Whether the market has reached a held order's stop price; see the module for the rule."""
        price = self.last or self.opposite(order).price
        if price is None or order.stop is None:
            return False
        reached = Decimal(price)
        return reached >= order.stop if order.side == "BUY" else reached <= order.stop

    def mark(self) -> Decimal | None:
        """A price to value positions by: the midpoint of the quote, else the last trade."""
        if self.bid.price and self.ask.price:
            return (Decimal(self.bid.price) + Decimal(self.ask.price)) / 2
        return Decimal(self.last) if self.last else None


class Exchange:
    """All books and orders. Each method that can trade returns the executions, in order."""

    def __init__(
        self, instruments: Iterable[Instrument], first_perm_id: int = 1_000_000_001
    ) -> None:
        self.books = {one.symbol: Book(one) for one in instruments}
        self.orders: dict[int, Order] = {}  # by permId
        self._next_perm_id = first_perm_id
        self._next_rank = 1

    def add(self, instrument: Instrument) -> None:
        """Open an empty book for another instrument."""
        self.books.setdefault(instrument.symbol, Book(instrument))

    def quote(self, row: Row, now_ns: int) -> list[Execution]:
        """Apply a market row and trade against it. `triggered` then has the stops it reached."""
        book = self.books[row.symbol]
        if row.bid is not None or row.bid_size is not None:
            _renew(book.bid, row.bid, row.bid_size)
        if row.ask is not None or row.ask_size is not None:
            _renew(book.ask, row.ask, row.ask_size)
        if row.last is not None:
            book.last, book.last_size = row.last, row.last_size
        if not (book.buys or book.sells):
            return []
        return self._sweep(book, book.buys, now_ns) + self._sweep(book, book.sells, now_ns)

    def accept(self, order: Order) -> None:
        """Give the order its permId; `work` lets it meet the market."""
        order.perm_id = self._next_perm_id
        self._next_perm_id += 1
        self.orders[order.perm_id] = order
        self._rank(order)

    def work(self, order: Order, now_ns: int) -> list[Execution]:
        """Let an accepted order meet the market; the rest of it waits. A stop is only held."""
        book = self.books[order.instrument.symbol]
        if order.is_held:
            book.stops.append(order)
            return []
        insort(book.waiting(order), order, key=_sort_key)
        done = self._sweep(book, book.waiting(order), now_ns, only=order)
        order.resting = True
        return done

    def triggered(self, symbol: str) -> list[Order]:
        """Stops that the market has reached, oldest first, no longer held; `work` each of them."""
        book = self.books[symbol]
        if not book.stops:
            return []
        reached = sorted(filter(book.triggers, book.stops), key=lambda order: order.rank)
        for order in reached:
            book.stops.remove(order)
            order.is_triggered = True
            self._rank(order)
        return reached

    def cancel(self, order: Order, reason: str, now_ns: int) -> None:
        """Take an open order off the book."""
        waiting = self.books[order.instrument.symbol].waiting(order)
        if order in waiting:
            waiting.remove(order)
        order.status, order.reason, order.done_ns = "Cancelled", reason, now_ns

    def execute(self, order: Order, shares: Decimal, price: Decimal, ts_ns: int) -> Execution:
        """Let an order trade whatever the market shows, though it be cancelled already; at `ts_ns`,
        which may be in the past."""
        status = order.status
        execution = _execute(order, shares, price, ts_ns)
        waiting = self.books[order.instrument.symbol].waiting(order)
        if not order.remaining and order in waiting:
            waiting.remove(order)
        if order.remaining:
            order.status = status
        return execution

    def modify(self, order: Order, terms: Terms, now_ns: int) -> list[Execution]:
        """Replace the terms of an open order, which then meets the market again.

        The quantity must be above what is filled. The order keeps its place in the queue if only
        its quantity changed, and became smaller.
        """
        self.books[order.instrument.symbol].waiting(order).remove(order)
        if terms.limit != order.limit or terms.quantity > order.quantity:
            self._rank(order)
            order.resting = order.resting and terms.limit == order.limit
        order.quantity, order.limit, order.stop = terms.quantity, terms.limit, terms.stop
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
                break  # the limits of the other orders are further away
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
    return price <= limit if order.side == "BUY" else price >= limit


def _renew(side: QuoteSide, price: str | None, size: str | None) -> None:
    if price is not None:
        side.price = price
    if size is not None:
        side.size = size
    side.left = None


def _sort_key(order: Order) -> tuple[bool, Decimal, int]:
    return order.sort_key
