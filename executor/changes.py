"""Cancels and changes of live orders: each is asked for until it is answered, and has its end.

A cancel ends with its order, or is denied. A change ends as `order.updated`, or is denied: by
the rules here, by the gateway, or by TWS. An order has one of each at a time. While a change is
under way the larger quantity counts in every exposure.

A signal that is cancelled before it came is denied for good: it may still be on its way.
"""

from collections.abc import Sequence, Set
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from tapewire.common.events import (
    CancelOrder,
    CancelSignal,
    ConnectionUp,
    Event,
    ModifyOrder,
    ModifySignal,
    OrderAnswer,
    OrderCancelRejected,
    OrderDenied,
    OrderExpired,
    OrderModified,
    OrderModifyIntended,
    OrderModifyRejected,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderUpdated,
    SubmitOrder,
)
from tapewire.executor.ledger import Asked, Ledger, Order
from tapewire.risk.rules import Rule

Command = SubmitOrder | CancelOrder | ModifyOrder
Own = OrderDenied | OrderExpired | OrderPendingCancel | OrderPendingUpdate | OrderUpdated
OWN: Final = (OrderDenied, OrderExpired, OrderPendingCancel, OrderPendingUpdate, OrderUpdated)
"""The executor's own events that are kept here."""

CHANGES: Final = (
    ConnectionUp,
    OrderCancelRejected,
    OrderModified,
    OrderModifyIntended,
    OrderModifyRejected,
)
"""The gateway's events that are followed here."""


class Changes:
    """What is asked of orders that exist. State changes in `apply`, `on_broker`, `on_answer`.

    `answered` are all signals that had their answer, those of new orders too.
    """

    def __init__(self, ledger: Ledger, rules: Sequence[Rule], answered: Set[str]) -> None:
        self._ledger = ledger
        self._rules = rules
        self._answered = answered
        self._orders: dict[str, Order] = {}  # by the id of what was asked of them

    def __contains__(self, signal_id: str) -> bool:
        return signal_id in self._orders

    def apply(self, event: Own) -> None:
        """Take in an event of the own journal."""
        if isinstance(event, OrderPendingCancel):
            entry = self._ledger.orders.get(event.intent_id)
            if entry is not None:
                self._orders[event.signal_id] = entry
                entry.cancel = Asked(CancelOrder(event.intent_id, event.ts_ns, event.signal_id))
        elif isinstance(event, OrderPendingUpdate):
            entry = self._orders[event.signal_id] = self._ledger.orders[event.change.intent_id]
            entry.modify = Asked(event.change)
        elif isinstance(event, OrderUpdated):
            entry = self._ledger.orders[event.intent_id]
            entry.told_terms = (event.quantity, event.limit_price)
            self._end(event.signal_id)
        else:
            self._end(event.signal_id)

    def _end(self, signal_id: str) -> None:
        entry = self._orders.get(signal_id)
        if entry is not None and _is(entry.cancel, signal_id):
            entry.cancel = None
        if entry is not None and _is(entry.modify, signal_id):
            entry.modify = None

    # ---- signals -----------------------------------------------------------------------------

    def on_signal(self, signal: CancelSignal | ModifySignal, now_ns: int) -> list[Event]:
        """The answer to a signal; what is to be asked of the gateway is due with it."""
        entry = self._ledger.orders.get(intent_id_of(signal.signal_id))
        if isinstance(signal, CancelSignal) and entry is None and self._may_come(signal):
            return self._forestall(signal, now_ns)
        if entry is None or entry.order.strategy != signal.strategy:
            reason = f"{signal.strategy} has no order of signal {signal.signal_id}"
        elif not entry.live:
            reason = f"the order is {entry.state} already"
        elif isinstance(signal, CancelSignal):
            return self._cancel(signal, entry, now_ns)
        else:
            return self._modify(signal, entry, now_ns)
        return _denied(signal, reason, now_ns)

    def _may_come(self, signal: CancelSignal) -> bool:
        own = signal.signal_id.startswith(f"{signal.strategy}-")
        return own and signal.signal_id not in self._answered

    def _forestall(self, signal: CancelSignal, now_ns: int) -> list[Event]:
        reason = "it was cancelled before it came"
        intent_id = intent_id_of(signal.signal_id)
        return [
            OrderDenied(now_ns, signal.signal_id, signal.strategy, reason),
            OrderPendingCancel(now_ns, signal.id, signal.strategy, intent_id),
        ]

    def _cancel(self, signal: CancelSignal, entry: Order, now_ns: int) -> list[Event]:
        if entry.cancel is not None:
            return _denied(signal, "a cancel of the order is under way already", now_ns)
        return [OrderPendingCancel(now_ns, signal.id, signal.strategy, entry.order.intent_id)]

    def _modify(self, signal: ModifySignal, entry: Order, now_ns: int) -> list[Event]:
        quantity = entry.quantity if signal.quantity is None else signal.quantity
        limit = entry.limit_price if signal.limit_price is None else signal.limit_price
        reason = self._refusal(entry, quantity, limit)
        if reason:
            return _denied(signal, reason, now_ns)
        change = ModifyOrder(
            signal.id, now_ns, entry.order.intent_id, quantity, signal.expires_ns, limit
        )
        return [OrderPendingUpdate(now_ns, signal.id, signal.strategy, change)]

    def _refusal(self, entry: Order, quantity: Decimal, limit: Decimal | None) -> str:
        kind, busy = entry.order.order_type, (entry.cancel, entry.modify)
        faults = (
            (any(busy), "a cancel or a change of the order is under way"),
            (entry.state != "ACCEPTED", f"the order is {entry.state}, must be ACCEPTED"),
            (
                quantity <= entry.filled,
                f"quantity is {quantity}, must be above the {entry.filled} that are filled",
            ),
            ((kind == "LMT") != (limit is not None), f"a {kind} order with limit_price {limit}"),
            (
                (quantity, limit) == entry.terms,
                f"quantity {quantity} and limit_price {limit} are what the order has",
            ),
        )
        fault = next((reason for found, reason in faults if found), "")
        if fault or (quantity < entry.quantity and limit == entry.limit_price):
            return fault
        could_fill = max(quantity, entry.quantity) - entry.filled
        order = replace(entry.order, quantity=could_fill, limit_price=limit)
        exposure = self._ledger.exposure(order.symbol, without=entry)
        return next((r for rule in self._rules if (r := rule.refusal(order, exposure))), "")

    # ---- the gateway -------------------------------------------------------------------------

    def on_broker(self, event: Event, now_ns: int, *, live: bool) -> list[Event]:
        """An event of the gateway's journal: what came of it. `live`: it is news."""
        if isinstance(event, ConnectionUp):  # what was asked for may have ended with the last one
            for entry in self._ledger.live():
                if entry.cancel is not None:
                    entry.cancel.answered = False
        elif isinstance(event, OrderCancelRejected):
            return self._on_cancel_rejected(event, now_ns) if live else []
        elif isinstance(event, OrderModifyIntended):
            return self._on_intended(event, now_ns)
        elif isinstance(event, OrderModified):
            return self._on_modified(event, now_ns, live=live)
        elif isinstance(event, OrderModifyRejected):
            return self._on_rejected(event, now_ns)
        return []

    def on_answer(self, answer: OrderAnswer, now_ns: int) -> list[Event]:
        """The gateway answered what is known here by this id."""
        entry = self._orders[answer.intent_id]
        for asked in (entry.cancel, entry.modify):
            if asked is not None and _is(asked, answer.intent_id):
                asked.answered = True
                if not answer.accepted:
                    return self._ended(entry, answer.intent_id, answer.reason, now_ns)
        return []

    def due(self, entry: Order, now_ns: int, retry_ns: int) -> list[Command]:
        """What was asked of a live order and is to be asked for now, again or at last."""
        commands: list[Command] = []
        for asked in (entry.cancel, entry.modify):
            if asked and not asked.answered and now_ns - asked.asked_ns >= retry_ns:
                asked.asked_ns = now_ns
                commands.append(asked.command)
        return commands

    def news(self, entry: Order, now_ns: int) -> list[Event]:
        """The order's terms, where the own journal does not tell them yet."""
        if entry.terms == entry.told_terms:
            return []
        return [_updated(entry, "", now_ns)]

    def _on_cancel_rejected(self, event: OrderCancelRejected, now_ns: int) -> list[Event]:
        entry = self._ledger.orders.get(event.intent_id)
        if entry is None or entry.cancel is None:
            return []
        return self._ended(entry, entry.cancel.command.id, event.reason, now_ns)

    def _on_intended(self, event: OrderModifyIntended, now_ns: int) -> list[Event]:
        """One that was sent before this process wrote it down is taken over."""
        change = event.change
        entry = self._ledger.orders.get(change.intent_id)
        if entry is None or change.id in self._answered:
            return []
        return [OrderPendingUpdate(now_ns, change.id, entry.order.strategy, change)]

    def _on_modified(self, event: OrderModified, now_ns: int, *, live: bool) -> list[Event]:
        entry = self._ledger.orders.get(event.intent_id)
        if entry is None:
            return []
        entry.quantity, entry.limit_price = event.quantity, event.limit_price
        is_news = live and entry.terms != entry.told_terms
        if not is_news and not _is(entry.modify, event.modify_id):
            return []
        return [_updated(entry, event.modify_id, now_ns)]

    def _on_rejected(self, event: OrderModifyRejected, now_ns: int) -> list[Event]:
        entry = self._ledger.orders.get(event.intent_id)
        if entry is None or not _is(entry.modify, event.modify_id):
            return []
        return self._ended(entry, event.modify_id, event.reason, now_ns)

    def _ended(self, entry: Order, signal_id: str, reason: str, now_ns: int) -> list[Event]:
        return [OrderDenied(now_ns, signal_id, entry.order.strategy, reason[:512])]


def intent_id_of(signal_id: str) -> str:
    """The intent that a signal stands for: one order a signal, its first leg."""
    return f"{signal_id}/1"


def _is(asked: Asked[CancelOrder] | Asked[ModifyOrder] | None, signal_id: str) -> bool:
    return asked is not None and asked.command.id == signal_id


def _denied(signal: CancelSignal | ModifySignal, reason: str, now_ns: int) -> list[Event]:
    return [OrderDenied(now_ns, signal.id, signal.strategy, reason[:512])]


def _updated(entry: Order, signal_id: str, now_ns: int) -> OrderUpdated:
    order = entry.order
    return OrderUpdated(now_ns, order.intent_id, order.strategy, *entry.terms, signal_id)
