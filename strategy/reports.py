"""Reports: what a strategy's process reports to the executor, which journals it.

Each is sent again until the executor's journal has it: the socket to it may lose a message.
"""

from collections import OrderedDict
from typing import Final

from tapewire.common.clock import Now
from tapewire.common.events import CircuitChanged
from tapewire.common.unanswered import Unanswered

AGAIN_NS: Final = 500_000_000
WAITING_MAX: Final = 100


class Reports:
    """The changes of a strategy's circuit breaker that the executor has not written down yet.
    Beyond `WAITING_MAX` the oldest are given up."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, CircuitChanged] = OrderedDict()
        self._unanswered = Unanswered(AGAIN_NS)

    def add(self, change: CircuitChanged) -> None:
        """Send this one until it is in the executor's journal."""
        self._waiting[change.id] = change
        self._unanswered.add(change.id)
        if len(self._waiting) > WAITING_MAX:
            self._unanswered.answered(self._waiting.popitem(last=False)[0])

    def journaled(self, change: CircuitChanged) -> None:
        """It is in the executor's journal."""
        if self._waiting.pop(change.id, None) is not None:
            self._unanswered.answered(change.id)

    def due(self, now: Now) -> list[CircuitChanged]:
        """What is to be sent now."""
        return [self._waiting[name] for name in self._unanswered.due(now.mono_ns)]

    def sent(self, change: CircuitChanged, now: Now) -> None:
        """It was handed over."""
        self._unanswered.sent(change.id, now.mono_ns)
