"""Groups of orders: what a strategy wants, what the gateway takes as a whole, what becomes of it.

A group has the id of the signal that asked for it. Its orders are intents like any other: their ids
are the group's with the leg's number, and the orders' own events say what becomes of each.
"""

from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from tapewire.common.events.base import Account, Event, Name, Price, Text, TimeNs, Unit
from tapewire.common.events.order_commands import ComboLeg, LegRole, SubmitOrder
from tapewire.common.events.terms import OrderTerms

GroupKind = Literal["bracket", "oco", "ladder", "vertical", "combo"]
GroupState = Literal["PLACING", "WORKING", "PROTECTING", "CLOSING", "CANCELLING", "DONE"]
LEGS_MAX = 21
"""An entry, and a target and a stop for each of ten parts."""


class GroupLeg(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One order of a group. `part` numbers the targets and stops that share a part of the entry:
    a fill of one reduces the other at the broker. An order with `legs` trades them as one."""

    role: LegRole
    symbol: Name
    terms: OrderTerms
    part: int = 0
    legs: tuple[ComboLeg, ...] = ()


class GroupSignal(Event, frozen=True, tag="signal.group"):
    """A wish for a group of orders, acted on as a whole or not at all; see `Signal`.

    `within_ms` is how long the later orders of a vertical that is built leg by leg may take.
    """

    id: Name
    ts_ns: TimeNs
    account: Account
    strategy: Name
    kind: GroupKind
    legs: Annotated[tuple[GroupLeg, ...], msgspec.Meta(min_length=1, max_length=LEGS_MAX)]
    expires_ns: TimeNs
    trigger_price: Price | None = None
    confidence: Unit = 1.0
    cause_id: str = ""
    cause_ns: TimeNs = 0
    expires_mono_ns: TimeNs = 0
    within_ms: int = 0

    @property
    def symbol(self) -> str:
        """What its first order trades, or what that is called."""
        return self.legs[0].symbol

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that its first order trades."""
        first = self.legs[0]
        return tuple(leg.symbol for leg in first.legs) or (first.symbol,)


class SubmitGroup(Event, frozen=True, tag="order.group.submit"):
    """Orders that are taken and written together, or not at all.

    `later` are those that go once the first has filled, as single orders; `within_ms` is how long
    they may take before what has filled is closed.
    """

    id: Name
    ts_ns: TimeNs
    kind: GroupKind
    orders: Annotated[tuple[SubmitOrder, ...], msgspec.Meta(min_length=1, max_length=LEGS_MAX)]
    later: tuple[SubmitOrder, ...] = ()
    within_ms: int = 0

    @property
    def account(self) -> str:
        """The account that all of it trades in."""
        return self.orders[0].account

    @property
    def strategy(self) -> str:
        """Whose it is."""
        return self.orders[0].strategy


class GroupIntended(Event, frozen=True, tag="order.group.intended"):
    """A gateway has taken the group; the `order.intended` of its orders follow."""

    ts_ns: TimeNs
    group: SubmitGroup

    @property
    def account(self) -> str:
        """The group's account."""
        return self.group.account


class GroupCreated(Event, frozen=True, tag="order.group.created"):
    """A signal was acted on: this group came of it. The `order.created` of its orders follow."""

    ts_ns: TimeNs
    signal_id: Name
    group: SubmitGroup

    @property
    def account(self) -> str:
        """The group's account."""
        return self.group.account


class GroupStateChanged(Event, frozen=True, tag="order.group.state.changed"):
    """The group has moved to another state; `reason` says why, where it is not its plan's way.

    `signal_id` is the strategy's wish that has moved it, if one has: this is its answer.
    """

    ts_ns: TimeNs
    account: Account
    group_id: Name
    strategy: Name
    state: GroupState
    reason: Text = ""
    signal_id: str = ""


class GroupReleased(Event, frozen=True, tag="order.group.released"):
    """Of what the group has entered, `quantity` is not held any more, and none of its own orders
    has sold it: a flatten did, or somebody else. The group does not protect it any longer."""

    ts_ns: TimeNs
    account: Account
    group_id: Name
    strategy: Name
    quantity: Decimal
    reason: Text
