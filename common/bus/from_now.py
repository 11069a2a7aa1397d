"""A reader of a journaled stream that wants no past: it begins with the first heartbeat."""

from collections.abc import Iterator

from tapewire.common.bus import wire
from tapewire.common.bus.streams import Follower
from tapewire.common.events import Event, Heartbeat
from tapewire.common.runtime.journal import Head


class FollowerFromNow(Follower):
    """Follows a source from its journal's end, as the first heartbeat names it. From there on it
    is a follower like any other: nothing is missed, over gaps and restarts of the source."""

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self._begun = False

    def on_batch(self, batch: wire.Batch) -> Iterator[Event]:
        """See `Follower.on_batch`."""
        return super().on_batch(batch) if self._begun else iter(())

    def on_heartbeat(self, beat: Heartbeat, epoch: str) -> None:
        """See `Follower.on_heartbeat`."""
        if not (self._begun or beat.fault):
            self._begun = True
            self.begin(Head(beat.seq, beat.chain))
        super().on_heartbeat(beat, epoch)
