"""The tick that a strategy is working on: what its signals name as their cause."""

from collections.abc import Callable, Iterator
from operator import length_hint

from tapewire.common.bus.wire import Batch
from tapewire.common.events import Tick, Trade

Origin = str | tuple[Batch, str]
"""What names a message of ticks: its batch and topic, put into words only when they are needed."""


class Trigger:
    """The message in hand. `rest` iterates over what is left of `ticks`; None between messages.

    Which tick is in hand follows from what is left. So a tick that causes nothing, as almost all
    do, costs nothing here: the runner's loop does not count, and keeps no tick.
    """

    __slots__ = ("names", "origin", "rest", "ticks")

    def __init__(self) -> None:
        self.names: Callable[[int], str] | None = None  # of ticks that are not of one message
        self.origin: Origin = ""
        self.ticks: list[Tick] = []
        self.rest: Iterator[Tick] | None = None

    @property
    def tick(self) -> Tick | None:
        """The tick in hand; None outside of a message."""
        return None if self.rest is None else self.ticks[self._index()]

    def cause(self) -> tuple[str, int]:
        """The id and the time of the tick in hand."""
        tick = self.tick
        if tick is None:
            return "", 0
        index = self._index()
        name = f"{cause_of(self.origin)}/{index}" if self.names is None else self.names(index)
        return name, tick.ts_ns

    def price(self) -> float | None:
        """The price that the tick in hand shows: a trade's, or the midpoint of a full quote."""
        tick = self.tick
        if isinstance(tick, Trade):
            return tick.price
        return tick.mid if tick is not None else None

    def _index(self) -> int:
        return len(self.ticks) - length_hint(self.rest) - 1


def cause_of(origin: Origin) -> str:
    """A message's name, as signals and fills carry it."""
    if isinstance(origin, str):
        return origin
    batch, topic = origin
    return f"{batch.source}/{batch.epoch}/{topic}/{batch.seq}"
