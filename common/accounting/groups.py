"""Groups of orders, folded from their events: what each has entered, left, and still works.

The executor decides with it, a strategy and the console show it. All that is known of a group comes
from its plan, from its state, which the executor journals, and from its orders as they are folded
in `orders`. So two folds of the same journals agree, in whatever order the streams arrive.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, Generic

from tapewire.common.accounting.book import ZERO, Position
from tapewire.common.accounting.orders import Order, Orders, OrderT
from tapewire.common.events import (
    Event,
    Fill,
    GroupCreated,
    GroupIntended,
    GroupReleased,
    GroupState,
    GroupStateChanged,
    LegRole,
    OrderCreated,
    OrderIntended,
    SubmitGroup,
    signed,
)

EXITS: Final[tuple[LegRole, ...]] = ("target", "stop", "close", "cover")
"""The roles of orders that leave what the entry has entered, or cover it."""
FAILED: Final = ("REJECTED", "CANCELLED", "LOST", "DENIED")
"""How an order ends other than by being filled."""


class OrderGroup(Generic[OrderT]):
    """One group. `orders` are those that are known, by their ids' order; `released` is what it does
    not hold any more though none of them sold it."""

    def __init__(self, plan: SubmitGroup) -> None:
        self.plan = plan
        self.state: GroupState = "PLACING"
        self.reason = ""
        self.released = ZERO
        self._orders: dict[str, OrderT] = {}
        self._by_role: dict[LegRole, list[OrderT]] = {}

    def __repr__(self) -> str:
        return f"<OrderGroup {self.id}: {self.plan.kind} {self.state}, open {self.open}>"

    @property
    def id(self) -> str:
        """Its id, which is that of its signal."""
        return self.plan.id

    @property
    def orders(self) -> list[OrderT]:
        """Its orders, as they were numbered."""
        return list(self._orders.values())

    def add(self, one: OrderT) -> None:
        """An order of it is known."""
        self._orders[one.intent_id] = one
        self._by_role.clear()

    def of(self, *roles: LegRole, part: int | None = None) -> list[OrderT]:
        """Its orders of these roles; of one part of the entry, if it is given."""
        if len(roles) == 1 and part is None:
            return list(self._of_role(roles[0]))
        return [
            one
            for one in self._orders.values()
            if one.order.role in roles and part in (None, one.order.part)
        ]

    def _of_role(self, role: LegRole) -> list[OrderT]:
        """Its orders of one role, kept for the next who asks: the executor does at each tick."""
        found = self._by_role.get(role)
        if found is None:
            found = [one for one in self._orders.values() if one.order.role == role]
            self._by_role[role] = found
        return found

    def _filled(self, *roles: LegRole) -> Decimal:
        """What its orders of these roles have filled."""
        total = ZERO
        for role in roles:
            for one in self._of_role(role):
                if quantity := filled_of(one):
                    total += quantity
        return total

    @property
    def entry(self) -> OrderT | None:
        """The order that enters; None for a group that has none, or does not know it yet."""
        return next(iter(self.of("entry")), None)

    @property
    def live(self) -> list[OrderT]:
        """Those of its orders that work, or may."""
        return [one for one in self._orders.values() if one.live]

    # ---- what it has entered and left ----------------------------------------------------------

    @property
    def entered(self) -> Decimal:
        """What its entry has filled."""
        return self._filled("entry")

    @property
    def open(self) -> Decimal:
        """What it has entered and not left; below 0 where it has left more."""
        return self.entered - self._filled(*EXITS) - self.released

    @property
    def parts(self) -> Mapping[int, Decimal]:
        """The quantities of its parts by number: those of their largest planned exits."""
        found: dict[int, Decimal] = {}
        for order in self.plan.orders:
            if order.role in EXITS:
                quantity = order.terms.quantity
                found[order.part] = max(found.get(order.part, ZERO), quantity)
        return found

    def open_by_part(self) -> Mapping[int, Decimal]:
        """`open`, by part: what was entered belongs to the first part until that is whole. What was
        closed at market or released is taken from the last part first."""
        left, found = self.entered, dict[int, Decimal]()
        for part, quantity in self.parts.items():
            entered = min(left, quantity)
            left -= entered
            out = sum(map(filled_of, self.of("target", "stop", part=part)), ZERO)
            found[part] = entered - out
        gone = self.released + sum(map(filled_of, self.of("close")), ZERO)
        for part in reversed(list(found)):
            taken = min(gone, max(found[part], ZERO))
            found[part] -= taken
            gone -= taken
        return found

    # ---- what it came to -----------------------------------------------------------------------

    def fills(self) -> list[Fill]:
        """Its executions, oldest first."""
        fills = (fill for one in self._orders.values() for fill in one.executions.values())
        return sorted(fills, key=lambda fill: fill.ts_ns)

    def price_of(self, *roles: LegRole) -> Decimal | None:
        """The price of its first live order of these roles: its stop, else its limit."""
        for one in self.of(*roles):
            if one.live:
                terms = one.terms
                return terms.stop if terms.stop is not None else terms.limit
        return None

    def snapshot(self) -> dict[str, Any]:
        """Its durable state as plain values."""
        return {
            "kind": self.plan.kind,
            "state": self.state,
            "reason": self.reason,
            "released": self.released,
            "orders": sorted(self._orders),
        }


def filled_of(one: Order) -> Decimal:
    """What an order of a group has filled: its executions; all of it if it is FILLED with a reason,
    for then the broker, or a person, says so, and its executions are not listed any more."""
    if one.state == "FILLED" and one.reason:
        return max(one.filled, one.terms.quantity)
    return one.filled


def realised(fills: Iterable[Fill], multipliers: Mapping[str, Decimal]) -> Decimal:
    """What executions in one currency realise by themselves, by average cost, commissions not taken
    off."""
    positions: dict[str, Position] = {}
    total = ZERO
    for fill in fills:
        multiplier = multipliers.get(fill.symbol, Decimal(1))
        position = positions.setdefault(fill.symbol, Position(fill.symbol, multiplier))
        total += position.trade(signed(fill.side, fill.quantity), fill.price)
    return total


class Groups(Generic[OrderT]):
    """All groups by id, on top of `orders`, which has each event first. State changes in `apply`
    alone, from events that are on disk."""

    def __init__(self, orders: Orders[OrderT]) -> None:
        self.by_id: dict[str, OrderGroup[OrderT]] = {}
        self._orders = orders
        self._early: dict[str, list[OrderT]] = {}  # orders whose group is not known yet
        self._on: Mapping[type[Event], Callable[[Any], None]] = {
            GroupCreated: self._created,
            GroupIntended: self._created,
            OrderCreated: self._order_created,
            OrderIntended: self._order_created,
            GroupStateChanged: self._moved,
            GroupReleased: self._released,
        }

    def __contains__(self, group_id: str) -> bool:
        return group_id in self.by_id

    def __iter__(self) -> Iterator[OrderGroup[OrderT]]:
        return iter(self.by_id.values())

    def get(self, group_id: str) -> OrderGroup[OrderT] | None:
        """The group of this id; None if there is none."""
        return self.by_id.get(group_id) if group_id else None

    def of(self, order: Order | None) -> OrderGroup[OrderT] | None:
        """The group that an order belongs to; None if it belongs to none."""
        return self.get(order.order.group_id) if order is not None else None

    def apply(self, event: Event) -> None:
        """Take in an event."""
        handler = self._on.get(type(event))
        if handler is not None:
            handler(event)

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values."""
        return {group.id: group.snapshot() for group in self.by_id.values()}

    def _created(self, event: GroupCreated | GroupIntended) -> None:
        plan = event.group
        if plan.id not in self.by_id:
            group = self.by_id[plan.id] = OrderGroup(plan)
            for one in self._early.pop(plan.id, ()):
                group.add(one)

    def _order_created(self, event: OrderCreated | OrderIntended) -> None:
        group_id = event.order.group_id
        one = self._orders.get(event.order.intent_id) if group_id else None
        if one is None:
            return
        group = self.by_id.get(group_id)
        if group is None:
            self._early.setdefault(group_id, []).append(one)
        else:
            group.add(one)

    def _moved(self, event: GroupStateChanged) -> None:
        group = self.by_id.get(event.group_id)
        if group is not None:
            group.state, group.reason = event.state, event.reason

    def _released(self, event: GroupReleased) -> None:
        group = self.by_id.get(event.group_id)
        if group is not None:
            group.released += event.quantity
