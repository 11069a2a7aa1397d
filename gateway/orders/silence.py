"""Silence: what it means for an order that the broker, asked about all of them, says too little.

When a snapshot is over, three things can be missing of a live order:

*   The order. It may still lie unread in a socket, or be missing from the lists just after a
    restart of TWS. So it is UNKNOWN once it had no answer for long enough, and LOST only when
    enough snapshots that can be believed did not name it (see `inquiry`).
*   Its ids. The broker lists an order that is over with its tag, and nothing that shows whether it
    is this one. So it is in doubt, and never lost: it may have been filled on a day whose
    executions are not listed. If it is cancelled, the broker may say more (see `cancels`).
*   Its executions. The broker reports it as filled, or as over and filled in part, and lists no
    executions of that: it lists today's only, and they were of yesterday. An execution may be on
    its way behind the lists, so two snapshots must agree. Then the order's end says what is
    missing: no book has it, and nothing else would tell why a position differs.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final

from tapewire.common.clock import Now
from tapewire.common.events import Event, OrderCancelled, OrderFilled, OrderLost, OrderUnknown
from tapewire.gateway import broker
from tapewire.gateway.orders.inquiry import LOOKS_MIN, LOST_AFTER_NS, Inquiry
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.orders.registry import Registry
from tapewire.gateway.orders.snapshot import Snapshot

EXECUTIONS_LATE_NS: Final = 1_000_000_000
FOREVER_NS: Final = 10**18
TAG_ALONE: Final = (
    "the broker did not answer for it, and lists an order that is over with its tag, without the"
    " ids that would show whether it is this one"
)
UNLISTED: Final = "lists no executions of"
NOT_NAMED: Final = (
    f"the broker answered every query {LOOKS_MIN} times within"
    f" {LOST_AFTER_NS // 1_000_000_000} s or more, and never named the order"
)


class Silence:
    """Decides what a snapshot that is over says by not saying it; `inquiry` asks again.

    An order without an answer for `answer_ns` is UNKNOWN.
    """

    def __init__(self, registry: Registry, inquiry: Inquiry, answer_ns: int) -> None:
        self._registry = registry
        self._inquiry = inquiry
        self._answer_ns = answer_ns
        self._without_executions: set[str] = set()  # over, by the last snapshot

    def missing(self, snapshot: Snapshot) -> list[Intent]:
        """Live orders that it did not name for certain, though it could have."""
        missing = self._registry.missing(snapshot.seen)
        return [intent for intent in missing if snapshot.could_name(intent)]

    def verdicts(self, missing: Iterable[Intent], snapshot: Snapshot, now_ns: int) -> list[Event]:
        """What becomes of the orders that it did not name for certain."""
        events: list[Event] = []
        for intent in missing:
            if intent.intent_id in snapshot.tagged:
                events += self._tagged(intent, snapshot, now_ns)
            else:
                events += self._unnamed(intent, snapshot, now_ns)
        return events

    def ended(self, snapshot: Snapshot, now: Now) -> list[Event]:
        """The end of orders that the broker reports as over and has too few executions of."""
        if not snapshot.whole:
            return []
        before, self._without_executions = self._without_executions, set()
        events: list[Event] = []
        for intent, report in _lacking(snapshot):
            if snapshot.settled and intent.intent_id in before:
                events.append(_ended(intent, report, now.wall_ns))
            else:
                self._without_executions.add(intent.intent_id)
                self._inquiry.soon(now.mono_ns + max(EXECUTIONS_LATE_NS, snapshot.settle_ns + 1))
        return events

    def _unnamed(self, intent: Intent, snapshot: Snapshot, now_ns: int) -> list[Event]:
        account, intent_id = intent.order.account, intent.intent_id
        begun_ns = snapshot.begun.mono_ns
        unanswered_ns = _unanswered_ns(intent, begun_ns)
        is_clean = snapshot.believed and unanswered_ns > snapshot.settle_ns
        if is_clean and self._inquiry.missed(intent_id, begun_ns):
            return [OrderLost(now_ns, account, intent_id, NOT_NAMED)]
        if intent.state == "INTENDED" and unanswered_ns >= self._answer_ns:
            return [OrderUnknown(now_ns, account, intent_id, self._unanswered(snapshot))]
        return []

    def _tagged(self, intent: Intent, snapshot: Snapshot, now_ns: int) -> list[Event]:
        unanswered_ns = _unanswered_ns(intent, snapshot.begun.mono_ns)
        if intent.state != "INTENDED" or unanswered_ns < self._answer_ns:
            return []
        return [OrderUnknown(now_ns, intent.order.account, intent.intent_id, TAG_ALONE)]

    def _unanswered(self, snapshot: Snapshot) -> str:
        listed = "lists no such order"
        if not snapshot.believed:
            listed = "did not list its orders to the end"
        return f"the broker did not answer within {self._answer_ns // 1_000_000} ms, and {listed}"


def lacking(snapshot: Snapshot) -> list[str]:
    """The live orders that are over at the broker, with executions that it does not list."""
    return [intent.intent_id for intent, _ in _lacking(snapshot)]


def unlisted(event: Event) -> str:
    """What a person has to know of an order that ended without all of its executions; else ""."""
    if isinstance(event, OrderFilled | OrderCancelled) and UNLISTED in event.reason:
        state = "FILLED" if isinstance(event, OrderFilled) else "CANCELLED"
        return f"{event.intent_id} is {state}: {event.reason}"
    return ""


def _lacking(snapshot: Snapshot) -> Iterator[tuple[Intent, broker.OrderReport]]:
    for intent, report in snapshot.over.values():
        is_short = report.claims_beyond(intent.filled)
        if report.status == "filled":
            is_short = intent.filled < intent.worst_case_quantity
        if intent.live and is_short:
            yield intent, report


def _ended(intent: Intent, report: broker.OrderReport, now_ns: int) -> Event:
    account, intent_id = intent.order.account, intent.intent_id
    if report.status == "filled" or report.filled is None:
        reason = _reason("it", intent.terms.quantity, intent)
        return OrderFilled(now_ns, account, intent_id, reason)
    reason = _reason(f"{report.filled:f} of it", report.filled, intent)
    return OrderCancelled(now_ns, account, intent_id, reason)


def _reason(claimed: str, filled: Decimal, intent: Intent) -> str:
    return (
        f"the broker reports {claimed} as filled and {UNLISTED} {filled - intent.filled:f}, as it"
        f" does of earlier days; the position is the broker's, and that of {intent.order.strategy}"
        " lacks them"
    )


def _unanswered_ns(intent: Intent, now_ns: int) -> int:
    """For how long an order has had no answer; one of an earlier connection, for ever."""
    return FOREVER_NS if intent.written is None else now_ns - intent.written.mono_ns
