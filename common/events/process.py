"""How processes keep in touch: heartbeats, catch-up, requests and their replies."""

from typing import Annotated, Literal

import msgspec

from tapewire.common.events.base import NAME_MAX, Event, Text, TimeNs
from tapewire.common.events.groups import SubmitGroup
from tapewire.common.events.order_commands import (
    CancelAll,
    CancelOrder,
    ListPositions,
    ModifyOrder,
    ResolveOrder,
    SubmitOrder,
    TakeOver,
)
from tapewire.common.events.reconciliation import Reconcile
from tapewire.common.events.risk import TradingState
from tapewire.common.events.what_if import WhatIf

Token = Annotated[str, msgspec.Meta(max_length=NAME_MAX)]
ProcessState = Literal["STARTING", "WAITING", "READY", "HALTED"]


class Heartbeat(Event, frozen=True, tag="process.heartbeat"):
    """A process lives, in which state, and how far its journal goes.

    `seq` and `chain` are the journal's head, which peers remember: a process that comes back
    with a lower one has lost its tail. Risk's heartbeat carries `trading`; it is the lease that
    the gateway needs fresh before it sends anything that adds risk. The lease's age is measured
    with `mono_ns`, the sender's monotonic clock, which all processes of one machine share: setting
    the wall clock neither ends nor prolongs it. The gateway's carries `risk_seq`, how far it has
    taken in risk's journal: a halt up to there is in force, and whatever passed before it is in the
    gateway's journal up to `seq`.

    `durable` is False for a journal whose tail the loss of the machine's power may take. `fault` is
    what is wrong with the sender's own journal: none of what it published may be trusted.
    """

    ts_ns: TimeNs
    state: ProcessState
    reason: Text
    seq: int
    chain: str
    trading: TradingState | None = None
    mono_ns: TimeNs = 0
    durable: bool = True
    fault: Text = ""
    risk_seq: int = 0


class OrderRequest(Event, frozen=True, tag="order.request"):
    """All the commands of one loop turn; the reply carries `id`.

    `hello` introduces the sender by a name that is new at each start; such a request has no
    commands, and the reply to it carries a `fencing_token`. The gateway takes nothing under another
    token than the newest: what a dead executor left on its way must not add to what the new one
    counts. An empty token asks for no fence.
    """

    id: int
    commands: Annotated[
        list[
            SubmitOrder
            | CancelOrder
            | CancelAll
            | ModifyOrder
            | ListPositions
            | ResolveOrder
            | TakeOver
            | SubmitGroup
            | WhatIf
            | Reconcile
        ],
        msgspec.Meta(max_length=4096),
    ]
    fencing_token: Token = ""
    hello: Token = ""


class OrderAnswer(Event, frozen=True, tag="order.answer"):
    """What the gateway did with one command; the same again for a repeated one."""

    intent_id: str
    accepted: bool
    reason: Text = ""


class OrderReply(Event, frozen=True, tag="order.reply"):
    """One answer per command, in their order. `head` is the gateway's journal's, all of it in.

    `fencing_token` answers a `hello`. `fenced` is the request's token where that is not the one in
    force: nothing of the request was taken, and whoever sent it has to introduce itself again.
    """

    id: int
    answers: list[OrderAnswer]
    head: int = 0
    fencing_token: Token = ""
    fenced: Token = ""


class CatchUp(Event, frozen=True, tag="stream.catch_up"):
    """Asks a journal for what it has from `from_seq` on; batches of the journal's topic answer.

    With `known_seq` above 0 it also asks for the chain at that record.
    """

    id: int
    from_seq: Annotated[int, msgspec.Meta(ge=1)]
    known_seq: Annotated[int, msgspec.Meta(ge=0)] = 0


class CatchUpReply(Event, frozen=True, tag="stream.catch_up.reply"):
    """A piece of a journal: `body` is a batch as it was published; `head` its last seq of all.

    `chain` is the journal's at `known_seq`, if the question asked for one; empty beyond its end.
    """

    id: int
    body: bytes
    head: int
    known_seq: int = 0
    chain: str = ""


class RequestRefused(Event, frozen=True, tag="request.refused"):
    """Nothing of the request was taken: its sender has no right to it, or no token that says so.

    `id` is the request's, 0 where it has none. With a token of an earlier start, read it again.
    """

    reason: Text
    id: int = 0
