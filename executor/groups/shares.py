"""A group's share of what an account holds.

A position is the account's, and several trade it: groups on both sides, plain orders, a person.
What a group has entered is known from its own executions, and not whether it is still there: a
person sells it in TWS, or its strategy does with a plain order, and its exits would then open a
position the other way. So an execution on the closing side that is none of a group's *contests*
what that has open, if it may have been meant for it: its strategy's, a person's, or nobody's that
we know. Another strategy trades on its own account, so to speak, and contests nothing.

What is contested is judged by the account: by its fills and by the broker's word, whichever leaves
more. Groups on the same side have their shares first, and what groups on the other side have sold
is there. So no delay between an execution and a position can make it too little. Of several groups
whose shares are contested together, the one that is looked at first gives way: the next sees what
that has released.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from tapewire.common import roles
from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.exposure import Exposure
from tapewire.common.accounting.groups import OrderGroup
from tapewire.common.events import Fill, signed
from tapewire.executor.orders import ExecutorOrder

Group = OrderGroup[ExecutorOrder]


class Share(NamedTuple):
    """What there may be of a group in its account, at least and at most. `held` is what the whole
    account has at least on the group's side: more than that cannot be reduced."""

    least: Decimal
    most: Decimal
    held: Decimal


def share_of(group: Group, exposure: Exposure, others: Iterable[Group]) -> Share:
    """The share of a group; `exposure` is that of its account and symbol."""
    side = group.plan.orders[0].terms.side
    reported = exposure.position if exposure.reported is None else exposure.reported
    held = [signed(side, one) for one in (exposure.position, reported)]
    taken = ZERO
    for other in others:
        if other is not group and other.open > 0:
            taken += signed(side, signed(other.plan.orders[0].terms.side, other.open))
    return Share(min(held) - taken, max(held) - taken, max(min(held), ZERO))


def in_place(groups: Iterable[Group], account: str, symbol: str) -> Iterator[Group]:
    """Those of the groups that trade a symbol in an account with their first order."""
    for group in groups:
        order = group.plan.orders[0]
        if (order.account, order.symbol) == (account, symbol):
            yield group


def contests(fill: Fill, strategy: str | None, group: Group) -> bool:
    """Whether an execution of a strategy's order (None: of nobody's), where the group trades, may
    have closed what that has open."""
    if fill.side == group.plan.orders[0].terms.side or fill.ts_ns < group.plan.ts_ns:
        return False
    if any(fill.intent_id == one.intent_id for one in group.orders):
        return False
    return strategy in (None, group.plan.strategy, roles.MANUAL)
