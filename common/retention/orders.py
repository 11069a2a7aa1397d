"""Which orders are over for everybody, so that all journals may be read without them.

An order is over when no journal says otherwise: by the gateways it has ended, and the executor has
reported that end with the same executions and terms, and has nothing more to ask about it. Risk's
own orders are the gateways' alone.

The orders of a group are each other's parents, and what may still fill of one depends on the
others. So a group is over when all of its orders are, and the executor calls it DONE. What is over
together is a unit here: a group, or an order that is in none.
"""

from collections import defaultdict
from typing import Any, Final

from tapewire.common import roles
from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.orders import Order, Orders
from tapewire.common.events import (
    Event,
    GroupCreated,
    GroupIntended,
    GroupState,
    GroupStateChanged,
    OrderCancelPending,
    OrderConflict,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderIntended,
    OrderModifyIntended,
    OrderModifyPending,
    OrderState,
    OrderStateChanged,
    OrderTerms,
    OrderTermsChanged,
)
from tapewire.common.retention.decisions import DECISIONS, name_of
from tapewire.common.retention.policy import Horizon, Record, Stale

FINAL: Final = ("FILLED", "DENIED")
"""The states that nothing leads out of; the other ends are the broker's word so far."""
BEGINS: Final = (
    OrderIntended, OrderCreated, GroupIntended, GroupCreated, OrderDenied, OrderExpired,
    OrderCancelPending, OrderConflict,
)  # fmt: skip
"""The events that may be the first about an order or a group in their journal."""


class Reported:
    """What the executor's journal says of an order; its terms are None until they have changed."""

    def __init__(self) -> None:
        self.state: OrderState = "CREATED"
        self.filled = ZERO
        self.terms: OrderTerms | None = None
        self.modifies: set[str] = set()  # that have no end yet

    def apply(self, event: Event) -> None:
        """Take in an event of the executor about it."""
        if isinstance(event, OrderStateChanged):
            self.state, self.filled = event.state, event.filled
        elif isinstance(event, OrderModifyPending):
            self.modifies.add(event.modify.id)
        elif isinstance(event, OrderTermsChanged | OrderDenied):
            self.modifies.discard(event.signal_id)
            if isinstance(event, OrderTermsChanged):
                self.terms = event.terms

    def agrees(self, order: Order) -> bool:
        """Whether it has the end of an order as the gateways have it."""
        said = (self.state, self.filled, self.terms or order.order.terms)
        return said == (order.state, order.filled, order.terms) and not self.modifies


class OrderEnds:
    """Follows the orders of all journals, the executor's first. `orders` is the fold of the same
    events."""

    def __init__(self, orders: Orders[Order], horizon: Horizon) -> None:
        self._orders = orders
        self._horizon = horizon
        self._reported: defaultdict[str, Reported] = defaultdict(Reported)
        self._created: set[str] = set()  # by the executor: orders and groups
        self._states: dict[str, GroupState] = {}  # of groups
        self._unit: dict[str, str] = {}  # of the orders that are in a group
        self._names: defaultdict[str, set[str]] = defaultdict(set)  # what a unit consists of
        self._pinned: set[str] = set()  # a kind is about them which has no decision
        self._last_ns: dict[str, int] = {}
        self._expires_ns: dict[str, int] = {}  # of the order, and of what was asked of it
        self._over: dict[str, bool] = {}  # units, as far as it was asked

    # ---- the first pass ------------------------------------------------------------------------

    def look(self, record: Record, *, is_new: bool) -> None:
        """Take note of an event, which `orders` has already. Raises `Stale` if it `is_new`, and is
        about an order that is not in the past that was given."""
        event: Any = record.event
        decision, name = DECISIONS.get(type(event)), name_of(event)
        if decision is None:
            self._pinned.update(filter(None, (name, getattr(event, "id", ""))))
        if not name:
            return
        if is_new and not self._has_begun(record, name):
            raise Stale(f"{name} was left out, and there is news of it")
        if decision != "with its order":
            return
        if isinstance(event, OrderCreated | OrderIntended) and event.order.group_id:
            self._unit[name] = event.order.group_id
        self._names[self.unit(name)].add(name)
        self._last_ns[name] = max(event.ts_ns, self._last_ns.get(name, 0))
        ends_ns = expires_ns(event, self._horizon)
        self._expires_ns[name] = max(ends_ns, self._expires_ns.get(name, 0))
        if record.source == roles.EXECUTOR:
            self._look_at_own(event, name)
        elif isinstance(event, GroupIntended):
            self._states.setdefault(name, "PLACING")

    def _look_at_own(self, event: Event, name: str) -> None:
        if isinstance(event, OrderCreated | GroupCreated):
            self._created.add(name)
        if isinstance(event, GroupCreated):
            self._states.setdefault(name, "PLACING")
        elif isinstance(event, GroupStateChanged):
            self._states[name] = event.state
        else:
            self._reported[name].apply(event)

    def _has_begun(self, record: Record, name: str) -> bool:
        """Whether what an event is about is known, or the event may be the first."""
        if isinstance(record.event, BEGINS):
            return True
        if record.source == roles.EXECUTOR:
            return name in self._created
        return not roles.has_broker(record.source) or name in self._orders

    # ---- what is over --------------------------------------------------------------------------

    def unit(self, name: str | None) -> str:
        """What an intent or a group is over with; empty for none."""
        return self._unit.get(name, name) if name else ""

    def is_over(self, unit: str) -> bool:
        """Whether nothing can be asked any more about an order that is in no group, or about any
        order of a group. Once everything was looked at."""
        found = self._over.get(unit)
        if found is None:
            found = self._over[unit] = self._is_over(unit)
        return found

    def _is_over(self, unit: str) -> bool:
        names = self._names.get(unit) or {unit}
        if unit in self._states and (self._states[unit] != "DONE" or unit not in self._created):
            return False
        if not all(map(self._is_old, names)):
            return False
        orders = filter(None, map(self._orders.get, names))
        return all(map(self._has_ended, orders))

    def _has_ended(self, order: Order) -> bool:
        """Whether an order has its end everywhere. One that was denied at once never was one."""
        intent_id, before_ns = order.intent_id, self._horizon.given_up_ns
        if order.live or order.modify is not None:
            return False
        if order.state not in FINAL and self._last_ns.get(intent_id, before_ns) >= before_ns:
            return False
        if order.order.strategy == roles.RISK:
            return True
        return intent_id in self._created and self._reported[intent_id].agrees(order)

    def _is_old(self, name: str) -> bool:
        before_ns = self._horizon.ended_ns
        return (
            name not in self._pinned
            and self._last_ns.get(name, 0) < before_ns
            and self._expires_ns.get(name, 0) < self._horizon.expired_ns
        )


def expires_ns(event: Any, horizon: Horizon) -> int:
    """Until when what an event answers could be asked again, wall time: for a denial and a cancel
    that is not known, but no signal lives longer than the policy's time. 0 if it answers nothing.
    """
    if isinstance(event, OrderIntended | OrderCreated):
        return event.order.expires_ns
    if isinstance(event, GroupIntended | GroupCreated):
        return max(one.expires_ns for one in (*event.group.orders, *event.group.later))
    if isinstance(event, OrderModifyIntended | OrderModifyPending):
        return event.modify.expires_ns
    if isinstance(event, OrderDenied | OrderExpired | OrderCancelPending):
        return event.ts_ns + horizon.ttl_ns
    if isinstance(event, GroupStateChanged) and event.signal_id:
        return event.ts_ns + horizon.ttl_ns
    return 0
