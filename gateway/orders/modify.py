"""Modifies: new terms for live orders. Each goes to the broker at most once, as its order did.

    INTENDED --the broker reports the new terms--> MODIFIED
        |
        +--> REJECTED   by the broker, by admission when its turn came, because its order is over,
                        or the broker does not have it after all

A modify is on disk before it is written (to TWS: placeOrder with the order's own id). Until one of
the two the order may have either terms, so the larger quantity counts as working. An order has one
modify at a time. What became of one that was cut off is seen from the terms that the broker reports
when it is asked for its open orders, once it had time to read what was still in its socket.

Every modify ends, and no later than its order: whatever ends the order (`over`) ends its modify in
the same step. It would be waited for in vain otherwise, for the broker does not list an order that
is over with its terms. Should the order come back, its terms come with the broker's report.

Terms that the broker reports and nobody here asked for are taken at its word.
"""

from collections.abc import Iterable
from typing import Any

from tapewire.common.accounting.orders import Orders
from tapewire.common.clock import Now
from tapewire.common.events import (
    TEXT_MAX,
    Event,
    ModifyOrder,
    OrderAnswer,
    OrderFilled,
    OrderModified,
    OrderModifyIntended,
    OrderModifyRejected,
    OrderTerms,
    TermChanges,
)
from tapewire.gateway import broker
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.orders.snapshot import Snapshot


class Modifies:
    """All modifies of this gateway, by id. State changes only in `apply`, from events on disk."""

    def __init__(self, orders: Orders[Intent]) -> None:
        self._orders = orders
        self._answers: dict[str, OrderAnswer] = {}
        self._pending: dict[str, Intent] = {}
        self.queued: set[str] = set()  # taken in this process, and nothing of them written yet

    def __contains__(self, modify_id: str) -> bool:
        return modify_id in self._answers

    @property
    def under_way(self) -> bool:
        """Whether any modify is."""
        return bool(self._pending)

    def apply(self, event: Event) -> None:
        """Take in an event of the own journal; the orders have it already."""
        if isinstance(event, OrderModifyIntended):
            modify, intent = event.modify, self._orders.get(event.modify.intent_id)
            self._answers[modify.id] = OrderAnswer(modify.id, accepted=True)
            if intent is not None:  # it may have come back after a checkpoint left it out
                intent.modify_written = None
                self._pending[modify.id] = intent
        elif isinstance(event, OrderModified):
            self._end(event.modify_id)
        elif isinstance(event, OrderModifyRejected):
            denied = OrderAnswer(event.modify_id, False, event.reason)
            self._answers.setdefault(event.modify_id, denied)
            self._end(event.modify_id)

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values."""
        return {
            "answers": {a.intent_id: (a.accepted, a.reason) for a in self._answers.values()},
            "pending": sorted(self._pending),
        }

    def _end(self, modify_id: str) -> None:
        self.queued.discard(modify_id)
        intent = self._pending.pop(modify_id, None)
        if intent is not None:
            intent.modify_written = None

    # ---- what the executor asks ----------------------------------------------------------------

    def answer(self, modify_id: str) -> OrderAnswer | None:
        """What a modify was answered with before; None if it is new."""
        return self._answers.get(modify_id)

    def denial(self, modify: ModifyOrder) -> str:
        """Why the order cannot be modified like this, whatever admission says; empty if it can."""
        intent = self._orders.get(modify.intent_id)
        if intent is None:
            return "no order with this id"
        terms, before = modify.terms, intent.terms
        fault = intent.modify_fault(terms)
        if fault:
            return fault
        if intent.reported is None:
            # To a broker that does not have the order, its modify would be a second order.
            return "the broker has not reported the order since connecting"
        if intent.modify not in (None, modify):
            return "another modify of the order is under way"
        if TermChanges.all_of(terms).applied_to(before) != terms:
            return "only the quantity and the prices of an order can change"
        return ""

    def of(self, modify_id: str) -> ModifyOrder | None:
        """The modify of this id, while it is under way."""
        intent = self._pending.get(modify_id)
        return intent.modify if intent is not None else None

    def written(self, modify_id: str, now: Now) -> None:
        """Its bytes are handed over."""
        self.queued.discard(modify_id)
        self._pending[modify_id].modify_written = now

    def dropped(self, modify_id: str, reason: str, now_ns: int) -> list[Event]:
        """It waited for its turn and will not be sent."""
        intent = self._pending.get(modify_id)
        return [] if intent is None else self._rejected(intent, now_ns, 0, reason)

    def disconnected(self) -> None:
        """What the broker reported of its orders is worth nothing any more."""
        for intent in self._orders.by_intent.values():
            intent.reported = None

    # ---- what the broker reports ---------------------------------------------------------------

    def on_terms(self, intent: Intent, reported: TermChanges, now: Now) -> list[Event]:
        """The broker reports the terms of an order."""
        terms = reported.applied_to(intent.terms)
        intent.reported, now_ns = (now, terms), now.wall_ns
        if intent.modify is not None:  # other terms than its own may be older than it
            asked = intent.modify.terms
            return self._modified(intent, terms, now_ns) if terms == asked else []
        if terms == intent.terms or not intent.live:
            return []
        return self._modified(intent, terms, now_ns)

    def on_error(self, intent: Intent, error: broker.OrderError, now_ns: int) -> list[Event]:
        """An error on an order of which a modify is under way: the broker rejects the modify."""
        if intent.modify_written is None or intent.state != "ACCEPTED":
            return []
        return self._rejected(intent, now_ns, error.code, error.text)

    # ---- when the answer is out ----------------------------------------------------------------

    def waiting(self) -> list[tuple[str, int]]:
        """The modifies that may be at the broker without an answer, with when they were written;
        0 for one of an earlier session."""
        return [
            (modify_id, intent.modify_written.mono_ns if intent.modify_written else 0)
            for modify_id, intent in self._pending.items()
            if modify_id not in self.queued
        ]

    def settled(self, snapshot: Snapshot, written_before_ns: int, now_ns: int) -> list[Event]:
        """A complete snapshot that the broker had time for: what became of the modifies that were
        written before it (monotonic)."""
        events: list[Event] = []
        for modify_id, intent in list(self._pending.items()):
            written_ns = intent.modify_written.mono_ns if intent.modify_written else 0
            late = modify_id in self.queued or written_ns >= written_before_ns
            if not late:
                events += self._settle(intent, snapshot.begun, now_ns)
        return events

    def _settle(self, intent: Intent, begun: Now, now_ns: int) -> list[Event]:
        assert intent.modify is not None
        if intent.reported is not None and intent.reported[0].mono_ns >= begun.mono_ns:
            reason = "the broker does not have it, after it answered every query"
            events = self._rejected(intent, now_ns, 0, reason)
            changed = intent.reported[1] != intent.terms
            if changed:
                events += self._modified(intent, intent.reported[1], now_ns, "")
            return events
        if intent.filled == intent.modify.terms.quantity:  # open no more, and all of it is filled
            return self._modified(intent, intent.modify.terms, now_ns)
        if intent.filled >= intent.terms.quantity:
            return self._rejected(intent, now_ns, 0, "the order was filled before it")
        return []

    def over(self, intents: Iterable[Intent], now_ns: int) -> list[Event]:
        """The end of each modify whose order is over."""
        events: list[Event] = []
        for intent in intents:
            if intent.modify is None or intent.live:
                continue
            wanted = intent.modify.terms
            if intent.terms.quantity < wanted.quantity <= intent.filled:  # it must have been taken
                events += self._modified(intent, wanted, now_ns)
            else:
                events += self._rejected(intent, now_ns, 0, f"the order is {intent.state}")
        return events

    def pending(self) -> list[Intent]:
        """The orders with a modify under way."""
        return list(self._pending.values())

    # ---- inside --------------------------------------------------------------------------------

    def _modified(
        self, intent: Intent, terms: OrderTerms, now_ns: int, modify_id: str | None = None
    ) -> list[Event]:
        if modify_id is None:
            modify_id = intent.modify.id if intent.modify else ""
        account, intent_id = intent.order.account, intent.intent_id
        event = OrderModified(now_ns, account, intent_id, modify_id, terms)
        return [event, *_filled(intent, terms, now_ns)]

    def _rejected(self, intent: Intent, now_ns: int, code: int, reason: str) -> list[Event]:
        assert intent.modify is not None
        event = OrderModifyRejected(
            now_ns, intent.order.account, intent.intent_id, intent.modify.id, code,
            reason[:TEXT_MAX],
        )  # fmt: skip
        return [event, *_filled(intent, intent.terms, now_ns)]


def _filled(intent: Intent, terms: OrderTerms, now_ns: int) -> list[Event]:
    """The end of an order whose executions reach what its quantity turns out to be."""
    if intent.state == "FILLED" or intent.filled < terms.quantity:
        return []
    return [OrderFilled(now_ns, intent.order.account, intent.intent_id)]
