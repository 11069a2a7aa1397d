"""The result of an account's trading day: what its loss and its profit rule look at.

Where unrealised P&L counts, it is what open positions gained or lost since the day began. What they
had gained by then is kept over restarts. Of an account that is seen for the first time all of it
counts: nobody here knows what it was in the morning.
"""

from abc import ABC
from datetime import date
from decimal import Decimal
from typing import ClassVar

import msgspec

from tapewire.common.accounting.book import ZERO, Key
from tapewire.common.events import EVERYTHING, Scope
from tapewire.risk.rules.amount_limit import (
    AccountLimit,
    MoneyParameters,
    in_one_currency,
    slopes_of,
)
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.view import View


class DayParameters(MoneyParameters, frozen=True, kw_only=True):
    """As `MoneyParameters`. `unrealised`: what open positions have gained or lost since the day
    began counts too."""

    unrealised: bool = False


class Morning(msgspec.Struct, frozen=True):
    """What an account's open positions had gained when a trading day began."""

    day: date
    unrealised: Decimal


class DailyResult(AccountLimit, ABC):
    """What an account makes (`sign` 1) or loses (-1) in a trading day, fees deducted."""

    Parameters: ClassVar[type[msgspec.Struct]] = DayParameters
    sign: ClassVar[int]

    def __init__(
        self,
        parameters: DayParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        self.watches_marks = parameters.unrealised
        self._mornings: dict[str, Morning] = {}

    def amount(self, subject: Key, view: View) -> Decimal | None:
        """What was realised, with what is not where that counts."""
        account, _ = subject
        net = view.day(account).net
        if not self.watches_marks:
            return in_one_currency(account, view, self.sign * net)
        unrealised = in_one_currency(account, view, view.unrealised(account))
        if unrealised is None:
            return None
        return self.sign * (net + unrealised - self._morning(account, unrealised, view))

    def certain(self, subject: Key, view: View) -> Decimal:
        """What was realised; nothing is certain where what is open counts too."""
        account, _ = subject
        net = None if self.watches_marks else view.day(account).net
        return self.sign * (in_one_currency(account, view, net) or ZERO)

    def slopes(self, subject: Key, view: View) -> dict[str, Decimal]:
        """The prices of all positions, where what is not realised counts."""
        return slopes_of(subject[0], self.sign, view) if self.watches_marks else {}

    def _morning(self, account: str, unrealised: Decimal, view: View) -> Decimal:
        today, known = view.trading_day(account), self._mornings.get(account)
        if known is None or known.day < today:
            known = Morning(today, ZERO if known is None else unrealised)
            self._mornings[account] = known
        return known.unrealised

    def save(self) -> bytes:
        """What each account's positions had gained when its day began."""
        return msgspec.json.encode(self._mornings) if self._mornings else b""

    def restore(self, state: bytes) -> None:
        """As `save` gave it."""
        self._mornings = msgspec.json.decode(state, type=dict[str, Morning])
