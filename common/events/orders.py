"""Orders: the executor's requests, the gateway's facts about them, the executor's own account."""

from decimal import Decimal
from typing import Literal

from tapewire.common.events.base import Event, Name, OrderType, Side, Text, TimeNs, require_finite

OrderState = Literal[
    "CREATED",
    "INTENDED",
    "ACCEPTED",
    "FILLED",
    "CANCELLED",
    "REJECTED",
    "REFUSED",
    "LOST",
    "UNKNOWN",
]


class SubmitOrder(Event, frozen=True, tag="submit_order"):
    """One intent: at most one broker order will ever come of it, however often it is sent."""

    intent_id: Name
    ts_ns: TimeNs
    strategy: Name
    symbol: Name
    action: Side
    quantity: Decimal
    order_type: OrderType
    expires_ns: TimeNs
    limit_price: Decimal | None = None
    signal_id: str = ""
    signal_ns: TimeNs = 0
    cause_id: str = ""
    cause_ns: TimeNs = 0

    def __post_init__(self) -> None:
        require_finite(self, "quantity", "limit_price")


class CancelOrder(Event, frozen=True, tag="cancel_order"):
    """Cancel what became of an intent; `id` is what the answer names, the intent if it is empty.

    An intent that comes after its cancel is refused.
    """

    intent_id: Name
    ts_ns: TimeNs
    id: str = ""


class CancelAll(Event, frozen=True, tag="cancel_all"):
    """Cancel every working order of the account, whoever placed it."""

    ts_ns: TimeNs


class ModifyOrder(Event, frozen=True, tag="modify_order"):
    """New terms for a live order: they go to TWS at most once, however often `id` is sent.

    `quantity` is the order's whole one, what is filled included.
    """

    id: Name
    ts_ns: TimeNs
    intent_id: Name
    quantity: Decimal
    expires_ns: TimeNs
    limit_price: Decimal | None = None

    def __post_init__(self) -> None:
        require_finite(self, "quantity", "limit_price")


# ---- born at the gateway -------------------------------------------------------------------


class OrderIntended(Event, frozen=True, tag="order.intended"):
    """The intent is on disk under `order_id`; its bytes may go to TWS from now on."""

    ts_ns: TimeNs
    order_id: int
    order: SubmitOrder


class OrderRefused(Event, frozen=True, tag="order.refused"):
    """The gateway will not send this intent, now or ever; no byte of it went to TWS."""

    ts_ns: TimeNs
    intent_id: Name
    reason: Text


class OrderAccepted(Event, frozen=True, tag="order.accepted"):
    """TWS has the order, under `perm_id`. `sent_ns`: when it was written; None after a restart."""

    ts_ns: TimeNs
    intent_id: Name
    order_id: int
    perm_id: int
    sent_ns: TimeNs | None = None


class OrderRejected(Event, frozen=True, tag="order.rejected"):
    """TWS refused the order, with its error code."""

    ts_ns: TimeNs
    intent_id: Name
    code: int
    reason: Text


class OrderCancelled(Event, frozen=True, tag="order.cancelled"):
    """TWS reports it cancelled; a fill may still come and is counted."""

    ts_ns: TimeNs
    intent_id: Name
    reason: Text = ""


class OrderFilled(Event, frozen=True, tag="order.filled"):
    """The executions have reached the whole quantity."""

    ts_ns: TimeNs
    intent_id: Name


class OrderUnknown(Event, frozen=True, tag="order.unknown"):
    """Nobody here knows whether TWS has the order; it counts as working until that is known."""

    ts_ns: TimeNs
    intent_id: Name
    reason: Text


class OrderLost(Event, frozen=True, tag="order.lost"):
    """TWS knows nothing of the order after it was asked in every way; it is not sent again."""

    ts_ns: TimeNs
    intent_id: Name
    reason: Text


class Fill(Event, frozen=True, tag="fill"):
    """One execution. `exec_id` is the key; a correction carries the same id but for its last part.

    `intent_id` is the order's reference at the broker, so that it means the same whichever gateway
    reports the execution; None for an order without one. `strategy`, `cause_*` and `signal_ns`,
    which lead back to the signal and the tick, are known to the gateway that placed the order.
    """

    ts_ns: TimeNs
    exec_id: Name
    perm_id: int
    symbol: Name
    side: Side
    quantity: Decimal
    price: Decimal
    intent_id: str | None = None
    strategy: str | None = None
    cause_id: str = ""
    cause_ns: TimeNs = 0
    signal_ns: TimeNs = 0

    def __post_init__(self) -> None:
        require_finite(self, "quantity", "price")


class Commission(Event, frozen=True, tag="commission"):
    """What one execution cost."""

    ts_ns: TimeNs
    exec_id: Name
    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        require_finite(self, "amount")


class AccountPosition(Event, frozen=True, tag="position"):
    """The broker's own word on a position of the account, whoever traded it."""

    ts_ns: TimeNs
    symbol: Name
    quantity: Decimal
    average_cost: Decimal

    def __post_init__(self) -> None:
        require_finite(self, "quantity", "average_cost")


class OrderModifyIntended(Event, frozen=True, tag="order.modify_intended"):
    """The change is on disk; its bytes may go to TWS from now on.

    Until TWS tells the order's terms, the larger of the old and the new quantity may fill.
    """

    ts_ns: TimeNs
    change: ModifyOrder


class OrderModified(Event, frozen=True, tag="order.modified"):
    """TWS tells these terms; `modify_id` is empty where nobody here had asked for them."""

    ts_ns: TimeNs
    intent_id: Name
    modify_id: str
    quantity: Decimal
    limit_price: Decimal | None = None

    def __post_init__(self) -> None:
        require_finite(self, "quantity", "limit_price")


class OrderModifyRejected(Event, frozen=True, tag="order.modify_rejected"):
    """The change will not be: the order goes on with its old terms.

    `code` is TWS's error; 0 where the gateway refused it, or where TWS never knew of it.
    """

    ts_ns: TimeNs
    intent_id: Name
    modify_id: Name
    code: int
    reason: Text


class OrderCancelRejected(Event, frozen=True, tag="order.cancel_rejected"):
    """TWS will not cancel the order, with its error code; it is as it was."""

    ts_ns: TimeNs
    intent_id: Name
    code: int
    reason: Text


# ---- born at the executor ------------------------------------------------------------------


class OrderCreated(Event, frozen=True, tag="order.created"):
    """A signal was acted on: this intent came of it."""

    ts_ns: TimeNs
    signal_id: Name
    order: SubmitOrder


class OrderDenied(Event, frozen=True, tag="order.denied"):
    """A signal will not be put into effect, and why.

    A cancel or a change may be denied after it was taken: by the gateway, or by TWS.
    """

    ts_ns: TimeNs
    signal_id: Name
    strategy: Name
    reason: Text


class OrderExpired(Event, frozen=True, tag="order.expired"):
    """A signal reached the executor after its `expires_ns`, or never, and was not traded."""

    ts_ns: TimeNs
    signal_id: Name
    strategy: Name
    reason: Text = ""


class OrderChanged(Event, frozen=True, tag="order.changed"):
    """The order has moved to another state or was filled further; `filled` is cumulative."""

    ts_ns: TimeNs
    intent_id: Name
    strategy: Name
    state: OrderState
    filled: Decimal
    reason: Text = ""


class OrderPendingCancel(Event, frozen=True, tag="order.pending_cancel"):
    """A cancel was taken: the gateway is asked until the order ends or the cancel is denied."""

    ts_ns: TimeNs
    signal_id: Name
    strategy: Name
    intent_id: Name


class OrderPendingUpdate(Event, frozen=True, tag="order.pending_update"):
    """A change was taken and goes to the gateway; `order.updated` or `order.denied` follows."""

    ts_ns: TimeNs
    signal_id: Name
    strategy: Name
    change: ModifyOrder


class OrderUpdated(Event, frozen=True, tag="order.updated"):
    """The order works with these terms now; `signal_id` is the change's, if one asked for them."""

    ts_ns: TimeNs
    intent_id: Name
    strategy: Name
    quantity: Decimal
    limit_price: Decimal | None = None
    signal_id: str = ""

    def __post_init__(self) -> None:
        require_finite(self, "quantity", "limit_price")


SignalAnswer = OrderCreated | OrderDenied | OrderExpired | OrderPendingCancel | OrderPendingUpdate
