"""What works: the totals of what our live orders may still buy and sell, by account and symbol.

Each order has its share in them, and nothing else changes a share but an event about that order; so
the totals are kept up to date order by order, and cost the same to ask however many work. An order
counts under its own symbol, alone or in its OCA set; a combo under those of its legs, and not under
its own name.
"""

from collections.abc import Collection, Iterable
from decimal import Decimal

from tapewire.common.accounting.book import ZERO, Key
from tapewire.common.accounting.changes import Changes
from tapewire.common.accounting.foreign import Working
from tapewire.common.accounting.oca import OcaSet, OcaSets
from tapewire.common.accounting.order import Order
from tapewire.common.events import Side, SubmitOrder


class WorkingCounts:
    """The totals of one fold of orders, and the share that each order has in them. It adds to
    `changes` where a total changes."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._working: dict[Key, Working] = {}
        self._of_legs: dict[tuple[str, str], Decimal] = {}  # a combo's shares, by intent and symbol
        self._oca = OcaSets()

    def of(self, key: Key) -> Working:
        """What may still be bought and sold in an account and symbol."""
        return self._working.get(key, (ZERO, ZERO))

    def update(self, one: Order) -> None:
        """An event was about an order: bring its share up to date."""
        if one.order.legs:
            self._update_legs(one)
            return
        left = one.remaining
        if left == one.counted and not one.order.terms.oca:
            return
        change = left - one.counted
        one.counted += change
        if one.order.terms.oca and (of_set := self._oca.change(one)) is not None:
            change = of_set
        self._add((one.order.account, one.order.symbol), one.order.terms.side, change)

    def with_set(self, order: SubmitOrder, one: Order | None, symbol: str) -> Decimal:
        """What counts at present of an order on a symbol, and of the OCA set that it is in; `one`
        is what it has come to, if that is known."""
        if order.terms.oca and (found := self._oca.of(order)) is not None:
            return found.counted
        return self._share(one, symbol) if one is not None else ZERO

    def gone(self, orders: Iterable[Order], symbol: str, gone: Collection[str]) -> Decimal:
        """What counts of these orders on a symbol, and would not if the intents `gone` were over.
        All of them are on one side."""
        total, sets = ZERO, dict[int, OcaSet]()
        for one in orders:
            if (found := self._oca.of(one.order)) is not None:
                sets[id(found)] = found
            else:
                total += self._share(one, symbol)
        return total + sum((one.counted - one.left(gone) for one in sets.values()), ZERO)

    def _update_legs(self, one: Order) -> None:
        for symbol, side, ratio in one.order.parts:
            left = one.left_on(symbol, ratio)
            change = left - self._share(one, symbol)
            if change:
                self._of_legs[one.intent_id, symbol] = left
                self._add((one.order.account, symbol), side, change)

    def _share(self, one: Order, symbol: str) -> Decimal:
        """What an order counts with by itself, under a symbol that it trades."""
        if not one.order.legs:
            return one.counted
        return self._of_legs.get((one.intent_id, symbol), ZERO)

    def _add(self, key: Key, side: Side, change: Decimal) -> None:
        self._changes.add(key)
        buying, selling = self._working.get(key, (ZERO, ZERO))
        if side == "BUY":
            self._working[key] = (buying + change, selling)
        else:
            self._working[key] = (buying, selling + change)
