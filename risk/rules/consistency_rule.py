"""ConsistencyRule: no single day may make too large a share of an account's profit.

A day that has made too much is broken for the rest of it: each further profit makes its share
larger. On later days trading makes it smaller, so nothing is denied then; `readings` goes on to
show the share. An account's first profit is all of its profit, so the rule needs to know from which
profit on it is judged.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import ClassVar

import msgspec

from tapewire.common.accounting.book import ZERO
from tapewire.common.events import EVERYTHING, Commission, Event, Fill, Scope, SubmitOrder
from tapewire.risk.rules.base import ROUNDING, Reading, Rule, Violation
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.view import View

HUNDRED: Decimal = Decimal(100)


class ConsistencyRuleParameters(msgspec.Struct, frozen=True):
    """`percent`: how much of the whole profit the best day may have made, above 0 and at most 100.
    `profit_min`: money; with less profit than that in all it is not judged."""

    percent: Decimal
    profit_min: Decimal


class ConsistencyRule(Rule):
    """The best trading day of an account may have made at most `percent` of all that its days made,
    fees deducted. It knows the days that the journals have, and keeps them from then on."""

    Parameters: ClassVar[type[msgspec.Struct]] = ConsistencyRuleParameters
    looks_at = (Fill, Commission)

    def __init__(
        self,
        parameters: ConsistencyRuleParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        self.percent = parameters.percent
        self.profit_min = parameters.profit_min
        if not (self.percent.is_finite() and 0 < self.percent <= HUNDRED):
            raise ValueError(
                f"{self.name} percent is {self.percent}; it must be above 0, up to 100"
            )
        if not (self.profit_min.is_finite() and self.profit_min >= 0):
            raise ValueError(f"{self.name} profit_min is {self.profit_min}; it must be 0 or more")
        self._days: dict[str, dict[date, Decimal]] = {}  # what each made, by account
        self._today: dict[str, date] = {}  # by account

    def share(self, account: str, view: View) -> Decimal | None:
        """The best day's part of the whole profit in percent; None where that is not judged."""
        days = self._noted(account, view)
        whole = sum(days.values(), ZERO)
        if whole <= 0 or whole < self.profit_min:
            return None
        return max(days.values()) * HUNDRED / whole

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Deny what adds risk on a day that has made too much; never an exit."""
        if not view.has_all_fills or not self._is_broken(order.account, view):
            return ""
        if view.exposure(order.account, order.symbol).reduced_by(order.terms):
            return ""
        return f"{self.name}: {self._reason(order.account, view)}"

    def on_event(self, event: Event, view: View) -> Iterable[Violation]:
        """The account that was traded in."""
        account = getattr(event, "account", "")
        return self._violation(account, view) if account else ()

    def on_timer(self, view: View) -> Iterable[Violation]:
        """Every account that the rule is about."""
        for account in view.accounts():
            yield from self._violation(account, view)

    def readings(self, view: View) -> Iterable[Reading]:
        """The best day's share of each account that has a profit."""
        for account in view.accounts():
            share = self.share(account, view)
            if self.scope.account in ("", account) and share is not None:
                yield self.reading(share, self.percent, account, unit="% of the profit")

    def _violation(self, account: str, view: View) -> Iterable[Violation]:
        if self.scope.account in ("", account) and self._is_broken(account, view):
            yield self.violation(self._reason(account, view), account=account)

    def _is_broken(self, account: str, view: View) -> bool:
        share, days = self.share(account, view), self._noted(account, view)
        is_best = days[view.trading_day(account)] == max(days.values())
        return is_best and share is not None and share > self.percent + ROUNDING

    def _reason(self, account: str, view: View) -> str:
        share = self.share(account, view) or ZERO
        return f"the day has made {share:.1f} % of the profit, the limit is {self.percent:f} %"

    def _noted(self, account: str, view: View) -> dict[date, Decimal]:
        days = self._days.setdefault(account, {})
        for day, net in view.days(account).items():
            days.setdefault(day, net)
        self._today[account] = today = view.trading_day(account)
        days[today] = view.day(account).net
        return days

    def save(self) -> bytes:
        """What each day made, but for the one that goes on: that is in the journals."""
        over = {
            account: {day: net for day, net in days.items() if day != self._today.get(account)}
            for account, days in self._days.items()
        }
        over = {account: days for account, days in over.items() if days}
        return msgspec.json.encode(over) if over else b""

    def restore(self, state: bytes) -> None:
        """As `save` gave it."""
        self._days = msgspec.json.decode(state, type=dict[str, dict[date, Decimal]])
