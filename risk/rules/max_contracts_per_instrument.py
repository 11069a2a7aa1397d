"""MaxContractsPerInstrument: the largest position of one symbol in one account, either way."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from tapewire.common.events import EVERYTHING, Event, Scope, SubmitOrder
from tapewire.risk.rules.base import ADDS_RISK, Reading, Rule, Violation, keys_of, positive_limit
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.view import View


class MaxContractsPerInstrumentParameters(msgspec.Struct, frozen=True):
    """`limit`: contracts or shares, above 0."""

    limit: Decimal


class MaxContractsPerInstrument(Rule):
    """No position may exceed `limit` contracts, long or short, whatever still fills."""

    Parameters = MaxContractsPerInstrumentParameters
    looks_at = ADDS_RISK
    rests_with = "ticks"
    reduces = True

    def __init__(
        self,
        parameters: MaxContractsPerInstrumentParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        self.limit = positive_limit(self.name, parameters.limit)

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Deny an order after which the position could end beyond the limit on its side."""
        after = view.exposure(order.account, order.symbol).with_order(order.terms)
        is_buy = order.terms.side == "BUY"
        worst, side = (after.highest, "long") if is_buy else (-after.lowest, "short")
        if worst <= self.limit:
            return ""
        return (
            f"{self.name}: {order.symbol} could get {worst:f} {side} with this order,"
            f" the limit is {self.limit:f}"
        )

    def on_event(self, event: Event, view: View) -> Iterable[Violation]:
        """The positions that the event is about: of a combo, those of its legs."""
        for account, symbol in keys_of(event):
            yield from self._broken(account, symbol, view)

    def on_timer(self, view: View) -> Iterable[Violation]:
        """Every position."""
        for account, symbol in view.keys():  # noqa: SIM118 - not a mapping
            yield from self._broken(account, symbol, view)

    def _broken(self, account: str, symbol: str, view: View) -> Iterable[Violation]:
        if not self.scope.covers(account, self.scope.strategy, symbol):
            return
        worst = view.exposure(account, symbol).certain
        if worst > self.limit:
            reason = f"{symbol} is or could get {worst:f} contracts, the limit is {self.limit:f}"
            yield self.violation(reason, account=account, position=symbol, allowed=self.limit)

    def readings(self, view: View) -> Iterable[Reading]:
        """Each position, with all that could still fill."""
        for account, symbol in view.keys():  # noqa: SIM118 - not a mapping
            if self.scope.covers(account, self.scope.strategy, symbol):
                worst = view.exposure(account, symbol).certain
                yield self.reading(worst, self.limit, account, symbol, "contracts")
