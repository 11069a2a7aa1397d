"""One round of a reconciliation: both pictures, as the broker's lists are read."""

from typing import Final

from tapewire.common.accounting.book import Key
from tapewire.common.accounting.compare import Picture, Seen
from tapewire.common.clock import Now
from tapewire.common.events import ForeignOrderReported, OrderConflict
from tapewire.common.events.reconciliation import Trigger
from tapewire.gateway import broker
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.orders.registry import Registry

WORKING: Final = "working"
ROUND_MAX_NS: Final = 60_000_000_000
"""How long a round waits for lists to end and for positions to come to rest."""


class Round:
    """One reconciliation that is under way."""

    def __init__(self, trigger: Trigger, name: str, begun: Now, positions: int) -> None:
        self.trigger = trigger
        self.id = name
        self.begun = begun
        self.positions = positions  # the number of the list that answers for them
        self.ours, self.theirs = Picture(), Picture()
        self.listed = False  # orders and executions
        self.missing: list[str] = []  # what the broker did not list to its end
        self.looked_mono_ns = 0

    def is_late(self, now: Now) -> bool:
        """Whether to stop waiting."""
        return now.mono_ns - self.begun.mono_ns > ROUND_MAX_NS

    def note(self, report: broker.BrokerEvent, registry: Registry) -> None:
        """Put what is listed into both pictures: `registry` has what was known before."""
        if isinstance(report, broker.OrderReport) and report.listed:
            self._note_order(report, registry)
        elif isinstance(report, broker.ExecutionReport) and report.listed:
            key, exec_id = (report.account, report.symbol), report.exec_id
            self.theirs.executions[exec_id] = key
            if registry.counts(exec_id):
                self.ours.executions.setdefault(exec_id, key)

    def _note_order(self, report: broker.OrderReport, registry: Registry) -> None:
        intent, found = registry.identify(report)
        # A combo's conflict is about all of its account, as `OrderConflict` is.
        key = (report.account, "" if found == "other" and report.legs else report.symbol)
        if intent is None:
            if report.is_open:
                known = registry.orders.foreign.is_open(*report.names)
                name = ForeignOrderReported.id_of(*report.names)
                self._both(name, key, WORKING if known else "", WORKING)
        elif found == "same":
            self._note_own(intent, report)
        elif found == "other" and report.is_open:
            name = OrderConflict.id_of(intent.intent_id, report.permanent_id)
            known = name in registry.orders.conflicts
            self._both(name, key, "conflict" if known else "", "conflict")

    def _note_own(self, intent: Intent, report: broker.OrderReport) -> None:
        """An order of ours that works; or one that is over, and worked as far as was known. That
        it is over counts in the list of those alone, which has no order ids: anywhere else it may
        have ended just now."""
        key = (intent.order.account, intent.order.symbol)
        if report.is_open:
            self._both(intent.intent_id, key, word_of(intent), WORKING)
        elif report.status in broker.OVER and not report.order_id and intent.live:
            self._both(intent.intent_id, key, word_of(intent), report.status)

    def _both(self, name: str, key: Key, mine: str, its: str) -> None:
        """Put an order into both pictures; without a word for it, it is missing in ours."""
        if mine:
            self.ours.orders.setdefault(name, Seen(*key, mine))
        self.theirs.orders[name] = Seen(*key, its)


def word_of(intent: Intent) -> str:
    """What we knew of an order: one that waits for its first answer is taken as working."""
    return WORKING if intent.state in ("ACCEPTED", "INTENDED") else intent.state
