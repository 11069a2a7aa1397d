"""Commands about orders: what the executor, risk and a person ask of a gateway."""

from collections.abc import Iterable
from typing import Annotated, Final, Literal, NamedTuple

import msgspec
from msgspec.structs import replace

from tapewire.common.events.base import (
    NAME_MAX,
    OPPOSITE,
    Account,
    Event,
    Name,
    Scope,
    Side,
    Text,
    TimeNs,
)
from tapewire.common.events.terms import OrderTerms

LegRole = Literal["", "entry", "target", "stop", "close", "order", "cover"]
"""What an order is for in its group: to enter; to leave with a profit, or before a loss grows; to
leave at market what cannot be protected; one of several that stand side by side; to cover what the
entry has filled. Empty for an order that belongs to no group."""


RATIO_MAX: Final = 1000


class ComboLeg(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One leg of a combo: `ratio` units of `symbol` per unit of the combo. `side` is what happens
    to the leg when the combo is bought."""

    symbol: Name
    ratio: Annotated[int, msgspec.Meta(ge=1, le=RATIO_MAX)]
    side: Side


class Part(NamedTuple):
    """What a unit of an order does to one symbol: it buys or sells `ratio` units of it."""

    symbol: str
    side: Side
    ratio: int


def parts_of(symbol: str, side: Side, legs: Iterable[ComboLeg]) -> tuple[Part, ...]:
    """What a unit of an order does to which symbols: to its own, or to those of its legs, each
    turned round if the combo is sold. Everything that counts an order by symbol asks this."""
    if not legs:
        return (Part(symbol, side, 1),)
    return tuple(
        Part(leg.symbol, leg.side if side == "BUY" else OPPOSITE[leg.side], leg.ratio)
        for leg in legs
    )


def combo_name(legs: Iterable[ComboLeg]) -> str:
    """What a combo is called that nobody has named: `AAPL - 2 MSFT`."""
    signs = {"BUY": "+ ", "SELL": "- "}
    found = [
        signs[leg.side] + (f"{leg.ratio} " if leg.ratio > 1 else "") + leg.symbol for leg in legs
    ]
    return " ".join(found).removeprefix("+ ")[:NAME_MAX]


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

    @property
    def parts(self) -> tuple[Part, ...]:
        """What a unit of it does to which symbols."""
        return parts_of(self.symbol, self.terms.side, self.legs)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that it trades: its own, or those of its legs."""
        return tuple(leg.symbol for leg in self.legs) if self.legs else (self.symbol,)

    def side_on(self, symbol: str) -> Side | None:
        """What it does to a symbol; None if it does not trade it."""
        if not self.legs:
            return self.terms.side if symbol == self.symbol else None
        return next((part.side for part in self.parts if part.symbol == symbol), None)

    def is_in(self, scope: Scope) -> bool:
        """Whether a scope covers it: a combo, if it covers one of its legs or the whole."""
        if scope.covers(self.account, self.strategy, self.symbol):
            return True
        return any(scope.covers(self.account, self.strategy, leg.symbol) for leg in self.legs)

    @property
    def singles(self) -> "tuple[SubmitOrder, ...]":
        """Itself; a combo as one order for each leg. Those are at market: the combo's price is a
        price of the whole, and says nothing of a leg's."""
        if not self.legs:
            return (self,)
        terms = OrderTerms(
            "BUY", self.terms.quantity, time_in_force=self.terms.time_in_force,
            good_till_ns=self.terms.good_till_ns, outside_hours=self.terms.outside_hours,
        )  # fmt: skip
        return tuple(
            replace(
                self, symbol=symbol, legs=(),
                terms=replace(terms, side=side, quantity=ratio * self.terms.quantity),
            )
            for symbol, side, ratio in self.parts
        )  # fmt: skip


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
    """Ask the broker for all positions and open orders again; `PositionsListed` has the same id.

    With an `account` only those of that account matter, and a broker that lists each account by
    itself is asked for no more than those.
    """

    id: Name
    ts_ns: TimeNs
    account: Account = ""


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
