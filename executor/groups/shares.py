"""A group's share of what an account holds.

A position is the account's, and several trade it: groups on both sides, plain orders, a person.
What a group has entered is known from its own executions, and not whether it is still there: a
person sells it in TWS, or its strategy does with a plain order, and its exits would then open a
position the other way. So an execution on the closing side that is none of a group's *contests*
what that has open, if it may have been meant for it: its strategy's, a person's, a flatten's, or
nobody's that we know. Another strategy trades on its own account, so to speak, and contests
nothing.

What is contested is judged by the account: by its fills and by the broker's word, whichever leaves
more. Groups on the same side have their shares first, and what groups on the other side have sold
is there. So no delay between an execution and a position can make it too little. Of several groups
whose shares are contested together, the one that is looked at first gives way: the next sees what
that has released.

A group on the other side of which nothing works counts for nothing: it waits to be protected or
closed, and no order can do either while the account holds less than it has open. Two such groups
would wait for each other for ever. Together they have nothing, so both give way.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from tapewire.common import roles
from tapewire.common.accounting.book import ZERO, Key
from tapewire.common.accounting.exposure import Exposure
from tapewire.common.accounting.groups import OrderGroup
from tapewire.common.events import OPPOSITE, Fill, Side, signed
from tapewire.executor.orders import ExecutorOrder

Group = OrderGroup[ExecutorOrder]


class Share(NamedTuple):
    """What there may be of a group in its account, at least and at most. `held` is what the whole
    account has at least on the group's side: more than that cannot be reduced."""

    least: Decimal
    most: Decimal
    held: Decimal


class Open(NamedTuple):
    """What groups on one side have open: all of them, and those of which an order works."""

    all: Decimal = ZERO
    working: Decimal = ZERO


class ActiveGroups:
    """The groups that are not DONE, by where they enter. What those of one place have open together
    is added up once for all of them, until `recount` is called."""

    def __init__(self) -> None:
        self._in: dict[Key, dict[str, Group]] = {}
        self._open: dict[Key, dict[Side, Open]] = {}
        self._last: dict[Key, dict[Side, Open]] = {}

    def keep(self, group: Group) -> None:
        """A group has begun, or works again."""
        there = self._in.setdefault(place_of(group), {})
        if group.id not in there:
            there[group.id] = group
            self._open.pop(place_of(group), None)

    def drop(self, group: Group) -> None:
        """A group is DONE."""
        place = place_of(group)
        self._in.get(place, {}).pop(group.id, None)
        self._open.pop(place, None)

    def recount(self) -> None:
        """What they have open may have changed."""
        self._open.clear()

    def of(self, account: str, symbol: str) -> list[Group]:
        """Those that enter there."""
        return list(self._in.get((account, symbol), {}).values())

    def taken_beside(self, group: Group) -> Decimal:
        """What of its account is not a group's, as far as the others tell: what they have open on
        its side, less what they have on the other."""
        place, side = place_of(group), side_of(group)
        found = self._open_in(place)
        own = max(group.open, ZERO) if group.id in self._in.get(place, {}) else ZERO
        return found[side].all - own - found[OPPOSITE[side]].working

    def moved(self, place: Key) -> list[Group]:
        """Those of a place whose share has changed, since they have more or less open together than
        when this was asked last, or since no order of one works any more."""
        found = self._open_in(place)
        before, self._last[place] = self._last.get(place), found
        return [] if found == before else self.of(*place)

    def _open_in(self, place: Key) -> dict[Side, Open]:
        if place not in self._open:
            self._open[place] = _added_up(self._in.get(place, {}).values())
        return self._open[place]


def place_of(group: Group) -> Key:
    """The account and symbol of its first order."""
    order = group.plan.orders[0]
    return order.account, order.symbol


def side_of(group: Group) -> Side:
    """The side on which it enters."""
    return group.plan.orders[0].terms.side


def _added_up(groups: Iterable[Group]) -> dict[Side, Open]:
    found: dict[Side, Open] = {"BUY": Open(), "SELL": Open()}
    for group in groups:
        if (quantity := group.open) > 0:
            before, works = found[side_of(group)], bool(group.live)
            found[side_of(group)] = Open(
                before.all + quantity, before.working + (quantity if works else ZERO)
            )
    return found


def share_of(group: Group, exposure: Exposure, taken: Decimal) -> Share:
    """The share of a group; `exposure` is that of its account and symbol, `taken` what of that is
    not the group's."""
    side = side_of(group)
    reported = exposure.position if exposure.reported is None else exposure.reported
    held = [signed(side, one) for one in (exposure.position, reported)]
    return Share(min(held) - taken, max(held) - taken, max(min(held), ZERO))


def contests(fill: Fill, strategy: str | None, group: Group) -> bool:
    """Whether an execution of a strategy's order (None: of nobody's), where the group trades, may
    have closed what that has open."""
    if fill.side == side_of(group) or fill.ts_ns < group.plan.ts_ns:
        return False
    if any(fill.intent_id == one.intent_id for one in group.orders):
        return False
    return strategy in (None, group.plan.strategy, roles.MANUAL, roles.RISK)
