"""How processes keep in touch: heartbeats, catch-up, requests and their replies."""

from typing import Annotated, Literal

import msgspec

from tapewire.common.events.base import Event, Text, TimeNs
from tapewire.common.events.orders import CancelAll, CancelOrder, ModifyOrder, SubmitOrder
from tapewire.common.events.risk import TradingState

ProcessState = Literal["STARTING", "WAITING", "READY", "HALTED"]


class Heartbeat(Event, frozen=True, tag="heartbeat"):
    """A process lives, in which state, and how far its journal goes.

    `seq` and `chain` are the journal's head, which peers remember: a process that comes back
    with a lower one has lost its tail. Risk's heartbeat carries `trading`; it is the lease that
    the gateway wants fresh before it sends anything that adds risk.
    """

    ts_ns: TimeNs
    state: ProcessState
    reason: Text
    seq: int
    chain: str
    trading: TradingState | None = None


class ConnectionUp(Event, frozen=True, tag="connection.up"):
    """The TWS session is synchronised: orders and executions are known."""

    ts_ns: TimeNs
    server_version: int


class ConnectionLost(Event, frozen=True, tag="connection.lost"):
    """The TWS session ended; what was under way is UNKNOWN until it is back."""

    ts_ns: TimeNs
    reason: Text


class OrderRequest(Event, frozen=True, tag="order_request"):
    """All the intents of one loop turn; the reply carries `id`.

    `started_ns` is when the asking process started. The gateway takes nothing from an earlier
    start once it has heard of a later one: what a dead executor left on its way must not add to
    what the new one counts. 0 asks for no such fence.
    """

    id: int
    commands: Annotated[
        list[SubmitOrder | CancelOrder | CancelAll | ModifyOrder], msgspec.Meta(max_length=4096)
    ]
    started_ns: TimeNs = 0


class OrderAnswer(Event, frozen=True, tag="order_answer"):
    """What the gateway did with one command; the same again for a repeated one."""

    intent_id: str
    accepted: bool
    reason: Text = ""


class OrderReply(Event, frozen=True, tag="order_reply"):
    """One answer a command, in their order. `head` is the gateway's journal's, all of it in."""

    id: int
    answers: list[OrderAnswer]
    head: int = 0


class CatchUp(Event, frozen=True, tag="catch_up"):
    """Asks a journal for what it has from `from_seq` on; batches of the journal's topic answer."""

    id: int
    from_seq: Annotated[int, msgspec.Meta(ge=1)]


class CatchUpReply(Event, frozen=True, tag="catch_up_reply"):
    """A piece of a journal: `body` is a batch as it was published; `head` its last seq of all."""

    id: int
    body: bytes
    head: int
