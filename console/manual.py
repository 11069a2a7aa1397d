"""Orders of a person: asked about first, sent as a signal, and followed until it is clear what came
of them.

A person's orders go the way of a strategy's. The executor checks them by the same rules, gives
them an intent, and answers for them in its journal; the name of their strategy is `manual`. Until
it answers, the signal is sent again: its id makes sure that it is acted on once.
"""

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Final, NamedTuple

from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.bus.endpoints import endpoint
from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.errors import TapewireError
from tapewire.common.events import (
    AnySignal,
    CancelSignal,
    ComboLeg,
    Event,
    ModifySignal,
    OrderAnswer,
    OrderCancelPending,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderModifyPending,
    OrderReply,
    OrderRequest,
    OrderStateChanged,
    OrderTerms,
    OrderTermsChanged,
    Signal,
    SubmitOrder,
    TermChanges,
    WhatIf,
    WhatIfAnswered,
)
from tapewire.common.runtime.tokens import TokenFile, path_of
from tapewire.console.group.control import Launched
from tapewire.console.group.line import Line, Place

SIGNALS: Final = "signals"
TTL_S: Final = 10.0
"""How long a signal of a person lives, unanswered."""
WHAT_IF_S: Final = 6.0
LOOK_EVERY_S: Final = 0.1
RESEND_S: Final = 0.25
OVER: Final = frozenset({"FILLED", "CANCELLED", "REJECTED", "DENIED", "LOST"})


class NotAnswered(TapewireError):
    """Nobody said what became of it."""


class Outcome(NamedTuple):
    """What is known of a signal by now. `state` is the order's, or DENIED or EXPIRED of a signal
    that led to none; `done` is whether that is the end of what was asked for."""

    signal_id: str
    intent_id: str = ""
    state: str = ""
    filled: Decimal = Decimal(0)
    average_price: Decimal | None = None
    reason: str = ""
    done: bool = False

    @property
    def ok(self) -> bool:
        """Whether it was taken."""
        return self.state not in ("", "DENIED", "EXPIRED", "REJECTED", "LOST")


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


def order(account: str, symbol: str, terms: OrderTerms) -> Signal:
    """A wish to place an order."""
    signal = Signal("", 0, account, roles.MANUAL, symbol, terms, 0)
    return replace(signal, **_envelope())


def cancel(order_id: str) -> CancelSignal:
    """A signal that cancels the order of any signal or intent."""
    signal = CancelSignal("", 0, "", roles.MANUAL, order_id, 0)
    return replace(signal, **_envelope())


def modify(order_id: str, changes: TermChanges) -> ModifySignal:
    """A signal that modifies the order of any signal or intent."""
    signal = ModifySignal("", 0, "", roles.MANUAL, order_id, 0, changes)
    return replace(signal, **_envelope())


def _envelope() -> dict[str, object]:
    now_ns, ttl_ns = time.time_ns(), int(TTL_S * 1e9)
    return {
        "id": f"{roles.MANUAL}-{now_ns}",
        "ts_ns": now_ns,
        "expires_ns": now_ns + ttl_ns,
        "expires_mono_ns": time.monotonic_ns() + ttl_ns,
    }


def send(group: Place, signal: AnySignal, wait_s: float) -> Iterator[Outcome]:
    """Send a signal to the executor; yields what becomes of it, each time something does, for
    `wait_s` at most once it was answered. Raises `NotAnswered` if nobody answers it."""
    outcome, deadline = Outcome(signal.id), time.monotonic() + TTL_S
    with Line(group, roles.EXECUTOR) as line, _Sender(group, signal) as sender:
        line.from_now()
        while not outcome.done and time.monotonic() < deadline:
            if not outcome.state:
                sender.send()
            before = outcome
            for event in line.news():
                outcome = _after(outcome, signal, event)
            if outcome != before:
                if not before.state:
                    deadline = time.monotonic() + wait_s
                yield outcome
            if not outcome.done:
                time.sleep(LOOK_EVERY_S)
    if not outcome.state:
        raise NotAnswered(
            f"the executor did not answer {signal.id} within {TTL_S:.0f} s; it will not be acted on"
            " any more. `tapewire status` shows what the executor waits for"
        )


class _Sender:
    """Sends one signal again and again, no faster than strategies do."""

    def __init__(self, group: Place, signal: AnySignal) -> None:
        self._body = wire.encode(signal)
        self._next_s = 0.0
        self._transport = ZmqTransport()
        self._transport.connect(SIGNALS, "push", endpoint(SIGNALS, group.bus, group.run_dir))
        token = TokenFile(path_of(group.run_dir, roles.EXECUTOR, roles.CLI))
        self._transport.present(SIGNALS, token)

    def __enter__(self) -> "_Sender":
        return self

    def __exit__(self, *_: object) -> None:
        self._transport.close()

    def send(self) -> None:
        """Send it if it is time to."""
        now_s = time.monotonic()
        if now_s >= self._next_s and self._transport.send(SIGNALS, [self._body]):
            self._next_s = now_s + RESEND_S


def _after(outcome: Outcome, signal: AnySignal, event: Event) -> Outcome:
    """The outcome with what an event of the executor says of it."""
    if getattr(event, "signal_id", None) == signal.id:
        return _answered(outcome, event)
    if isinstance(event, OrderStateChanged) and event.intent_id == outcome.intent_id:
        return outcome._replace(
            state=event.state,
            filled=event.filled,
            average_price=event.average_price,
            reason=event.reason,
            done=event.state in OVER,
        )
    return outcome


def _answered(outcome: Outcome, event: Event) -> Outcome:
    """The outcome with an answer to the signal itself."""
    if isinstance(event, OrderCreated):
        return outcome._replace(intent_id=event.order.intent_id, state="CREATED")
    if isinstance(event, OrderCancelPending):
        return outcome._replace(intent_id=event.intent_id, state="CANCELLING")
    if isinstance(event, OrderModifyPending):
        return outcome._replace(intent_id=event.modify.intent_id, state="MODIFYING")
    if isinstance(event, OrderTermsChanged):
        return outcome._replace(state="MODIFIED", reason=str(event.terms), done=True)
    if isinstance(event, OrderDenied | OrderExpired):
        state = "DENIED" if isinstance(event, OrderDenied) else "EXPIRED"
        reason = event.reason or "it reached the executor too late"
        return outcome._replace(state=state, reason=reason, done=True)
    return outcome


def _looking(line: Line, seconds: float) -> Iterator[Event]:
    """The events of a journal as they come, for this long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield from line.news()
        time.sleep(LOOK_EVERY_S)
