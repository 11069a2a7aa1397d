"""Orders, folded from their events: the one place that knows what an order has come to.

Gateway, executor, risk, strategy and console each read a part of the events about orders: the
gateway its own journal, the executor its own and the gateways', risk the gateways', a strategy the
executor's and the fills. All of them fold what they read here, so that they cannot disagree about
what a state means, what is filled, or how much could still fill.

The worst case
--------------
A limit on risk must hold whatever happens next. So an order counts with all that could still fill:

*   Every state in `lifecycle.LIVE` counts, UNKNOWN included: the broker may have it.
*   While a modify is under way the order may have either quantity, so the larger one counts, from
    the moment the modify is taken until the broker reports the terms or the modify is over.
*   Orders of which the broker lets only one fill count once (see `oca`).
*   A combo counts under the symbols of its legs, and not under its own name: under each with what
    may still fill of that leg (see `leg_executions`). It is in no OCA set, so it counts in full.
*   Executions reduce what is left as soon as they are known, in whatever order the streams arrive.
    They are kept by intent, not only by order: a fill may be reported before its order is.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any, Generic, TypeVar

from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.changes import Changes
from tapewire.common.accounting.exec_ids import execution_key
from tapewire.common.accounting.executions import Executions, Reports
from tapewire.common.accounting.foreign import ForeignOrders, Working
from tapewire.common.accounting.identity import Names, identity
from tapewire.common.accounting.leg_executions import LegExecutions
from tapewire.common.accounting.lifecycle import LIVE, state_after
from tapewire.common.accounting.order import Order
from tapewire.common.accounting.working import WorkingCounts
from tapewire.common.events import (
    Event,
    Fill,
    ForeignOrderReported,
    OrderAccepted,
    OrderConflict,
    OrderCreated,
    OrderDenied,
    OrderIntended,
    OrderModified,
    OrderModifyIntended,
    OrderModifyPending,
    OrderModifyRejected,
    OrderState,
    OrderStateChanged,
    OrderTermsChanged,
    Side,
    SubmitOrder,
)

__all__ = ["Make", "Order", "OrderT", "Orders"]

OrderT = TypeVar("OrderT", bound=Order)
Make = Callable[[SubmitOrder, Executions], OrderT]


class Orders(Generic[OrderT]):
    """All orders by intent id. State changes in `apply` alone, from events that are on disk.

    `make` builds an order; a process that keeps more about one passes a subclass of `Order`. Where
    what works changes, that is added to `changes`.
    """

    def __init__(self, make: Make[OrderT], changes: Changes | None = None) -> None:
        changes = changes or Changes()
        self.by_intent: dict[str, OrderT] = {}
        self.states: Counter[OrderState] = Counter()
        self.conflicts: dict[str, OrderConflict] = {}  # by their id
        self.foreign = ForeignOrders(self._is_ours, changes)
        self._make = make
        self._live: dict[str, OrderT] = {}
        self._counts = WorkingCounts(changes)
        self._executions: defaultdict[str, Executions] = defaultdict(Executions)
        self._reports: dict[str, Reports] = {}  # of each execution
        self._on: Mapping[type[Event], Callable[[Any], OrderT | None]] = {
            OrderCreated: self._created,
            OrderIntended: self._intended,
            OrderAccepted: self._accepted,
            OrderConflict: self._conflicted,
            ForeignOrderReported: self.foreign.apply,
            Fill: self._filled,
            OrderModifyPending: self._modify_began,
            OrderModifyIntended: self._modify_began,
            OrderModified: self._modified,
            OrderTermsChanged: self._modified,
            OrderModifyRejected: self._modify_ended,
            OrderDenied: self._denied,
            OrderStateChanged: self._announced,
        }
        self._otherwise = self._step

    def __contains__(self, intent_id: str) -> bool:
        return intent_id in self.by_intent

    def __getitem__(self, intent_id: str) -> OrderT:
        return self.by_intent[intent_id]

    def get(self, intent_id: str | None) -> OrderT | None:
        """The order of an intent, None if there is none."""
        return self.by_intent.get(intent_id) if intent_id else None

    def of_execution(self, exec_id: str) -> OrderT | None:
        """The order that an execution counts for."""
        reports = self._reports.get(execution_key(exec_id))
        return self.get(reports.intent_id) if reports is not None else None

    def live(self) -> list[OrderT]:
        """The orders that work, or may, oldest first."""
        return list(self._live.values())

    def working(
        self, account: str, symbol: str, without: Order | SubmitOrder | None = None
    ) -> Working:
        """What the live orders on `symbol` in `account` may still buy and sell, in the worst case,
        ours and foreign ones. It costs the same however many work.

        It leaves out the order `without`, and the OCA set that it is or would be in: the set counts
        once, so what is asked about such an order is asked about it in the set's place.
        """
        buying, selling = self._counts.of((account, symbol))
        if self.foreign:
            more, less = self.foreign.working((account, symbol))
            buying, selling = buying + more, selling + less
        order = without.order if isinstance(without, Order) else without
        side = order.side_on(symbol) if order is not None and order.account == account else None
        if order is None or side is None:
            return buying, selling
        left = self._counts.with_set(order, self.get(order.intent_id), symbol)
        return (buying - left, selling) if side == "BUY" else (buying, selling - left)

    def may_fill(self, account: str, symbol: str, side: Side, gone: Collection[str]) -> Decimal:
        """What the orders on one side may still fill, as `working`, if the intents `gone` are known
        to be over whatever their state says."""
        buying, selling = self.working(account, symbol)
        found = [
            one
            for one in map(self.get, gone)
            if one is not None
            and one.order.account == account
            and one.order.side_on(symbol) == side
        ]
        return (buying if side == "BUY" else selling) - self._counts.gone(found, symbol, gone)

    def waiting(self, account: str, symbol: str, side: Side) -> Decimal:
        """What of `working` on one side are exits that wait for their entry, of which nothing has
        filled yet: they fill after it, and close what it opens. What is held is none of that. So
        an exit for more than its entry, or on its side, waits no further than that."""
        place, exits = (account, symbol), dict[str, list[OrderT]]()
        for one in self.live():
            entry = self.get(one.order.parent_id)
            if entry is None or not entry.live or entry.filled or one.order.terms.side != side:
                continue
            places = [(of.order.account, of.order.symbol) for of in (entry, one)]
            if entry.order.terms.side != side and places == [place, place]:
                exits.setdefault(entry.intent_id, []).append(one)
        waiting = ZERO
        for entry_id, found in exits.items():
            left = self._counts.gone(found, symbol, {one.intent_id for one in found})
            waiting += min(left, self.by_intent[entry_id].least_remaining)
        return waiting

    def snapshot(self) -> dict[str, Any]:
        """The durable state of all orders as plain values."""
        return {intent_id: one.snapshot() for intent_id, one in self.by_intent.items()}

    def apply(self, event: Event) -> OrderT | None:
        """Take in an event; gives the order that it is about, if that is known here."""
        one = self._on.get(type(event), self._otherwise)(event)
        if one is not None:
            self._counts.update(one)
            if self.foreign.tags:
                self.foreign.recount(one.intent_id)
        return one

    # ---- by kind of event ----------------------------------------------------------------------

    def _created(self, event: OrderCreated) -> OrderT:
        return self._add(event.order)

    def _intended(self, event: OrderIntended) -> OrderT:
        one = self._add(event.order)
        one.order_id, one.client_id = event.order_id, event.client_id
        return self._moved(one, state_after(one.state, event))

    def _accepted(self, event: OrderAccepted) -> OrderT | None:
        one = self.get(event.intent_id)
        if one is not None:
            one.order_id = one.order_id or event.order_id
            one.permanent_id = one.permanent_id or event.permanent_id
            one.sent_ns = event.sent_ns or one.sent_ns
        return self._step(event)

    def _conflicted(self, event: OrderConflict) -> None:
        """Kept, and nothing more: it is about an order that is not ours."""
        self.conflicts.setdefault(event.id, event)

    def _is_ours(self, event: ForeignOrderReported) -> bool:
        """Whether an order that a gateway did not place is one that the other one placed."""
        one = self.get(event.reference)
        reported = Names(event.client_id, event.order_id, event.permanent_id)
        return one is not None and identity(one.names, reported) == "same"

    def _filled(self, fill: Fill) -> OrderT | None:
        """An execution, or a correction, which may move it from one order to another, or to none;
        see `executions` for whose it is."""
        key = execution_key(fill.exec_id)
        before = self._reports.get(key)
        reports = before.with_report(fill) if before is not None else Reports.of(fill)
        if reports is before:
            return None
        self._reports[key] = reports
        intent_id, was_of = reports.intent_id, before.intent_id if before is not None else None
        if was_of is not None and was_of != intent_id:
            self._executions[was_of].discard(key)
            if (one := self.get(was_of)) is not None:
                self._counts.update(one)
        if intent_id is None or not self._executions[intent_id].count(reports.newest):
            return None
        return self.get(intent_id)

    def _modify_began(self, event: OrderModifyPending | OrderModifyIntended) -> OrderT | None:
        one = self.get(event.modify.intent_id)
        if one is not None:
            one.modify = event.modify
        return one

    def _modified(self, event: OrderModified | OrderTermsChanged) -> OrderT | None:
        one = self.get(event.intent_id)
        if one is not None:
            one.terms = event.terms
            modify_id = event.modify_id if isinstance(event, OrderModified) else event.signal_id
            self._end_modify(one, modify_id)
        return one

    def _modify_ended(self, event: OrderModifyRejected) -> OrderT | None:
        one = self.get(event.intent_id)
        return None if one is None else self._end_modify(one, event.modify_id)

    def _denied(self, event: OrderDenied) -> OrderT | None:
        """Of an intent: its end. Of a signal that asked to modify an order: the modify's end."""
        one = self.get(event.intent_id)
        if one is not None and event.signal_id:
            return self._end_modify(one, event.signal_id)
        return self._step(event)

    def _announced(self, event: OrderStateChanged) -> OrderT | None:
        """The executor's account of an order, which has the table behind it already."""
        one = self.get(event.intent_id)
        if one is not None:
            self._moved(one, event.state)
            one.reason = event.reason
        return one

    def _step(self, event: Event) -> OrderT | None:
        one = self.get(getattr(event, "intent_id", None))
        if one is None:
            return None
        state = state_after(one.state, event)
        if state != one.state:
            one.reason = getattr(event, "reason", "")
        return self._moved(one, state)

    # ---- inside --------------------------------------------------------------------------------

    def _add(self, order: SubmitOrder) -> OrderT:
        one = self.by_intent.get(order.intent_id)
        if one is None:
            executions = self._executions[order.intent_id]
            if order.legs:
                executions = LegExecutions(order, executions)
                self._executions[order.intent_id] = executions
            one = self._make(order, executions)
            self.by_intent[order.intent_id] = self._live[order.intent_id] = one
            self.states[one.state] += 1
        return one

    def _moved(self, one: OrderT, state: OrderState) -> OrderT:
        if state != one.state:
            self.states[one.state] -= 1
            self.states[state] += 1
            one.state = state
            if state in LIVE:
                self._live[one.intent_id] = one
            else:
                self._live.pop(one.intent_id, None)
        return one

    @staticmethod
    def _end_modify(one: OrderT, modify_id: str) -> OrderT:
        if one.modify is not None and one.modify.id == modify_id:
            one.modify = None
        return one
