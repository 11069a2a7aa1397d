"""Signals: what a strategy wants done, on its way to the executor."""

from decimal import Decimal

from tapewire.common.events.base import (
    Event,
    Name,
    OrderType,
    Price,
    Side,
    TimeNs,
    Unit,
    require_finite,
)


class Signal(Event, frozen=True, tag="signal"):
    """A wish to trade, acted on once or not at all.

    `id` is strategy, epoch and number; it is sent again under the same id until an `order.*`
    event of the executor answers it or `expires_ns` has passed. `cause_id` and `cause_ns` name
    the tick that triggered it.
    """

    id: Name
    ts_ns: TimeNs
    strategy: Name
    action: Side
    symbol: Name
    quantity: Decimal
    order_type: OrderType
    expires_ns: TimeNs
    limit_price: Decimal | None = None
    trigger_price: Price | None = None
    confidence: Unit = 1.0
    cause_id: str = ""
    cause_ns: TimeNs = 0

    def __post_init__(self) -> None:
        require_finite(self, "quantity", "limit_price")


class CancelSignal(Event, frozen=True, tag="signal.cancel"):
    """A wish to cancel the order that signal `signal_id` asked for.

    Sent again under its own `id` until the executor answers it or it has expired. One that
    comes before that signal keeps it from being traded at all.
    """

    id: Name
    ts_ns: TimeNs
    strategy: Name
    signal_id: Name
    expires_ns: TimeNs
    cause_id: str = ""
    cause_ns: TimeNs = 0


class ModifySignal(Event, frozen=True, tag="signal.modify"):
    """A wish to change the order that signal `signal_id` asked for; None leaves a term as it is.

    `quantity` is the order's whole one, what is filled included. Sent again as the others are.
    """

    id: Name
    ts_ns: TimeNs
    strategy: Name
    signal_id: Name
    expires_ns: TimeNs
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    cause_id: str = ""
    cause_ns: TimeNs = 0

    def __post_init__(self) -> None:
        require_finite(self, "quantity", "limit_price")


AnySignal = Signal | CancelSignal | ModifySignal
