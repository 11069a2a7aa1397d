"""Silence: which of the processes that a strategy follows have not been heard of for too long.

On one machine a process that falls silent has died, and whoever needs it says so. Between hosts
silence may be the network: then a strategy would decide on a market that it does not see, and its
signals would expire on their way. So on a far host it does not trade while anybody that it follows
is silent.

A heartbeat counts from when it was sent, not from when it came: what a network has held back for a
while says that the process lived then. Both times are home's.
"""

from collections.abc import Iterable

from tapewire.common.clock import Now
from tapewire.common.events import Heartbeat

NS_PER_MS = 1_000_000


class Silence:
    """When each of `sources` was heard of last. Without `after_ms` silence does not matter."""

    def __init__(self, sources: Iterable[str], after_ms: int | None) -> None:
        self.matters = after_ms is not None
        self._after_ns = (after_ms or 0) * NS_PER_MS
        self._sources = tuple(sources)
        self._said_ns: dict[str, int] = {}  # monotonic

    def __repr__(self) -> str:
        return f"<Silence of {', '.join(self._sources)}>"

    def heard(self, source: str, beat: Heartbeat, now: Now) -> None:
        """A heartbeat came."""
        if self.matters:
            on_its_way_ns = max(0, now.wall_ns - beat.ts_ns)
            said_ns = now.mono_ns - on_its_way_ns
            self._said_ns[source] = max(said_ns, self._said_ns.get(source, said_ns))

    def reason(self, mono_ns: int) -> str:
        """Who is silent, in a sentence; empty if nobody is."""
        silent = [
            f"{source} has been silent for {(mono_ns - self._said_ns[source]) / 1e9:.0f} s"
            for source in self._sources
            if mono_ns - self._said_ns.get(source, mono_ns) >= self._after_ns
        ]
        return "; ".join(silent)
