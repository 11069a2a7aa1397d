"""Orders: the gateway's facts about them.

The commands that they answer are in `order_commands`. Each event carries the account that it is
about, or the order that does. `intent_id` names an order inside Tapewire; `order_id` and
`permanent_id` are the broker's names for it, opaque text.
"""

from decimal import Decimal
from typing import Literal

from tapewire.common.events.base import Account, Event, Name, Side, Text, TimeNs, require_finite
from tapewire.common.events.order_commands import ModifyOrder, SubmitOrder
from tapewire.common.events.terms import OrderTerms

OrderState = Literal[
    "CREATED",
    "INTENDED",
    "ACCEPTED",
    "FILLED",
    "CANCELLED",
    "REJECTED",
    "DENIED",
    "LOST",
    "UNKNOWN",
]
Stage = Literal["executor", "gateway"]

# ---- emitted by the gateway ----------------------------------------------------------------


class OrderIntended(Event, frozen=True, tag="order.intended"):
    """The intent is on disk under `order_id`; it may go to the broker from now on. The order id
    is one of the broker's client `client_id`, and means nothing under another."""

    ts_ns: TimeNs
    order_id: str
    order: SubmitOrder
    client_id: str = ""

    @property
    def account(self) -> str:
        """The order's account."""
        return self.order.account


class OrderDenied(Event, frozen=True, tag="order.denied"):
    """We will not do this, now or ever; the broker never received it. `stage` says who denied it.

    The gateway denies an intent (`intent_id`); the executor denies a signal (`signal_id`). A
    cancel or a modify may be denied after it was taken: by the gateway, or by the broker.
    """

    ts_ns: TimeNs
    account: Account
    strategy: str
    stage: Stage
    reason: Text
    intent_id: str = ""
    signal_id: str = ""


class OrderAccepted(Event, frozen=True, tag="order.accepted"):
    """The broker has the order. `sent_ns` is when it was written; None after a restart.

    It comes again where the broker names the order only later. The first `permanent_id` stays.
    """

    ts_ns: TimeNs
    account: Account
    intent_id: Name
    order_id: str
    permanent_id: str
    sent_ns: TimeNs | None = None


class OrderRejected(Event, frozen=True, tag="order.rejected"):
    """The broker rejected the order, with its error code."""

    ts_ns: TimeNs
    account: Account
    intent_id: Name
    code: int
    reason: Text


class OrderCancelled(Event, frozen=True, tag="order.cancelled"):
    """The broker reports it cancelled; a fill may still arrive and is counted."""

    ts_ns: TimeNs
    account: Account
    intent_id: Name
    reason: Text = ""


class OrderFilled(Event, frozen=True, tag="order.filled"):
    """The executions have reached the whole quantity; or `reason` says why it is over without."""

    ts_ns: TimeNs
    account: Account
    intent_id: Name
    reason: Text = ""


class OrderUnknown(Event, frozen=True, tag="order.unknown"):
    """Nobody here knows whether the broker has the order; until then it counts as working."""

    ts_ns: TimeNs
    account: Account
    intent_id: Name
    reason: Text


class OrderLost(Event, frozen=True, tag="order.lost"):
    """The broker knows nothing of the order after every query; it is not sent again."""

    ts_ns: TimeNs
    account: Account
    intent_id: Name
    reason: Text


class Fill(Event, frozen=True, tag="execution.reported"):
    """One execution. `exec_id` is the key; a correction has the same id but for its last part.

    `intent_id` is the order that was executed, from the gateway that placed it; another gateway
    reports the same execution with None, as it does an order that none of ours is. `strategy`,
    `cause_*` and `signal_ns` lead back to the signal and the tick.
    """

    ts_ns: TimeNs
    account: Account
    exec_id: Name
    permanent_id: str
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
        require_finite("fill", ("quantity", "price"), self.quantity, self.price)


class Commission(Event, frozen=True, tag="commission.reported"):
    """What one execution cost."""

    ts_ns: TimeNs
    account: Account
    exec_id: Name
    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        require_finite("commission", ("amount",), self.amount)


class PositionReported(Event, frozen=True, tag="position.reported"):
    """What the broker says the account holds of a symbol, whoever traded it."""

    ts_ns: TimeNs
    account: Account
    symbol: Name
    quantity: Decimal
    average_cost: Decimal

    def __post_init__(self) -> None:
        require_finite("position", ("quantity", "average_cost"), self.quantity, self.average_cost)


class PositionsListed(Event, frozen=True, tag="position.listed"):
    """The broker has listed all positions and all open orders since it was asked to by `id`.

    Positions that have changed are in the journal before this; what is not held was not named.
    `open_orders` has the references of all orders of all clients, "" for one without. Where it was
    asked about one account, it may be about that one alone.
    """

    ts_ns: TimeNs
    id: Name
    open_orders: tuple[str, ...] = ()


class OrdersTakenOver(Event, frozen=True, tag="order.taken_over"):
    """The broker has read the cancels of a `TakeOver`; or it has not, and `reason` says why."""

    ts_ns: TimeNs
    id: Name
    reason: Text = ""


class OrderModifyIntended(Event, frozen=True, tag="order.modify.intended"):
    """The modify is on disk; it may go to the broker from now on.

    Until the broker reports the order's terms, the larger of the old and the new quantity may
    fill.
    """

    ts_ns: TimeNs
    account: Account
    modify: ModifyOrder

    @property
    def intent_id(self) -> str:
        """The order that is modified."""
        return self.modify.intent_id


class OrderModified(Event, frozen=True, tag="order.modified"):
    """The broker reports these terms; `modify_id` is empty where they were not requested here."""

    ts_ns: TimeNs
    account: Account
    intent_id: Name
    modify_id: str
    terms: OrderTerms


class OrderModifyRejected(Event, frozen=True, tag="order.modify.rejected"):
    """The modify will not happen: the order continues with its old terms.

    `code` is the broker's error; 0 where the gateway denied it, or the broker never knew of it.
    """

    ts_ns: TimeNs
    account: Account
    intent_id: Name
    modify_id: Name
    code: int
    reason: Text


class OrderCancelRejected(Event, frozen=True, tag="order.cancel.rejected"):
    """The broker will not cancel the order, with its error code; the order is as it was.

    `code` is 0 where the broker did not react to the cancel and lists the order as working.
    """

    ts_ns: TimeNs
    account: Account
    intent_id: Name
    code: int
    reason: Text
