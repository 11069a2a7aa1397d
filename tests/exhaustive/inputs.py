"""What an input is: an order, idle talk, a heartbeat; and how a person is shown it."""

from functools import cache
from typing import Final

from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.events import OrderReply, OrderRequest
from tests.exhaustive.processes import CRASH, DATA, END, FAULT, HALT, OPEN, WAKE, Input

PLACE_ORDER: Final = b"3\0"


def is_order(data: bytes) -> bool:
    """Whether a client's bytes have an order in them; its greeting, which goes alone, has none."""
    while data and not data.startswith(b"API\0"):
        end = 4 + int.from_bytes(data[:4])
        if data[4:end].startswith(PLACE_ORDER):
            return True
        data = data[end:]
    return False


@cache
def is_idle_talk(given: Input) -> bool:
    """Whether it is a request that asks nothing, or a reply that answers nothing: those by which
    executor and gateway see that the other one is there."""
    if given[0] not in ("requests", f"{roles.GATEWAY}.requests"):
        return False
    try:
        event = wire.decode_event(given[1][-1])
    except wire.WireError:
        return False
    if isinstance(event, OrderRequest):
        return not (event.commands or event.hello)
    return isinstance(event, OrderReply) and not (
        event.answers or event.fencing_token or event.fenced
    )


def is_heartbeat(given: Input) -> bool:
    return (
        isinstance(given[1], tuple)
        and bool(given[1])
        and isinstance(given[1][0], bytes)
        and given[1][0].startswith(b"heartbeat.")
    )


@cache
def shown(given: Input) -> str:
    """An input for a person: the names of the events in it."""
    if given[0] in (WAKE, OPEN, END, CRASH, HALT, FAULT):
        return " ".join(map(str, given))
    if given[0] == DATA:
        return f"({len(given[2])} bytes)"
    try:
        names = [type(one).__name__ for one in wire.decode_batch(given[1][-1])[0].events]
    except (wire.WireError, IndexError, TypeError):
        try:
            names = [type(wire.decode_event(given[1][-1])).__name__]
        except wire.WireError:
            names = [f"{len(given[1][-1])} bytes"]
    return f"({', '.join(names)})"
