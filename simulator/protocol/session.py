r"""One client's connection: takes bytes in any pieces, returns whole requests.

    HANDSHAKE --"API\0", versions--> GREETED --startApi--> SERVING
        \-------------- anything that cannot be --------------> CLOSED

A session never guesses where a broken stream goes on: it closes.
"""

import re
from enum import Enum

from tapewire.simulator.settings import VERSION_FLOOR

FRAME_MAX_BYTES = 64 * 1024
HANDSHAKE_MAX_BYTES = 512
RESET = "reset"
_PREFIX = b"API\0"
_VERSIONS = re.compile(rb"v(\d{1,4})(?:\.\.(\d{1,4}))?(?: .*)?")


class State(Enum):
    """The stages of a connection."""

    HANDSHAKE = "handshake"
    GREETED = "greeted"
    SERVING = "serving"
    CLOSED = "closed"


class Session:
    """The state of one connection; `conn` is its number, `version` the negotiated one."""

    def __init__(self, conn: int, version_max: int) -> None:
        self.conn = conn
        self.state = State.HANDSHAKE
        self.version = 0
        self.client_id = -1
        self.close_reason = ""
        self._version_max = version_max
        self._buffer = bytearray()

    def __repr__(self) -> str:
        return f"<Session {self.conn} {self.state.value} client {self.client_id} v{self.version}>"

    @property
    def is_reset(self) -> bool:
        """Whether the connection ends by a reset: nothing more arrives, not even its end."""
        return self.close_reason == RESET

    @property
    def is_closed(self) -> bool:
        """Whether nothing more is read from the connection."""
        return self.state is State.CLOSED

    def received(self, data: bytes) -> list[list[str]]:
        """Take bytes; returns the requests that they complete, each as its fields.

        The handshake is not a request: after it, `state` is GREETED and `version` is set.
        """
        if self.state is State.CLOSED:
            return []
        self._buffer += data
        if self.state is State.HANDSHAKE and not self._shake_hands():
            return []
        requests = []
        while (body := self._take_frame(FRAME_MAX_BYTES)) is not None:
            requests.append(body.decode("utf-8", "backslashreplace").split("\0")[:-1])
        return requests

    def started(self, client_id: int) -> None:
        """The client has sent startApi; from now on it is served."""
        self.client_id = client_id
        self.state = State.SERVING

    def close(self, reason: str) -> None:
        """End the session; the first reason is kept."""
        self.state = State.CLOSED
        self.close_reason = self.close_reason or reason
        self._buffer.clear()

    def _shake_hands(self) -> bool:
        head = bytes(self._buffer[: len(_PREFIX)])
        if not _PREFIX.startswith(head):
            self.close(f"expected a handshake, found {head!r}")
            return False
        if len(self._buffer) < len(_PREFIX) + 4:
            return False
        del self._buffer[: len(_PREFIX)]
        body = self._take_frame(HANDSHAKE_MAX_BYTES)
        if body is None:
            self._buffer[:0] = _PREFIX
            return False
        return self._agree(body)

    def _agree(self, body: bytes) -> bool:
        found = _VERSIONS.fullmatch(body.rstrip(b"\0"))
        if found is None:
            self.close(f"expected versions, found {body[:40]!r}")
            return False
        low, high = int(found[1]), int(found[2] or found[1])
        self.version = min(high, self._version_max)
        if self.version < max(low, VERSION_FLOOR):
            self.close(f"no version in common with {body[:40]!r}")
            return False
        self.state = State.GREETED
        return True

    def _take_frame(self, max_bytes: int) -> bytes | None:
        """The next frame's body; None if it is incomplete or the stream is broken."""
        if len(self._buffer) < 4:
            return None
        size = int.from_bytes(self._buffer[:4], "big")
        if not 0 < size <= max_bytes:
            self.close(f"expected a frame of 1 to {max_bytes} bytes, found {size}")
            return None
        if len(self._buffer) < 4 + size:
            return None
        body = bytes(self._buffer[4 : 4 + size])
        del self._buffer[: 4 + size]
        return body
