"""Cancels and modifies of live orders: each is asked for until it is answered, and has its end.

A cancel ends with its order, or is denied. A modify ends with `order.terms.changed`, or is denied:
by the rules here, by the gateway, or by the broker. An order has one of each at a time. While a
modify is under way the larger quantity counts in every exposure.

A signal that is cancelled before it arrived is denied for good: it may still be on its way.
"""

from collections.abc import Callable, Sequence, Set
from typing import Final

from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.accounting.orders import Orders
from tapewire.common.clock import Now
from tapewire.common.events import (
    TEXT_MAX,
    CancelOrder,
    CancelSignal,
    ConnectionUp,
    Event,
    ModifyOrder,
    ModifySignal,
    OrderAnswer,
    OrderCancelPending,
    OrderCancelRejected,
    OrderDenied,
    OrderExpired,
    OrderModified,
    OrderModifyIntended,
    OrderModifyPending,
    OrderModifyRejected,
    OrderTerms,
    OrderTermsChanged,
    SubmitGroup,
    SubmitOrder,
    WhatIf,
    only_smaller,
)
from tapewire.common.signal_ids import is_own
from tapewire.common.unanswered import Unanswered
from tapewire.executor.orders import ExecutorOrder, Request

Command = SubmitOrder | SubmitGroup | CancelOrder | ModifyOrder | WhatIf
Own = OrderDenied | OrderExpired | OrderCancelPending | OrderModifyPending | OrderTermsChanged
OWN: Final = (OrderDenied, OrderExpired, OrderCancelPending, OrderModifyPending, OrderTermsChanged)
"""The executor's own events that are kept here."""

ABOUT: Final = frozenset(
    {OrderCancelRejected, OrderModifyIntended, OrderModified, OrderModifyRejected}
)
"""A gateway's events about cancels and modifies."""

Check = Callable[[SubmitOrder, ExecutorOrder | None, Now], str]
"""Why an order must not go, by the rules; the exposure leaves out the order that it replaces."""
Verdict = Callable[[ModifySignal, Sequence[SubmitOrder], Now, ExecutorOrder], str | None]
"""Why the account would not bear what a modify makes of an order, "" if it would; None while the
broker is asked."""


class OrderRequests:
    """What is asked of orders that exist. State changes in `apply`, from events of the own journal.

    `answered` are all signals that had their answer, those of new orders too; `unanswered` are the
    commands that had none; `check` asks the rules, `verdict` the broker if that is configured.
    """

    def __init__(
        self,
        orders: Orders[ExecutorOrder],
        answered: Set[str],
        unanswered: Unanswered,
        check: Check,
        verdict: Verdict,
    ) -> None:
        self._orders = orders
        self._answered = answered
        self._unanswered = unanswered
        self._check = check
        self._verdict = verdict
        self._of: dict[str, ExecutorOrder] = {}  # by the id of what was asked of them

    def __contains__(self, signal_id: str) -> bool:
        return signal_id in self._of

    def apply(self, event: Own) -> None:
        """Take in an event of the own journal; the ledger has it already."""
        if isinstance(event, OrderCancelPending):
            order = self._orders.get(event.intent_id)
            if order is not None:
                self._of[event.signal_id] = order
                command = CancelOrder(event.intent_id, event.ts_ns, event.signal_id)
                order.cancel_request = Request(command)
                self._unanswered.add(event.signal_id)
        elif isinstance(event, OrderModifyPending):
            modified = self._orders.get(event.intent_id)
            if modified is not None:  # it may have come back after a checkpoint left it out
                self._of[event.signal_id] = modified
                modified.modify_request = Request(event.modify)
                self._unanswered.add(event.signal_id)
        else:
            self._end(event.signal_id)

    def _end(self, signal_id: str) -> None:
        asked = self._of.get(signal_id)
        if asked is not None and _is(asked.cancel_request, signal_id):
            asked.cancel_request = None
        if asked is not None and _is(asked.modify_request, signal_id):
            asked.modify_request = None

    # ---- signals -------------------------------------------------------------------------------

    def on_signal(self, signal: CancelSignal | ModifySignal, now: Now) -> Sequence[Event]:
        """The answer to a signal; what is to be asked of the gateway is due with it."""
        name = signal.signal_id
        order = self._orders.get(intent_id_of(name)) or self._orders.get(name)
        if isinstance(signal, CancelSignal) and order is None and self._may_arrive(signal):
            return self._forestall(signal, now)
        may_ask = order is not None and signal.strategy in (order.order.strategy, roles.MANUAL)
        if order is None or not may_ask:
            reason = f"{signal.strategy} has no order of signal {name}"
            if signal.strategy == roles.MANUAL:
                reason = f"there is no order {name}; `tapewire orders --live --json` shows the ids"
            return [_denied(signal, signal.account, reason, now)]
        if not order.live:
            return [_denied(signal, order.order.account, f"the order is {order.state}", now)]
        if isinstance(signal, CancelSignal):
            return [self._cancel(signal, order, now)]
        return self._modify(signal, order, now)

    def _may_arrive(self, signal: CancelSignal) -> bool:
        own = is_own(signal.signal_id, signal.strategy)  # a leg's id was known before it was named
        return own and signal.signal_id not in self._answered

    def _forestall(self, signal: CancelSignal, now: Now) -> Sequence[Event]:
        denied = OrderDenied(
            now.wall_ns, signal.account, signal.strategy, roles.EXECUTOR,
            "it was cancelled before it arrived", signal_id=signal.signal_id,
        )  # fmt: skip
        intent_id = intent_id_of(signal.signal_id)
        return [
            denied,
            OrderCancelPending(now.wall_ns, signal.account, signal.id, signal.strategy, intent_id),
        ]

    def _cancel(self, signal: CancelSignal, order: ExecutorOrder, now: Now) -> Event:
        account = order.order.account
        if order.cancel_request is not None:
            return _denied(signal, account, "a cancel of the order is already under way", now)
        return OrderCancelPending(now.wall_ns, account, signal.id, signal.strategy, order.intent_id)

    def _modify(self, signal: ModifySignal, order: ExecutorOrder, now: Now) -> Sequence[Event]:
        """The answer to a modify; none while the broker is asked what it would do."""
        account, terms = order.order.account, signal.changes.applied_to(order.terms)
        verdict: str | None = self._denial(order, terms, now)
        if not (verdict or only_smaller(terms, order.terms)):
            left = replace(terms, quantity=terms.quantity - order.filled)
            wanted = replace(order.order, intent_id=signal.id, terms=left)
            verdict = self._verdict(signal, [wanted], now, order)
        if verdict is None:
            return []
        if verdict:
            return [_denied(signal, account, verdict, now)]
        modify = ModifyOrder(
            signal.id, now.wall_ns, order.intent_id, terms,
            signal.expires_ns, signal.expires_mono_ns,
        )  # fmt: skip
        return [OrderModifyPending(now.wall_ns, account, signal.id, signal.strategy, modify)]

    def _denial(self, order: ExecutorOrder, terms: OrderTerms, now: Now) -> str:
        before = order.terms
        if order.cancel_request is not None or order.modify_request is not None:
            return "a cancel or a modify of the order is under way"
        fault = order.modify_fault(terms)
        if fault:
            return fault
        if order.order.group_id and terms.quantity != before.quantity:
            return "an order of a group keeps its quantity; cancel the group and send another"
        if terms == before:
            return f"the order is {terms} already"
        if only_smaller(terms, before):
            return ""
        could_fill = max(terms.quantity, before.quantity) - order.filled
        wanted = replace(order.order, terms=replace(terms, quantity=could_fill))
        return self._check(wanted, order, now)

    # ---- the gateway ---------------------------------------------------------------------------

    def on_broker(self, event: Event, now: Now, *, live: bool) -> list[Event]:
        """An event of the gateway's journal, which the ledger has: what came of it. `live`: it is
        news, not the past that is read again."""
        kind = type(event)
        if kind is ConnectionUp:  # what was asked for may have ended with the last one
            for live_order in self._orders.live():
                if live_order.cancel_request is not None:
                    live_order.cancel_request.answered = False
                    self._unanswered.add(live_order.cancel_request.command.id)
            return []
        if kind not in ABOUT:
            return []
        order = self._orders.get(getattr(event, "intent_id", None))
        return self._about(order, event, now, live=live) if order is not None else []

    def _about(self, order: ExecutorOrder, event: Event, now: Now, *, live: bool) -> list[Event]:
        if isinstance(event, OrderCancelRejected) and live and order.cancel_request is not None:
            return [_ended(order, order.cancel_request.command.id, event.reason, now)]
        if isinstance(event, OrderModifyIntended) and event.modify.id not in self._answered:
            # One that was sent before this process wrote it down is taken over.
            account, modify = order.order.account, event.modify
            strategy = order.order.strategy
            return [OrderModifyPending(now.wall_ns, account, modify.id, strategy, modify)]
        if isinstance(event, OrderModified):
            is_news = live and order.terms != order.announced_terms
            if is_news or _is(order.modify_request, event.modify_id):
                return [_terms_changed(order, event.modify_id, now)]
        if isinstance(event, OrderModifyRejected) and _is(order.modify_request, event.modify_id):
            return [_ended(order, event.modify_id, event.reason, now)]
        return []

    def on_answer(self, answer: OrderAnswer, now: Now) -> list[Event]:
        """The gateway answered what is known here by this id."""
        order = self._of[answer.intent_id]
        for request in (order.cancel_request, order.modify_request):
            if request is not None and _is(request, answer.intent_id):
                request.answered = True
                if not answer.accepted:
                    return [_ended(order, answer.intent_id, answer.reason, now)]
        return []

    def unanswered(self, signal_id: str) -> tuple[ExecutorOrder | None, Command | None]:
        """The order that was asked for something, and the command, if it still needs an answer."""
        order = self._of.get(signal_id)
        if order is not None:
            for request in (order.cancel_request, order.modify_request):
                if request is not None and _is(request, signal_id) and not request.answered:
                    return order, request.command
        return order, None

    def news(self, order: ExecutorOrder, now: Now) -> list[Event]:
        """The order's terms, where the own journal does not have them yet."""
        if order.terms == order.announced_terms:
            return []
        return [_terms_changed(order, "", now)]


def intent_id_of(signal_id: str) -> str:
    """The intent that a signal leads to: one order per signal, its first leg."""
    return f"{signal_id}/1"


def _is(request: Request[CancelOrder] | Request[ModifyOrder] | None, signal_id: str) -> bool:
    return request is not None and request.command.id == signal_id


def _denied(
    signal: CancelSignal | ModifySignal, account: str, reason: str, now: Now
) -> OrderDenied:
    """A signal about an order is denied. It names no intent: nothing happened to the order."""
    return OrderDenied(
        now.wall_ns,
        account,
        signal.strategy,
        roles.EXECUTOR,
        reason[:TEXT_MAX],
        signal_id=signal.id,
    )  # fmt: skip


def _ended(order: ExecutorOrder, signal_id: str, reason: str, now: Now) -> OrderDenied:
    """What was asked of an order will not happen; the order continues as it is."""
    return OrderDenied(
        now.wall_ns, order.order.account, order.order.strategy, roles.GATEWAY, reason[:TEXT_MAX],
        intent_id=order.intent_id, signal_id=signal_id,
    )  # fmt: skip


def _terms_changed(order: ExecutorOrder, signal_id: str, now: Now) -> OrderTermsChanged:
    asked = order.order
    return OrderTermsChanged(
        now.wall_ns, asked.account, asked.intent_id, asked.strategy, order.terms, signal_id,
        order.average_price,
    )  # fmt: skip
