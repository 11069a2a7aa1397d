"""The Gateway's numbers, as the broker port and Tapewire's events have them.

Source: the enumerations of `project-x-py` 4.4 (`project_x_py.types`), which are the Gateway's.
"""

from decimal import Decimal
from typing import Any, Final

from tapewire.common.events import Side
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
"""The Gateway's name for each price that an order type has here."""
OF_KIND: Final[dict[str, tuple[str, ...]]] = {
    "LMT": ("limit",),
    "MKT": (),
    "STP LMT": ("limit", "stop"),
    "STP": ("stop",),
    "TRAIL": ("trail",),
}
SIDES: Final[dict[int, Side]] = {0: "BUY", 1: "SELL"}
NUMBERS: Final[dict[Side, int]] = {"BUY": 0, "SELL": 1}
SHORT: Final = 2
TIMES_IN_FORCE: Final = ("DAY", "GTC")


def decimal(value: object) -> Decimal | None:
    """A number as it was written, without zeros behind it; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    found = Decimal(str(value))
    if not found.is_finite():
        return None
    return found.quantize(Decimal(1)) if found == found.to_integral_value() else found.normalize()
