"""Orders of a person: asked about first, sent as a signal, and followed until it is clear what came
of them.

A person's orders go the way of a strategy's. The executor checks them by the same rules, gives
them an intent, and answers for them in its journal; the name of their strategy is `manual`. Until
it answers, the signal is sent again: its id makes sure that it is acted on once.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.bus.ports import SIGNALS
from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.clock import SystemClock
from tapewire.common.delivery.desk import Desk
from tapewire.common.delivery.outcomes import Outcome
from tapewire.common.delivery.signals import TTL_S, SignalMaker
from tapewire.common.errors import TapewireError
from tapewire.common.events import (
    AnySignal,
    CancelSignal,
    ComboLeg,
    Event,
    GroupSignal,
    ModifySignal,
    OrderAnswer,
    OrderReply,
    OrderRequest,
    OrderTerms,
    Signal,
    SubmitOrder,
    TermChanges,
    WhatIf,
    WhatIfAnswered,
)
from tapewire.common.runtime.channels import Channels
from tapewire.console.group.control import Launched
from tapewire.console.group.line import Line, NoAnswer, Place

WHAT_IF_S: Final = 6.0
LOOK_EVERY_S: Final = 0.1
CLOCK: Final = SystemClock()
_MAKER: Final = SignalMaker(
    roles.MANUAL, lambda now: f"{roles.MANUAL}-{now.wall_ns}", int(TTL_S * 1e9)
)


class NotAnswered(TapewireError):
    """Nobody said what became of it."""


def what_if(
    group: Launched,
    account: str,
    symbol: str,
    terms: OrderTerms,
    legs: tuple[ComboLeg, ...] = (),
) -> WhatIfAnswered:
    """What an order would do to its account, as the broker sees it; raises `NotAnswered`."""
    now_ns = time.time_ns()
    order = SubmitOrder(
        f"what-if-{now_ns}", now_ns, account, roles.MANUAL, symbol, terms, now_ns + 10**10,
        legs=legs,
    )  # fmt: skip
    login = group.logins.of(account)
    with Line(group, login.gateway if login is not None else roles.GATEWAY) as line:
        line.from_now()
        reply = line.ask(OrderRequest(1, [WhatIf(order.intent_id, now_ns, order)]))
        answer = reply.answers[0] if isinstance(reply, OrderReply) and reply.answers else None
        if answer is None or not answer.accepted:
            raise NotAnswered(f"the gateway does not ask: {_reason(answer)}")
        for event in _looking(line, WHAT_IF_S):
            if isinstance(event, WhatIfAnswered) and event.id == order.intent_id:
                return event
    raise NotAnswered(f"the broker did not answer within {WHAT_IF_S:.0f} s")


def _reason(answer: OrderAnswer | None) -> str:
    return answer.reason if answer is not None else "it gave no reason"


# ---- signals -------------------------------------------------------------------------------------


def order(
    account: str, symbol: str, terms: OrderTerms, legs: tuple[ComboLeg, ...] = ()
) -> Signal | GroupSignal:
    """A wish to place an order; with `legs`, one that trades them as one."""
    return _MAKER.order(account, symbol, terms, CLOCK.now(), legs)


def cancel(order_id: str) -> CancelSignal:
    """A signal that cancels the order of any signal or intent."""
    return _MAKER.cancel(order_id, CLOCK.now())


def modify(order_id: str, changes: TermChanges) -> ModifySignal:
    """A signal that modifies the order of any signal or intent."""
    return _MAKER.modify(order_id, changes, CLOCK.now())


def send(group: Place, signal: AnySignal, wait_s: float) -> Iterator[Outcome]:
    """Send a signal to the executor; yields what becomes of it, each time something does, for
    `wait_s` at most once it was answered. Raises `NotAnswered` if nobody answers it."""
    desk, outcome, ends_s = Desk(_MAKER.ttl_ns), Outcome(signal.id), math.inf
    desk.add(signal, CLOCK.now())
    with Line(group, roles.EXECUTOR) as line, _signals(group) as transport:
        line.from_now()
        while not outcome.done and time.monotonic() < ends_s:
            _send_due(desk, transport)
            for event in _news(line):
                desk.on_event(event)
            desk.give_up(CLOCK.now())
            before, outcome = outcome, desk.outcome(signal.id)
            if outcome != before:
                if not outcome.is_answered:
                    raise NotAnswered(
                        f"{signal.id}: {outcome.reason}. `tapewire status` shows what the executor"
                        f" waits for, and `tapewire orders` whether there is an order"
                    )
                if not before.is_answered:
                    ends_s = time.monotonic() + wait_s
                yield outcome
            if not outcome.done:
                time.sleep(LOOK_EVERY_S)


@contextmanager
def _signals(group: Place) -> Iterator[ZmqTransport]:
    """The way to the executor's signals, with a person's token."""
    transport = ZmqTransport()
    try:
        channels = Channels(roles.CLI, transport, group.bus, group.run_dir)
        channels.connect(SIGNALS, "push", SIGNALS)
        yield transport
    finally:
        transport.close()


def _send_due(desk: Desk, transport: ZmqTransport) -> None:
    for signal in desk.due(CLOCK.now()):
        if transport.send(SIGNALS, [wire.encode(signal)]):
            desk.sent(signal, CLOCK.now())


def _news(line: Line) -> Iterator[Event]:
    """What the executor's journal has had since the last call; nothing from one that died
    meanwhile, since the next one has what it wrote."""
    with suppress(NoAnswer):
        yield from line.news()


def _looking(line: Line, seconds: float) -> Iterator[Event]:
    """The events of a journal as they come, for this long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield from line.news()
        time.sleep(LOOK_EVERY_S)
