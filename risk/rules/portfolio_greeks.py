"""PortfolioGreeks: delta, gamma and vega of what an account holds, underlying by underlying.

    delta   units of the underlying that the positions move like: a call with a delta of 0.6 on 100
            shares is 60 shares; 100 shares are 100, and one ES future is 50 times the index
    gamma   by how many units that delta changes if the underlying goes up by 1
    vega    what all options on it gain by a point of volatility (0.01), in their currency

Each is quantity times greek times multiplier, of all that has one underlying: it, its futures by
their own symbols, and the options on it. Different underlyings are not added up, for a share of one
is no share of another; so no currencies are either. What is no option has a delta of 1, and neither
gamma nor vega.

It fails closed. Without greeks of an option that is held or ordered, or with old ones, nobody can
tell. Then no order that adds risk in this underlying passes the gateway, and after `missing_ms`
risk says so, and halts where anything is halted for this rule; nothing is closed for it. Old greeks
do not break it while the market stands still: at night no price of the underlying comes either.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from tapewire.common.accounting.book import ZERO, Key
from tapewire.common.accounting.exposure import Exposure
from tapewire.common.events import EVERYTHING, Greeks, Scope, SubmitOrder
from tapewire.common.options import OPTION, read_name
from tapewire.risk.rules.base import ADDS_RISK, AccountRule, Reading, Violation, positive_limit
from tapewire.risk.rules.confirmation import Confirmation
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.spans import Span, certain, worst
from tapewire.risk.rules.view import View

SECOND_NS: Final = 1_000_000_000
KINDS: Final = ("delta", "gamma", "vega")
UNITS: Final = {"delta": "units of delta", "gamma": "units of gamma", "vega": "vega"}


class PortfolioGreeksParameters(msgspec.Struct, frozen=True):
    """`delta`, `gamma`, `vega`: the most on either side, for each underlying, above 0; at least one
    of them. `age_max_s` is how old greeks may be; 0 for any age. It is broken once it has been for
    `confirm_ms` and over `confirm_marks` new greeks, if those alone have done it, and after
    `missing_ms` without greeks nothing may add risk."""

    delta: Decimal | None = None
    gamma: Decimal | None = None
    vega: Decimal | None = None
    age_max_s: float = 60.0
    confirm_ms: int = 1000
    confirm_marks: int = 2
    missing_ms: int = 5000


Group = tuple[str, str]
"""An account and an underlying."""
Exposures = Mapping[Key, Exposure]
Known = Mapping[str, Greeks]
"""Greeks of options, by their symbols."""
Units = Mapping[str, Decimal]
"""What one contract adds to each kind that is limited."""


class Sum(NamedTuple):
    """What positions on one underlying come to at most, by kind; `missing` are the options of which
    nobody can tell."""

    amounts: Mapping[str, Decimal]
    missing: tuple[str, ...] = ()


class PortfolioGreeks(AccountRule):
    """The greeks of all positions on an underlying must stay within the limits.

    A scope's symbol is an underlying. What became too much by a fill or an order is broken at once.
    What became so by new greeks alone may be one bad tick, and has to be confirmed; so has what is
    found at a start. The account is halted then, for hedging may need any of its symbols.
    """

    Parameters = PortfolioGreeksParameters
    looks_at = ADDS_RISK
    watches_marks = True

    def __init__(
        self,
        parameters: PortfolioGreeksParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        given = {kind: getattr(parameters, kind) for kind in KINDS}
        self.limits = {
            kind: positive_limit(f"{self.name} {kind}", one)
            for kind, one in given.items()
            if one is not None
        }
        if not self.limits:
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
        self.age_max_ns = int(parameters.age_max_s * SECOND_NS)
        ms, marks = parameters.confirm_ms, parameters.confirm_marks
        self._over: Confirmation[Group] = Confirmation(ms, marks)
        self._found: Confirmation[Group] = Confirmation(ms, 0)
        self._missing: Confirmation[Group] = Confirmation(parameters.missing_ms, 0)
        self._within: dict[Group, Known] = {}  # greeks at which a group was within its limits last
        self._started = False  # everything was looked at once
        self._unsure: set[Group] = set()  # groups that have not been within them since then
        self._on: dict[str, str] = {}  # underlyings by symbol
        self._contracts: dict[str, tuple[Greeks, Units]] = {}  # of which greeks, in units

    def covers(self, order: SubmitOrder) -> bool:
        """See `Rule.covers`: which underlying an order is on is only known with the view."""
        return Scope(self.scope.account, self.scope.strategy) == EVERYTHING or order.is_in(
            Scope(self.scope.account, self.scope.strategy)
        )

    # ---- before --------------------------------------------------------------------------------

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Deny an order that could bring an underlying further beyond a limit; never an exit."""
        return self.combo_denial(order, view)

    def combo_denial(self, combo: SubmitOrder, view: View) -> str:
        """What all legs on an underlying could add counts together."""
        if not view.sees_market:
            return ""
        legs: dict[str, list[SubmitOrder]] = {}
        for leg in combo.singles:
            underlying = self._underlying(leg.symbol, view)
            if self.scope.symbol in ("", underlying):
                legs.setdefault(underlying, []).append(leg)
        if not legs or view.is_reducing(combo):
            return ""
        keys = view.keys(combo.account)
        for underlying, added in legs.items():
            on_it = {key for key in keys if self._underlying(key[1], view) == underlying}
            if reason := self._too_much_more(underlying, added, on_it, view):
                return reason
        return ""

    def _too_much_more(
        self, underlying: str, added: Iterable[SubmitOrder], on_it: set[Key], view: View
    ) -> str:
        keys = on_it.union((leg.account, leg.symbol) for leg in added)
        before = {key: view.exposure(*key) for key in keys}
        after = before.copy()
        for leg in added:
            key = (leg.account, leg.symbol)
            after[key] = after[key].with_order(leg.terms)
        newest = self._newest(after, view, underlying, before=True)
        found = self._sum(after, worst, view, newest)
        if found.missing:
            return f"{self.name}: {self._unknown(underlying, found)}"
        for kind, limit in self.limits.items():
            amount = found.amounts[kind]
            if amount > limit and amount > self._sum(before, worst, view, newest).amounts[kind]:
                return f"{self.name}: with this order {self._sentence(underlying, kind, amount)}"
        return ""

    # ---- after ---------------------------------------------------------------------------------

    def on_timer(self, view: View) -> Iterable[Violation]:
        """Every account."""
        yield from super().on_timer(view)
        self._started = True

    def readings(self, view: View) -> Iterable[Reading]:
        """Of each underlying that an account has, the limit of which most is used."""
        for account in sorted(view.accounts()):
            for underlying, exposures in sorted(self._groups(account, view).items()):
                found = self._sum(
                    exposures, certain, view, self._newest(exposures, view, underlying)
                )
                kind = max(self.limits, key=lambda one: found.amounts[one] / self.limits[one])
                used = None if found.missing else found.amounts[kind]
                yield self.reading(used, self.limits[kind], account, underlying, UNITS[kind])

    def broken(self, account: str, view: View) -> Iterable[Violation]:
        """See `AccountRule.broken`."""
        for underlying, exposures in self._groups(account, view).items():
            yield from self._broken((account, underlying), exposures, view)

    def _broken(self, group: Group, exposures: Exposures, view: View) -> Iterator[Violation]:
        account, underlying = group
        newest = self._newest(exposures, view, underlying)
        found = self._sum(exposures, certain, view, newest)
        kind = self._too_much(found)
        marks = sum(view.greeks_seen(symbol) for _, symbol in exposures)
        confirmed = self._over.holds(group, bool(kind), marks, view)
        if not self._started and (kind or found.missing):
            self._unsure.add(group)
        if not kind:
            self._is_within(group, newest, is_known=not found.missing)
        elif confirmed or self._is_certain(group, exposures, newest, view):
            reason = self._sentence(underlying, kind, found.amounts[kind])
            yield self._violation(account, reason, self.enforcement)
        if self._missing.holds(group, bool(found.missing), 0, view):
            stops = HALT if self.enforcement.halts else self.enforcement
            yield self._violation(account, self._unknown(underlying, found), stops)

    def _violation(self, account: str, reason: str, enforcement: Enforcement) -> Violation:
        """A violation in the whole account, whichever underlying the rule is about."""
        return Violation(self.name, Scope(account, self.scope.strategy), reason, enforcement)

    def _is_within(self, group: Group, newest: Known, *, is_known: bool) -> None:
        """A group is within its limits, at these greeks."""
        self._within[group] = newest
        self._found.forget(group)
        if is_known:
            self._unsure.discard(group)

    def _is_certain(self, group: Group, exposures: Exposures, newest: Known, view: View) -> bool:
        """Whether it is too much at the greeks at which it was not, too."""
        if group in self._unsure:
            return self._found.holds(group, is_true=True, marks=0, view=view)
        then = {**newest, **self._within.get(group, {})}
        return bool(self._too_much(self._sum(exposures, certain, view, then)))

    def _too_much(self, found: Sum) -> str:
        """The kind of which it is too much; "" if it is none, or if that cannot be told."""
        if found.missing:
            return ""
        over = (kind for kind, limit in self.limits.items() if found.amounts[kind] > limit)
        return next(over, "")

    # ---- what it comes to ----------------------------------------------------------------------

    def _groups(self, account: str, view: View) -> dict[str, dict[Key, Exposure]]:
        """What an account holds or has ordered, by what it is on; of the rule's own scope."""
        groups: dict[str, dict[Key, Exposure]] = {}
        if self.scope.account not in ("", account):
            return groups
        for key in view.keys(account):
            underlying = self._underlying(key[1], view)
            if self.scope.symbol in ("", underlying):
                groups.setdefault(underlying, {})[key] = view.exposure(*key)
        return groups

    def _newest(
        self, exposures: Exposures, view: View, underlying: str, *, before: bool = False
    ) -> Known:
        """The greeks that count: with an age limit, those that are young enough. Once something is
        held, old ones count as long as the market of the underlying stands still."""
        found: dict[str, Greeks] = {}
        for _, symbol in exposures:
            known = view.greeks(symbol)
            if known is None:
                continue
            is_old = bool(self.age_max_ns) and known[1] > self.age_max_ns
            if not is_old or (not before and self._stands_still(underlying, view)):
                found[symbol] = known[0]
        return found

    def _stands_still(self, underlying: str, view: View) -> bool:
        price = view.price(underlying)
        return price is not None and price[1] > self.age_max_ns

    def _sum(
        self, exposures: Exposures, span: Callable[[Exposure], Span], view: View, greeks: Known
    ) -> Sum:
        """What these could come to at most, on either side."""
        highest = dict.fromkeys(self.limits, ZERO)
        lowest = highest.copy()
        missing: list[str] = []
        for (_, symbol), exposure in exposures.items():
            most, high, low = span(exposure)
            if not most:
                continue
            units = self._units(symbol, view, greeks)
            if units is None:
                missing.append(symbol)
                continue
            for kind, unit in units.items():
                up, down = high * unit, low * unit
                if up < down:
                    up, down = down, up
                highest[kind] += up
                lowest[kind] += down
        amounts = {kind: max(highest[kind], -lowest[kind]) for kind in self.limits}
        return Sum(amounts, tuple(sorted(missing)))

    def _units(self, symbol: str, view: View, greeks: Known) -> Units | None:
        """Delta, gamma and vega of one contract, as far as they are limited; None if one of them is
        not known. Those of the same greeks are worked out once: every order asks for them."""
        known = greeks.get(symbol)
        worked_out = self._contracts.get(symbol)
        if worked_out is not None and worked_out[0] is known:
            return worked_out[1]
        instrument = view.instrument(symbol)
        if instrument is None:
            return None
        if instrument.sec_type != OPTION:
            return {k: instrument.multiplier if k == "delta" else ZERO for k in self.limits}
        values = {kind: getattr(known, kind, None) for kind in self.limits}
        if known is None or None in values.values():
            return None
        units = {kind: Decimal(repr(one)) * instrument.multiplier for kind, one in values.items()}
        self._contracts[symbol] = known, units
        return units

    def _underlying(self, symbol: str, view: View) -> str:
        found = self._on.get(symbol)
        if found is None:
            found = self._on[symbol] = underlying_of(symbol, view)
        return found

    def _sentence(self, underlying: str, kind: str, amount: Decimal) -> str:
        return (
            f"the {kind} of {underlying} in the account is or could get {amount:.2f}, the limit is"
            f" {self.limits[kind]:f}"
        )

    def _unknown(self, underlying: str, found: Sum) -> str:
        return (
            f"the greeks of {underlying} in the account are not known: there are no"
            f" {', '.join(self.limits)} of {', '.join(found.missing)}, or they are old"
        )


def underlying_of(symbol: str, view: View) -> str:
    """What a symbol is on: itself, if it is no option."""
    instrument = view.instrument(symbol)
    if instrument is not None:
        return instrument.underlying or symbol
    named = read_name(symbol)
    return named.underlying if named is not None else symbol
