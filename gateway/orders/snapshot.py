"""Snapshot: asking the broker for everything it knows of orders, and noting which it names.

A snapshot answers one question: which of the orders that we are unsure of does the broker have?
Its silence about an order may only be believed when six things hold: open orders, executions and
completed orders were all listed to their ends; every message meanwhile could be read; the list was
asked for long enough after connecting for the broker to have read what an earlier connection left
in its socket; the order was not written so shortly before that the broker may not have read it; it
is not queued here, unsent; and its account is one of the login's, which may have been another one
when it was sent.

Only the lists of orders name an order. Its executions show that it existed, and not that the rest
of it still works.
"""

from collections import defaultdict
from collections.abc import Iterable

from tapewire.common.clock import Now
from tapewire.gateway import broker
from tapewire.gateway.orders.intent import Intent


class Snapshot:
    """One round of open orders, executions and completed orders of these `accounts`, on a
    connection that was made at `connected_mono_ns`. Within `settle_ns` the broker reads what lies
    in its socket. It may never send an end; after `timeout_ns` it is not waited for, and what came
    is worth nothing."""

    def __init__(
        self,
        begun: Now,
        connected_mono_ns: int,
        settle_ns: int,
        timeout_ns: int,
        accounts: Iterable[str],
    ) -> None:
        self.begun = begun
        self._accounts = frozenset(accounts)
        self.settle_ns = settle_ns
        self._connected_mono_ns = connected_mono_ns
        self._timeout_ns = timeout_ns
        self.seen: set[str] = set()  # the intents whose orders were named
        # Those of which only the tag was named, and what was said of the orders that bear it.
        self.tagged: defaultdict[str, list[broker.OrderReport]] = defaultdict(list)
        self.working: set[str] = set()  # of these, the open ones that are not being cancelled
        # Those that were reported as filled, or listed as over.
        self.over: dict[str, tuple[Intent, broker.OrderReport]] = {}
        self.executed = False  # an execution came that was not known
        self.unreadable = False  # something came that could not be read, perhaps an order
        self._open: set[broker.Query] = {"open_orders", "executions", "completed_orders"}

    def note(self, event: broker.BrokerEvent) -> None:
        """Take note of a report while the snapshot is under way."""
        if isinstance(event, broker.QueryComplete):
            self._open.discard(event.query)
        elif isinstance(event, broker.Unreadable):
            self.unreadable = True

    @property
    def complete(self) -> bool:
        """Whether all three ends have come."""
        return not self._open

    @property
    def whole(self) -> bool:
        """Whether all three ends have come, and everything before them could be read."""
        return self.complete and not self.unreadable

    @property
    def settled(self) -> bool:
        """Whether the broker had read before what an earlier connection left in its socket."""
        return self.begun.mono_ns - self._connected_mono_ns >= self.settle_ns

    @property
    def believed(self) -> bool:
        """Whether its silence about an order that it could name means something."""
        return self.whole and self.settled

    @property
    def written_before_ns(self) -> int:
        """What was written before this (monotonic), the broker had read when it was asked."""
        return self.begun.mono_ns - self.settle_ns

    def could_name(self, intent: Intent) -> bool:
        """Whether it is the login's, and was not written on this connection so shortly before that
        the broker may not have read it."""
        if intent.order.account not in self._accounts:
            return False
        written = intent.written
        if written is None or written.mono_ns < self._connected_mono_ns:
            return True
        return written.mono_ns < self.written_before_ns

    @property
    def has_executions(self) -> bool:
        """Whether every execution of the broker's day has been listed and could be read."""
        return "executions" not in self._open and not self.unreadable

    def timed_out(self, now: Now) -> bool:
        """Whether to stop waiting for the ends."""
        return now.mono_ns - self.begun.mono_ns > self._timeout_ns
