"""The order types: which prices each has, and which of TWS's order fields they go into.

A new order type is a row in `BUILT_IN` here and its rule in the simulated exchange. Nothing else
lists order types: the check of an order's terms, the type that a strategy's arguments amount to,
the TWS encoder and the decoder all read this table. Types from outside the tree are added to it at
the start of a process (see `common.config.order_types`).
"""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from functools import cached_property
from itertools import compress, product
from typing import Any, Final

import msgspec

PRICES: Final = ("limit", "stop", "trail", "trail_percent", "limit_offset")
"""The fields of `OrderTerms` that are prices, distances or percentages."""


WorstPrice = Callable[[Any, Decimal | None], Decimal | None]
"""The worst price that an order of a type is taken to trade at, from its `OrderTerms` and the
market's newest price, if there is one; None where nobody can tell."""


def worst_price(terms: Any, market: Decimal | None) -> Decimal | None:
    """The limit; without one, where the stop is or would be, and the limit's offset beyond it;
    without those, the market."""
    limit: Decimal | None = terms.limit
    if limit is not None:
        return limit
    up = 1 if terms.side == "BUY" else -1
    stop: Decimal | None = terms.stop
    if stop is None and market is not None:
        percent = abs(market) * (terms.trail_percent or 0) / 100
        stop = market + up * ((terms.trail or 0) + percent)
    return stop if stop is None else stop + up * (terms.limit_offset or 0)


class OrderKind(msgspec.Struct, frozen=True, dict=True):
    """One order type.

    `name` is TWS's own text for it. `fields` has every price that the type can have, with the field
    of TWS's order that the price goes into. All of them are required, but for those in `optional`,
    and for those in `one_of`, of which there must be exactly one. `worst_price` is what an order of
    the type is taken to trade at where an amount of money is limited; `fixed` are further fields of
    TWS's order with the values that they always have. A type that `protects` waits for the market
    to move against a position, as a stop does.
    """

    name: str
    fields: Mapping[str, str] = {}
    optional: frozenset[str] = frozenset()
    one_of: frozenset[str] = frozenset()
    worst_price: WorstPrice = worst_price
    fixed: Mapping[str, Any] = {}
    protects: bool = False

    @cached_property
    def required(self) -> frozenset[str]:
        """The prices without which no order of this type makes sense."""
        return frozenset(self.fields) - self.optional - self.one_of

    @property
    def trails(self) -> bool:
        """Whether the broker moves the stop behind the market by itself."""
        return not self.one_of.isdisjoint(("trail", "trail_percent"))

    @cached_property
    def accepted(self) -> frozenset[tuple[bool, ...]]:
        """The combinations of prices that it takes, each as whether it has each of `PRICES`."""
        every = product((False, True), repeat=len(PRICES))
        return frozenset(has for has in every if self.takes(list(compress(PRICES, has))))

    def takes(self, given: Collection[str]) -> bool:
        """Whether an order of this type can have exactly the prices named in `given`."""
        prices = frozenset(given)
        if not self.required <= prices <= self.fields.keys():
            return False
        return not self.one_of or len(self.one_of & prices) == 1

    def fault(self, given: Mapping[str, Decimal]) -> str:
        """Why an order of this type cannot have these prices, in a clause; empty if it can."""
        if missing := sorted(self.required - given.keys()):
            return f"has no {missing[0]} price; it needs one"
        if extra := sorted(given.keys() - self.fields.keys()):
            return f"has {extra[0]} price {given[extra[0]]:f}; it must have none"
        if self.one_of and len(self.one_of & given.keys()) != 1:
            return f"needs exactly one of {' and '.join(sorted(self.one_of))}"
        return ""

    def __str__(self) -> str:
        wanted = sorted(self.required)
        if self.one_of:
            wanted.append(" or ".join(sorted(self.one_of)))
        wanted += [f"{name} if wanted" for name in sorted(self.optional)]
        return f"{self.name} ({', '.join(wanted) or 'no price'})"


_TRAIL: Final = {"trail": "auxPrice", "trail_percent": "trailingPercent", "stop": "trailStopPrice"}
_EITHER: Final = frozenset({"trail", "trail_percent"})

BUILT_IN: Final = (
    OrderKind("MKT"),
    OrderKind("LMT", {"limit": "lmtPrice"}),
    OrderKind("STP", {"stop": "auxPrice"}, protects=True),
    OrderKind("STP LMT", {"limit": "lmtPrice", "stop": "auxPrice"}, protects=True),
    OrderKind("TRAIL", _TRAIL, frozenset({"stop"}), _EITHER, protects=True),
    # TWS computes a TRAIL order's first stop itself, but a TRAIL LIMIT order's must be given.
    OrderKind(
        "TRAIL LIMIT", {**_TRAIL, "limit_offset": "lmtPriceOffset"}, one_of=_EITHER, protects=True
    ),
    OrderKind("MIT", {"stop": "auxPrice"}),
    OrderKind("LIT", {"limit": "lmtPrice", "stop": "auxPrice"}),
    OrderKind("MOC"),
    OrderKind("LOC", {"limit": "lmtPrice"}),
    OrderKind("PEG MID", {"limit": "lmtPrice"}, frozenset({"limit"})),
)
"""TWS's order types. Of two that take the same prices, the first is what those prices alone mean:
`limit` alone is LMT, and LOC has to be asked for by its name."""

ORDER_TYPES: Final[dict[str, OrderKind]] = {kind.name: kind for kind in BUILT_IN}
"""All order types that this process knows, by name."""

REQUIRED_PRICES: Final = {kind.name: kind.required for kind in BUILT_IN}
"""The prices that no order of each of TWS's types can do without."""
