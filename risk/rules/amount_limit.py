"""Rules about money: an amount of each account, or of each position, that must not reach a limit.

    amount < limit                 nothing
    amount >= limit, confirmed     the rule is broken
    amount not known for a while   nothing may add risk, and no position is closed: a price that is
                                   not there is no reason to trade

Before an order goes, the executor holds against the limit what was realised alone, as it sees no
prices. The gateway does not see what the liquidation gateway has traded, and does not judge.

An amount is not known without a price for what is held, or with positions in two currencies, which
are never added up.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import ClassVar

import msgspec

from tapewire.common.accounting.book import ZERO, Key
from tapewire.common.events import EVERYTHING, Event, Fill, PositionReported, Scope, SubmitOrder
from tapewire.risk.rules.base import ROUNDING, WARN_FROM, Reading, Rule, Violation, positive_limit
from tapewire.risk.rules.confirmation import Confirmation
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.quiet import PriceBound, Quiet, below
from tapewire.risk.rules.view import View


class MoneyParameters(msgspec.Struct, frozen=True, kw_only=True):
    """`limit`: money in the currency of what is traded, above 0. Where prices are a part of the
    amount, the limit is broken once it has been for `confirm_ms` and over `confirm_marks` new
    prices; and after `missing_ms` without a price nothing may add risk."""

    limit: Decimal
    confirm_ms: int = 1000
    confirm_marks: int = 2
    missing_ms: int = 5000


class AmountLimit(Rule, ABC):
    """An amount that must stay below `limit`, for each of its subjects: an account, with an empty
    symbol, or a position."""

    Parameters: ClassVar[type[msgspec.Struct]] = MoneyParameters
    rests_with = "flat"

    def __init__(
        self,
        parameters: MoneyParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        self.limit = positive_limit(self.name, parameters.limit)
        self._over: Confirmation[Key] = Confirmation(
            parameters.confirm_ms, parameters.confirm_marks
        )
        self._missing: Confirmation[Key] = Confirmation(parameters.missing_ms, 0)

    # ---- what a rule says ----------------------------------------------------------------------

    @abstractmethod
    def subjects(self, view: View, account: str | None = None) -> Iterable[Key]:
        """What the rule looks at now; of one account."""

    @abstractmethod
    def subject_of(self, order: SubmitOrder) -> Key:
        """What an order is judged by."""

    @abstractmethod
    def amount(self, subject: Key, view: View) -> Decimal | None:
        """What is held against the limit; None where it is not known."""

    def certain(self, subject: Key, view: View) -> Decimal:
        """The part of it that depends on no price, and needs no confirmation."""
        return ZERO

    @abstractmethod
    def sentence(self, subject: Key, amount: Decimal) -> str:
        """What has reached the limit, in words."""

    @abstractmethod
    def unknown(self, subject: Key, view: View) -> str:
        """Why the amount is not known, in words."""

    @abstractmethod
    def marks(self, subject: Key, view: View) -> int:
        """How many prices have come so far that are a part of the amount."""

    def slopes(self, subject: Key, view: View) -> Mapping[str, Decimal] | None:
        """By how much it grows with the price of each symbol; None where it does not do so
        evenly."""
        return None

    def is_settled(self, subject: Key, view: View) -> bool:
        """Whether no price is a part of the amount now, so that there is nothing to wait for: what
        was lost at a price that nobody confirmed may have been realised since."""
        return False

    def quiet(self, view: View) -> Quiet | None:
        """See `Rule.quiet`: while nothing gets near enough to the limit to be warned of."""
        bounds: list[PriceBound] = []
        for subject in self.subjects(view):
            amount, slopes = self.amount(subject, view), self.slopes(subject, view)
            if amount is None or slopes is None:
                return None
            found = below(amount, WARN_FROM * self.limit, slopes, view)
            if found is None:
                return None
            bounds += found.bounds
        return Quiet(tuple(bounds))

    # ---- what follows from it ------------------------------------------------------------------

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Deny what adds risk once what is certain has reached the limit; never an exit."""
        subject = self.subject_of(order)
        reached = self.certain(subject, view) if view.has_all_fills else ZERO
        if not self.is_reached(reached):
            return ""
        if view.exposure(order.account, order.symbol).reduced_by(order.terms):
            return ""
        return f"{self.name}: {self._reached(subject, reached)}"

    def on_event(self, event: Event, view: View) -> Iterable[Violation]:
        """The account that the event is about."""
        account = getattr(event, "account", None)
        for subject in self.subjects(view, account) if account is not None else ():
            yield from self._violation(subject, view)

    def on_timer(self, view: View) -> Iterable[Violation]:
        """Everything that the rule is about."""
        subjects = list(self.subjects(view))
        self._over.keep(subjects)
        self._missing.keep(subjects)
        for subject in subjects:
            yield from self._violation(subject, view)

    def readings(self, view: View) -> Iterable[Reading]:
        """Everything that the rule is about."""
        for subject in self.subjects(view):
            amount = self.amount(subject, view)
            used = None if amount is None else max(amount, ZERO)
            yield self.reading(used, self.limit, *subject, "money")

    def _violation(self, subject: Key, view: View) -> Iterable[Violation]:
        certain, amount = self.certain(subject, view), self.amount(subject, view)
        is_over = amount is not None and self.is_reached(amount)
        confirmed = self._over.holds(subject, is_over, self.marks(subject, view), view)
        confirmed |= is_over and self.is_settled(subject, view)
        lasting = self._missing.holds(subject, amount is None, 0, view)
        account, symbol = subject
        if confirmed or self.is_reached(certain):
            reason = self._reached(subject, max(certain, amount or ZERO))
            yield self.violation(reason, account=account, symbol=symbol)
        elif lasting:
            one = self.violation(self.unknown(subject, view), account=account, symbol=symbol)
            yield one._replace(enforcement=HALT) if self.enforcement.halts else one

    def is_reached(self, amount: Decimal) -> bool:
        """Whether an amount is at the limit or above."""
        return amount + ROUNDING >= self.limit

    def _reached(self, subject: Key, amount: Decimal) -> str:
        return f"{self.sentence(subject, amount)}, the limit is {self.limit:f}"


class AccountLimit(AmountLimit, ABC):
    """An amount of each account."""

    looks_at = (Fill, PositionReported)

    def subjects(self, view: View, account: str | None = None) -> Iterable[Key]:
        """Every account, with an empty symbol."""
        for one in view.accounts() if account is None else [account]:
            if self.scope.account in ("", one):
                yield one, ""

    def subject_of(self, order: SubmitOrder) -> Key:
        """Its account."""
        return order.account, ""

    def is_settled(self, subject: Key, view: View) -> bool:
        """Whether the account holds nothing."""
        return not any(one.quantity for one in view.positions(subject[0]))

    def marks(self, subject: Key, view: View) -> int:
        """The prices of all that the account holds."""
        return view.marks_of(subject[0])

    def unknown(self, subject: Key, view: View) -> str:
        """Which prices are missing, or which currencies would have to be added up."""
        account, _ = subject
        if len(view.currencies(account)) > 1:
            traded = " and ".join(sorted(view.currencies(account)))
            return f"the result of {account} is not known: it trades in {traded}"
        held = [one for one in view.positions(account) if one.quantity and one.mark is None]
        missing = ", ".join(sorted(one.symbol for one in held))
        return f"the result of {account} is not known: there is no price of {missing}"


def slopes_of(account: str, sign: int, view: View) -> dict[str, Decimal]:
    """By how much the P&L of an account's open positions grows with each price; with a `sign` of
    -1, by how much it falls."""
    return {
        one.symbol: sign * one.quantity * one.multiplier
        for one in view.positions(account)
        if one.quantity
    }


def in_one_currency(account: str, view: View, amount: Decimal | None) -> Decimal | None:
    """The amount, if it adds up no two currencies."""
    return amount if len(view.currencies(account)) < 2 else None
