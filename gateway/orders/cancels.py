"""Cancels that the broker was asked for: each ends with its order, or is rejected.

A cancel is not on disk: one that is lost with its connection is asked for again by whoever wanted
it. On a connection that holds it may be lost too, and the broker then says nothing for as long as
the order works. So a cancel without an effect is asked about like an order without an answer. If
the broker, which had time to read it, lists the order as working and not as being cancelled, it
never had the cancel, and that is reported.
"""

from typing import Final

from tapewire.common.clock import Now
from tapewire.common.events import Event, OrderCancelRejected
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.orders.snapshot import Snapshot

IGNORED: Final = (
    "the order still works, after the broker was asked to cancel it and answered queries"
)


class Cancels:
    """The cancels of one connection that have no end yet. None of it is durable."""

    def __init__(self, answer_ns: int) -> None:
        self._answer_ns = answer_ns
        self._asked: dict[str, tuple[Intent, int]] = {}  # by intent, and since when (monotonic)

    def asked(self, intent: Intent, now: Now) -> None:
        """The broker is asked to cancel an order."""
        self._asked[intent.intent_id] = (intent, now.mono_ns)

    def ended(self, intent: Intent) -> None:
        """The broker has answered the cancel of an order."""
        self._asked.pop(intent.intent_id, None)

    def forget(self) -> None:
        """The connection is gone."""
        self._asked.clear()

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
