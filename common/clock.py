"""Where time comes from: the system's clocks live, a virtual one in back-tests and simulations.

A computer has two times. The wall clock says what time it is; a person, NTP or daylight saving may
set it forwards or back. The monotonic clock only ever advances, but its zero means nothing. So
stamps are wall time, and every interval, lease, retry and time-out is monotonic time: setting the
wall clock back an hour must not make a flatten's next attempt an hour late. The order of events is
neither: it is the journal's sequence.
"""

import time
from typing import Protocol

import msgspec


class Now(msgspec.Struct, frozen=True, gc=False):
    """One moment, as both clocks show it. Nanoseconds; `wall_ns` since the epoch, UTC."""

    wall_ns: int
    mono_ns: int

    def __add__(self, passed_ns: int) -> "Now":
        """The moment `passed_ns` later, if nobody sets the wall clock meanwhile."""
        return Now(self.wall_ns + passed_ns, self.mono_ns + passed_ns)


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> Now:
        """The moment it is."""

    def now_ns(self) -> int:
        """Wall time alone, nanoseconds since the epoch, UTC: for stamps."""

    def mono_ns(self) -> int:
        """Monotonic time alone, nanoseconds since some point: for intervals."""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> Now:
        """The moment it is."""
        return Now(time.time_ns(), time.monotonic_ns())

    now_ns = staticmethod(time.time_ns)
    mono_ns = staticmethod(time.monotonic_ns)
    """Since the machine was started; the same for all its processes."""


class VirtualClock:
    """Time that moves only when it is set. Its wall clock can be set, as a person may."""

    def __init__(self, start_ns: int = 0) -> None:
        self._mono_ns = start_ns
        self._ahead_ns = 0

    def now(self) -> Now:
        """The moment it was last set to."""
        return Now(self._mono_ns + self._ahead_ns, self._mono_ns)

    def now_ns(self) -> int:
        """Wall time, nanoseconds since the epoch."""
        return self._mono_ns + self._ahead_ns

    def mono_ns(self) -> int:
        """Monotonic time; it started at the wall clock's first reading."""
        return self._mono_ns

    def advance_to(self, mono_ns: int) -> None:
        """Move to `mono_ns`; an earlier time is ignored."""
        self._mono_ns = max(self._mono_ns, mono_ns)

    def step_wall(self, by_ns: int) -> None:
        """Set the wall clock `by_ns` forwards, or back where that is negative."""
        self._ahead_ns += by_ns
