"""MaxContracts: the largest number of contracts in one account, over all its instruments."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

import msgspec

from tapewire.common.accounting.book import ZERO
from tapewire.common.events import EVERYTHING, Scope, SubmitOrder
from tapewire.risk.rules.base import ADDS_RISK, AccountRule, Reading, Violation, positive_limit
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.spans import Span, certain, worst
from tapewire.risk.rules.totals import Ends, Totals, before_and_after
from tapewire.risk.rules.view import View

CONTRACTS: Final = "contracts"


class MaxContractsParameters(msgspec.Struct, frozen=True):
    """`limit`: contracts or shares, above 0."""

    limit: Decimal


class MaxContracts(AccountRule):
    """An account may hold at most `limit` contracts, long and short ones added up, whatever still
    fills. A symbol outside the rule's scope does not count."""

    Parameters = MaxContractsParameters
    looks_at = ADDS_RISK
    rests_with = "ticks"
    reduces = True

    def __init__(
        self,
        parameters: MaxContractsParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        self.limit = positive_limit(self.name, parameters.limit)
        self._known: Totals[None] | None = None

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Deny an order that could bring the account further beyond the limit; never an exit."""
        return self.combo_denial(order, view)

    def combo_denial(self, combo: SubmitOrder, view: View) -> str:
        """What all of its legs could add counts together."""
        legs = [leg for leg in combo.singles if self.covers(leg)]
        if not legs:
            return ""
        totals = self._totals(view)
        exposures = totals.exposures(combo.account, "")
        before, after = before_and_after(legs, view)
        if sum(one.worst - before[symbol].worst for symbol, one in after.items()) <= 0:
            return ""
        total = totals.total(combo.account, "", worst).of(exposures, {}, after).amounts[CONTRACTS]
        if total <= self.limit:
            return ""
        return (
            f"{self.name}: the account could get {total:f} contracts with this order,"
            f" the limit is {self.limit:f}"
        )

    def readings(self, view: View) -> Iterable[Reading]:
        """Every account that the rule is about."""
        for account in view.accounts():
            if self.scope.account in ("", account):
                yield self.reading(self._total(account, view), self.limit, account, "", CONTRACTS)

    def _total(self, account: str, view: View) -> Decimal:
        totals = self._totals(view)
        exposures = totals.exposures(account, "")
        return totals.total(account, "", certain).of(exposures, {}).amounts[CONTRACTS]

    def _totals(self, view: View) -> Totals[None]:
        if self._known is None or self._known.view is not view:
            self._known = Totals(view, (CONTRACTS,), self._group_of, _ends)
        return self._known

    def _group_of(self, symbol: str) -> str | None:
        """All that the rule is about counts together."""
        return "" if self.scope.symbol in ("", symbol) else None

    def broken(self, account: str, view: View) -> Iterable[Violation]:
        """See `AccountRule.broken`."""
        if self.scope.account not in ("", account):
            return
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
        exposures = self._totals(view).exposures(account, "")
        held = {symbol: abs(one.held) for symbol, one in exposures.items()}
        beyond = sum(held.values()) - self.limit
        if beyond > 0:
            symbol = max(sorted(held), key=lambda one: held[one])
            return symbol, held[symbol] - beyond
        symbol = max(sorted(held), key=lambda one: exposures[one].certain - held[one])
        return symbol, held[symbol]


def _ends(_symbol: str, span: Span, _worth: None) -> Mapping[str, Ends]:
    return {CONTRACTS: (span[0], ZERO)}
