"""Circuits: every change of a circuit breaker of a process becomes an event, with its reason."""

from collections.abc import Callable, Iterable
from typing import Any

from tapewire.common.bus.router import EventRouter
from tapewire.common.clock import Now
from tapewire.common.delivery.breaker import Change
from tapewire.common.events import TEXT_MAX, CircuitChanged
from tapewire.common.runtime.metrics import Metrics


class Circuits:
    """Numbers the changes of one process (`prefix` is its own at each start), counts them, and
    gives each to `say`."""

    def __init__(
        self, prefix: str, metrics: Metrics, say: Callable[[CircuitChanged], None]
    ) -> None:
        self._prefix = prefix
        self._metrics = metrics
        self._say = say
        self._number = 0

    def retry(self, routers: Iterable[EventRouter[*tuple[Any, ...]]], now: Now) -> None:
        """Try again what handlers failed on and is due, and take note of their circuits."""
        for router in routers:
            if router.is_at_ease:  # as in almost every turn
                continue
            router.retry(now.mono_ns)
            for name, change in router.guard.take_changes():
                self.changed(name, change, now)

    def changed(self, name: str, change: Change, now: Now) -> None:
        """The breaker `name` has changed."""
        self._number += 1
        self._metrics.count("circuit_changes", label=f"{name}.{change.after}")
        before, after, reason = change
        key = f"{self._prefix}-{self._number}"
        self._say(CircuitChanged(now.wall_ns, key, name, before, after, reason[:TEXT_MAX]))
