"""DuplicateOrder: the same order again, a moment later, is more likely a fault than a wish."""

from typing import Final

import msgspec

from tapewire.common.events import EVERYTHING, Scope, SubmitOrder
from tapewire.risk.rules.base import Rule
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.view import View

MS: Final = 1_000_000


class DuplicateOrderParameters(msgspec.Struct, frozen=True):
    """`within_ms`: how long after an order the same one is a duplicate, in milliseconds, above
    0."""

    within_ms: int = 1000


class DuplicateOrder(Rule):
    """No order may be the same as one within `within_ms` before: of the same account and strategy,
    for the same symbol or legs, with the same side, quantity, type and prices.

    One that was denied is no reason to deny another. Neither are the other orders of its own group,
    which may well have two alike. A modify is not a new order, and an exit is never denied.
    """

    Parameters = DuplicateOrderParameters
    looks_at = ()

    def __init__(
        self,
        parameters: DuplicateOrderParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        if parameters.within_ms <= 0:
            raise ValueError(f"{self.name} within_ms is {parameters.within_ms}; must be above 0")
        self.within_ms = parameters.within_ms

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Deny the second of two; one that is known already was judged when it came."""
        if view.order(order.intent_id) is not None or view.is_reducing(order):
            return ""
        for one in view.recent_orders(self.within_ms * MS):
            if one.state != "DENIED" and _are_alike(one.order, order):
                return (
                    f"{self.name}: {order.terms} {order.symbol} is the same as {one.intent_id},"
                    f" less than {self.within_ms} ms ago"
                )
        return ""

    def combo_denial(self, combo: SubmitOrder, view: View) -> str:
        """A combo is compared with combos."""
        return self.denial(combo, view)


def _are_alike(one: SubmitOrder, other: SubmitOrder) -> bool:
    first, second = one.terms, other.terms
    return (
        one.account == other.account
        and one.symbol == other.symbol
        and one.strategy == other.strategy
        and first.side == second.side
        and first.quantity == second.quantity
        and first.type == second.type
        and first.prices == second.prices
        and one.legs == other.legs
        and (not one.group_id or one.group_id != other.group_id)
    )
