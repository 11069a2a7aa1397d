"""TradeFrequencyLimit: how many orders or trades an account may have per minute, hour or day.

A count is unlike a position: nobody can bring it back. So once more than `limit` have happened, a
rule that went on finding it broken would lock the account out again after each lock-out, because of
the same events, until the hour is over. So they are answered once: the rule is broken for a few
seconds, in which its enforcement begins (and what works is cancelled, where that is configured),
and counts from then on only what comes after. What was answered is kept over restarts.

Before an order goes there is nothing to answer. It is denied as long as `limit` have happened
within the time, whatever anybody has resumed.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, Literal

import msgspec

from tapewire.common.clock import Now
from tapewire.common.events import EVERYTHING, Event, Fill, OrderIntended, Scope, SubmitOrder
from tapewire.risk.rules.base import AccountRule, Reading, Violation
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.view import View

SECOND_NS: Final = 1_000_000_000
WINDOWS_NS: Final = {"minute": 60 * SECOND_NS, "hour": 3600 * SECOND_NS}
ANSWERED_AFTER_NS: Final = 5 * SECOND_NS
"""How long it is broken, monotonic: long enough for its enforcement to begin."""
KINDS: Final[dict[str, type[Event]]] = {"orders": OrderIntended, "trades": Fill}


class TradeFrequencyParameters(msgspec.Struct, frozen=True):
    """`limit`: 1 or more. `per`: any 60 seconds, any 3600 seconds, or the trading day. `of`: the
    orders that were placed here, or the executions of the account, whoever ordered them."""

    limit: int
    per: Literal["minute", "hour", "day"]
    of: Literal["orders", "trades"] = "trades"


class TradeFrequencyLimit(AccountRule):
    """At most `limit` orders or trades per minute, hour or day in each account.

    A modify is not a new order. With `until` the lock-out is the cool-down.
    """

    Parameters = TradeFrequencyParameters
    looks_at = (OrderIntended, Fill)

    def __init__(
        self,
        parameters: TradeFrequencyParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        if parameters.limit < 1:
            raise ValueError(f"{self.name} limit is {parameters.limit}; it must be 1 or more")
        self.limit, self.per, self.of = parameters.limit, parameters.per, parameters.of
        self._answered: dict[str, Now] = {}  # what counts no more, by account
        self._broken_since: dict[str, int] = {}  # monotonic

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Deny what would be one more than `limit`; of an order that counts already, nothing."""
        if self.of == "orders" and view.order(order.intent_id) is not None:
            return ""
        count = self._count(order.account, view, self._window(order.account, view))
        if self.of == "orders":
            count += sum(map(self.covers, view.others(order)))
        if count < self.limit or view.is_reducing(order):
            return ""
        return f"{self.name}: {self._sentence(count)}"

    def combo_denial(self, combo: SubmitOrder, view: View) -> str:
        """A combo is one order."""
        return self.denial(combo, view)

    def readings(self, view: View) -> Iterable[Reading]:
        """Every account that the rule is about."""
        unit = f"{self.of} per {self.per}"
        for account in view.accounts():
            if self.scope.account in ("", account):
                used = Decimal(self._count(account, view, self._window(account, view)))
                yield self.reading(used, Decimal(self.limit), account, "", unit)

    def save(self) -> bytes:
        """What was answered."""
        if not self._answered:
            return b""
        answered = {a: (now.wall_ns, now.mono_ns) for a, now in self._answered.items()}
        return msgspec.json.encode(answered, order="sorted")

    def restore(self, state: bytes) -> None:
        """Take it back."""
        saved = msgspec.json.decode(state, type=dict[str, tuple[int, int]])
        self._answered = {account: Now(*moment) for account, moment in saved.items()}

    def broken(self, account: str, view: View) -> Iterable[Violation]:
        """See `AccountRule.broken`."""
        since, answered = self._window(account, view), self._answered.get(account)
        if answered is not None:
            since = Now(max(since.wall_ns, answered.wall_ns), max(since.mono_ns, answered.mono_ns))
        count, now = self._count(account, view, since), view.now
        if count <= self.limit:
            self._broken_since.pop(account, None)
            return
        began_ns = self._broken_since.setdefault(account, now.mono_ns)
        if self.enforcement.halts and now.mono_ns - began_ns >= ANSWERED_AFTER_NS:
            self._answered[account] = view.ago(-1)
            del self._broken_since[account]
            return
        yield self.violation(self._sentence(count), account=account)

    def _sentence(self, count: int) -> str:
        when = "in the trading day" if self.per == "day" else f"within {self.per_text}"
        return f"the account has had {count} {self.of} {when}, the limit is {self.limit}"

    @property
    def per_text(self) -> str:
        """`a minute`, `an hour`."""
        return "an hour" if self.per == "hour" else f"a {self.per}"

    def _window(self, account: str, view: View) -> Now:
        return view.day_began(account) if self.per == "day" else view.ago(WINDOWS_NS[self.per])

    def _count(self, account: str, view: View, since: Now) -> int:
        return view.count_since(KINDS[self.of], account, since, self.scope)
