"""An order's states as the executor sees them: a table, so that what is not in it cannot happen.

The gateway's events drive it. Executions are the truth about fills, and a fill may follow a
cancel: it is counted, the state stays. UNKNOWN, LOST, CANCELLED and REJECTED are left again when
TWS turns out to have the order after all. An event that the table does not name for a state
changes nothing.

    CREATED -> INTENDED -> ACCEPTED -> FILLED | CANCELLED | REJECTED
       |          |           |
       |          +-----------+-> UNKNOWN -> ACCEPTED | FILLED | CANCELLED | REJECTED | LOST
       +----------+-> REFUSED
"""

from typing import Final

from tapewire.common.events import (
    Event,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderIntended,
    OrderLost,
    OrderRefused,
    OrderRejected,
    OrderState,
    OrderUnknown,
)

FINAL: Final = frozenset[OrderState](["FILLED", "CANCELLED", "REJECTED", "REFUSED", "LOST"])

TRANSITIONS: Final[dict[OrderState, dict[type[Event], OrderState]]] = {
    "CREATED": {
        OrderIntended: "INTENDED",
        OrderRefused: "REFUSED",
    },
    "INTENDED": {
        OrderAccepted: "ACCEPTED",
        OrderRefused: "REFUSED",
        OrderRejected: "REJECTED",
        OrderCancelled: "CANCELLED",
        OrderFilled: "FILLED",
        OrderUnknown: "UNKNOWN",
        OrderLost: "LOST",
    },
    "ACCEPTED": {
        OrderRejected: "REJECTED",
        OrderCancelled: "CANCELLED",
        OrderFilled: "FILLED",
        OrderLost: "LOST",
    },
    "UNKNOWN": {
        OrderAccepted: "ACCEPTED",
        OrderRejected: "REJECTED",
        OrderCancelled: "CANCELLED",
        OrderFilled: "FILLED",
        OrderLost: "LOST",
    },
    "LOST": {
        OrderAccepted: "ACCEPTED",
        OrderFilled: "FILLED",
    },
    "CANCELLED": {
        OrderAccepted: "ACCEPTED",
        OrderFilled: "FILLED",  # reported cancelled, filled afterwards: TWS does that
    },
    "REJECTED": {
        OrderAccepted: "ACCEPTED",
        OrderFilled: "FILLED",
    },
    "FILLED": {},
    "REFUSED": {},
}


def after(state: OrderState, event: Event) -> OrderState:
    """The state that `event` leads to; `state` itself where the table has no such step."""
    return TRANSITIONS[state].get(type(event), state)
