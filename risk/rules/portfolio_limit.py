"""Limits on what positions come to together: what `MaxNotional` and `PortfolioGreeks` share.

The positions of an account fall into groups, and each group comes to an amount of one or several
kinds, each with its limit. What a contract adds depends on something that the market says of it:
its price, or its greeks. The rest is the same whatever the amounts are:

*   Before an order, the worst case counts: all that works on one side fills, and the order too. It
    is denied if it could bring a group further beyond a limit; never if it can only reduce.
*   Afterwards, what is certain counts. What became too much by a fill or an order is broken at
    once: it is too much at the values at which it was within the limits, too. What became so by the
    market alone may be one bad tick, and has to be confirmed. So has what is found at a start, when
    nobody knows what it was within before.
*   It fails closed. Where a value is missing, nobody can tell what is held or ordered comes to.
    Then no order that adds risk passes the gateway, and after `missing_ms` risk says so, and halts
    where anything is halted for the rule. Nothing is closed because of a value that is missing.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import ClassVar, Generic, TypeVar

import msgspec

from tapewire.common.accounting.exposure import Exposure
from tapewire.common.events import Event, Scope, SubmitOrder
from tapewire.risk.rules.base import ADDS_RISK, AccountRule, Reading, Violation
from tapewire.risk.rules.confirmation import Confirmation
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.known_exposures import BySymbol
from tapewire.risk.rules.spans import Span, certain, worst
from tapewire.risk.rules.totals import Ends, Found, Totals, before_and_after
from tapewire.risk.rules.view import View

Worth = TypeVar("Worth")
Group = tuple[str, str]
"""An account, and the name of a group in it."""


class PortfolioParameters(msgspec.Struct, frozen=True, kw_only=True):
    """A limit is broken once it has been for `confirm_ms` and over `confirm_marks` new values, if
    the market alone has done it, and after `missing_ms` without one nothing may add risk."""

    confirm_ms: int = 1000
    confirm_marks: int = 2
    missing_ms: int = 5000


class PortfolioLimit(AccountRule, ABC, Generic[Worth]):
    """What each group of an account's positions comes to must stay within `limits`, by kind."""

    looks_at: ClassVar[tuple[type[Event], ...] | None] = ADDS_RISK
    watches_marks = True
    rests_with = "flat"
    only_grows: ClassVar[frozenset[str]] = frozenset()
    """The kinds to which what is missing can only add: they can be too much without it."""
    always: ClassVar[tuple[str, ...]] = ()
    """The groups that an account has before it has any position."""

    def __init__(
        self,
        parameters: PortfolioParameters,
        limits: Mapping[str, Decimal],
        scope: Scope,
        enforcement: Enforcement,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        self.limits = dict(limits)
        ms, marks = parameters.confirm_ms, parameters.confirm_marks
        self._over: Confirmation[Group] = Confirmation(ms, marks)
        self._found: Confirmation[Group] = Confirmation(ms, 0)
        self._missing: Confirmation[Group] = Confirmation(parameters.missing_ms, 0)
        self._within: dict[Group, Mapping[str, Worth]] = {}  # at which it was so last
        self._started = False  # everything was looked at once
        self._unsure: set[Group] = set()  # groups that have not been within limits since then
        self._known: Totals[Worth] | None = None

    # ---- what a rule says ----------------------------------------------------------------------

    @abstractmethod
    def group_of(self, symbol: str, view: View) -> str | None:
        """The group that a symbol counts in; None where it counts in none. It stays the same."""

    @abstractmethod
    def worth(
        self, symbols: Iterable[str], group: str, view: View, *, before: bool
    ) -> Mapping[str, Worth]:
        """What the market says of each of these, where that counts, before an order or after. While
        it says nothing new it is the same object."""

    @abstractmethod
    def ends(
        self, symbol: str, span: Span, worth: Worth | None, view: View
    ) -> Mapping[str, Ends] | None:
        """What a position of this span adds, by kind; None where that is not known."""

    @abstractmethod
    def marks(self, symbol: str, view: View) -> int:
        """How often the market has said something new of a symbol so far."""

    @abstractmethod
    def unit(self, kind: str) -> str:
        """What an amount of a kind is counted in."""

    @abstractmethod
    def sentence(self, group: str, kind: str, amount: Decimal) -> str:
        """What is too much, in words."""

    @abstractmethod
    def unknown(self, group: str, missing: Iterable[str]) -> str:
        """What is not known, in words."""

    def blamed(self, exposures: BySymbol, kind: str, view: View) -> tuple[str, Decimal | None]:
        """The position that is to be closed or reduced, and what may stay of it."""
        return "", None

    # ---- before --------------------------------------------------------------------------------

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Deny an order that could bring a group further beyond a limit; never an exit."""
        return self.combo_denial(order, view)

    def combo_denial(self, combo: SubmitOrder, view: View) -> str:
        """What all of its legs could add to a group counts together."""
        if not view.sees_market:
            return ""
        legs: dict[str, list[SubmitOrder]] = {}
        for leg in combo.singles:
            if (group := self.group_of(leg.symbol, view)) is not None:
                legs.setdefault(group, []).append(leg)
        for group, added in legs.items():
            if reason := self._too_much_more(group, added, view):
                return "" if view.is_reducing(combo) else reason
        return ""

    def _too_much_more(self, group: str, legs: list[SubmitOrder], view: View) -> str:
        account, totals = legs[0].account, self._totals(view)
        exposures = totals.exposures(account, group)
        before, after = before_and_after(legs, view)
        symbols = exposures if exposures.keys() >= after.keys() else {**exposures, **after}
        worth = self.worth(symbols, group, view, before=True)
        total = totals.total(account, group, worst)
        found = total.of(exposures, worth, after)
        if found.missing:
            return f"{self.name}: {self.unknown(group, found.missing)}"
        for kind, limit in self.limits.items():
            amount = found.amounts[kind]
            if amount > limit and amount > total.of(exposures, worth, before).amounts[kind]:
                return f"{self.name}: with this order {self.sentence(group, kind, amount)}"
        return ""

    # ---- after ---------------------------------------------------------------------------------

    def on_timer(self, view: View) -> Iterable[Violation]:
        """Every account."""
        yield from super().on_timer(view)
        self._started = True

    def readings(self, view: View) -> Iterable[Reading]:
        """Of each group of every account that the rule is about, the limit that is used most."""
        for account in view.accounts():
            for group, exposures in sorted(self._groups(account, view)):
                found = self._certain(account, group, exposures, view)[0]
                kind = max(self.limits, key=lambda one: found.amounts[one] / self.limits[one])
                used = None if found.missing else found.amounts[kind]
                yield self.reading(used, self.limits[kind], account, group, self.unit(kind))

    def broken(self, account: str, view: View) -> Iterable[Violation]:
        """See `AccountRule.broken`."""
        for group, exposures in self._groups(account, view):
            yield from self._broken((account, group), exposures, view)

    def _broken(self, group: Group, exposures: BySymbol, view: View) -> Iterator[Violation]:
        found, worth = self._certain(*group, exposures, view)
        kind = self._too_much(found)
        marks = sum(self.marks(symbol, view) for symbol in exposures)
        confirmed = self._over.holds(group, bool(kind), marks, view)
        if not self._started and (kind or found.missing):
            self._unsure.add(group)
        if not kind:
            self._is_within(group, worth, is_known=not found.missing)
        elif confirmed or self._is_certain(group, exposures, worth, view):
            yield self._blame(group, kind, found.amounts[kind], exposures, view)
        if self._missing.holds(group, bool(found.missing), 0, view) and not kind:
            one = self.violated(group[0], self.unknown(group[1], found.missing))
            yield one._replace(enforcement=HALT) if self.enforcement.halts else one

    def _blame(
        self, group: Group, kind: str, amount: Decimal, exposures: BySymbol, view: View
    ) -> Violation:
        symbol, allowed = "", None
        if self.enforcement.trades_position:
            symbol, allowed = self.blamed(exposures, kind, view)
        return self.violated(group[0], self.sentence(group[1], kind, amount), symbol, allowed)

    def violated(
        self, account: str, reason: str, position: str = "", allowed: Decimal | None = None
    ) -> Violation:
        """A violation in an account."""
        return self.violation(reason, account=account, position=position, allowed=allowed)

    def _is_within(self, group: Group, worth: Mapping[str, Worth], *, is_known: bool) -> None:
        """A group is within its limits, at this worth."""
        self._within[group] = worth
        self._found.forget(group)
        if is_known:
            self._unsure.discard(group)

    def _is_certain(
        self, group: Group, exposures: BySymbol, worth: Mapping[str, Worth], view: View
    ) -> bool:
        """Whether it is too much at the worth at which it was not, too."""
        if group in self._unsure:
            return self._found.holds(group, is_true=True, marks=0, view=view)
        then = {**worth, **self._within.get(group, {})}
        return bool(self._too_much(self._totals(view).fresh(certain).of(exposures, then)))

    def _too_much(self, found: Found) -> str:
        """The kind of which it is too much; "" if it is none, or if that cannot be told."""
        for kind, limit in self.limits.items():
            if found.amounts[kind] > limit and (kind in self.only_grows or not found.missing):
                return kind
        return ""

    # ---- what it comes to ----------------------------------------------------------------------

    def _totals(self, view: View) -> Totals[Worth]:
        """Those of this view: a rule is asked with the one of its process."""
        if self._known is None or self._known.view is not view:
            self._known = Totals(
                view, self.limits, lambda symbol: self.group_of(symbol, view),
                lambda symbol, span, worth: self.ends(symbol, span, worth, view),
            )  # fmt: skip
        return self._known

    def _groups(self, account: str, view: View) -> Iterator[tuple[str, Mapping[str, Exposure]]]:
        """What an account holds or has ordered, by its groups; of the rule's own scope."""
        if self.scope.account in ("", account):
            totals = self._totals(view)
            for group in dict.fromkeys((*self.always, *totals.groups(account))):
                yield group, totals.exposures(account, group)

    def _certain(
        self, account: str, group: str, exposures: BySymbol, view: View
    ) -> tuple[Found, Mapping[str, Worth]]:
        """What is certain, at what worth."""
        worth = self.worth(exposures, group, view, before=False)
        return self._totals(view).total(account, group, certain).of(exposures, worth), worth
