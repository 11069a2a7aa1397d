"""An order as its strategy sees it."""

from decimal import Decimal

import msgspec

from tapewire.common.accounting.groups import OrderGroup
from tapewire.common.accounting.orders import OrderT
from tapewire.common.events import (
    ComboLeg,
    LegRole,
    OrderState,
    OrderTerms,
    OrderType,
    Side,
    TimeInForce,
)


class LiveOrder(msgspec.Struct, frozen=True):
    """An order of this strategy that works, or may. `id` is what `buy` or `sell` returned; an order
    of a group has an id of its own, and `group` is what they returned. A combo trades the symbols
    of its `legs`; `symbol` is then a name for the whole, `filled` counts whole ones, and prices are
    net.

    `terms.quantity` is the whole quantity, `filled` what its executions add up to, `remaining` what
    could still fill: while a modify is under way, of the larger of the two quantities.
    """

    id: str
    symbol: str
    account: str
    terms: OrderTerms
    state: OrderState
    filled: Decimal
    remaining: Decimal
    average_price: Decimal | None
    group: str = ""
    role: LegRole = ""
    stop_loss: Decimal | None = None
    """The price of the stop that works in its group; None where there is none."""
    take_profit: Decimal | None = None
    """The same of the target."""
    legs: tuple[ComboLeg, ...] = ()

    def trades(self, symbol: str) -> bool:
        """Whether it trades a symbol: its own, or that of one of its legs."""
        return (
            any(leg.symbol == symbol for leg in self.legs) if self.legs else self.symbol == symbol
        )

    @property
    def side(self) -> Side:
        """BUY or SELL."""
        return self.terms.side

    @property
    def quantity(self) -> Decimal:
        """The whole quantity, what is filled included."""
        return self.terms.quantity

    @property
    def type(self) -> OrderType:
        """MKT, LMT, STP and so on."""
        return self.terms.type

    @property
    def tif(self) -> TimeInForce:
        """How long it lasts: DAY, GTC and so on."""
        return self.terms.time_in_force

    @property
    def limit(self) -> Decimal | None:
        """The limit price, if it has one."""
        return self.terms.limit

    @property
    def stop(self) -> Decimal | None:
        """The stop price, if it has one; of a trailing order the first one."""
        return self.terms.stop

    @property
    def trail(self) -> Decimal | None:
        """The distance that a trailing stop keeps, if it was given as an amount."""
        return self.terms.trail

    @property
    def trail_percent(self) -> Decimal | None:
        """The distance that a trailing stop keeps, if it was given in % of the price."""
        return self.terms.trail_percent

    @property
    def limit_offset(self) -> Decimal | None:
        """How far a TRAIL LIMIT order's limit is behind its stop."""
        return self.terms.limit_offset

    @property
    def good_till_ns(self) -> int | None:
        """When a GTD order ends, in nanoseconds UTC."""
        return self.terms.good_till_ns

    @property
    def outside_hours(self) -> bool:
        """Whether it trades outside regular hours too."""
        return self.terms.outside_hours


def shown_order(order: OrderT, group: OrderGroup[OrderT] | None) -> LiveOrder:
    """An order with its group, as its strategy sees it."""
    asked = order.order
    return LiveOrder(
        id=asked.intent_id if asked.group_id else asked.signal_id,
        symbol=asked.symbol,
        account=asked.account,
        terms=order.terms,
        state=order.state,
        filled=order.filled,
        remaining=order.remaining,
        average_price=order.average_price,
        group=asked.group_id,
        role=asked.role,
        stop_loss=group.price_of("stop") if group is not None else None,
        take_profit=group.price_of("target") if group is not None else None,
        legs=asked.legs,
    )
