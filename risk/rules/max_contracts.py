"""MaxContracts: the largest number of contracts in one account, over all its instruments."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from tapewire.common.accounting.book import ZERO
from tapewire.common.events import EVERYTHING, Scope, SubmitOrder
from tapewire.risk.rules.base import ADDS_RISK, AccountRule, Reading, Violation, positive_limit
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.view import View


class MaxContractsParameters(msgspec.Struct, frozen=True):
    """`limit`: contracts or shares, above 0."""

    limit: Decimal


class MaxContracts(AccountRule):
    """An account may hold at most `limit` contracts, long and short ones added up, whatever still
    fills. A symbol outside the rule's scope does not count."""

    Parameters = MaxContractsParameters
    looks_at = ADDS_RISK
    reduces = True

    def __init__(
        self,
        parameters: MaxContractsParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        self.limit = positive_limit(self.name, parameters.limit)

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Deny an order that could bring the account further beyond the limit; never an exit."""
        return self.combo_denial(order, view)

    def combo_denial(self, combo: SubmitOrder, view: View) -> str:
        """What all of its legs could add counts together."""
        added = sum((self._added(leg, view) for leg in combo.singles if self.covers(leg)), ZERO)
        if added <= 0:
            return ""
        total = added + sum(
            (view.exposure(*key).worst for key in view.keys(combo.account) if self._counts(key)),
            ZERO,
        )
        if total <= self.limit:
            return ""
        return (
            f"{self.name}: the account could get {total:f} contracts with this order,"
            f" the limit is {self.limit:f}"
        )

    @staticmethod
    def _added(order: SubmitOrder, view: View) -> Decimal:
        before = view.exposure(order.account, order.symbol)
        return before.with_order(order.terms).worst - before.worst

    def readings(self, view: View) -> Iterable[Reading]:
        """Every account that the rule is about."""
        for account in sorted(view.accounts()):
            if self.scope.account in ("", account):
                yield self.reading(self._total(account, view), self.limit, account, "", "contracts")

    def _total(self, account: str, view: View) -> Decimal:
        keys = (key for key in view.keys(account) if self._counts(key))
        return sum((view.exposure(*key).certain for key in keys), ZERO)

    def broken(self, account: str, view: View) -> Iterable[Violation]:
        """See `AccountRule.broken`."""
        total = self._total(account, view)
        if total > self.limit:
            reason = f"the account has or could get {total:f} contracts, the limit is"
            symbol, allowed = "", None
            if self.enforcement.trades_position:
                symbol, allowed = self._largest(account, view)
            yield self.violation(
                f"{reason} {self.limit:f}", account=account, position=symbol, allowed=allowed
            )

    def _largest(self, account: str, view: View) -> tuple[str, Decimal]:
        """The largest position, and how much of it may stay beside the others. Where what is held
        is not too much, that in which orders could add most, all of which may stay."""
        exposures = {key[1]: view.exposure(*key) for key in view.keys(account) if self._counts(key)}
        held = {symbol: abs(one.held) for symbol, one in exposures.items()}
        beyond = sum(held.values()) - self.limit
        if beyond > 0:
            symbol = max(sorted(held), key=lambda one: held[one])
            return symbol, held[symbol] - beyond
        symbol = max(sorted(held), key=lambda one: exposures[one].certain - held[one])
        return symbol, held[symbol]

    def _counts(self, key: tuple[str, str]) -> bool:
        return self.scope.covers(key[0], self.scope.strategy, key[1])
