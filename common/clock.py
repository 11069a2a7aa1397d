"""Where time comes from: the system's clocks live, a virtual one in back-tests and simulations.

A computer has two times. The wall clock says what time it is; a person, NTP or daylight saving may
set it forwards or back. The monotonic clock only ever advances, but its zero means nothing. So
stamps are wall time, and every interval, lease, retry and time-out is monotonic time: setting the
wall clock back an hour must not make a flatten's next attempt an hour late. The order of events is
neither: it is the journal's sequence.
"""

import time
from collections.abc import Callable
from typing import Final, Protocol

import msgspec

READINGS: Final = 5


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


def boot_ns() -> int:
    """Monotonic time that goes on while the machine is suspended, nanoseconds since it was started:
    for what must not be young after that. Only Linux has such a clock; elsewhere the monotonic one.
    """
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(clock)


def wall_ahead_ns(
    wall: Callable[[], int] = time.time_ns, mono: Callable[[], int] = time.monotonic_ns
) -> int:
    """How far the wall clock is ahead of the monotonic one, in nanoseconds.

    Between two readings the machine may do something else for milliseconds, and what is worked out
    once from such a pair stays wrong by as much. So the wall clock is read between two readings of
    the other, `READINGS` times; the pair that lies closest together counts."""

    def read() -> tuple[int, int]:
        before_ns, wall_ns, after_ns = mono(), wall(), mono()
        return after_ns - before_ns, wall_ns - (before_ns + after_ns) // 2

    return min(read() for _ in range(READINGS))[1]


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
