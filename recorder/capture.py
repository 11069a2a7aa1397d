"""Capture: the sockets that the recorder listens to, emptied at each turn in the fewest calls.

A reader that wakes for each message pays for a turn each time. The recorder is in no hurry, so it
takes at each turn, 50 ms apart, all that has come: what comes meanwhile waits in the sockets, which
hold `bus.messages_max` messages each. Nothing is decoded here, and not even the frames of a message
are counted, as asking for that costs as much as to receive one: every message of the group has two,
and `segments.messages` can tell a topic from a body.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import zmq

from tapewire.common.bus.transport import NOBLOCK, opened

TAKEN_MAX: Final = 50_000  # frames of one socket in a turn: a block is not without bounds
_receive: Final = zmq.backend.Socket.recv


class Capture:
    """Sockets as a byte stream of the transport, which asks for what is ready once per turn."""

    def __init__(self, sources: Iterable[tuple[str, Sequence[bytes]]], messages_max: int) -> None:
        """`sources` are endpoints, each with the topics to read there."""
        self._context = zmq.Context()
        self._sockets = []
        for endpoint, topics in sources:
            socket = opened(self._context, "sub", messages_max)
            for topic in topics:
                socket.setsockopt(zmq.SUBSCRIBE, topic)
            socket.connect(endpoint)
            self._sockets.append(socket)

    def fileno(self) -> int:
        """None: it is asked at every turn, however long that has waited."""
        return -1

    def wants_write(self) -> bool:
        """It only reads."""
        return False

    def ready(self) -> list[list[bytes]]:
        """All frames that have come, as one message; nothing where none has."""
        frames: list[bytes] = []
        for socket in self._sockets:
            _drain(socket, frames)
        return [frames] if frames else []

    def write(self, data: bytes) -> bool:
        """It only reads."""
        return False

    def close(self) -> None:
        """Listen no more."""
        self._context.destroy(linger=0)


def _drain(socket: "zmq.Socket[bytes]", frames: list[bytes]) -> None:
    add = frames.append
    try:
        for _ in range(TAKEN_MAX // 2):
            add(_receive(socket, NOBLOCK))
            add(_receive(socket, NOBLOCK))
    except zmq.Again:
        pass
