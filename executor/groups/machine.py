"""The states of a group of orders: one table for every kind of group.

What the states mean
--------------------
PLACING     The group was sent, as a whole. The broker may have all of it, a part, or none.
WORKING     The broker has all of it, and nothing has been entered.
PROTECTING  Something was entered. What is open has its exits at the broker, or gets them.
CLOSING     What is open cannot be protected, or is to be left: all that works is cancelled, and
            then the rest is closed at market.
CANCELLING  Nothing is open, and the group cannot go on as planned: all that works is cancelled.
DONE        Nothing works, and nothing is open that has to be protected.

What could go wrong, and why this is enough
-------------------------------------------
The gateway takes a group whole and writes it in one piece, and TWS holds the orders of a bracket
until the last of them has come. So no entry works whose stop did not leave with it. What remains is
that TWS rejects one of them, loses one, or ends one by itself; that people cancel one; that
this process, the gateway or the connection dies at any moment. Three properties answer all of that:

*   *It looks at what is, and not at what has happened.* A group's next state and what is to be done
    about it depend on its orders as they are known now: which work, what they filled. An event that
    is missed, comes twice or in another order than it happened cannot lead it astray, and a restart
    in any state goes on from there. Only what cannot be seen from the orders is journaled: the
    state itself, and what is not held any more (`order.group.released`).
*   *Nothing is done twice.* Each order that is added is an intent with the group's next number. If
    this process dies before it has written it down, the gateway's journal has it, or the gateway
    never took it and never will (see `gateway.orders.fence`). A cancel may be asked for again, and
    does no harm.
*   *It never opens anything.* Whatever is added to a group after its start only reduces: the
    gateway takes it on positions alone that the broker has listed since it last ended an order of
    a group, and only as far as the position goes. TWS cancels a stop when its target fills, and may
    say so before it reports the fill. So the stop that looks as if it were missing is not placed a
    second time on a position that is gone.

An order that was given up (CANCELLED, REJECTED, LOST) may come back. DONE is therefore left again:
what was entered after all is protected, and what works after all is cancelled.

A halt leaves exits at the broker. A flatten cancels them with everything else in its scope, and
closes the position itself. For a group that is a trade by somebody else (see `shares`): what the
account does not hold any more is released, and what a flatten that only reduces has left of it gets
a new stop.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from tapewire.common.events import GroupState

Fact = Literal["entered", "open", "over", "failed", "placed", "unprotected", "working"]
"""What is true of a group. Something was entered; is open now; nothing works or has to; an order
failed before anything was entered; the broker has all orders; what is open cannot be protected;
something works."""

TRANSITIONS: Final[Mapping[GroupState, Mapping[Fact, GroupState]]] = {
    "PLACING": {
        "over": "DONE",
        "entered": "PROTECTING",
        "failed": "CANCELLING",
        "placed": "WORKING",
    },
    "WORKING": {
        "over": "DONE",
        "entered": "PROTECTING",
        "failed": "CANCELLING",
    },
    "PROTECTING": {
        "over": "DONE",
        "unprotected": "CLOSING",
    },
    "CLOSING": {
        "over": "DONE",
    },
    "CANCELLING": {
        "open": "PROTECTING",
        "over": "DONE",
    },
    "DONE": {
        "open": "PROTECTING",
        "working": "CANCELLING",
    },
}
"""What each state leads to; the first fact that is true decides."""


class Step(NamedTuple):
    """The next state of a group, and why."""

    state: GroupState
    reason: str


def next_state(state: GroupState, facts: Mapping[Fact, str]) -> Step | None:
    """Where `facts` lead, each with its reason; None if they lead nowhere."""
    for fact, target in TRANSITIONS[state].items():
        if fact in facts:
            return Step(target, facts[fact])
    return None


def diagram() -> str:
    """The table as a Mermaid state diagram, as it is in docs/architecture.md."""
    lines = ["stateDiagram-v2", "    [*] --> PLACING"]
    for state, steps in TRANSITIONS.items():
        lines += [f"    {state} --> {target}: {fact}" for fact, target in steps.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    print(diagram())
