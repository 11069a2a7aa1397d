"""Orders and executions as the broker keeps them, and what an execution costs."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal

import msgspec

from tapewire.common.events.base import Side
from tapewire.common.events.order_types import REQUIRED_PRICES
from tapewire.common.events.terms import OrderType, TimeInForce
from tapewire.common.instruments import Instrument

ZERO = Decimal(0)
CENT = Decimal("0.01")
Status = Literal["PreSubmitted", "Submitted", "Filled", "Cancelled", "Inactive"]
SIMULATED: Final[tuple[OrderType, ...]] = ("MKT", "LMT", "STP")
ORDER_TYPES: Final[Mapping[str, frozenset[str]]] = {
    kind: REQUIRED_PRICES[kind] for kind in SIMULATED
}
"""The order types that `Exchange` has rules for, each with its prices. It rejects all others."""
TIMES_IN_FORCE: Final[tuple[TimeInForce, ...]] = ("DAY", "GTC", "IOC")
"""Times in force that are simulated. The market never closes, so DAY lasts as long as GTC."""


class Terms(msgspec.Struct, frozen=True):
    """The terms of an order that a modify can replace."""

    quantity: Decimal
    limit: Decimal | None = None
    stop: Decimal | None = None


class Order(msgspec.Struct, kw_only=True, eq=False):
    """One order. Its client names it by `client_id` and `order_id`; `perm_id` never changes.

    `stop` is the price that triggers the order; until then it is held and cannot trade. An order
    that no client sent (`is_sent` is false) was made by TWS itself or entered by a person.
    """

    client_id: int
    order_id: int
    order_ref: str
    account: str
    instrument: Instrument
    side: Side
    quantity: Decimal
    order_type: OrderType
    limit: Decimal | None = None
    stop: Decimal | None = None
    tif: TimeInForce
    outside_rth: bool = False
    is_sent: bool = True
    perm_id: int = 0
    rank: int = 0  # place in the queue of its price; a changed price gets a new one
    status: Status = "PreSubmitted"
    is_triggered: bool = False  # the market has reached its stop price
    resting: bool = False  # it has met the market, and the rest of it waits at its limit
    filled: Decimal = ZERO
    notional: Decimal = ZERO  # sum of shares x price
    commission: Decimal = ZERO
    last_price: Decimal = ZERO
    executions: int = 0
    reason: str = ""
    done_ns: int = 0

    @property
    def remaining(self) -> Decimal:
        """The quantity that is not filled yet."""
        return self.quantity - self.filled

    @property
    def average_price(self) -> Decimal:
        """Average fill price; 0 before the first fill."""
        return self.notional / self.filled if self.filled else ZERO

    @property
    def is_open(self) -> bool:
        """Whether it can still trade."""
        return self.status in ("PreSubmitted", "Submitted")

    @property
    def is_held(self) -> bool:
        """Whether it waits for its stop price."""
        return self.stop is not None and not self.is_triggered

    @property
    def sort_key(self) -> tuple[bool, Decimal, int]:
        """Priority: market orders first, then the better limit, then the older order."""
        if self.limit is None:
            return (False, ZERO, self.rank)
        return (True, -self.limit if self.side == "BUY" else self.limit, self.rank)


class Execution(msgspec.Struct, kw_only=True, frozen=True, eq=False):
    """`shares` of `order` traded at `price`; the totals include this execution."""

    exec_id: str
    order: Order
    ts_ns: int
    shares: Decimal
    price: Decimal
    cumulative: Decimal
    average_price: Decimal
    commission: Decimal
    is_passive: bool  # the order was waiting at its limit

    @property
    def signed(self) -> Decimal:
        """The shares, negative for a sale."""
        return self.shares if self.order.side == "BUY" else -self.shares


class Tariff(msgspec.Struct, frozen=True):
    """A commission: per unit, or a fraction of the notional, with a minimum per order."""

    per_unit: Decimal = ZERO
    of_notional: Decimal = ZERO
    minimum: Decimal = ZERO
    to_cents: bool = False


# After IB's fixed price list, in the instrument's currency.
TARIFFS = {
    "STK": Tariff(per_unit=Decimal("0.005"), minimum=Decimal("1.00")),
    "OPT": Tariff(per_unit=Decimal("0.65"), minimum=Decimal("1.00")),
    "FUT": Tariff(per_unit=Decimal("2.25")),
    "CRYPTO": Tariff(of_notional=Decimal("0.0018"), to_cents=True),
    "CASH": Tariff(of_notional=Decimal("0.00002"), minimum=Decimal("2.00"), to_cents=True),
}


def commission_of(order: Order) -> Decimal:
    """The order's commission so far. Each execution is charged the difference it makes, so the
    first execution pays the minimum, once per order."""
    if not order.filled:
        return ZERO
    tariff = TARIFFS.get(order.instrument.sec_type, TARIFFS["STK"])
    notional = abs(order.notional) * order.instrument.multiplier
    amount = tariff.per_unit * order.filled + tariff.of_notional * notional
    if tariff.to_cents:
        amount = amount.quantize(CENT, rounding=ROUND_HALF_UP)
    return max(amount, tariff.minimum)
