"""Topics whose messages are counted, one by one from 1, so that a reader notices a loss."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from tapewire.common.bus import wire
from tapewire.common.events import Event

OF_SYMBOLS: Final = (
    "tick", "greeks", "bar", "midpoint", "irregular", "generic", "depth", "bar5",
)  # fmt: skip
"""What such topics of the market socket begin with, before a stop and a symbol."""


class Sequenced:
    """The writing end of such topics; they go on counting when nobody reads them for a while."""

    def __init__(self, source: str, epoch: str) -> None:
        self._source = source
        self._epoch = epoch
        self._seqs = Counter[str]()  # by topic

    def frames(self, topic: str, events: Sequence[Event]) -> list[bytes]:
        """The frames of the topic's next message."""
        self._seqs[topic] += 1
        return self.again(topic, events)

    def again(self, topic: str, events: Sequence[Event]) -> list[bytes]:
        """The frames that repeat what is newest for a joiner, under the seq that it is of."""
        body = wire.encode_batch(self._source, self._epoch, self._seqs[topic], events)
        return [wire.topic(topic), body]
