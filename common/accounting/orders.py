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
*   Executions reduce what is left as soon as they are known, in whatever order the streams arrive.
    They are kept by intent, not only by order: a fill may be reported before its order is.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Generic, TypeVar

from tapewire.common.accounting.book import ZERO, Key
from tapewire.common.accounting.exec_ids import execution_key, supersedes
from tapewire.common.accounting.executions import Executions
from tapewire.common.accounting.foreign import ForeignOrders, Working
from tapewire.common.accounting.identity import Names, identity
from tapewire.common.accounting.lifecycle import LIVE, state_after
from tapewire.common.events import (
    ORDER_TYPES,
    Event,
    Fill,
    ForeignOrderReported,
    ModifyOrder,
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
    OrderTerms,
    OrderTermsChanged,
    SubmitOrder,
    terms_fault,
)


class Order:
    """One order. `terms` are those in force as far as the broker has reported them, `modify` the
    change of them that is under way."""

    def __init__(self, order: SubmitOrder, executions: Executions) -> None:
        self.order = order
        self.intent_id = order.intent_id  # also the order's reference at the broker
        self.terms: OrderTerms = order.terms
        self.state: OrderState = "CREATED"
        self.reason = ""
        self.modify: ModifyOrder | None = None
        self.client_id = ""  # the broker's, under which the order id means something
        self.order_id = ""
        self.permanent_id = ""
        self.sent_ns: int | None = None
        self.executions = executions
        self.counted = ZERO  # what could still fill, as the registry's totals have it

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.order.intent_id}: {self.state}, filled {self.filled}>"

    @property
    def names(self) -> Names:
        """The broker's names for it."""
        return Names(self.client_id, self.order_id, self.permanent_id)

    @property
    def filled(self) -> Decimal:
        """What its executions add up to."""
        return self.executions.quantity

    @property
    def average_price(self) -> Decimal | None:
        """What an executed unit cost; None before the first execution."""
        executions = self.executions
        return executions.amount / executions.quantity if executions.quantity else None

    @property
    def live(self) -> bool:
        """Whether it works, or may."""
        return self.state in LIVE

    @property
    def worst_case_quantity(self) -> Decimal:
        """The whole quantity; while a modify is under way, the larger of the old and the new."""
        quantity = self.terms.quantity
        return max(quantity, self.modify.terms.quantity) if self.modify else quantity

    @property
    def remaining(self) -> Decimal:
        """What could still fill, in the worst case; 0 if it is over."""
        if self.state not in LIVE:
            return ZERO
        quantity = self.terms.quantity if self.modify is None else self.worst_case_quantity
        left = quantity - self.executions.quantity
        return left if left > 0 else ZERO

    def modify_fault(self, terms: OrderTerms) -> str:
        """Why the order cannot get these terms, in a sentence; empty if it can. The executor asks
        when a strategy wants it, and the gateway again: the order may have filled meanwhile."""
        if self.state != "ACCEPTED":
            return f"the order is {self.state}; it must be ACCEPTED"
        if terms.quantity <= self.filled:
            return f"quantity is {terms.quantity:f}; it must be above the {self.filled:f} filled"
        return terms_fault(terms) or self._trailing_fault(terms)

    def _trailing_fault(self, terms: OrderTerms) -> str:
        """The broker moves a trailing stop, and nobody here knows where it is by now: to set it
        again could take it back from the market."""
        kind = ORDER_TYPES.get(terms.type)
        if kind is None or not kind.trails or terms.stop == self.terms.stop:
            return ""
        return f"the stop of a {terms.type} order follows the market; change its distance instead"

    def snapshot(self) -> dict[str, Any]:
        """Its durable state as plain values."""
        return {
            "state": self.state,
            "terms": self.terms,
            "modify": self.modify,
            "client_id": self.client_id,
            "order_id": self.order_id,
            "permanent_id": self.permanent_id,
            "filled": self.filled,
        }


OrderT = TypeVar("OrderT", bound=Order)
Make = Callable[[SubmitOrder, Executions], OrderT]


class Orders(Generic[OrderT]):
    """All orders by intent id. State changes in `apply` alone, from events that are on disk.

    `make` builds an order; a process that keeps more about one passes a subclass of `Order`.
    """

    def __init__(self, make: Make[OrderT]) -> None:
        self.by_intent: dict[str, OrderT] = {}
        self.states: Counter[OrderState] = Counter()
        self.conflicts: dict[str, OrderConflict] = {}  # by their id
        self.foreign = ForeignOrders(self._is_ours)
        self._make = make
        self._live: dict[str, OrderT] = {}
        self._working: dict[Key, Working] = {}
        self._executions: defaultdict[str, Executions] = defaultdict(Executions)
        self._counted: dict[str, str] = {}  # the intent that an execution counts for
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
        return self.get(self._counted.get(execution_key(exec_id)))

    def live(self) -> list[OrderT]:
        """The orders that work, or may, oldest first."""
        return list(self._live.values())

    def working(self, account: str, symbol: str, without: Order | None = None) -> Working:
        """What the live orders on `symbol` in `account` may still buy and sell, in the worst case,
        ours but for the order `without` and foreign ones. It costs the same however many work."""
        buying, selling = self._working.get((account, symbol), (ZERO, ZERO))
        if self.foreign:
            more, less = self.foreign.working((account, symbol))
            buying, selling = buying + more, selling + less
        one = self.get(without.intent_id) if without is not None else None
        if one is None or one is not without:
            return buying, selling
        order, left = one.order, one.counted
        if (order.account, order.symbol) != (account, symbol):
            return buying, selling
        is_buy = order.terms.side == "BUY"
        return (buying - left, selling) if is_buy else (buying, selling - left)

    def snapshot(self) -> dict[str, Any]:
        """The durable state of all orders as plain values."""
        return {intent_id: one.snapshot() for intent_id, one in self.by_intent.items()}

    def apply(self, event: Event) -> OrderT | None:
        """Take in an event; gives the order that it is about, if that is known here."""
        one = self._on.get(type(event), self._otherwise)(event)
        if one is not None:
            self._count(one)
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
        """An execution, or a correction, which may move it from one order to another, or to none.

        Another gateway reports the same execution without its order: that takes nothing away.
        """
        key, intent_id = execution_key(fill.exec_id), fill.intent_id
        before = self._counted.get(key)
        if before is not None and before != intent_id:
            if not supersedes(fill.exec_id, self._executions[before][key].exec_id):
                return None
            self._executions[before].discard(key)
            del self._counted[key]
            if (one := self.get(before)) is not None:
                self._count(one)
        if intent_id is None:
            return None
        self._counted[key] = intent_id
        return self.get(intent_id) if self._executions[intent_id].count(fill) else None

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

    def _count(self, one: OrderT) -> None:
        """Bring the totals up to date with an order that an event was about. Nothing else changes
        what could still fill of an order, so the totals need no other care."""
        left = one.remaining
        if left == one.counted:
            return
        change = left - one.counted
        one.counted += change
        key = (one.order.account, one.order.symbol)
        buying, selling = self._working.get(key, (ZERO, ZERO))
        if one.order.terms.side == "BUY":
            self._working[key] = (buying + change, selling)
        else:
            self._working[key] = (buying, selling + change)

    def _add(self, order: SubmitOrder) -> OrderT:
        one = self.by_intent.get(order.intent_id)
        if one is None:
            one = self._make(order, self._executions[order.intent_id])
            self.by_intent[order.intent_id] = self._live[order.intent_id] = one
            self.states[one.state] += 1
        return one

    def _moved(self, one: OrderT, state: OrderState) -> OrderT:
        if state != one.state:
            self.states[one.state] -= 1
            self.states[state] += 1
            one.state = state
            if one.live:
                self._live[one.intent_id] = one
            else:
                self._live.pop(one.intent_id, None)
        return one

    @staticmethod
    def _end_modify(one: OrderT, modify_id: str) -> OrderT:
        if one.modify is not None and one.modify.id == modify_id:
            one.modify = None
        return one
