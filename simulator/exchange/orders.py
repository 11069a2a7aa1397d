"""Orders and executions as the broker keeps them, and what an execution costs."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import msgspec

from tapewire.common.instruments import Instrument

ZERO = Decimal(0)
CENT = Decimal("0.01")
Status = Literal["PreSubmitted", "Submitted", "Filled", "Cancelled", "Inactive"]


class Order(msgspec.Struct, kw_only=True, eq=False):
    """One order. `client_id` and `order_id` are its client's name for it, `perm_id` for good."""

    client_id: int
    order_id: int
    order_ref: str
    instrument: Instrument
    action: Literal["BUY", "SELL"]
    quantity: Decimal
    order_type: Literal["MKT", "LMT"]
    limit: Decimal | None
    tif: Literal["DAY", "GTC", "IOC"]
    outside_rth: bool = False
    perm_id: int = 0
    rank: int = 0  # place in the queue of its price; a changed price gets a new one
    status: Status = "PreSubmitted"
    resting: bool = False  # it has met the market and what is left waits at its limit
    filled: Decimal = ZERO
    notional: Decimal = ZERO  # sum of shares x price
    commission: Decimal = ZERO
    last_price: Decimal = ZERO
    executions: int = 0
    reason: str = ""
    done_ns: int = 0

    @property
    def remaining(self) -> Decimal:
        """What is not filled yet."""
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
    def sort_key(self) -> tuple[bool, Decimal, int]:
        """Who is served first: market orders, then the better limit, then the older order."""
        if self.limit is None:
            return (False, ZERO, self.rank)
        return (True, -self.limit if self.action == "BUY" else self.limit, self.rank)


class Execution(msgspec.Struct, kw_only=True, frozen=True, eq=False):
    """A fact: `shares` of `order` were traded at `price`; the totals are those after it."""

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
        """The shares, below 0 where they were sold."""
        return self.shares if self.order.action == "BUY" else -self.shares


class Tariff(msgspec.Struct, frozen=True):
    """A commission: per unit, or per cent of the notional, with a minimum an order."""

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
    """What the order costs so far. An execution is charged the difference it makes, so that
    the minimum is paid once an order, with its first execution."""
    if not order.filled:
        return ZERO
    tariff = TARIFFS.get(order.instrument.sec_type, TARIFFS["STK"])
    notional = abs(order.notional) * order.instrument.multiplier
    amount = tariff.per_unit * order.filled + tariff.of_notional * notional
    if tariff.to_cents:
        amount = amount.quantize(CENT, rounding=ROUND_HALF_UP)
    return max(amount, tariff.minimum)
