"""The time by which what is made of ticks goes: when they were read, or that of their recording.

A file that is played again at any speed, with `tapewire demo` or `tapewire data replay`, brings
ticks that carry the time that they are of (`market_ns`). A second of it passes within 50 ms at
twenty times its pace. Bars and timers follow that time and not a clock, so they are those of the
back-test: they end and are due between the same ticks.
"""

from msgspec.structs import replace

from tapewire.common.events import Tick


def at_own_time(tick: Tick) -> Tick:
    """The tick at the time that it is of: one of the present market is itself."""
    return tick if tick.market_ns is None else replace(tick, ts_ns=tick.market_ns)
