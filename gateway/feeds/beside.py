"""What comes beside ticks, on topics of its own: `midpoint.SYMBOL` and `irregular.SYMBOL`.

A topic is made while it has a reader. One that joins gets the newest midpoint at once; of trades
nothing is repeated, since whoever reads them may add them up.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from tapewire.common.bus.sequenced import Sequenced
from tapewire.common.events import Event, IrregularTrade, Midpoint
from tapewire.gateway.market_feed import BesideTicks

KINDS: Final = {Midpoint: "midpoint", IrregularTrade: "irregular"}
"""What the topic of each kind begins with, before its symbol."""
REPEATED: Final = frozenset({"midpoint"})


class Beside:
    """The topics of one gateway."""

    def __init__(self, topics: Sequenced) -> None:
        self._topics = topics
        self._readers = Counter[str]()  # by topic
        self._newest: dict[str, Event] = {}  # by topic

    def joined(self, topic: str) -> Iterator[list[bytes]]:
        """One more reader of a topic; the frames of what is newest, for it."""
        self._readers[topic] += 1
        if topic in self._newest:
            yield self._topics.again(topic, [self._newest[topic]])

    def left(self, topic: str) -> None:
        """A reader of a topic has left."""
        self._readers[topic] -= 1
        if self._readers[topic] <= 0:
            del self._readers[topic]

    def came(self, events: Iterable[BesideTicks]) -> Iterator[list[bytes]]:
        """The frames of what has come, for topics that are read."""
        found: dict[str, list[Event]] = {}
        for event in events:
            kind = KINDS[type(event)]
            topic = f"{kind}.{event.symbol}"
            found.setdefault(topic, []).append(event)
            if kind in REPEATED:
                self._newest[topic] = event
        for topic, several in found.items():
            if topic in self._readers:
                yield self._topics.frames(topic, several)

    def forget(self, symbol: str) -> None:
        """The line of a symbol is closed: what was newest will soon be old."""
        for kind in REPEATED:
            self._newest.pop(f"{kind}.{symbol}", None)
