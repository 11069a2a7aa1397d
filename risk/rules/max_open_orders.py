"""MaxOpenOrders: how many orders may work in one account at the same time."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec

from tapewire.common.events import (
    EVERYTHING,
    ForeignOrderReported,
    OrderIntended,
    Scope,
    SubmitOrder,
)
from tapewire.common.events.order_commands import Part
from tapewire.risk.rules.base import AccountRule, Reading, Violation
from tapewire.risk.rules.enforcement import HALT, Enforcement
from tapewire.risk.rules.view import View


class MaxOpenOrdersParameters(msgspec.Struct, frozen=True):
    """`limit`: orders, 1 or more."""

    limit: int


class MaxOpenOrders(AccountRule):
    """At most `limit` orders may work in an account, ours and foreign ones, UNKNOWN ones included.

    Each order of a group counts, and a combo counts once. An order that can only reduce a position
    is never denied: before, it takes a place from those that follow; afterwards it breaks nothing.
    Nobody knows the strategy of a foreign order, so a rule about a strategy does not count those.
    """

    Parameters = MaxOpenOrdersParameters
    looks_at = (OrderIntended, ForeignOrderReported)
    rests_with = "ticks"

    def __init__(
        self,
        parameters: MaxOpenOrdersParameters,
        scope: Scope = EVERYTHING,
        enforcement: Enforcement = HALT,
    ) -> None:
        super().__init__(parameters, scope, enforcement)
        if parameters.limit < 1:
            raise ValueError(f"{self.name} limit is {parameters.limit}; it must be 1 or more")
        self.limit = parameters.limit

    def denial(self, order: SubmitOrder, view: View) -> str:
        """Deny one more than `limit`."""
        others = sum(map(self.covers, view.others(order)))
        count = 1 + others + self._count(order.account, view)
        if count <= self.limit or view.is_reducing(order):
            return ""
        return (
            f"{self.name}: the account would have {count} open orders with"
            f" {'this one' if not others else 'this group'}, the limit is {self.limit}"
        )

    def combo_denial(self, combo: SubmitOrder, view: View) -> str:
        """A combo is one order."""
        return self.denial(combo, view)

    def readings(self, view: View) -> Iterable[Reading]:
        """Every account that the rule is about."""
        for account in view.accounts():
            if self.scope.account in ("", account):
                used = Decimal(self._count(account, view))
                yield self.reading(used, Decimal(self.limit), account, "", "open orders")

    def broken(self, account: str, view: View) -> Iterable[Violation]:
        """See `AccountRule.broken`."""
        if self._count(account, view) <= self.limit:
            return
        count = sum(_may_add(account, parts, view) for parts in self._parts(account, view))
        if count > self.limit:
            reason = f"the account has {count} open orders, the limit is {self.limit}"
            yield self.violation(reason, account=account)

    def _count(self, account: str, view: View) -> int:
        if self.scope == EVERYTHING:
            return len(view.open_orders(account)) + len(view.foreign_orders(account))
        return sum(1 for _ in self._parts(account, view))

    def _parts(self, account: str, view: View) -> Iterator[tuple[Part, ...]]:
        """What each of the orders that count does to which symbols."""
        if self.scope.account not in ("", account):
            return
        for one in view.open_orders(account):
            if self.covers(one.order):
                yield one.order.parts
        for foreign in view.foreign_orders(account):
            if any(self.scope.covers(account, None, part.symbol) for part in foreign.parts):
                yield foreign.parts


def _may_add(account: str, parts: Iterable[Part], view: View) -> bool:
    """Whether an order could do more than reduce positions, beside all that works."""
    return not all(view.exposure(account, one.symbol).only_reduces(one.side) for one in parts)
