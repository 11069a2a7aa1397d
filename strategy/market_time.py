"""The time by which a strategy's timers go: the process's clock, or that of a recording.

It is the clock until the first tick of a recording has come. From then on it is the newest time
that a tick was of, so time passes with ticks alone. Ticks of several symbols that were read at once
come one symbol after the other: an older time than the newest one changes nothing.
"""

from tapewire.common.clock import Now
from tapewire.strategy.timing import Timers


class MarketTime:
    """Tells the time to `timers`, which have to go on as another clock takes over."""

    def __init__(self, timers: Timers) -> None:
        self.own_ns: int | None = None  # of a recording; None where the market is the present one
        self._timers = timers

    def timers_ns(self, now: Now) -> int:
        """What time it is for them, on a clock whose zero means nothing."""
        return now.mono_ns if self.own_ns is None else self.own_ns

    def pass_to(self, own_ns: int, now: Now) -> None:
        """A tick of a recording is of this time."""
        if self.own_ns is None:
            self._timers.shift(own_ns - now.mono_ns)
            self.own_ns = own_ns
        self.own_ns = max(self.own_ns, own_ns)
