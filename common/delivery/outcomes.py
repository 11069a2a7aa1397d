"""Outcomes: what is known of a signal by now, as the executor's events say it.

A signal that nobody answers in time is UNKNOWN, not refused: it may have become an order before it
expired, and the executor's answer may be late, or lost with a process that has to start again
first. So an UNKNOWN outcome is not an end. The answer may still come, and takes its place.
"""

from decimal import Decimal
from typing import Final, NamedTuple

from tapewire.common.delivery.outgoing import NO_ANSWER, TRADES
from tapewire.common.events import (
    AnySignal,
    Event,
    GroupCreated,
    GroupStateChanged,
    OrderCancelPending,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderModifyPending,
    OrderStateChanged,
    OrderTermsChanged,
)

OVER: Final = frozenset({"FILLED", "CANCELLED", "REJECTED", "DENIED", "LOST"})
"""The states of an order of which no more is expected. A later word is taken all the same."""
UNANSWERED: Final = ("", "UNKNOWN")
TOO_LATE: Final = "it reached the executor too late"


class Outcome(NamedTuple):
    """What is known of a signal by now. `state` is its order's. It is empty before the answer, and
    UNKNOWN where none came in time; DENIED or EXPIRED, of a signal that led to none. `done` is
    whether that is the end of what was asked for."""

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
        return self.state not in ("", "DENIED", "EXPIRED", "REJECTED", "LOST", "UNKNOWN")

    @property
    def is_answered(self) -> bool:
        """Whether the executor has said what became of the signal."""
        return self.state not in UNANSWERED or bool(self.intent_id)


def after(outcome: Outcome, signal: AnySignal, event: Event) -> Outcome:
    """The outcome with what an event of the executor says of it."""
    if getattr(event, "signal_id", None) == signal.id:
        return _answered(outcome, signal, event)
    if isinstance(event, OrderStateChanged) and event.intent_id == outcome.intent_id:
        return outcome._replace(
            state=event.state,
            filled=event.filled,
            average_price=event.average_price,
            reason=event.reason,
            done=event.state in OVER,
        )
    return outcome


def _answered(outcome: Outcome, signal: AnySignal, event: Event) -> Outcome:
    """The outcome with an answer to the signal itself."""
    if isinstance(event, OrderCreated | GroupCreated):
        return _created(outcome, event)
    if isinstance(event, OrderCancelPending | OrderModifyPending):
        state = "CANCELLING" if isinstance(event, OrderCancelPending) else "MODIFYING"
        return outcome._replace(intent_id=event.intent_id, state=state, reason="")
    if isinstance(event, OrderTermsChanged):
        return outcome._replace(state="MODIFIED", reason=str(event.terms), done=True)
    if isinstance(event, OrderDenied | OrderExpired):
        return _ended(outcome, signal, event)
    if isinstance(event, GroupStateChanged) and not isinstance(signal, TRADES):
        return outcome._replace(state=event.state, reason=event.reason, done=True)
    return outcome


def _created(outcome: Outcome, event: OrderCreated | GroupCreated) -> Outcome:
    """There is an order, whatever was said before. Of a group, its first order is the one that is
    followed; the others are announced after it, and the first itself once more."""
    if outcome.intent_id:
        return outcome
    order = event.order if isinstance(event, OrderCreated) else event.group.orders[0]
    return outcome._replace(intent_id=order.intent_id, state="CREATED", reason="", done=False)


def _ended(outcome: Outcome, signal: AnySignal, event: OrderDenied | OrderExpired) -> Outcome:
    """It is refused, or came too late. But no order is called off by a copy of its signal that was
    long on its way: an executor whose checkpoint left the order out calls that one expired."""
    if outcome.intent_id and isinstance(signal, TRADES):
        return outcome
    state = "DENIED" if isinstance(event, OrderDenied) else "EXPIRED"
    return outcome._replace(state=state, reason=event.reason or TOO_LATE, done=True)


def given_up(outcome: Outcome, expired: OrderExpired) -> Outcome:
    """Its time is over without an answer."""
    if expired.reason == NO_ANSWER:
        return outcome._replace(state="UNKNOWN", reason=NO_ANSWER)
    return outcome._replace(state="EXPIRED", reason=expired.reason, done=True)
