"""Topics: what is read through here, so that each is subscribed once at its source.

XPUB reports each reader that subscribes to a topic and each that leaves, be it that its process has
died. The first reader of a topic subscribes it at the source, and the last one that leaves ends
that. A reader in between changes nothing there. But it must get the last values, which the gateway
sends whenever somebody subscribes. So the topic is *touched* for it: a second socket subscribes it
and leaves at once. The gateway counts one more and one less, and publishes what is newest, under
the seq that it has now. The first subscription stays meanwhile, so that nobody misses a message.

The alternative would be to keep the last values here. They would be of an earlier moment than what
comes next, and the reader would take what lies between for a loss.
"""

from collections import Counter
from typing import Final, Literal

TOPICS_MAX: Final = 20_000
"""So many topics at most are read through one socket; a further one is not subscribed."""
JOINED: Final = 1

Step = Literal["subscribe", "touch", "unsubscribe", ""]
"""What is to be done at the source."""


class Topics:
    """How many read each topic of one socket."""

    def __init__(self, topics_max: int = TOPICS_MAX) -> None:
        self._readers: Counter[bytes] = Counter()
        self._topics_max = topics_max
        self.refused = 0

    def __len__(self) -> int:
        return len(self._readers)

    def __repr__(self) -> str:
        return f"<Topics: {len(self)} read>"

    def changed(self, frame: bytes) -> Step:
        """A reader has come or gone, as XPUB reports it: a byte that says which, and the topic."""
        if not frame:
            return ""
        topic = frame[1:]
        return self._joined(topic) if frame[0] == JOINED else self._left(topic)

    def _joined(self, topic: bytes) -> Step:
        if topic not in self._readers and len(self._readers) >= self._topics_max:
            self.refused += 1
            return ""
        self._readers[topic] += 1
        return "subscribe" if self._readers[topic] == 1 else "touch"

    def _left(self, topic: bytes) -> Step:
        if topic not in self._readers:  # it was refused
            return ""
        self._readers[topic] -= 1
        if self._readers[topic]:
            return ""
        del self._readers[topic]
        return "unsubscribe"
