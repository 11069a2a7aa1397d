"""Commands about orders: what the executor, risk and a person ask of a gateway."""

from typing import Annotated, Final, Literal

import msgspec

from tapewire.common.events.base import Account, Event, Name, Side, Text, TimeNs
from tapewire.common.events.terms import OrderTerms

LegRole = Literal["", "entry", "target", "stop", "close", "order", "cover"]
"""What an order is for in its group: to enter; to leave with a profit, or before a loss grows; to
leave at market what cannot be protected; one of several that stand side by side; to cover what the
entry has filled. Empty for an order that belongs to no group."""


class ComboLeg(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One leg of a combo: `ratio` units of `symbol` per unit of the combo. `side` is what happens
    to the leg when the combo is bought."""

    symbol: Name
    ratio: Annotated[int, msgspec.Meta(ge=1, le=1000)]
    side: Side


class SubmitOrder(Event, frozen=True, tag="order.submit"):
    """One intent: at most one broker order will ever come of it, however often it is sent.

    `parent_id` is the intent of the order that must fill before this one works, `group_id` what it
    belongs to, `role` what it is there for, `part` the part of the group's entry that it leaves. An
    order with `legs` trades them as one contract, and `symbol` is that one's name. One that
    `reduces_only` is denied where it could do anything else, and where that is not certain.
    """

    intent_id: Name
    ts_ns: TimeNs
    account: Account
    strategy: Name
    symbol: Name
    terms: OrderTerms
    expires_ns: TimeNs
    signal_id: str = ""
    signal_ns: TimeNs = 0
    cause_id: str = ""
    cause_ns: TimeNs = 0
    expires_mono_ns: TimeNs = 0
    parent_id: str = ""
    group_id: str = ""
    legs: tuple[ComboLeg, ...] = ()
    role: LegRole = ""
    part: int = 0
    reduces_only: bool = False


class CancelOrder(Event, frozen=True, tag="order.cancel"):
    """Cancel the order of an intent; `id` is what the answer names, the intent if it is empty.

    An intent that arrives after its cancel is denied.
    """

    intent_id: Name
    ts_ns: TimeNs
    id: str = ""


class CancelAll(Event, frozen=True, tag="order.cancel_all"):
    """Cancel every working order of the login, in all its accounts, whoever placed it."""

    ts_ns: TimeNs


class ListPositions(Event, frozen=True, tag="position.list"):
    """Ask the broker for all positions and open orders again; `PositionsListed` has the same id."""

    id: Name
    ts_ns: TimeNs


class TakeOver(Event, frozen=True, tag="order.take_over"):
    """Cancel orders of the gateway's client id one by one, under that id, while the gateway is
    dead; `OrdersTakenOver` has the same id. Only the liquidation gateway does it."""

    id: Name
    ts_ns: TimeNs
    order_ids: tuple[str, ...]


class ModifyOrder(Event, frozen=True, tag="order.modify"):
    """New terms for a live order: sent to the broker at most once, however often `id` is sent."""

    id: Name
    ts_ns: TimeNs
    intent_id: Name
    terms: OrderTerms
    expires_ns: TimeNs
    expires_mono_ns: TimeNs = 0


NO_SUCH_ORDER: Final = "no order with this id"
"""What a gateway answers about an order that it does not know."""


class ResolveOrder(Event, frozen=True, tag="order.resolve"):
    """A person has looked at the broker, and says what became of an order that is UNKNOWN."""

    intent_id: Name
    ts_ns: TimeNs
    outcome: Literal["cancelled", "filled", "lost"]
    reason: Text
    by: Name
