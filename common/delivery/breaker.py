"""A circuit breaker: after too many failures it stops what fails, and lets it try again later.

CLOSED: everything passes, and failures are counted over a window. `failures_max` of them within
`window_ns` open it. OPEN: nothing passes until a pause is over. Then it is HALF_OPEN: what comes
is a trial. The first success closes it, the first failure opens it again, for twice as long. The
pause is back to the first one after a whole window without a failure.

Intervals are monotonic time. What has changed is kept in `changes` until its owner takes it.
"""

from collections import deque
from typing import Final, NamedTuple

from tapewire.common.delivery.backoff import BackOff
from tapewire.common.events import CircuitState

PAUSES_MAX: Final = 6  # times that the pause doubles


class Change(NamedTuple):
    """One step of a breaker, with a sentence that says why."""

    before: CircuitState
    after: CircuitState
    reason: str


class CircuitBreaker:
    """One breaker; `name` seeds the jitter of its pauses."""

    def __init__(self, name: str, failures_max: int, window_ns: int, pause_ns: int) -> None:
        self.name = name
        self.state: CircuitState = "CLOSED"
        self.changes: list[Change] = []
        self.until_ns = 0  # when the pause is over
        self._failures_max = failures_max
        self._window_ns = window_ns
        self._failed_ns: deque[int] = deque(maxlen=failures_max)
        self._last_ns = 0  # the newest failure, whatever has gone well since
        self._pauses = 0
        self._back_off = BackOff(name, pause_ns, pause_ns << PAUSES_MAX)

    def __repr__(self) -> str:
        return f"<CircuitBreaker {self.name}: {self.state}, {len(self._failed_ns)} failures>"

    @property
    def failures(self) -> int:
        """How many failures are remembered; those older than the window count only until the next
        one comes."""
        return len(self._failed_ns)

    def allows(self, mono_ns: int) -> bool:
        """Whether anything may pass now; the first question after a pause begins the trial."""
        if self.state == "OPEN" and mono_ns >= self.until_ns:
            self._change("HALF_OPEN", "the pause is over: what comes next is a trial")
        return self.state != "OPEN"

    def failed(self, mono_ns: int, reason: str) -> None:
        """Something that passed has failed; `reason` is a sentence. It changes nothing while the
        breaker is open, since that was under way already."""
        if self.state == "OPEN":
            return
        if self.state == "CLOSED" and mono_ns - self._last_ns > self._window_ns:
            self._pauses = 0
        self._last_ns = mono_ns
        self._failed_ns.append(mono_ns)
        within = mono_ns - self._failed_ns[0] <= self._window_ns
        if self.state == "HALF_OPEN" or (within and len(self._failed_ns) >= self._failures_max):
            self._open(mono_ns, reason)

    def succeeded(self) -> None:
        """Something that passed went well; if it was a trial, the breaker closes."""
        if self.state == "HALF_OPEN":
            self._failed_ns.clear()
            self._change("CLOSED", "the trial went well")

    def take_changes(self) -> list[Change]:
        """The changes since they were last taken."""
        taken, self.changes = self.changes, []
        return taken

    def _open(self, mono_ns: int, reason: str) -> None:
        if self.state == "HALF_OPEN":
            why = f"the trial failed: {reason}"
        else:
            count, seconds = len(self._failed_ns), self._window_ns / 1e9
            why = f"{count} failures within {seconds:g} s, the last: {reason}"
        self._pauses += 1
        self.until_ns = mono_ns + self._back_off.wait_ns(self._pauses)
        self._change("OPEN", why)

    def _change(self, after: CircuitState, reason: str) -> None:
        self.changes.append(Change(self.state, after, reason))
        self.state = after
