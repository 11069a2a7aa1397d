"""The Gateway's own words: the numbers that it has for sides, types and statuses, and its times.

Source: the enumerations of `project-x-py` 4.4 (`project_x_py.types`), which are the Gateway's.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from tapewire.simulator.exchange.orders import Order

Json = dict[str, Any]
NS_PER_S: Final = 1_000_000_000
NS_PER_US: Final = 1_000

BUY: Final = 0
SELL: Final = 1
LONG: Final = 1
SHORT: Final = 2
OPEN: Final = 1
SUSPENDED: Final = 8
STATUSES: Final = {"Filled": 2, "Cancelled": 3, "Inactive": 5}
"""The statuses of orders that are over, by the exchange's word for them."""
LIMIT, MARKET, STOP_LIMIT, STOP, TRAILING_STOP, JOIN_BID, JOIN_ASK = range(1, 8)
TYPES: Final = {
    LIMIT: "LMT", MARKET: "MKT", STOP_LIMIT: "STP LMT", STOP: "STP", TRAILING_STOP: "TRAIL",
    JOIN_BID: "LMT", JOIN_ASK: "LMT",
}  # fmt: skip
"""The exchange's order type for each of the Gateway's; joining is a limit at the quote's price."""
UNIT_S: Final = {1: 1, 2: 60, 3: 3_600, 4: 86_400, 5: 7 * 86_400, 6: 30 * 86_400}
"""Seconds of the units of bars: second, minute, hour, day, week, month."""
ASK_LEVEL: Final = 3
BID_LEVEL: Final = 4
TRADED: Final = 5
"""What a line of market depth is: the best ask, the best bid, or a trade."""
NEW: Final = 0
CHANGED: Final = 1
GONE: Final = 2
"""What a message of the user hub says has happened to its subject."""


def status_of(order: Order) -> int:
    """The Gateway's status of an order."""
    if order.is_open:
        return SUSPENDED if order.hold == "parent" else OPEN
    return STATUSES[order.status]


def type_of(order: Order) -> int:
    """The Gateway's type of an order; one that joined the quote is a limit order."""
    return next(number for number, name in TYPES.items() if name == order.order_type)


def stamp(ns: int) -> str:
    """A moment as the Gateway writes it: ISO 8601 in UTC, to the microsecond."""
    moment = datetime.fromtimestamp(ns // NS_PER_S, UTC)
    return moment.replace(microsecond=ns % NS_PER_S // NS_PER_US).isoformat()


def moment_ns(text: object) -> int | None:
    """The moment of an ISO time, which is in UTC where it names no zone; None for anything else."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * NS_PER_S + moment.microsecond * NS_PER_US


def number(value: Decimal | str | None) -> float | None:
    """A price or an amount as a number of JSON."""
    return None if value is None else float(value)


def exact(value: object) -> Decimal | None:
    """A number of JSON as it is written; None for anything that is not a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    found = Decimal(repr(value))
    return found if found.is_finite() else None


def whole(asked: Json, name: str) -> int:
    """The whole number above 0 that a request has under a name; 0 where it has none."""
    value = asked.get(name)
    is_one = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return value if is_one else 0  # type: ignore[return-value]
