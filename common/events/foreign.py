"""Orders at the broker that are not ours, as the gateway reports them."""

from decimal import Decimal
from typing import Annotated

import msgspec

from tapewire.common.events.base import (
    NAME_MAX,
    Account,
    Event,
    Name,
    Scope,
    Side,
    Text,
    TimeNs,
    require_finite,
)
from tapewire.common.events.order_commands import ComboLeg, Part, parts_of
from tapewire.common.events.terms import OrderTerms


class ForeignOrderReported(Event, frozen=True, tag="order.foreign.reported"):
    """An open order that this gateway did not place: new, changed, or gone where `remaining` is 0.

    `client_id`, `order_id` and `permanent_id` are the broker's names for it; one entered by hand
    has no order id. `reference` is its tag. `remaining` counts in every exposure; of a combo, in
    those of its `legs`. `terms` are None where the broker does not name a type that is known here;
    a trailing stop moves and is not among them.
    """

    ts_ns: TimeNs
    account: Account
    symbol: Name
    side: Side
    quantity: Decimal
    remaining: Decimal
    client_id: str
    order_id: str
    permanent_id: str
    reference: str = ""
    legs: tuple[ComboLeg, ...] = ()
    terms: OrderTerms | None = None

    def __post_init__(self) -> None:
        require_finite("foreign order", ("quantity", "remaining"), self.quantity, self.remaining)

    @property
    def parts(self) -> tuple[Part, ...]:
        """What a unit of it does to which symbols."""
        return parts_of(self.symbol, self.side, self.legs)

    def is_in(self, scope: Scope) -> bool:
        """Whether any of it is in a scope; none of it is a strategy's."""
        return any(scope.covers(self.account, "", part.symbol) for part in self.parts)

    @property
    def id(self) -> str:
        """Names the order for good where the broker does."""
        return self.id_of(self.client_id, self.order_id, self.permanent_id)

    @staticmethod
    def id_of(client_id: str, order_id: str, permanent_id: str) -> str:
        """The same of an order's names."""
        return permanent_id or f"{client_id}/{order_id}"


class OrderConflict(Event, frozen=True, tag="order.conflict"):
    """Something at the broker carries the tag of our order `intent_id` and is not that order.

    It changes nothing of our order. An execution of it counts in its account. Nothing that adds
    risk goes in this account and symbol until a person has resumed trading there. `symbol` is empty
    where one of the two orders is a combo, which trades several: that stands for all.
    """

    ts_ns: TimeNs
    account: Account
    symbol: Annotated[str, msgspec.Meta(max_length=NAME_MAX)]
    intent_id: Name
    permanent_id: str
    reason: Text

    @property
    def id(self) -> str:
        """Names the conflict: it is reported once."""
        return self.id_of(self.intent_id, self.permanent_id)

    @staticmethod
    def id_of(intent_id: str, permanent_id: str) -> str:
        """The same of what bears the tag of an intent."""
        return f"{intent_id} {permanent_id}"
