"""StaleData: nobody trades at market while the price that they see is old."""

from typing import Final

import msgspec

from tapewire.common.events import EVERYTHING, OrderTerms, Scope, SubmitOrder
from tapewire.risk.rules.base import Rule
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.view import View

MS: Final = 1_000_000


class StaleDataParameters(msgspec.Struct, frozen=True):
    """`age_max_ms`: how old the newest price may be, in milliseconds, above 0."""

    age_max_ms: int


class StaleData(Rule):
    """An order without a limit is denied if the newest price is older than `age_max_ms`, or if
    there is none: an order at market, and one that a stop turns into such. Exits are never denied.

    The executor sees no prices and leaves it to the gateway. A combo with a limit has one as a
    whole; without, each of its legs needs a price.
    """

    Parameters = StaleDataParameters
    looks_at = ()

    def __init__(
        self,
        parameters: StaleDataParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        if parameters.age_max_ms <= 0:
            raise ValueError(f"{self.name} age_max_ms is {parameters.age_max_ms}; must be above 0")
        self.age_max_ms = parameters.age_max_ms

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Deny an order at market on an old price."""
        if not (view.sees_market and _is_at_market(order.terms)):
            return ""
        newest = view.price(order.symbol)
        if newest is not None and newest[1] <= self.age_max_ms * MS:
            return ""
        if view.is_reducing(order):
            return ""
        what = f"{order.terms} {order.symbol} has no limit"
        if newest is None:
            return f"{self.name}: {what}, and there is no price yet"
        return (
            f"{self.name}: {what}, and the newest price is {newest[1] // MS} ms old, at most"
            f" {self.age_max_ms} ms are allowed"
        )

    def combo_denial(self, combo: SubmitOrder, view: View) -> str:
        """As its legs, if the whole has no limit."""
        return super().combo_denial(combo, view) if _is_at_market(combo.terms) else ""


def _is_at_market(terms: OrderTerms) -> bool:
    return terms.limit is None and terms.limit_offset is None
