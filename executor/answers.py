"""What the executor says of signals and orders: its events, and the intent of a signal."""

from tapewire.common import roles
from tapewire.common.clock import Now
from tapewire.common.events import (
    TEXT_MAX,
    GroupSignal,
    OrderDenied,
    OrderState,
    OrderStateChanged,
    OrderTerms,
    Signal,
    SubmitOrder,
)
from tapewire.executor.order_requests import intent_id_of
from tapewire.executor.orders import ExecutorOrder


def state_changed(
    order: ExecutorOrder, state: OrderState, reason: str, now: Now
) -> OrderStateChanged:
    """The order has this state now."""
    asked = order.order
    return OrderStateChanged(
        now.wall_ns, asked.account, asked.intent_id, asked.strategy, state, order.filled,
        reason[:TEXT_MAX], order.average_price,
    )  # fmt: skip


def denied(signal: Signal | GroupSignal, account: str, reason: str, now: Now) -> OrderDenied:
    """The signal leads to no order."""
    return OrderDenied(
        now.wall_ns, account, signal.strategy, roles.EXECUTOR, reason[:TEXT_MAX],
        signal_id=signal.id,
    )  # fmt: skip


def intent_of(signal: Signal, account: str, terms: OrderTerms, now: Now) -> SubmitOrder:
    """The one order that a signal leads to; its id is the signal's, with the leg's number."""
    return SubmitOrder(
        intent_id=intent_id_of(signal.id),
        ts_ns=now.wall_ns,
        account=account,
        strategy=signal.strategy,
        symbol=signal.symbol,
        terms=terms,
        expires_ns=signal.expires_ns,
        expires_mono_ns=signal.expires_mono_ns,
        signal_id=signal.id,
        signal_ns=signal.ts_ns,
        cause_id=signal.cause_id,
        cause_ns=signal.cause_ns,
    )
