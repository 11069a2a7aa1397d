"""The life cycle of an order: one table, used by every process that follows orders.

What the states mean
--------------------
CREATED     The executor made it of a signal and sent it to the gateway, which may not have it.
INTENDED    The gateway has it on disk. From here on bytes of it may be at the broker.
ACCEPTED    The broker has it and it works.
UNKNOWN     The connection or the gateway died while the broker's answer was out, or the broker did
            not answer in time, and not when it was asked about the order either. Nobody here knows
            whether the broker has it. It counts as working, and is never sent again.
FILLED      Its executions reach its quantity. Or, with a reason: the broker reports it as filled
            and does not list its executions any more, or a person says that it was.
CANCELLED   The broker reports it cancelled.
REJECTED    The broker rejected it.
DENIED      We did not send it, and never will: not one byte of it was written.
LOST        Every query was answered, after the broker had time to read what was still in its
            socket, three times or more, over at least a minute of one connection, and no answer
            named it.

What could go wrong, and why this is enough
-------------------------------------------
An order must never be sent twice, and nothing that could still fill may be forgotten. Both follow
from three properties of the table:

*   Only the gateway moves an order out of INTENDED, and only on the broker's word, or for want of
    one (UNKNOWN). There is no way back to CREATED or INTENDED from any state, so
    nothing can make a gateway send an order again.
*   DENIED is entered from CREATED and INTENDED only, by the gateway itself, before it wrote a
    byte. It is final without exception.
*   CANCELLED, REJECTED and LOST are what the broker told us *so far*. TWS has reported orders
    cancelled that filled afterwards, and an order that no query named has turned up working
    minutes later. So these three are left again, for ACCEPTED or FILLED and for nothing else, and
    executions are counted in every state: `filled` comes from executions, never from a state.

FILLED is the end: a later word about a filled order changes nothing, except that a corrected
execution changes what it was filled with. If the broker has one open whose executions do not reach
its quantity, that is a conflict, and not a way back.

An event that the table does not name for a state changes nothing. That is what makes it safe to
read a journal a second time from its beginning: the executor does so at each start, on top of what
its own journal told it, and every order arrives at the state it had.
"""

from collections.abc import Mapping
from typing import Final

from tapewire.common.events import (
    Event,
    OrderAccepted,
    OrderCancelled,
    OrderDenied,
    OrderFilled,
    OrderIntended,
    OrderLost,
    OrderRejected,
    OrderState,
    OrderUnknown,
)

INITIAL: Final[OrderState] = "CREATED"

TRANSITIONS: Final[Mapping[OrderState, Mapping[type[Event], OrderState]]] = {
    "CREATED": {
        OrderIntended: "INTENDED",
        OrderDenied: "DENIED",
    },
    "INTENDED": {
        OrderAccepted: "ACCEPTED",
        OrderDenied: "DENIED",
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
        OrderFilled: "FILLED",
    },
    "REJECTED": {
        OrderAccepted: "ACCEPTED",
        OrderFilled: "FILLED",
    },
    "FILLED": {},
    "DENIED": {},
}

LIVE: Final = frozenset[OrderState](["CREATED", "INTENDED", "ACCEPTED", "UNKNOWN"])
"""The states in which an order works, or may: what is left of it counts in every exposure."""
AT_BROKER: Final = LIVE - {"CREATED"}
"""Of these, the ones that the gateway has: something of the order may be at the broker."""
UNCONFIRMED: Final = frozenset[OrderState](["INTENDED", "UNKNOWN", "LOST"])
"""The states in which the broker's first word about an order is news."""
GIVEN_UP: Final = frozenset[OrderState](["CANCELLED", "REJECTED"])
"""The states that the broker's word ended, and that its word can revive."""


def state_after(state: OrderState, event: Event) -> OrderState:
    """The state that `event` leads to; `state` itself where the table has no such step."""
    return TRANSITIONS[state].get(type(event), state)


def diagram() -> str:
    """The table as a Mermaid state diagram; `python -m tapewire.common.accounting.lifecycle`
    prints it, and a test keeps the one in docs/architecture.md equal to it."""
    lines = ["stateDiagram-v2", f"    [*] --> {INITIAL}"]
    for state, steps in TRANSITIONS.items():
        by_target: dict[OrderState, list[str]] = {}
        for event, target in steps.items():
            by_target.setdefault(target, []).append(str(event.__struct_config__.tag))
        lines += [f"    {state} --> {to}: {', '.join(names)}" for to, names in by_target.items()]
    lines += [f"    {state} --> [*]" for state in TRANSITIONS if not TRANSITIONS[state]]
    return "\n".join(lines)


if __name__ == "__main__":
    print(diagram())
