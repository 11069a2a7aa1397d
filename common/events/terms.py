"""Order terms: what an order asks for, in one struct, and which terms make sense together.

A new order type is a row in `REQUIRED_PRICES` here, its field in the TWS encoder and decoder, and
its rule in the simulated exchange. Nothing else lists order types.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final, Literal

import msgspec
from msgspec.structs import replace

from tapewire.common.events.base import Side, TimeNs, require_finite

OrderType = Literal["MKT", "LMT", "STP"]
TimeInForce = Literal["DAY", "GTC", "IOC"]

REQUIRED_PRICES: Final[Mapping[OrderType, frozenset[str]]] = {
    "MKT": frozenset(),
    "LMT": frozenset({"limit"}),
    "STP": frozenset({"stop"}),
}
"""The prices that each order type needs; it must have no other."""
PRICES: Final = ("limit", "stop", "trail")


class OrderTerms(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an order asks for. Prices are in the instrument's currency, per unit.

    `quantity` is the whole one, what is filled included. `trail` is the distance that a trailing
    stop keeps. `good_till_ns` (UTC) ends an order of that time in force, `outside_hours` lets it
    trade outside regular hours, `group` names the orders that belong together.
    """

    side: Side
    quantity: Decimal
    type: OrderType = "MKT"
    limit: Decimal | None = None
    stop: Decimal | None = None
    trail: Decimal | None = None
    time_in_force: TimeInForce = "DAY"
    good_till_ns: TimeNs | None = None
    outside_hours: bool = False
    group: Annotated[str, msgspec.Meta(max_length=64)] = ""

    def __post_init__(self) -> None:
        require_finite("terms", quantity=self.quantity, limit=self.limit, stop=self.stop)
        if self.trail is not None:
            require_finite("terms", trail=self.trail)

    def __str__(self) -> str:
        prices = "".join(
            f" {name} {price:f}" for name in PRICES if (price := getattr(self, name)) is not None
        )
        return f"{self.side} {self.quantity:f} {self.type}{prices}"


class TermChanges(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The terms that a modify replaces; None leaves one as it is."""

    quantity: Decimal | None = None
    limit: Decimal | None = None
    stop: Decimal | None = None
    trail: Decimal | None = None

    def __post_init__(self) -> None:
        require_finite(
            "changes", quantity=self.quantity, limit=self.limit, stop=self.stop, trail=self.trail
        )

    def applied_to(self, terms: OrderTerms) -> OrderTerms:
        """`terms` with these in place of its own."""
        given = {f: v for f in self.__struct_fields__ if (v := getattr(self, f)) is not None}
        return replace(terms, **given)


def terms_fault(terms: OrderTerms) -> str:
    """Why no broker could take these terms, in a sentence; empty if they make sense."""
    if terms.quantity <= 0:
        return f"quantity is {terms.quantity:f}; it must be above 0"
    required = REQUIRED_PRICES[terms.type]
    for name in PRICES:
        price = getattr(terms, name)
        if name in required and price is None:
            return f"a {terms.type} order has no {name} price; it needs one"
        if name not in required and price is not None:
            return f"a {terms.type} order has {name} price {price:f}; it must have none"
    return ""


def type_for(limit: Decimal | None, stop: Decimal | None) -> OrderType:
    """The order type that has exactly the given prices; raises ValueError where there is none."""
    given = {name for name, price in (("limit", limit), ("stop", stop)) if price is not None}
    for kind, required in REQUIRED_PRICES.items():
        if required == given:
            return kind
    known = ", ".join(
        f"{kind} ({' and '.join(sorted(required)) or 'no price'})"
        for kind, required in REQUIRED_PRICES.items()
    )
    raise ValueError(
        f"no order type takes the prices {' and '.join(sorted(given))} together;"
        f" the types are {known}"
    )
