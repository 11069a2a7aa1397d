"""PortfolioGreeks: delta, gamma and vega of what an account holds, underlying by underlying.

    delta   units of the underlying that the positions move like: a call with a delta of 0.6 on 100
            shares is 60 shares; 100 shares are 100, and one ES future is 50 times the index
    gamma   by how many units that delta changes if the underlying goes up by 1
    vega    what all options on it gain by a point of volatility (0.01), in their currency

Each is quantity times greek times multiplier, of all that has one underlying: it, its futures by
their own symbols, and the options on it. Different underlyings are not added up, for a share of one
is not a share of another, and neither are currencies. What is not an option has a delta of 1, and
neither gamma nor vega.

It fails closed. Without greeks of an option that is held or ordered, or with old ones, nobody can
tell. Then no order that adds risk in this underlying passes the gateway, and after `missing_ms`
risk says so, and halts where anything is halted for this rule; nothing is closed for it. Old greeks
do not break it while the market stands still: at night no price of the underlying comes either.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from tapewire.common.accounting.book import ZERO
from tapewire.common.events import EVERYTHING, Greeks, Scope, SubmitOrder
from tapewire.common.options import OPTION, read_name
from tapewire.risk.rules.base import Violation, positive_limit
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.portfolio_limit import PortfolioLimit, PortfolioParameters
from tapewire.risk.rules.spans import Span
from tapewire.risk.rules.totals import Ends
from tapewire.risk.rules.view import View

SECOND_NS: Final = 1_000_000_000
KINDS: Final = ("delta", "gamma", "vega")
UNITS: Final = {"delta": "units of delta", "gamma": "units of gamma", "vega": "vega"}


class PortfolioGreeksParameters(PortfolioParameters, frozen=True, kw_only=True):
    """`delta`, `gamma`, `vega`: the most on either side, for each underlying, above 0; at least one
    of them. `age_max_s` is how old greeks may be; 0 for any age. It is broken once it has been for
    `confirm_ms` and over `confirm_marks` new greeks, if those alone have done it, and after
    `missing_ms` without greeks nothing may add risk."""

    delta: Decimal | None = None
    gamma: Decimal | None = None
    vega: Decimal | None = None
    age_max_s: float = 60.0


class PortfolioGreeks(PortfolioLimit[Greeks]):
    """The greeks of all positions on an underlying must stay within the limits.

    A scope's symbol is an underlying. The account is halted for it, for hedging may need any of its
    symbols.
    """

    Parameters = PortfolioGreeksParameters

    def __init__(
        self,
        parameters: PortfolioGreeksParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        given = {kind: getattr(parameters, kind) for kind in KINDS}
        limits = {
            kind: positive_limit(f"{self.name} {kind}", one)
            for kind, one in given.items()
            if one is not None
        }
        if not limits:
            raise ValueError(f"{self.name} needs delta, gamma or vega, above 0")
        if not parameters.age_max_s >= 0:
            raise ValueError(
                f"{self.name} age_max_s is {parameters.age_max_s}; it must be 0 or more"
            )
        if enforcement.trades_position:
            raise ValueError(
                f"{self.name} cannot close or reduce: no one position has broken it, and without"
                " one leg a spread is a naked option; it can halt or flatten"
            )
        super().__init__(parameters, limits, scope, enforcement)
        self.age_max_ns = int(parameters.age_max_s * SECOND_NS)
        self._on: dict[str, str] = {}  # underlyings by symbol

    def covers(self, order: SubmitOrder) -> bool:
        """See `Rule.covers`: which underlying an order is on is only known with the view."""
        return Scope(self.scope.account, self.scope.strategy) == EVERYTHING or order.is_in(
            Scope(self.scope.account, self.scope.strategy)
        )

    def group_of(self, symbol: str, view: View) -> str | None:
        """Its underlying."""
        underlying = self._on.get(symbol)
        if underlying is None:
            underlying = self._on[symbol] = underlying_of(symbol, view)
        return underlying if self.scope.symbol in ("", underlying) else None

    def worth(
        self, symbols: Iterable[str], group: str, view: View, *, before: bool
    ) -> Mapping[str, Greeks]:
        """The greeks that count: with an age limit, those that are young enough. Once something is
        held, old ones count as long as the market of the underlying stands still."""
        found: dict[str, Greeks] = {}
        for symbol in symbols:
            known = view.greeks(symbol)
            if known is None:
                continue
            is_old = bool(self.age_max_ns) and known[1] > self.age_max_ns
            if not is_old or (not before and self._stands_still(group, view)):
                found[symbol] = known[0]
        return found

    def _stands_still(self, underlying: str, view: View) -> bool:
        price = view.price(underlying)
        return price is not None and price[1] > self.age_max_ns

    def ends(
        self, symbol: str, span: Span, worth: Greeks | None, view: View
    ) -> Mapping[str, Ends] | None:
        """What its contracts add on either side: a greek below zero turns them round."""
        units = self._units(symbol, worth, view)
        if units is None:
            return None
        _, high, low = span
        sides = {kind: (high * unit, low * unit) for kind, unit in units.items()}
        return {kind: (max(both), min(both)) for kind, both in sides.items()}

    def _units(
        self, symbol: str, greeks: Greeks | None, view: View
    ) -> Mapping[str, Decimal] | None:
        """Delta, gamma and vega of one contract, as far as they are limited; None if one of them is
        not known."""
        instrument = view.instrument(symbol)
        if instrument is None:
            return None
        if instrument.sec_type != OPTION:
            return {k: instrument.multiplier if k == "delta" else ZERO for k in self.limits}
        values = {kind: getattr(greeks, kind, None) for kind in self.limits}
        if None in values.values():
            return None
        return {kind: Decimal(repr(one)) * instrument.multiplier for kind, one in values.items()}

    def marks(self, symbol: str, view: View) -> int:
        """See `PortfolioLimit.marks`."""
        return view.greeks_seen(symbol)

    def violated(
        self, account: str, reason: str, position: str = "", allowed: Decimal | None = None
    ) -> Violation:
        """A violation in the whole account, whichever underlying the rule is about."""
        return Violation(self.name, Scope(account, self.scope.strategy), reason, self.enforcement)

    def unit(self, kind: str) -> str:
        """See `PortfolioLimit.unit`."""
        return UNITS[kind]

    def sentence(self, group: str, kind: str, amount: Decimal) -> str:
        """See `PortfolioLimit.sentence`."""
        return (
            f"the {kind} of {group} in the account is or could get {amount:.2f}, the limit is"
            f" {self.limits[kind]:f}"
        )

    def unknown(self, group: str, missing: Iterable[str]) -> str:
        """See `PortfolioLimit.unknown`."""
        return (
            f"the greeks of {group} in the account are not known: there are no"
            f" {', '.join(self.limits)} of {', '.join(missing)}, or they are old"
        )


def underlying_of(symbol: str, view: View) -> str:
    """What a symbol is on: itself, if it is not an option."""
    instrument = view.instrument(symbol)
    if instrument is not None:
        return instrument.underlying or symbol
    named = read_name(symbol)
    return named.underlying if named is not None else symbol
