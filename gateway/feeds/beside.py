"""What comes beside ticks, on topics of its own: `midpoint.SYMBOL`, `irregular.SYMBOL` and
`generic.SYMBOL`.

A topic is made while it has a reader. One that joins gets the newest midpoint, and the newest of
each value, at once; of trades nothing is repeated, since whoever reads them may add them up.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from tapewire.common.bus.sequenced import Sequenced
from tapewire.common.events import Event, GenericTick, IrregularTrade, Midpoint

Noted = Midpoint | IrregularTrade | GenericTick
NOTED: Final = (Midpoint, IrregularTrade, GenericTick)
KINDS: Final = {Midpoint: "midpoint", IrregularTrade: "irregular", GenericTick: "generic"}
"""What the topic of each kind begins with, before its symbol."""
REPEATED: Final = frozenset({"midpoint", "generic"})
VALUES_MAX: Final = 200
"""Values of one symbol, by name: more than TWS has."""


class Beside:
    """The topics of one gateway."""

    def __init__(self, topics: Sequenced) -> None:
        self._topics = topics
        self._readers = Counter[str]()  # by topic
        self._newest: dict[str, dict[str, Event]] = {}  # by topic, and by name if it has several

    def joined(self, topic: str) -> Iterator[list[bytes]]:
        """One more reader of a topic; the frames of what is newest, for it."""
        self._readers[topic] += 1
        if topic in self._newest:
            yield self._topics.again(topic, [*self._newest[topic].values()])

    def left(self, topic: str) -> None:
        """A reader of a topic has left."""
        self._readers[topic] -= 1
        if self._readers[topic] <= 0:
            del self._readers[topic]

    def came(self, events: Iterable[Noted]) -> Iterator[list[bytes]]:
        """The frames of what has come, for topics that are read."""
        found: dict[str, list[Event]] = {}
        for event in events:
            kind = KINDS[type(event)]
            topic = f"{kind}.{event.symbol}"
            found.setdefault(topic, []).append(event)
            if kind in REPEATED:
                known, name = self._newest.setdefault(topic, {}), getattr(event, "kind", "")
                if name in known or len(known) < VALUES_MAX:
                    known[name] = event
        for topic, several in found.items():
            if topic in self._readers:
                yield self._topics.frames(topic, several)

    def forget(self, symbol: str) -> None:
        """The line of a symbol is closed: what was newest will soon be old."""
        for kind in REPEATED:
            self._newest.pop(f"{kind}.{symbol}", None)
