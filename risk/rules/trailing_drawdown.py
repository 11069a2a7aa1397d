"""TrailingDrawdown: how far an account may fall below the highest it has had.

The highest is that of any moment, or that at the end of a trading day. The rule follows the account
up and never down, and with `stops_at_start` it stops following where what it allows has come up to
the starting balance. It is enforced at any moment, whichever highest it is.

A single bad tick raises no highest: a new one counts once the account has been above the old one
for as long as a limit takes to be confirmed, and then the lowest that it had meanwhile. What has
been realised, with nothing held, counts at once.
"""

from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal

import msgspec

from tapewire.common.accounting.book import Key
from tapewire.common.events import EVERYTHING, Scope
from tapewire.risk.rules.amount_limit import (
    AccountLimit,
    MoneyParameters,
    in_one_currency,
    slopes_of,
)
from tapewire.risk.rules.confirmation import Confirmation
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.quiet import Quiet, below
from tapewire.risk.rules.view import View

STEPS: int = 200
"""A new highest is written down once it is higher by that part of the limit, not at each tick."""
LAST_EVERY_NS: int = 60_000_000_000
"""What a day has had at last goes up and down, and is written down once per minute at most."""


class TrailingDrawdownParameters(MoneyParameters, frozen=True, kw_only=True):
    """As `MoneyParameters`; `limit` is how far the account may fall. `start`: its balance before
    the first trade that this program knows of. `high`: that of any moment ("intraday") or that at
    the end of a trading day. `stops_at_start`: the balance that it must not fall to never gets
    above `start`."""

    start: Decimal
    high: Literal["intraday", "end_of_day"] = "intraday"
    stops_at_start: bool = True


class Peak(msgspec.Struct):
    """The highest that an account has had, and what it had at last in a trading day."""

    highest: Decimal
    day: date
    last: Decimal


class TrailingDrawdown(AccountLimit):
    """An account that has fallen by `limit` from its highest."""

    Parameters: ClassVar[type[msgspec.Struct]] = TrailingDrawdownParameters
    watches_marks = True

    def __init__(
        self,
        parameters: TrailingDrawdownParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        self._trails = parameters
        if not parameters.start.is_finite():
            raise ValueError(f"{self.name} start is {parameters.start}; it must be an amount")
        self._peaks: dict[str, Peak] = {}
        self._kept: dict[str, Peak] = {}
        self._kept_ns: dict[str, int] = {}  # when each was written down, monotonic
        self._now_ns = 0  # of the last look, monotonic
        self._above: Confirmation[str] = Confirmation(
            parameters.confirm_ms, parameters.confirm_marks
        )
        self._lowest_above: dict[str, Decimal] = {}

    def amount(self, subject: Key, view: View) -> Decimal | None:
        """How far the account has fallen from its highest, or from what still counts of it."""
        account, _ = subject
        unrealised = in_one_currency(account, view, view.unrealised(account))
        if unrealised is None:
            return None
        equity = self._trails.start + view.earned(account) + unrealised
        peak = self._follow(account, equity, view)
        return self._counted(peak) - equity

    def sentence(self, subject: Key, amount: Decimal) -> str:
        """The fall, and from where."""
        peak = self._peaks[subject[0]]
        return f"the account has fallen by {amount:.2f} from {self._counted(peak):.2f}"

    def slopes(self, subject: Key, view: View) -> dict[str, Decimal]:
        """It falls with what is gained in the prices of all positions."""
        return slopes_of(subject[0], -1, view)

    def quiet(self, view: View) -> Quiet | None:
        """Also while no account has more than ever; not where each day's last counts."""
        found = None if self._trails.high == "end_of_day" else super().quiet(view)
        for subject in self.subjects(view) if found is not None else ():
            peak = self._peaks[subject[0]]
            risen = below(peak.last, peak.highest, slopes_of(subject[0], 1, view), view)
            if risen is None or found is None:
                return None
            found = Quiet(found.bounds + risen.bounds)
        return found

    def _counted(self, peak: Peak) -> Decimal:
        """The highest that the fall is measured from."""
        if not self._trails.stops_at_start:
            return peak.highest
        return min(peak.highest, self._trails.start + self.limit)

    def _follow(self, account: str, equity: Decimal, view: View) -> Peak:
        today, self._now_ns = view.trading_day(account), view.now.mono_ns
        peak = self._peaks.get(account)
        if peak is None:
            peak = self._peaks[account] = Peak(self._trails.start, today, equity)
        if self._trails.high == "end_of_day":
            if peak.day < today:
                peak.highest, peak.day = max(peak.highest, peak.last), today
        else:
            self._raise(account, peak, equity, view)
        peak.last = equity
        return peak

    def _raise(self, account: str, peak: Peak, equity: Decimal, view: View) -> None:
        """A new highest, once it is confirmed, or realised."""
        is_above = equity > peak.highest
        lowest = min(self._lowest_above.get(account, equity), equity)
        confirmed = self._above.holds(account, is_above, view.marks_of(account), view)
        settled = is_above and self.is_settled((account, ""), view)
        if confirmed or settled:
            peak.highest = equity if settled else lowest
            self._above.forget(account)
            is_above = False
        self._lowest_above.pop(account, None)
        if is_above:
            self._lowest_above[account] = lowest

    def save(self) -> bytes:
        """The highest of each account; and, where it is that of a day's end, the day's last."""
        for account, peak in self._peaks.items():
            kept = self._kept.get(account)
            if kept is None or self._differs(account, peak, kept):
                self._kept[account] = Peak(peak.highest, peak.day, peak.last)
                self._kept_ns[account] = self._now_ns
        return msgspec.json.encode(self._kept) if self._kept else b""

    def restore(self, state: bytes) -> None:
        """As `save` gave it."""
        self._kept = msgspec.json.decode(state, type=dict[str, Peak])
        self._peaks = msgspec.json.decode(state, type=dict[str, Peak])

    def _differs(self, account: str, peak: Peak, kept: Peak) -> bool:
        step = self.limit / STEPS
        if self._trails.high == "end_of_day":
            kept_ns = self._kept_ns.get(account)
            waited = kept_ns is None or self._now_ns - kept_ns >= LAST_EVERY_NS
            return peak.day != kept.day or (waited and abs(peak.last - kept.last) >= step)
        return peak.highest - kept.highest >= step
