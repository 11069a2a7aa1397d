"""The Gateway's numbers and names, as the broker port and Tapewire's events have them.

What is missing is never taken for 0 or for nothing: a position without a size would be flat, and a
trade without a price would have cost nothing. Numbers and names that no journal could keep are not
taken either. Each of these raises ValueError.

Source: the enumerations of `project-x-py` 4.4 (`project_x_py.types`), which are the Gateway's.
"""

from decimal import Decimal
from typing import Any, Final

from tapewire.common.config.text import printable
from tapewire.common.events import ORDER_TYPES, Side
from tapewire.common.events.base import NAME_MAX, PRICE_MAX, SIZE_MAX, TEXT_MAX
from tapewire.gateway.broker import Status

Json = dict[str, Any]
STATUSES: Final[dict[int, Status]] = {
    1: "working", 2: "filled", 3: "cancelled", 4: "cancelled", 5: "rejected", 6: "accepted",
    7: "accepted", 8: "accepted",
}  # fmt: skip
"""Open, filled, cancelled, expired, rejected, pending, being cancelled, suspended."""
ENDED: Final = frozenset({2, 3, 4, 5})
"""An order of any other status is open, also of one that is not known here."""
TYPES: Final = {"LMT": 1, "MKT": 2, "STP LMT": 3, "STP": 4, "TRAIL": 5}
KINDS: Final = {number: name for name, number in TYPES.items()}
PRICES: Final = {"limit": "limitPrice", "stop": "stopPrice", "trail": "trailPrice"}
"""The Gateway's name for each price that it has."""


def _prices_of(name: str) -> tuple[str, ...]:
    kind = ORDER_TYPES[name]
    return tuple(price for price in PRICES if price in kind.required | kind.one_of)


OF_KIND: Final = {name: _prices_of(name) for name in TYPES}
"""The prices of each type there: those that an order of it cannot do without."""
SIDES: Final[dict[int, Side]] = {0: "BUY", 1: "SELL"}
NUMBERS: Final[dict[Side, int]] = {"BUY": 0, "SELL": 1}
LONG, SHORT = 1, 2
ID_BEYOND: Final = 2**63
TIMES_IN_FORCE: Final = ("DAY", "GTC")


def decimal(value: object) -> Decimal | None:
    """A number as it was written, without zeros behind it; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    found = Decimal(str(value))
    if not found.is_finite():
        return None
    return found.quantize(Decimal(1)) if found == found.to_integral_value() else found.normalize()


def size(value: object) -> Decimal:
    """A number of contracts, 0 or more."""
    found = decimal(value)
    if found is None or not 0 <= found <= SIZE_MAX:
        raise ValueError(f"{value!r:.80} was found where a size was expected")
    return found


def amount(value: object) -> Decimal:
    """A price, or an amount of money."""
    found = decimal(value)
    if found is None or not -PRICE_MAX <= found <= PRICE_MAX:
        raise ValueError(f"{value!r:.80} was found where an amount was expected")
    return found


def flag(value: object) -> bool:
    """Whether it is so."""
    if not isinstance(value, bool):
        raise ValueError(f"{value!r:.80} was found where true or false was expected")
    return value


def identifier(value: object) -> str:
    """The number of an account, an order or a trade."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < ID_BEYOND:
        raise ValueError(f"{value!r:.80} was found where an id was expected")
    return str(value)


def tag_of(value: object) -> str:
    """A tag; "" for one that cannot be ours, for others may write what they want."""
    is_name = isinstance(value, str) and len(value) <= NAME_MAX and value.isprintable()
    return str(value) if is_name else ""


def sentence(value: object) -> str:
    """The Gateway's own words in one line, as a terminal may show them."""
    words = value if isinstance(value, str) else repr(value)
    return printable(" ".join(words.split()))[:TEXT_MAX]
