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
TOPICS_MAX_BYTES: Final = 2_000_000
"""So much they have in all, as each byte takes many in ZeroMQ's own table of them."""
TOPIC_MAX: Final = 1_024
"""Bytes of a topic: the longest are those of scans, which have all that is asked for."""
LEFT: Final = b"\0"
JOINED: Final = b"\1"

Step = Literal["subscribe", "touch", "unsubscribe", "refuse", ""]
"""What is to be done at the source."""


class Topics:
    """How many read each topic of one socket. `hosts` is for how many it is: so many times the
    topics may be read."""

    def __init__(
        self,
        topics_max: int = TOPICS_MAX,
        bytes_max: int = TOPICS_MAX_BYTES,
        *,
        hosts: int = 1,
    ) -> None:
        self._readers: Counter[bytes] = Counter()
        self.topics_max = topics_max * hosts
        self.bytes_max = bytes_max * hosts
        self._bytes = 0
        self.refused = 0

    def __len__(self) -> int:
        return len(self._readers)

    def __repr__(self) -> str:
        return f"<Topics: {len(self)} read>"

    def changed(self, frame: bytes) -> Step:
        """A reader has come or gone, as XPUB reports it: a byte that says which, and the topic. It
        also hands over what a reader sends of its own, which changes nothing."""
        kind, topic = frame[:1], frame[1:]
        if kind == JOINED:
            return self._joined(topic)
        return self._left(topic) if kind == LEFT else ""

    def _joined(self, topic: bytes) -> Step:
        is_new = topic not in self._readers
        if is_new and not self._has_room(topic):
            self.refused += 1
            return "refuse"
        self._bytes += len(topic) if is_new else 0
        self._readers[topic] += 1
        return "subscribe" if self._readers[topic] == 1 else "touch"

    def _has_room(self, topic: bytes) -> bool:
        has = len(self._readers) < self.topics_max and len(topic) <= TOPIC_MAX
        return has and self._bytes + len(topic) <= self.bytes_max

    def _left(self, topic: bytes) -> Step:
        if topic not in self._readers:  # it was refused
            return ""
        self._readers[topic] -= 1
        if self._readers[topic]:
            return ""
        del self._readers[topic]
        self._bytes -= len(topic)
        return "unsubscribe"
