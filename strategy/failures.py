"""How often a strategy's callbacks raised, and when that is often enough to stop it for a while."""

from collections.abc import Callable
from typing import Any

from tapewire.common.clock import Now
from tapewire.common.config.settings import StrategyConfig
from tapewire.common.delivery.breaker import Change, CircuitBreaker
from tapewire.strategy.loading.faults import Failure, failure

Report = Callable[[Failure], None]
"""Receives each exception that a callback raised."""


class Failures:
    """Counts what the callbacks of a strategy raise. `failures_max` of them within
    `failures_window_ms` stop it for `failures_pause_ms`; then it is tried again.

    A strategy that is not set up would raise in every callback, each time with another error than
    the one that matters. So an `on_start` that raises stops it at once, and for good.
    """

    def __init__(self, config: StrategyConfig, report: Report) -> None:
        self.count = 0
        self.stops = 0  # how often it was stopped
        self.last: Failure | None = None
        self.is_set_up = True
        self.stopped = False
        """Whether the strategy receives nothing now."""
        self.on_trial = False
        """Whether it receives something again, and the next failure stops it."""
        self._strategy = config.name
        self._allowed = config.failures_max
        self._window_s = config.failures_window_ms / 1000
        self._report = report
        self._circuit = CircuitBreaker(
            f"strategy.{config.name}", config.failures_max,
            config.failures_window_ms * 1_000_000, config.failures_pause_ms * 1_000_000,
        )  # fmt: skip

    def __str__(self) -> str:
        if self.last is None:
            return ""
        strategy, error = f"strategy {self._strategy}", self.last.error
        if not self.is_set_up:
            return f"{strategy} was stopped: its on_start raised {error}"
        times = f"{self.count} failure{'s' * (self.count > 1)}"
        if self.stopped:
            return f"{strategy} was stopped after {times}, the last: {error}"
        if self.stops:
            return f"{strategy} was stopped for a while after {times}, the last: {error}"
        return (
            f"{strategy} continues after {times}, is stopped after {self._allowed} within"
            f" {self._window_s:g} s, the last: {error}"
        )

    @property
    def name(self) -> str:
        """The circuit's name."""
        return self._circuit.name

    def add(self, error: BaseException, subject: Any, now: Now) -> None:
        """A callback raised `error` when it was called with `subject`."""
        self.count += 1
        self._circuit.failed(now.mono_ns, repr(error)[:200])
        number = self._allowed if self.on_trial else self._circuit.failures
        self.last = failure(self._strategy, error, subject, number, self._allowed)
        self._look()
        self._report(self.last)

    def add_not_set_up(self, error: BaseException) -> None:
        """`on_start` raised."""
        self.count += 1
        self.is_set_up, self.stopped = False, True
        self.stops += 1
        self.last = failure(self._strategy, error, "on_start", 1, 1)
        self._report(self.last)

    def resumes(self, now: Now) -> bool:
        """Whether a pause is over at this moment."""
        if not (self.stopped and self.is_set_up and self._circuit.allows(now.mono_ns)):
            return False
        self._look()
        return True

    def succeeded(self) -> None:
        """A callback did not raise while it was on trial."""
        self._circuit.succeeded()
        self._look()

    def take_changes(self) -> list[Change]:
        """The steps of the circuit since they were last taken."""
        return self._circuit.take_changes()

    def _look(self) -> None:
        stopped = self._circuit.state == "OPEN"
        self.stops += stopped and not self.stopped
        self.stopped, self.on_trial = stopped, self._circuit.state == "HALF_OPEN"
