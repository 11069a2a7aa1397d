"""MaxOrderSize: the largest quantity of one order."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from tapewire.common.events import EVERYTHING, ForeignOrderReported, Scope, SubmitOrder
from tapewire.risk.rules.base import AccountRule, Violation, positive_limit
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.view import View


class MaxOrderSizeParameters(msgspec.Struct, frozen=True):
    """`limit`: contracts or shares, above 0."""

    limit: Decimal


class MaxOrderSize(AccountRule):
    """No order may be for more than `limit` contracts; of a combo, none of its legs.

    An order that can only reduce a position may be of any size. An order that somebody else placed
    is a violation for as long as it works.
    """

    Parameters = MaxOrderSizeParameters
    looks_at = (ForeignOrderReported,)
    rests_with = "ticks"

    def __init__(
        self,
        parameters: MaxOrderSizeParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        self.limit = positive_limit(self.name, parameters.limit)

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Deny a larger order."""
        quantity = order.terms.quantity
        if quantity <= self.limit or view.is_reducing(order):
            return ""
        return (
            f"{self.name}: the order is for {quantity:f} {order.symbol}, the limit is"
            f" {self.limit:f}"
        )

    def broken(self, account: str, view: View) -> Iterable[Violation]:
        """See `AccountRule.broken`."""
        for one in view.foreign_orders(account):
            for symbol, side, ratio in one.parts:
                quantity = ratio * one.quantity
                if quantity <= self.limit or not self.scope.covers(account, None, symbol):
                    continue
                if not view.exposure(account, symbol).only_reduces(side):
                    reason = (
                        f"an order that is not ours is for {quantity:f} {symbol}, the limit is"
                        f" {self.limit:f}"
                    )
                    yield self.violation(reason, account=account, position=symbol)
