"""Order terms: what an order asks for, in one struct, and which terms make sense together.

Which prices belong to which order type is in `order_types`.
"""

from collections.abc import Collection
from decimal import Decimal
from typing import Annotated, Final, Literal

import msgspec
from msgspec.structs import replace

from tapewire.common.events.base import Side, TimeNs, require_finite
from tapewire.common.events.order_types import ORDER_TYPES, PRICES

OrderType = Annotated[str, msgspec.Meta(min_length=1, max_length=20)]
"""TWS's own text: a name in `order_types.ORDER_TYPES`. Any other is denied by `terms_fault`."""
TimeInForce = Literal["DAY", "GTC", "GTD", "IOC", "FOK", "OPG"]
"""For the day; until cancelled; until `good_till_ns`; at once, what is left is cancelled; at once
and whole or not at all; in the opening auction."""
Oca = Literal["", "cancel", "reduce"]
"""What a fill of one order does to the others of its group at the broker: nothing; cancels them;
reduces them by what was filled. Either way only one of them is at the market at a time."""

NUMBERS: Final = ("quantity", *PRICES)
"""The numbers that terms have."""
_DISTANCES: Final = 2
"""Where the distances begin in `PRICES`: at 0 or below they mean nothing. A limit or a stop may be
negative, as a spread's is."""


class OrderTerms(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an order asks for. Prices are in the instrument's currency, per unit.

    `quantity` is the whole one, what is filled included. `stop` is the price that triggers the
    order; of a trailing order it is the first one, which then follows the market at a distance of
    `trail`, or of `trail_percent` % of the price. `limit_offset` is how far a TRAIL LIMIT order's
    limit is behind its stop. `good_till_ns` (UTC) ends an order of that time in force,
    `outside_hours` lets it trade outside regular hours, `group` names the orders that belong
    together: with `oca` the broker knows them as a group too.
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
    trail_percent: Decimal | None = None
    limit_offset: Decimal | None = None
    oca: Oca = ""

    def __post_init__(self) -> None:
        require_finite(
            "terms", NUMBERS,
            self.quantity, self.limit, self.stop, self.trail, self.trail_percent, self.limit_offset,
        )  # fmt: skip

    def __str__(self) -> str:
        prices = "".join(f" {name} {price:f}" for name, price in self.prices.items())
        lasts = "" if self.time_in_force == "DAY" else f" {self.time_in_force}"
        return f"{self.side} {self.quantity:f} {self.type}{prices}{lasts}"

    @property
    def has(self) -> tuple[bool, ...]:
        """Whether it has each of `PRICES`; asked several times for every order."""
        return (
            self.limit is not None,
            self.stop is not None,
            self.trail is not None,
            self.trail_percent is not None,
            self.limit_offset is not None,
        )

    @property
    def prices(self) -> dict[str, Decimal]:
        """The prices that it has, by name, in the order of `PRICES`."""
        return {name: price for name in PRICES if (price := getattr(self, name)) is not None}


class TermChanges(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The terms that a modify replaces; None leaves one as it is."""

    quantity: Decimal | None = None
    limit: Decimal | None = None
    stop: Decimal | None = None
    trail: Decimal | None = None
    trail_percent: Decimal | None = None
    limit_offset: Decimal | None = None

    def __post_init__(self) -> None:
        require_finite(
            "changes", NUMBERS,
            self.quantity, self.limit, self.stop, self.trail, self.trail_percent, self.limit_offset,
        )  # fmt: skip

    @classmethod
    def all_of(cls, terms: OrderTerms) -> "TermChanges":
        """Everything that a modify can replace, as `terms` have it."""
        return cls(**{name: getattr(terms, name) for name in cls.__struct_fields__})

    def applied_to(self, terms: OrderTerms) -> OrderTerms:
        """`terms` with these in place of its own."""
        given = {
            name: value
            for name in self.__struct_fields__
            if (value := getattr(self, name)) is not None and value != getattr(terms, name)
        }
        return replace(terms, **given) if given else terms


def terms_fault(terms: OrderTerms) -> str:
    """Why no broker could take these terms, in a sentence; empty if they make sense."""
    if terms.quantity <= 0:
        return f"quantity is {terms.quantity:f}; it must be above 0"
    kind = ORDER_TYPES.get(terms.type)
    if kind is None:
        return f"order type {terms.type} is not known; the types are {', '.join(ORDER_TYPES)}"
    has = terms.has
    if has not in kind.accepted:
        return f"a {terms.type} order {kind.fault(terms.prices)}"
    if True in has[_DISTANCES:] and (fault := _distance_fault(terms)):
        return fault
    return _duration_fault(terms) or _group_fault(terms)


def _distance_fault(terms: OrderTerms) -> str:
    for name in PRICES[_DISTANCES:]:
        price = getattr(terms, name)
        if price is not None and price <= 0:
            return f"{name} is {price:f}; it must be above 0"
    return ""


def _duration_fault(terms: OrderTerms) -> str:
    if terms.time_in_force == "GTD" and terms.good_till_ns is None:
        return "a GTD order has no good_till_ns; it needs the time at which it ends"
    if terms.time_in_force != "GTD" and terms.good_till_ns is not None:
        return f"a {terms.time_in_force} order has good_till_ns; only a GTD order can have it"
    return ""


def _group_fault(terms: OrderTerms) -> str:
    if terms.oca and not terms.group:
        return f"oca is {terms.oca} and group is empty; an OCA order needs the group's name"
    return ""


def only_smaller(terms: OrderTerms, before: OrderTerms) -> bool:
    """Whether new terms can at most reduce what could still fill: they change the quantity alone,
    and do not make it larger."""
    return terms.quantity <= before.quantity and replace(terms, quantity=before.quantity) == before


def type_for(given: Collection[str]) -> OrderType:
    """The order type that can have exactly the prices of these names (those of `PRICES`); raises
    ValueError where there is none. MKT has none, and `limit` alone is LMT: see `BUILT_IN`."""
    for kind in ORDER_TYPES.values():
        if kind.takes(given):
            return kind.name
    known = ", ".join(str(kind) for kind in ORDER_TYPES.values())
    raise ValueError(
        f"no order type takes the prices {' and '.join(sorted(given))} together;"
        f" the types are {known}"
    )
