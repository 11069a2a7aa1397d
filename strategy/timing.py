"""Timers: the intervals at which a strategy is called."""

from typing import Final

MS: Final = 1_000_000


class Timers:
    """Intervals, and which of them have passed."""

    def __init__(self) -> None:
        self.next_ns: int | None = None
        self._due_ns: dict[int, int] = {}  # by interval, in ms

    def every(self, interval_ms: int, now_ns: int) -> None:
        """From now on so often."""
        if interval_ms < 1:
            raise ValueError(f"interval_ms is {interval_ms}, must be 1 or above")
        self._due_ns[interval_ms] = now_ns + interval_ms * MS
        self.next_ns = min(self._due_ns.values())

    def shift(self, by_ns: int) -> None:
        """From now on the clock that they go by is another one, `by_ns` ahead of the former one."""
        self._due_ns = {ms: due_ns + by_ns for ms, due_ns in self._due_ns.items()}
        self.next_ns = min(self._due_ns.values(), default=None)

    def passed(self, now_ns: int) -> list[int]:
        """The intervals that have passed; one that has more than once counts once."""
        passed = [ms for ms, due_ns in self._due_ns.items() if due_ns <= now_ns]
        for ms in passed:
            missed = (now_ns - self._due_ns[ms]) // (ms * MS)
            self._due_ns[ms] += (missed + 1) * ms * MS
        self.next_ns = min(self._due_ns.values(), default=None)
        return passed
