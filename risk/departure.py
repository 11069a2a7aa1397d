"""Departure: since when the gateway's process is known to be over.

A process that dies takes its socket along, and can write no further byte. But the system goes on
sending what it had written, and the broker reads that when it comes to it, perhaps after what the
liquidation gateway asks by a connection of its own. Positions and orders that are listed before
then may lack an order of the dead process. So it must have been over for `WRITTEN_NS`, by which the
broker has read all that was ever written to it: the bound that a flatten goes by as well.

A gateway that dies and is started again is another one, whose time begins again.
"""

from collections.abc import Callable
from typing import Final

from tapewire.common.clock import Now

WRITTEN_NS: Final = 2_000_000_000
"""The broker has read what was written to it after this long."""
LOOK_EVERY_NS: Final = 250_000_000


class Departure:
    """`ended_start` names the newest start of the gateway if its process is over (see
    `Host.ended_start`); empty if it is not, or if nobody knows."""

    def __init__(self, ended_start: Callable[[], str]) -> None:
        self._ended_start = ended_start
        self._start = ""
        self._since_ns = 0  # monotonic
        self._next_ns = 0

    def look(self, now: Now, *, is_needed: bool) -> bool:
        """Whether the gateway is over now, and has been for so long that nothing of it is on its
        way any more. Where the answer is not needed, it looks only now and then."""
        if not is_needed and now.mono_ns < self._next_ns:
            return False
        self._next_ns = now.mono_ns + LOOK_EVERY_NS
        start = self._ended_start()
        if start != self._start:
            self._start, self._since_ns = start, now.mono_ns
        return bool(start) and now.mono_ns - self._since_ns >= WRITTEN_NS
