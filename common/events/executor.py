"""The executor's events: its answers to signals, and its account of the orders that they led to."""

from decimal import Decimal

from tapewire.common.events.base import Account, Event, Name, Price, Text, TimeNs, Unit
from tapewire.common.events.groups import GroupCreated
from tapewire.common.events.order_commands import ModifyOrder, SubmitOrder
from tapewire.common.events.orders import OrderDenied, OrderState
from tapewire.common.events.terms import OrderTerms


class OrderCreated(Event, frozen=True, tag="order.created"):
    """A signal was acted on: this intent came of it.

    `signal_quantity` is what the signal asked for, with which `confidence`; None where this was
    written down only after the gateway had the order, or by an older version. `trigger_price` is
    the price that the strategy saw (see `Signal`); None for an order that waits for another one's
    fill.
    """

    ts_ns: TimeNs
    signal_id: Name
    order: SubmitOrder
    signal_quantity: Decimal | None = None
    confidence: Unit = 1.0
    trigger_price: Price | None = None

    @property
    def account(self) -> str:
        """The order's account."""
        return self.order.account


class OrderExpired(Event, frozen=True, tag="order.expired"):
    """A signal reached the executor after its `expires_ns`, or never, and was not traded."""

    ts_ns: TimeNs
    account: Account
    signal_id: Name
    strategy: Name
    reason: Text = ""


class OrderStateChanged(Event, frozen=True, tag="order.state.changed"):
    """The order has moved to another state or was filled further; `filled` is cumulative.

    `average_price` is what one executed unit cost so far, commissions left out; None before the
    first execution.
    """

    ts_ns: TimeNs
    account: Account
    intent_id: Name
    strategy: Name
    state: OrderState
    filled: Decimal
    reason: Text = ""
    average_price: Decimal | None = None


class OrderCancelPending(Event, frozen=True, tag="order.cancel.pending"):
    """A cancel was taken: the gateway is asked until the order ends or the cancel is denied."""

    ts_ns: TimeNs
    account: Account
    signal_id: Name
    strategy: Name
    intent_id: Name


class OrderModifyPending(Event, frozen=True, tag="order.modify.pending"):
    """A modify was taken and goes to the gateway; new terms or `order.denied` follow."""

    ts_ns: TimeNs
    account: Account
    signal_id: Name
    strategy: Name
    modify: ModifyOrder

    @property
    def intent_id(self) -> str:
        """The order that is to be modified."""
        return self.modify.intent_id


class OrderTermsChanged(Event, frozen=True, tag="order.terms.changed"):
    """The order works with these terms now; `signal_id` is that of the modify, if there was one.

    `average_price` is as in `order.state.changed`.
    """

    ts_ns: TimeNs
    account: Account
    intent_id: Name
    strategy: Name
    terms: OrderTerms
    signal_id: str = ""
    average_price: Decimal | None = None


SignalAnswer = (
    OrderCreated
    | OrderDenied
    | OrderExpired
    | OrderCancelPending
    | OrderModifyPending
    | GroupCreated
)
