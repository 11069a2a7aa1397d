"""SelfMatch: no order may trade against a working order of its own account.

Exchanges forbid it, and it costs commission for nothing. What can trade at once is compared: limit
orders and those at market. An order that waits for a stop is not, before or after: where it will
trade, nobody knows yet. Nor is the child of an order that has not filled, which the broker holds
back, nor any order with others of its own group.
"""

from collections.abc import Iterator
from decimal import Decimal

from tapewire.common.accounting.orders import Order
from tapewire.common.events import OPPOSITE, ComboLeg, OrderTerms, SubmitOrder
from tapewire.risk.rules.base import Rule
from tapewire.risk.rules.view import View


class SelfMatch(Rule):
    """An order is denied if it could trade against a working order on the other side of the same
    symbol in the same account: their limits cross, or one of them is at market. Combos are compared
    with combos of the same legs.

    Exits are never denied. A foreign order whose terms are not known could have any limit.
    """

    looks_at = ()

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Deny an order that could meet another one of the account."""
        wanted = order.terms
        if _waits(wanted):
            return ""
        for name, limit in self._opposite(order, view):
            if _cross(wanted.side, wanted.limit, limit) and not view.is_reducing(order):
                return (
                    f"{self.name}: {wanted} {order.symbol} could trade against {name} of the same"
                    " account"
                )
        return ""

    def combo_denial(self, combo: SubmitOrder, view: View) -> str:
        """A combo is compared with combos."""
        return self.denial(combo, view)

    @staticmethod
    def _opposite(order: SubmitOrder, view: View) -> Iterator[tuple[str, Decimal | None]]:
        """The working orders on the other side with the limits that they have or may get."""
        side = OPPOSITE[order.terms.side]
        for one in view.open_orders(order.account):
            other = one.order
            if other.terms.side != side or not _same(order, other.symbol, other.legs):
                continue
            if _belong_together(order, other) or _is_held_back(one, view):
                continue
            for terms in (one.terms, one.modify.terms if one.modify is not None else None):
                if terms is not None and not _waits(terms):
                    yield f"{terms}, {one.intent_id},", terms.limit
        for foreign in view.foreign_orders(order.account):
            if foreign.side != side or not _same(order, foreign.symbol, foreign.legs):
                continue
            if foreign.terms is None or not _waits(foreign.terms):
                limit = foreign.terms.limit if foreign.terms is not None else None
                yield f"{side} {foreign.remaining:f} of somebody else", limit


def _same(order: SubmitOrder, symbol: str, legs: tuple[ComboLeg, ...]) -> bool:
    return order.legs == legs if order.legs or legs else order.symbol == symbol


def _waits(terms: OrderTerms) -> bool:
    """Whether it trades only once a stop is reached."""
    return any(price is not None for price in (terms.stop, terms.trail, terms.trail_percent))


def _cross(side: str, limit: Decimal | None, other: Decimal | None) -> bool:
    if limit is None or other is None:
        return True
    return limit >= other if side == "BUY" else limit <= other


def _belong_together(order: SubmitOrder, other: SubmitOrder) -> bool:
    if order.group_id and order.group_id == other.group_id:
        return True
    return order.intent_id == other.parent_id or order.parent_id == other.intent_id


def _is_held_back(one: Order, view: View) -> bool:
    """Whether the broker keeps it until its parent has filled."""
    parent = view.order(one.order.parent_id)
    return parent is not None and parent.live and not parent.filled
