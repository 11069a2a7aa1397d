"""PriceCollar: no order may trade much worse than the market is."""

from decimal import Decimal

import msgspec

from tapewire.common.accounting.book import ZERO
from tapewire.common.events import EVERYTHING, OrderTerms, Scope, SubmitOrder
from tapewire.risk.rules.base import Rule
from tapewire.risk.rules.enforcement import HALT, Enforcement
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

    A combo's limit is a net price, of which a percentage can come to nothing. It is measured from
    what the newest prices of the legs come to, and may be beyond that by `percent` of them all
    added up: as far as if each leg were bought or sold at the end of its own collar.
    """

    Parameters = PriceCollarParameters
    looks_at = ()

    def __init__(
        self,
        parameters: PriceCollarParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
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

    def combo_denial(self, combo: SubmitOrder, view: View) -> str:
        """Deny a combo whose limit is further beyond its legs' prices together."""
        limit, net, gross = combo.terms.limit, ZERO, ZERO
        if limit is None:
            return ""
        is_buy = combo.terms.side == "BUY"
        for symbol, side, ratio in combo.parts:
            newest = self._newest(symbol, view)
            if newest is None:
                return ""
            net += ratio * (newest if side == combo.terms.side else -newest)
            gross += ratio * abs(newest)
        beyond = limit - net if is_buy else net - limit
        if beyond <= gross * self.percent / 100:
            return ""
        return (
            f"{self.name}: the limit of {combo.terms} {combo.symbol} is further"
            f" {'above' if is_buy else 'below'} {net.normalize():f}, what its legs come to, than"
            f" {self.percent:f} % of their prices"
        )

    def _market(self, symbol: str, terms: OrderTerms, view: View) -> Decimal | None:
        """The price that the order's limit is measured from; None if there is none."""
        if terms.stop is not None:
            return terms.stop
        return self._newest(symbol, view)

    def _newest(self, symbol: str, view: View) -> Decimal | None:
        newest = view.price(symbol)
        return None if newest is None or newest[1] > self.age_max_ns else newest[0]

    @staticmethod
    def _beyond(terms: OrderTerms, market: Decimal) -> Decimal:
        """How much worse than `market` the order may trade."""
        if terms.limit_offset is not None:
            return terms.limit_offset
        assert terms.limit is not None
        return terms.limit - market if terms.side == "BUY" else market - terms.limit
