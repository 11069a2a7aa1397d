"""Cancels that the broker was asked for: each ends with its order, or is rejected.

A cancel is not on disk: one that is lost with its connection is asked for again by whoever wanted
it. On a connection that holds it may be lost too, and the broker then says nothing for as long as
the order works. So a cancel without an effect is asked about like an order without an answer. If
the broker, which had time to read it, lists the order as working and not as being cancelled, it
never had the cancel, and that is reported.

A refused cancel can say more than the lists do. A completed order at TWS has a tag, and neither a
client id nor an order id, so it does not end an order that TWS has never named: one whose rejection
was lost, for example. The refusal names the order by both, and says that it is over. It does not
say whether it was filled. So only both together end the order, as the list has it:

*   every order with its tag in the list is over, and none is filled, not even in part: the
    executions of that may be of a day that is not listed any more;
*   nothing open is it, and no execution: either would name it by its ids;
*   two lists agree that were asked for on the connection of the refusal, after it. An execution may
    be on its way behind the first.

Otherwise it stays UNKNOWN. A closing order of a flatten would be waited for until a person decides,
beside a position that is still open.
"""

from collections.abc import Iterable
from typing import Final

from tapewire.common.clock import Now
from tapewire.common.events import Event, OrderCancelled, OrderCancelRejected, OrderRejected
from tapewire.gateway import broker
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.orders.snapshot import Snapshot

IGNORED: Final = (
    "the order still works, after the broker was asked to cancel it and answered queries"
)


OVER: Final = (
    "the broker refused to cancel it, for it is over, and lists the order with its tag as {}"
)
ORDER_REJECTED: Final = 201
UNFILLED: Final = frozenset[broker.Status | None](["cancelled", "rejected"])


class Cancels:
    """The cancels of one connection that have no end yet. None of it is durable."""

    def __init__(self, answer_ns: int) -> None:
        self._answer_ns = answer_ns
        self._asked: dict[str, tuple[Intent, int]] = {}  # by intent, and since when (monotonic)
        self._over: dict[str, tuple[Intent, int]] = {}  # of which a refusal said so; since when
        self._agreed: set[str] = set()  # of these, the ones that the last list has as unfilled

    def asked(self, intent: Intent, now: Now) -> None:
        """The broker is asked to cancel an order."""
        self._asked[intent.intent_id] = (intent, now.mono_ns)

    def refused(self, intent: Intent, now: Now, *, is_over: bool) -> None:
        """The broker will not cancel an order; with `is_over` since it is over there."""
        self._asked.pop(intent.intent_id, None)
        if is_over:
            self._over.setdefault(intent.intent_id, (intent, now.mono_ns))

    @property
    def rests(self) -> bool:
        """Whether no order that lives was to be cancelled, or is reported as over."""
        return not any(intent.live for intent, _ in (*self._asked.values(), *self._over.values()))

    def forget(self) -> None:
        """The connection is gone."""
        self._asked.clear()
        self._over.clear()
        self._agreed.clear()

    def late(self, mono_ns: int) -> list[str]:
        """A name for each cancel that has had no effect for too long."""
        names: list[str] = []
        if not self._asked:
            return names
        for intent_id, (intent, since_ns) in list(self._asked.items()):
            if not intent.live:
                del self._asked[intent_id]
            elif mono_ns - since_ns >= self._answer_ns:
                names.append(f"cancel of {intent_id}")
        return names

    def ignored(self, snapshot: Snapshot, now_ns: int) -> list[Event]:
        """The end of each cancel whose order works all the same, by a list that is believed.
        Whoever wanted it may ask again."""
        events: list[Event] = []
        for intent_id, (intent, since_ns) in list(self._asked.items()):
            is_late = snapshot.begun.mono_ns - since_ns >= self._answer_ns
            if intent.live and is_late and intent_id in snapshot.working:
                del self._asked[intent_id]
                account = intent.order.account
                events.append(OrderCancelRejected(now_ns, account, intent_id, 0, IGNORED))
        return events

    def over(self, snapshot: Snapshot, now_ns: int) -> list[Event]:
        """The end of each order that a refusal and two lists that are believed say is over."""
        events: list[Event] = []
        before, self._agreed = self._agreed, set()
        for intent_id, (intent, since_ns) in list(self._over.items()):
            if not intent.live:
                del self._over[intent_id]
            elif snapshot.begun.mono_ns > since_ns and _is_unfilled(intent, snapshot):
                self._agreed.add(intent_id)
                if intent_id in before:
                    events.append(_end(intent, snapshot.tagged[intent_id], now_ns))
        return events


def _is_unfilled(intent: Intent, snapshot: Snapshot) -> bool:
    """Whether nobody knows what became of an order, and the lists have its tag on orders alone that
    are over and were not filled."""
    tagged = snapshot.tagged.get(intent.intent_id)
    if intent.state != "UNKNOWN" or intent.intent_id in snapshot.seen or not tagged:
        return False
    return all(one.status in UNFILLED and one.filled == 0 for one in tagged)


def _end(intent: Intent, tagged: Iterable[broker.OrderReport], now_ns: int) -> Event:
    account, intent_id = intent.order.account, intent.intent_id
    if any(one.status == "rejected" for one in tagged):
        reason = OVER.format("rejected")
        return OrderRejected(now_ns, account, intent_id, ORDER_REJECTED, reason)
    return OrderCancelled(now_ns, account, intent_id, OVER.format("cancelled"))
