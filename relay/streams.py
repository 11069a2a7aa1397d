"""Streams passed on: what a source publishes, to readers that it does not see.

The readers are at an XPUB of our own. Each message goes to them as it came, frame for frame: the
epoch and the sequence numbers are the source's, so that a reader here finds a loss wherever it
happened, on this side or on the other.
"""

from collections.abc import Iterable
from typing import Final, Protocol

from tapewire.common.bus.transport import Transport
from tapewire.common.bus.wire import WireError
from tapewire.relay.topics import TOPIC_MAX, Topics

READERS: Final = ">"
SOURCE: Final = "<"
TOUCHED: Final = "?"
"""What is behind a socket's name in the names of its channels: the one that our readers are at, the
one to the source, and the one that subscribes for a moment only."""


class Subscribing(Transport, Protocol):
    """A transport with channels that subscribe."""

    def subscribe(self, channel: str, topic: bytes) -> None:
        """Read one more topic."""

    def unsubscribe(self, channel: str, topic: bytes) -> None:
        """Do not read a topic any more."""


class Stream:
    """One socket that publishes. With `touches` its source sends last values to who joins. `hosts`
    is how many hosts read it."""

    def __init__(self, name: str, transport: Subscribing, *, touches: bool, hosts: int = 1) -> None:
        self.name = name
        self.readers = f"{name}{READERS}"
        self.source = f"{name}{SOURCE}"
        self.touched = f"{name}{TOUCHED}" if touches else ""
        self.topics = Topics(hosts=hosts)
        self.passed = 0
        self._transport = transport

    def __repr__(self) -> str:
        return f"<Stream {self.name}: {self.topics!r}>"

    def changed(self, frames: list[bytes]) -> None:
        """Somebody reads a topic, or no longer. Raises `WireError` for one that cannot be read."""
        if len(frames) != 1:  # a reader can send messages of its own as well: they mean nothing
            return
        step, topic = self.topics.changed(frames[0]), frames[0][1:]
        if step == "subscribe":
            self._transport.subscribe(self.source, topic)
        elif step == "unsubscribe":
            self._transport.unsubscribe(self.source, topic)
        elif step == "touch" and self.touched:
            self._transport.subscribe(self.touched, topic)
            self._transport.unsubscribe(self.touched, topic)
        elif step == "refuse":
            raise WireError(
                f"a topic of {len(topic):,} bytes is not subscribed; {len(self.topics):,} are read"
                f" already, expected at most {self.topics.topics_max:,} of up to {TOPIC_MAX:,}"
                f" bytes each, {self.topics.bytes_max:,} in all"
            )

    def came(self, frames: list[bytes]) -> None:
        """The source has published something."""
        self._transport.send(self.readers, frames)
        self.passed += 1


def passed(streams: Iterable[Stream]) -> dict[str, int]:
    """How many messages each has passed on, by its socket."""
    return {one.name: one.passed for one in streams}


def topics(streams: Iterable[Stream]) -> dict[str, int]:
    """How many topics of each are read."""
    return {one.name: len(one.topics) for one in streams}
