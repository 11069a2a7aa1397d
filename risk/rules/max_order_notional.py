"""MaxOrderNotional: the largest amount of money that one order may trade."""

from decimal import Decimal

import msgspec

from tapewire.common.accounting.book import ZERO
from tapewire.common.events import EVERYTHING, ORDER_TYPES, Scope, SubmitOrder
from tapewire.risk.rules.base import Rule, positive_limit
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.view import View


class MaxOrderNotionalParameters(msgspec.Struct, frozen=True):
    """`limit`: money in `currency`, above 0."""

    limit: Decimal
    currency: str = "USD"


class MaxOrderNotional(Rule):
    """Quantity times price times multiplier of one order may not exceed `limit`.

    The price is the worst that the order can trade at, as far as its terms or the market tell; a
    sale counts with the market's price if that is higher. It is about instruments in `currency`
    alone: amounts in different currencies are not compared. An order that can only reduce a
    position may be of any size. A combo comes to what its legs come to together, each at the
    market: its own price is a net one.
    """

    Parameters = MaxOrderNotionalParameters
    looks_at = ()

    def __init__(
        self,
        parameters: MaxOrderNotionalParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        self.limit = positive_limit(self.name, parameters.limit)
        self.currency = parameters.currency

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Deny an order of a larger amount, and one whose amount nobody can tell."""
        instrument = view.instrument(order.symbol)
        if instrument is None or instrument.currency != self.currency:
            return ""
        if view.exposure(order.account, order.symbol).reduced_by(order.terms):
            return ""
        price = self._price(order, view)
        if price is None:
            return self._unpriced(order, view)
        amount = order.terms.quantity * abs(price) * instrument.multiplier
        if amount <= self.limit:
            return ""
        return (
            f"{self.name}: {order.terms} {order.symbol} comes to {amount:.2f} {self.currency} at"
            f" {price.normalize():f}, the limit is {self.limit:f}"
        )

    def combo_denial(self, combo: SubmitOrder, view: View) -> str:
        """Deny a combo whose legs come to more, or of which nobody can tell; only the legs that the
        rule is about count."""
        if view.is_reducing(combo):
            return ""
        total = ZERO
        for leg in filter(self.covers, combo.singles):
            instrument, price = view.instrument(leg.symbol), self._price(leg, view)
            if instrument is None or instrument.currency != self.currency:
                continue
            if price is None:
                return self._unpriced(leg, view)
            total += leg.terms.quantity * abs(price) * instrument.multiplier
        if total <= self.limit:
            return ""
        return (
            f"{self.name}: the legs of {combo.terms} {combo.symbol} come to {total:.2f}"
            f" {self.currency} together, the limit is {self.limit:f}"
        )

    def _price(self, order: SubmitOrder, view: View) -> Decimal | None:
        terms, newest = order.terms, view.price(order.symbol)
        market = newest[0] if newest is not None else None
        worst = ORDER_TYPES[terms.type].worst_price(terms, market)
        if terms.side == "BUY" or market is None or worst is None:
            return worst
        return max(worst, market, key=abs)

    def _unpriced(self, order: SubmitOrder, view: View) -> str:
        """The executor sees no market data and leaves such an order to the gateway."""
        if not view.sees_market:
            return ""
        return (
            f"{self.name}: there is no price of {order.symbol} yet, so nobody can tell what"
            f" {order.terms} comes to"
        )
