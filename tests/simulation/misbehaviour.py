"""What the simulated TWS does wrong in a storm, by its own fault engine."""

import random
from collections.abc import Callable, Mapping
from typing import Any, Final

LONGEST_S: Final = 8
LATEST_S: Final = 180  # longer than it takes to call an order lost, after a storm too
OF_AN_ORDER: Final = ("orderStatus", "openOrder", "execDetails")
Make = Callable[[random.Random], Mapping[str, Any]]


def _seconds(rng: random.Random) -> Mapping[str, Any]:
    return {"seconds": float(rng.randrange(1, LONGEST_S))}


def _message(*names: str) -> Make:
    return lambda rng: {"message": rng.choice(names)}


def _nothing(_rng: random.Random) -> Mapping[str, Any]:
    return {}


OF_THE_LINE: Final[Mapping[str, Make]] = {
    "close": _nothing,
    "half_open": _seconds,
    "hang": _seconds,
    "not_reading": _seconds,
    "delay": lambda rng: {"delay_s": rng.random() * 2, "seconds": float(rng.randrange(1, 5))},
    "split": lambda rng: {"at": rng.randrange(1, 40), "pause_s": rng.random()},
    "client_id_taken": _seconds,
    "1100": lambda rng: {**_seconds(rng), "restored": rng.choice((1101, 1102))},
    "1101": _nothing,
    "1102": _nothing,
    "2110": _seconds,
}
"""The connection, and TWS's own to its servers."""

OF_MESSAGES: Final[Mapping[str, Make]] = {
    "duplicate": _message(*OF_AN_ORDER, "commissionReport", "position"),
    "late": lambda rng: {
        **_message(*OF_AN_ORDER, "commissionReport", "position")(rng),
        "seconds": rng.random() * 3,
    },
    "reorder": _message(*OF_AN_ORDER),
    "missing": _message("orderStatus", "openOrder"),
    "missing_end": _message("execDetailsEnd", "openOrderEnd", "completedOrdersEnd"),
    "unanswered_request": lambda rng: {
        "request": rng.choice(("OpenOrders", "Executions", "CompletedOrders", "Positions"))
    },
    "id_roll_back": lambda rng: {"by": rng.randrange(1, 60)},
}
"""What TWS says, and does not say."""

OF_ORDERS: Final[Mapping[str, Make]] = {
    "swallowed": _nothing,
    "late_order": lambda rng: {"seconds": float(rng.choice((3, 20, LATEST_S))), "client_id": 1},
    "unanswered": _nothing,
    "rejected": _nothing,
    "warning": lambda rng: {"code": rng.choice((399, 2109, 10311))},
    "cancel_not_found": _nothing,
    "corrected_execution": lambda rng: {"after_s": rng.random() * 3},
}
"""What becomes of an order."""

OF_OTHERS: Final[Mapping[str, Make]] = {
    "perm_id_replaced": _nothing,
    "modify_split": _nothing,
    "foreign_execution": _nothing,
    "fill_after_cancel": lambda rng: {"after_s": rng.random() * 2, "quantity": 1},
    "hand_entered": lambda rng: {
        "symbol": rng.choice(("AAPL", "ESZ6")),
        "side": rng.choice(("BUY", "SELL")),
        "quantity": rng.randrange(1, 6),
        "limit": rng.choice((1, 10_000)),
        "account": rng.choice(("DU1000001", "DU1000002")),
    },
    "extra_field": _message("orderStatus", "openOrder", "error"),
}
"""What no process of the group has asked for, some of it under the group's own names."""

FAULTS: Final = {**OF_THE_LINE, **OF_MESSAGES, **OF_ORDERS, **OF_OTHERS}


def choose(rng: random.Random) -> tuple[str, dict[str, Any]]:
    """A fault and its parameters, as `Faults.inject` takes them."""
    name = rng.choice(list(FAULTS))
    when = {"on_order": 1} if name in OF_ORDERS else {}
    return name, {**FAULTS[name](rng), **when}
