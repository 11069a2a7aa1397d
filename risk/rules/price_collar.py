"""PriceCollar: no order may trade much worse than the market is."""

from decimal import Decimal

import msgspec

from tapewire.common.events import EVERYTHING, OrderTerms, Scope, SubmitOrder
from tapewire.risk.rules.base import Enforcement, Rule
from tapewire.risk.rules.view import View

SECOND_NS = 1_000_000_000


class PriceCollarParameters(msgspec.Struct, frozen=True):
    """`percent`: how much worse than the market a limit may be, above 0. `age_max_s`: how old the
    newest price may be to count as the market, in seconds, above 0."""

    percent: Decimal
    age_max_s: float = 60.0


class PriceCollar(Rule):
    """A purchase's limit may be at most `percent` above the newest price, a sale's as much below.

    That is the limit of a typing error, not of a bid far from the market, which only waits. An
    order with a stop trades from there, so its limit is measured from its stop. Without a newest
    price, or with an old one, nothing is denied.
    """

    Parameters = PriceCollarParameters
    looks_at = ()

    def __init__(
        self,
        parameters: PriceCollarParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = "halt",
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        if not (parameters.percent.is_finite() and parameters.percent > 0):
            raise ValueError(f"{self.name} percent is {parameters.percent}; it must be above 0")
        if not parameters.age_max_s > 0:
            raise ValueError(f"{self.name} age_max_s is {parameters.age_max_s}; it must be above 0")
        self.percent = parameters.percent
        self.age_max_ns = int(parameters.age_max_s * SECOND_NS)

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Deny an order whose limit is further beyond the market than `percent`."""
        terms = order.terms
        if terms.limit is None and terms.limit_offset is None:
            return ""
        market = self._market(order.symbol, terms, view)
        if market is None:
            return ""
        room = abs(market) * self.percent / 100
        if self._beyond(terms, market) <= room:
            return ""
        what = "stop" if terms.stop is not None else "newest price"
        side = "above" if terms.side == "BUY" else "below"
        return (
            f"{self.name}: the limit of {terms} {order.symbol} is more than {self.percent:f} %"
            f" {side} its {what} {market.normalize():f}"
        )

    def _market(self, symbol: str, terms: OrderTerms, view: View) -> Decimal | None:
        """The price that the order's limit is measured from; None if there is none."""
        if terms.stop is not None:
            return terms.stop
        newest = view.price(symbol)
        return None if newest is None or newest[1] > self.age_max_ns else newest[0]

    @staticmethod
    def _beyond(terms: OrderTerms, market: Decimal) -> Decimal:
        """How much worse than `market` the order may trade."""
        if terms.limit_offset is not None:
            return terms.limit_offset
        assert terms.limit is not None
        return terms.limit - market if terms.side == "BUY" else market - terms.limit
