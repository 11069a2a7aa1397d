"""How often a strategy's callbacks raised, and when that is often enough to stop it."""

from collections.abc import Callable
from typing import Any

from tapewire.strategy.loading.faults import Failure, failure

Report = Callable[[Failure], None]
"""Receives each exception that a callback raised."""


class Failures:
    """Counts what the callbacks of `strategy` raise; after `allowed` of them it is stopped.

    A strategy that is not set up would raise in every callback, each time with another error than
    the one that matters. So an `on_start` that raises stops it at once.
    """

    def __init__(self, strategy: str, allowed: int, report: Report) -> None:
        self.count = 0
        self.last: Failure | None = None
        self.is_set_up = True
        self._strategy = strategy
        self._allowed = allowed
        self._report = report

    def __str__(self) -> str:
        if self.last is None:
            return ""
        strategy, error = f"strategy {self._strategy}", self.last.error
        if not self.is_set_up:
            return f"{strategy} was stopped: its on_start raised {error}"
        times = f"{self.count} failure{'s' * (self.count > 1)}"
        if self.stopped:
            return f"{strategy} was stopped after {times}, the last: {error}"
        return (
            f"{strategy} continues after {times}, is stopped after {self._allowed},"
            f" the last: {error}"
        )

    @property
    def stopped(self) -> bool:
        """Whether the strategy receives nothing more."""
        return self.count >= self._allowed

    def add(self, error: BaseException, subject: Any) -> None:
        """A callback raised `error` when it was called with `subject`."""
        self.count += 1
        self.last = failure(self._strategy, error, subject, self.count, self._allowed)
        self._report(self.last)

    def add_not_set_up(self, error: BaseException) -> None:
        """`on_start` raised."""
        self.is_set_up, self._allowed = False, 1
        self.add(error, "on_start")
