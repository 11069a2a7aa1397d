"""Resolving: a person ends an order of which nobody here knows what became.

The broker's word is better than a person's. So a person is asked about an UNKNOWN order alone, and
not while the broker lists it as open. What the broker says later still counts, as of any order that
was given up: it comes back if it turns up working, and its executions are counted. One that was
resolved as filled does not come back: it is a conflict then.
"""

from collections.abc import Mapping
from typing import Final

from tapewire.common.events import (
    NO_SUCH_ORDER,
    TEXT_MAX,
    Event,
    OrderCancelled,
    OrderFilled,
    OrderLost,
    ResolveOrder,
)
from tapewire.gateway.orders.intent import Intent

End = type[OrderCancelled] | type[OrderFilled] | type[OrderLost]
ENDS: Final[Mapping[str, End]] = {
    "cancelled": OrderCancelled,
    "filled": OrderFilled,
    "lost": OrderLost,
}


def refusal(intent: Intent | None) -> str:
    """Why the order cannot be resolved by a person; empty if it can."""
    if intent is None:
        return NO_SUCH_ORDER
    if intent.state != "UNKNOWN":
        return f"the order is {intent.state}; only one that is UNKNOWN can be resolved"
    if intent.reported is not None:
        return "the broker lists the order as open; cancel it instead"
    return ""


def resolution(intent: Intent, command: ResolveOrder, now_ns: int) -> Event:
    """The order's end, with who said so and why."""
    reason = f"resolved by {command.by}: {command.reason}"[:TEXT_MAX]
    return ENDS[command.outcome](now_ns, intent.order.account, intent.intent_id, reason)
