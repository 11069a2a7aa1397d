"""Where time comes from: the system's clock live, a virtual one in back-tests and simulations."""

import time
from typing import Protocol


class Clock(Protocol):
    """Nanoseconds since the epoch, UTC."""

    def now_ns(self) -> int:
        """The time now."""


class SystemClock:
    """Wall time."""

    def now_ns(self) -> int:
        """The time now, in nanoseconds since the epoch."""
        return time.time_ns()


class VirtualClock:
    """Time that moves only when it is told to, and never backwards."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """The time it was last set to."""
        return self._now_ns

    def advance_to(self, now_ns: int) -> None:
        """Move to `now_ns`; an earlier time is ignored."""
        self._now_ns = max(self._now_ns, now_ns)
