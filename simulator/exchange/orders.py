"""Orders and executions as the broker keeps them."""

from decimal import ROUND_FLOOR, Decimal
from typing import Final, Literal

import msgspec

from tapewire.common.events.base import Side
from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.order_types import KINDS, TypeRules

ZERO = Decimal(0)
Status = Literal["PreSubmitted", "Submitted", "Filled", "Cancelled", "Inactive"]
Hold = Literal["", "transmit", "parent", "time", "session", "open", "close"]
"""What keeps an order from the exchange: nobody has transmitted it, its parent, its goodAfterTime,
the market's hours, or an auction."""
FRACTIONAL: Final = ("CRYPTO", "CASH")
"""Kinds of contract that are traded in parts of a unit."""
TERMS: Final = ("quantity", "limit", "stop", "trail", "trail_percent", "limit_offset", "offset")


class Terms(msgspec.Struct, frozen=True):
    """The terms of an order that a modify can replace, as the client asked for them.

    `stop` is the price that triggers the order. A trailing stop keeps `trail`, or `trail_percent`
    of the price, from the market, and `limit_offset` between its stop and its limit. `offset` is
    how much less aggressive than the midpoint a pegged order is.
    """

    quantity: Decimal
    limit: Decimal | None = None
    stop: Decimal | None = None
    trail: Decimal | None = None
    trail_percent: Decimal | None = None
    limit_offset: Decimal | None = None
    offset: Decimal | None = None


class Leg(msgspec.Struct, frozen=True):
    """One leg of a combo: `ratio` units of `instrument` per unit of the combo. `side` is what
    happens to the leg when the combo is bought."""

    instrument: Instrument
    ratio: int
    side: Side
    exchange: str


class Order(msgspec.Struct, kw_only=True, eq=False):
    """One order. Its client names it by `client_id` and `order_id`; `perm_id` never changes.

    `stop` is the price that triggers the order; until then it is held and cannot trade. A trailing
    stop's `stop` and `limit` are where they are now, `asked` is what the client asked for. An order
    that no client sent (`is_sent` is false) was made by TWS itself or entered by a person.
    """

    client_id: int
    order_id: int
    order_ref: str
    account: str
    instrument: Instrument
    side: Side
    quantity: Decimal
    order_type: str
    limit: Decimal | None = None
    stop: Decimal | None = None
    trail: Decimal | None = None
    trail_percent: Decimal | None = None
    limit_offset: Decimal | None = None
    offset: Decimal | None = None
    asked: Terms | None = None
    legs: tuple[Leg, ...] = ()
    leg_orders: list["Order"] = []  # what the exchange makes of the legs
    leg: int = 0  # of an order that the exchange made of a leg: which one, from 1
    tif: str
    outside_rth: bool = False
    trigger_method: int = 0
    good_after_ns: int | None = None
    good_till_ns: int | None = None
    transmit: bool = True
    parent: "Order | None" = None
    released: Decimal | None = None  # how much of a child may trade in all; None: all of it
    oca_group: str = ""
    oca_type: int = 0
    is_sent: bool = True
    perm_id: int = 0
    rank: int = 0  # place in the queue of its price; a changed price gets a new one
    status: Status = "PreSubmitted"
    hold: Hold = ""
    is_triggered: bool = False  # the market has reached its stop price
    resting: bool = False  # it has met the market, and the rest of it waits at its limit
    ahead: Decimal | None = None  # the size before it in the queue; None: not known
    touches: int = 0  # prices in a row that reached the stop, for the double trigger methods
    counted: int = -1  # the newest price that was counted
    filled: Decimal = ZERO
    notional: Decimal = ZERO  # sum of shares x price
    cost: Decimal = ZERO  # of its executions, before minimum and cap
    commission: Decimal = ZERO
    last_price: Decimal = ZERO
    executions: int = 0
    reason: str = ""
    done_ns: int = 0

    @property
    def kind(self) -> TypeRules:
        """The rules of its type. An unknown type is rejected before they matter."""
        return KINDS.get(self.order_type, KINDS["MKT"])

    @property
    def parts(self) -> list[tuple[Instrument, Decimal]]:
        """What one unit of the order does to positions: instruments with signed quantities."""
        if self.legs:
            return [
                (leg.instrument, Decimal(leg.ratio if leg.side == self.side else -leg.ratio))
                for leg in self.legs
            ]
        return [(self.instrument, Decimal(1 if self.side == "BUY" else -1))]

    @property
    def parent_id(self) -> int:
        """Its client's name for the parent; 0 without one."""
        return 0 if self.parent is None else self.parent.order_id

    @property
    def remaining(self) -> Decimal:
        """The quantity that is not filled yet."""
        return self.quantity - self.filled

    @property
    def is_divisible(self) -> bool:
        """Whether parts of a unit can trade."""
        return self.instrument.sec_type in FRACTIONAL

    @property
    def releasable(self) -> Decimal:
        """How much may trade in all: of a child, the share that its parent has filled."""
        if self.released is None:
            return self.quantity
        whole = self.released
        if not self.is_divisible:
            whole = whole.to_integral_value(rounding=ROUND_FLOOR)
        return min(self.quantity, whole)

    @property
    def workable(self) -> Decimal:
        """How much may trade now."""
        return self.releasable - self.filled

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
        return not self.is_triggered and self.kind.has_trigger

    @property
    def why_held(self) -> str:
        """TWS's word for what the order waits for, where it has one."""
        if not self.is_open:
            return ""
        waits = [("child", self.hold == "parent"), ("trigger", self.is_held)]
        return ",".join(word for word, is_so in waits if is_so)

    @property
    def is_limited(self) -> bool:
        """Whether it waits at a price of its own once it is at the exchange."""
        return self.limit is not None or self.kind.is_pegged

    @property
    def terms(self) -> Terms:
        """The terms as they were asked for."""
        return self.asked or Terms(*(getattr(self, name) for name in TERMS))

    @property
    def aux_price(self) -> Decimal | None:
        """What TWS keeps in `auxPrice`: it depends on the type."""
        means = self.kind.means
        return self.stop if means == "stop" else self.trail if means == "trail" else self.offset

    @property
    def trail_stop(self) -> Decimal | None:
        """Where a trailing stop is now; None for other orders, and without any price yet."""
        return self.stop if self.kind.trails else None

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


def order_of_leg(combo: Order, number: int) -> Order:
    """What a combo does with one of its legs, as an order of its own that trades with it alone."""
    leg = combo.legs[number - 1]
    return Order(
        client_id=combo.client_id,
        order_id=combo.order_id,
        order_ref=combo.order_ref,
        account=combo.account,
        instrument=leg.instrument,
        side="BUY" if leg.side == combo.side else "SELL",
        quantity=combo.quantity * leg.ratio,
        order_type="MKT",
        tif=combo.tif,
        is_sent=combo.is_sent,
        perm_id=combo.perm_id,
        leg=number,
    )
