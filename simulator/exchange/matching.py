"""The exchange: orders against the size that the current quote shows.

An order that reaches the opposite quote trades at that price, up to the size shown. The size it
takes is gone until that side is quoted again. The rest of a market order waits for the next quote.
The rest of a limit order rests, and trades at its own limit once the opposite quote reaches it.
Orders never trade with each other: the counterparty is always the market.

A stop or if-touched order is held until it triggers; `triggers` has the rules. One that the market
has already passed when it arrives, or when it is modified, triggers at once. From then on it is an
order like any other.

An order that is pegged to the midpoint rests unseen. It trades at the midpoint of the quote, or at
its limit if that is worse, when somebody trades at that price or at a worse one for the other side:
up to the size of that trade.

An auction has no quote and no end of size: an order fills in full at one price, that of the last
trade, or the midpoint before the first.
"""

from bisect import insort
from collections.abc import Iterable
from decimal import Decimal

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.simulator.exchange.book import Book
from tapewire.simulator.exchange.combos import can_fill_combo, net_offer, trade_combo
from tapewire.simulator.exchange.executing import reaches
from tapewire.simulator.exchange.fill_models import FillModels
from tapewire.simulator.exchange.orders import Execution, Order, Terms, order_of_leg
from tapewire.simulator.exchange.trading import Trading
from tapewire.simulator.exchange.triggers import set_limit, triggers


class Exchange:
    """All books and orders. Each method that can trade returns the executions, in order."""

    def __init__(
        self,
        instruments: Iterable[Instrument],
        first_perm_id: int = 1,
        models: FillModels | None = None,
    ) -> None:
        self.trading = Trading(models or FillModels())
        self.books = {one.symbol: Book(one) for one in instruments}
        self.orders: dict[int, Order] = {}  # by permId, which means oldest first
        self._open: list[Order] = []  # oldest first, with some that have ended
        self._combos: list[Order] = []  # those that wait, oldest first
        self._next_perm_id = first_perm_id
        self._next_rank = 1

    def add(self, instrument: Instrument) -> None:
        """Open an empty book for another instrument."""
        self.books.setdefault(instrument.symbol, Book(instrument))

    def quote(self, row: Row, now_ns: int) -> list[Execution]:
        """Apply a market row and trade against it. `triggered` then has the stops it reached."""
        book = self.books[row.symbol]
        book.take(row)
        if not (book.buys or book.sells or book.pegs or self._combos):
            return []
        traded: set[str] = set()
        done = self._trade(book, now_ns, traded) if row.last is not None else []
        for waiting in (book.buys, book.sells):
            if self.trading.has_queues:
                self.trading.look_ahead(book, waiting)
            done += self.trading.sweep(book, waiting, now_ns, traded)
        return done + self._trade_combos(row.symbol, now_ns) if self._combos else done

    def accept(self, order: Order) -> None:
        """Give the order its permId; `work` lets it meet the market."""
        order.perm_id = self._next_perm_id
        self._next_perm_id += 1
        self.orders[order.perm_id] = order
        self._open.append(order)
        order.leg_orders = [order_of_leg(order, n) for n in range(1, len(order.legs) + 1)]
        self._rank(order)

    def work(self, order: Order, now_ns: int) -> list[Execution]:
        """Let an accepted order meet the market; the rest of it waits. A stop is only held."""
        if order.legs:
            self._combos.append(order)
            return self.meet(order, now_ns)
        waiting = self.books[order.instrument.symbol].waiting(order)
        if order.is_held or order.kind.is_pegged:
            waiting.append(order)
            return []
        insort(waiting, order, key=_sort_key)
        done = self.meet(order, now_ns)
        if not order.resting:
            self.trading.join(self.books[order.instrument.symbol], order)
        order.resting = True
        return done

    def meet(self, order: Order, now_ns: int) -> list[Execution]:
        """Let an order meet the market that waits there already."""
        if order.legs:
            done = trade_combo(order, self.books, now_ns, self.trading)
            if not order.remaining:
                self.remove(order)
            return done
        book = self.books[order.instrument.symbol]
        execution = None if order.kind.is_pegged else self.trading.meet(book, order, now_ns)
        if not order.remaining:
            self.remove(order)
        return [] if execution is None else [execution]

    def can_fill(self, order: Order) -> bool:
        """Whether all that remains of the order could trade at once."""
        if order.legs:
            return can_fill_combo(order, self.books, self.trading)
        book = self.books[order.instrument.symbol]
        return not order.kind.is_pegged and self.trading.can_fill(book, order)

    def auction(self, order: Order, now_ns: int) -> Execution | None:
        """Fill an order in an auction; None if it is not to have that price."""
        price = self.books[order.instrument.symbol].auction_price()
        if price is None or order.workable <= 0 or not reaches(order, price):
            return None
        return self.trading.execute(order, order.workable, price, now_ns)

    def triggered(self, symbol: str) -> list[Order]:
        """Stops that the market has reached, oldest first, no longer held; `work` each of them."""
        book = self.books[symbol]
        if not book.stops:
            return []
        reached = [order for order in book.stops if triggers(order, book)]
        for order in sorted(reached, key=lambda order: order.rank):
            book.stops.remove(order)
            order.is_triggered = True
            self._rank(order)
        return sorted(reached, key=lambda order: order.rank)

    def remove(self, order: Order) -> None:
        """Take an order off the book."""
        book = self.books.get(order.instrument.symbol)
        waiting = self._combos if order.legs or book is None else book.waiting(order)
        if order in waiting:
            waiting.remove(order)

    def cancel(self, order: Order, reason: str, now_ns: int) -> None:
        """Take an open order off the book for good."""
        self.remove(order)
        order.status, order.reason, order.done_ns = "Cancelled", reason, now_ns

    def execute(self, order: Order, shares: Decimal, price: Decimal, ts_ns: int) -> Execution:
        """Let an order trade whatever the market shows, though it be cancelled already; at `ts_ns`,
        which may be in the past."""
        status = order.status
        execution = self.trading.execute(order, shares, price, ts_ns)
        if order.remaining:
            order.status = status
        else:
            self.remove(order)
        return execution

    def modify(self, order: Order, terms: Terms, now_ns: int) -> list[Execution]:
        """Replace the terms of an open order, which then meets the market again.

        The quantity must be above what is filled. The order keeps its place in the queue if only
        its quantity changed, and became smaller.
        """
        self.remove(order)
        limit = order.limit
        is_larger = terms.quantity > order.quantity
        _set_terms(order, terms)
        if order.limit != limit or is_larger:
            self._rank(order)
            order.resting = order.resting and order.limit == limit
            if order.resting:  # behind those who are there by now
                self.trading.join(self.books[order.instrument.symbol], order)
        return [] if order.hold else self.work(order, now_ns)

    def restore(self, orders: Iterable[Order]) -> None:
        """Take back the orders of an earlier run; `work` those that are at the exchange."""
        for order in orders:
            self.orders[order.perm_id] = order
            self._open.append(order)
            self._next_perm_id = max(self._next_perm_id, order.perm_id + 1)
            self._next_rank = max(self._next_rank, order.rank + 1)

    def open_orders(self) -> list[Order]:
        """Orders that can still trade, oldest first."""
        self._open = [order for order in self._open if order.is_open]
        return self._open.copy()

    def mark_of(self, order: Order) -> Decimal | None:
        """What a unit of the order is worth in the market; None where nothing says it."""
        if order.legs:
            offer = net_offer(order, self.books)
            return None if offer is None else offer[0]
        return self.books[order.instrument.symbol].mark()

    def _trade(self, book: Book, now_ns: int, traded: set[str]) -> list[Execution]:
        """Let those orders trade that a trade of the market is for."""
        done = self.trading.trade_pegs(book, now_ns, traded) if book.pegs else []
        if self.trading.has_queues:
            for waiting in (book.buys, book.sells):
                done += self.trading.trade_queue(book, waiting, now_ns, traded)
        return done

    def _trade_combos(self, symbol: str, now_ns: int) -> list[Execution]:
        done = []
        for order in list(self._combos):
            if any(leg.instrument.symbol == symbol for leg in order.legs):
                done += self.meet(order, now_ns)
        return done

    def _rank(self, order: Order) -> None:
        order.rank = self._next_rank
        self._next_rank += 1


def _set_terms(order: Order, terms: Terms) -> None:
    """Give an order new terms. A trailing stop starts over if its distance has changed, and moves
    only if the client has moved it."""
    before, order.asked = order.terms, terms
    order.quantity, order.offset = terms.quantity, terms.offset
    order.trail, order.trail_percent = terms.trail, terms.trail_percent
    order.limit_offset = terms.limit_offset
    trails = order.kind.trails
    has_new_trail = (terms.trail, terms.trail_percent) != (before.trail, before.trail_percent)
    if not trails or has_new_trail or terms.stop != before.stop:
        order.stop = terms.stop
    if not trails or terms.limit_offset is None:
        order.limit = terms.limit
    else:
        set_limit(order)


def _sort_key(order: Order) -> tuple[bool, Decimal, int]:
    return order.sort_key
