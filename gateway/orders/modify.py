"""Changes: new terms for live orders. Each goes to TWS at most once, as its order did.

    INTENDED --TWS tells the new terms--> MODIFIED
        |
        +--> REJECTED   by TWS, by admission when its turn came, or TWS does not have it after all

A change is on disk before its bytes go (placeOrder with the order's own id). Until one of the two
the order may have either terms, so the larger quantity counts as working. An order has one
change at a time. What became of one that was cut off is seen from the terms that TWS tells when
it is asked for its open orders, once it had time to read what was still in its socket.

Terms that TWS tells and nobody here asked for are taken at its word.
"""

from collections.abc import Mapping
from typing import Final

from tapewire.common.events import (
    Event,
    ModifyOrder,
    OrderAnswer,
    OrderFilled,
    OrderModified,
    OrderModifyIntended,
    OrderModifyRejected,
)
from tapewire.gateway.orders.intent import Intent, Terms
from tapewire.gateway.orders.snapshot import Snapshot
from tapewire.gateway.tws import messages as tws
from tapewire.gateway.tws.errors import is_warning

REFUSED_BY_TWS: Final = frozenset({104, 105, 135, 329})
"""Warnings elsewhere, for the order lives on; on a change that is under way, its end."""


class Changes:
    """All changes of this gateway, by id. State changes only in `apply`, from events on disk."""

    def __init__(self, intents: Mapping[str, Intent]) -> None:
        self._intents = intents
        self._answers: dict[str, OrderAnswer] = {}
        self._pending: dict[str, Intent] = {}
        self.queued: set[str] = set()  # taken in this process, and no byte of them written yet

    def __contains__(self, modify_id: str) -> bool:
        return modify_id in self._answers

    def apply(self, event: Event) -> None:
        """Take in an event of the own journal, now or when it is read again."""
        if isinstance(event, OrderModifyIntended):
            change, intent = event.change, self._intents[event.change.intent_id]
            self._answers[change.id] = OrderAnswer(change.id, accepted=True)
            intent.change, intent.change_sent_ns = change, None
            self._pending[change.id] = intent
        elif isinstance(event, OrderModified):
            self._intents[event.intent_id].terms = (event.quantity, event.limit_price)
            self._end(event.modify_id)
        elif isinstance(event, OrderModifyRejected):
            refused = OrderAnswer(event.modify_id, False, event.reason)
            self._answers.setdefault(event.modify_id, refused)
            self._end(event.modify_id)

    def _end(self, modify_id: str) -> None:
        self.queued.discard(modify_id)
        intent = self._pending.pop(modify_id, None)
        if intent is not None:
            intent.change, intent.change_sent_ns = None, None

    # ---- what the executor asks --------------------------------------------------------------

    def answer(self, modify_id: str) -> OrderAnswer | None:
        """What a change was answered with before; None if it is new."""
        return self._answers.get(modify_id)

    def refusal(self, change: ModifyOrder) -> str:
        """Why the order cannot be changed like this, whatever admission says; empty if it can."""
        intent = self._intents.get(change.intent_id)
        if intent is None:
            return "no order of this id"
        kind, limit = intent.order.order_type, change.limit_price
        faults = (
            (intent.state != "ACCEPTED", f"the order is {intent.state}, must be ACCEPTED"),
            # To a TWS that does not have the order, its change would be a second one.
            (intent.told is None, "TWS has not told of the order since it was connected"),
            (intent.change not in (None, change), "another change of the order is under way"),
            (
                change.quantity <= intent.filled,
                f"quantity is {change.quantity}, must be above the {intent.filled} filled",
            ),
            ((kind == "LMT") != (limit is not None), f"a {kind} order with limit_price {limit}"),
        )
        return next((reason for found, reason in faults if found), "")

    def of(self, modify_id: str) -> ModifyOrder | None:
        """The change of this id, while it is under way."""
        intent = self._pending.get(modify_id)
        return intent.change if intent is not None else None

    def sent(self, modify_id: str, now_ns: int) -> None:
        """Its bytes are handed over."""
        self.queued.discard(modify_id)
        self._pending[modify_id].change_sent_ns = now_ns

    def dropped(self, modify_id: str, reason: str, now_ns: int) -> list[Event]:
        """It waited for its turn and will not be sent."""
        intent = self._pending.get(modify_id)
        return [] if intent is None else self._rejected(intent, now_ns, 0, reason)

    def disconnected(self) -> None:
        """What TWS told of its orders is worth nothing any more."""
        for intent in self._intents.values():
            intent.told = None

    # ---- what TWS says -----------------------------------------------------------------------

    def told(self, message: tws.OpenOrder, now_ns: int) -> list[Event]:
        """TWS tells the terms of an order."""
        intent = self._intents.get(message.order_ref)
        if intent is None or message.quantity is None:
            return []
        terms: Terms = (message.quantity, message.limit_price)
        intent.told = (now_ns, terms)
        if intent.change is not None:  # other terms than its own may be older than it
            return self._modified(intent, terms, now_ns) if terms == _terms(intent.change) else []
        if terms == intent.terms or not intent.live:
            return []
        return self._modified(intent, terms, now_ns)

    def refused(self, intent: Intent, message: tws.TwsError, now_ns: int) -> list[Event]:
        """An error on an order of which a change is under way: TWS will not have the change."""
        if intent.change_sent_ns is None or intent.state != "ACCEPTED":
            return []
        if is_warning(message.code) and message.code not in REFUSED_BY_TWS:
            return []
        return self._rejected(intent, now_ns, message.code, message.text)

    # ---- when the answer is out --------------------------------------------------------------

    def oldest_ns(self) -> int | None:
        """Since when the oldest change that may be at TWS waits for its answer; None if none."""
        waiting = (i.change_sent_ns or 0 for m, i in self._pending.items() if m not in self.queued)
        return min(waiting, default=None)

    def settled(self, snapshot: Snapshot, sent_before_ns: int, now_ns: int) -> list[Event]:
        """A complete snapshot that TWS had time for: what became of changes sent before it."""
        events: list[Event] = []
        for modify_id, intent in list(self._pending.items()):
            late = modify_id in self.queued or (intent.change_sent_ns or 0) >= sent_before_ns
            if intent.order.intent_id in snapshot.seen and not late:
                events += self._settle(intent, snapshot.begun_ns, now_ns)
        return events

    def _settle(self, intent: Intent, begun_ns: int, now_ns: int) -> list[Event]:
        assert intent.change is not None
        if intent.told is not None and intent.told[0] >= begun_ns:
            events = self._rejected(intent, now_ns, 0, "TWS does not have it after all was asked")
            changed = intent.told[1] != intent.terms
            return events + (self._modified(intent, intent.told[1], now_ns, "") if changed else [])
        if intent.filled == intent.change.quantity:  # open no more, and all of it is filled
            return self._modified(intent, _terms(intent.change), now_ns)
        if intent.filled >= intent.terms[0]:
            return self._rejected(intent, now_ns, 0, "the order was filled before it")
        return []

    # ---- inside ------------------------------------------------------------------------------

    def _modified(
        self, intent: Intent, terms: Terms, now_ns: int, modify_id: str | None = None
    ) -> list[Event]:
        if modify_id is None:
            modify_id = intent.change.id if intent.change else ""
        event = OrderModified(now_ns, intent.order.intent_id, modify_id, *terms)
        return [event, *_filled(intent, terms, now_ns)]

    def _rejected(self, intent: Intent, now_ns: int, code: int, reason: str) -> list[Event]:
        assert intent.change is not None
        intent_id, modify_id = intent.order.intent_id, intent.change.id
        event = OrderModifyRejected(now_ns, intent_id, modify_id, code, reason[:512])
        return [event, *_filled(intent, intent.terms, now_ns)]


def _terms(change: ModifyOrder) -> Terms:
    return change.quantity, change.limit_price


def _filled(intent: Intent, terms: Terms, now_ns: int) -> list[Event]:
    """The end of an order whose executions reach what its quantity turns out to be."""
    if intent.state == "FILLED" or intent.filled < terms[0]:
        return []
    return [OrderFilled(now_ns, intent.order.intent_id)]
