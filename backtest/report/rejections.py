"""Why signals and orders came to nothing: each reason's first case, and how many there were."""

from collections.abc import Iterable, Iterator

from tapewire.common.events import (
    Event,
    OrderDenied,
    OrderIntended,
    OrderRefused,
    OrderRejected,
    SubmitOrder,
)

Case = tuple[str, str, str]
"""Whose it is, what became of it, and the reason's kind."""


def untraded(executor: Iterable[Event], gateway: Iterable[Event]) -> Iterator[str]:
    """A sentence a strategy and reason, from what the executor and the gateway have journaled."""
    counts: dict[Case, int] = {}
    firsts: dict[Case, str] = {}
    for case, reason in [*_denied(executor), *_turned_down(gateway)]:
        counts[case] = counts.get(case, 0) + 1
        firsts.setdefault(case, reason)
    for case, count in counts.items():
        strategy, fate, _ = case
        noun = "signal" if fate == "denied" else "order"
        yield (
            f"{strategy}: {count:,} {noun}{'s' * (count != 1)} {fate},"
            f" the first because: {firsts[case]}"
        )


def _denied(events: Iterable[Event]) -> Iterator[tuple[Case, str]]:
    for event in events:
        if isinstance(event, OrderDenied):
            yield (event.strategy, "denied", event.reason.partition(":")[0]), event.reason


def _turned_down(events: Iterable[Event]) -> Iterator[tuple[Case, str]]:
    """By TWS, with its error code, or by the gateway before it was sent."""
    orders: dict[str, SubmitOrder] = {}
    for event in events:
        if isinstance(event, OrderIntended):
            orders[event.order.intent_id] = event.order
        elif isinstance(event, OrderRejected) and event.intent_id in orders:
            order = orders[event.intent_id]
            case = order.strategy, "rejected", str(event.code)
            yield case, f"{event.reason} (error {event.code}, {_terms(order)})"
        elif isinstance(event, OrderRefused) and event.intent_id in orders:
            order = orders[event.intent_id]
            kind = event.reason.partition(":")[0]
            yield (order.strategy, "refused", kind), f"{event.reason} ({_terms(order)})"


def _terms(order: SubmitOrder) -> str:
    """`BUY 0.5 AAPL at 10.005`."""
    price = "market" if order.limit_price is None else order.limit_price
    return f"{order.action} {order.quantity} {order.symbol} at {price}"
