"""TWS's framing: a 4-byte big-endian length, then that many bytes of NUL-ended fields."""

from typing import Final

from tapewire.gateway.broker import BrokerError

FRAME_MAX_BYTES: Final = 0xFFFFFF  # the API's own bound, 16 MiB - 1


class FramingError(BrokerError):
    """The stream cannot be split into frames any more; the connection must be closed."""


class FrameReader:
    """Splits a byte stream into payloads, wherever TCP cut it.

    The buffer is walked by offset and cut once a call, so a burst costs no copies of its rest. A
    frame that is not complete grows where it is: one of 16 MB may come in ten thousand reads, and
    copied at each they would be 100 GB.
    """

    def __init__(self) -> None:
        self._rest = bytearray()

    @property
    def waiting(self) -> int:
        """How many bytes there are of a frame that is not complete yet."""
        return len(self._rest)

    def complete(self, data: bytes) -> bytes:
        """What was left over, with `data` behind it, from the first frame on; empty as long as that
        is not complete. Hand back by `keep` what is not used. Raises `FramingError` past the bound.
        """
        if not self._rest and is_complete_at(data, 0):
            return data
        self._rest += data
        if not is_complete_at(self._rest, 0):
            return b""
        buffer = bytes(self._rest)
        self._rest = bytearray()
        return buffer

    def keep(self, rest: bytes) -> None:
        """Bytes of a frame that is not complete yet."""
        self._rest += rest

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that are complete with `data`; raises `FramingError` past the bound."""
        buffer = self.complete(data)
        payloads: list[bytes] = []
        offset = 0
        while (payload := payload_at(buffer, offset)) is not None:
            payloads.append(payload)
            offset += 4 + len(payload)
        self.keep(buffer[offset:])
        return payloads


def is_complete_at(buffer: bytes | bytearray, offset: int) -> bool:
    """Whether the whole frame at `offset` is there; raises `FramingError` past the bound."""
    return 0 < _stop_at(buffer, offset) <= len(buffer)


def payload_at(buffer: bytes, offset: int) -> bytes | None:
    """The payload of the frame at `offset`; None if it is not complete."""
    stop = _stop_at(buffer, offset)
    return buffer[offset + 4 : stop] if 0 < stop <= len(buffer) else None


def _stop_at(buffer: bytes | bytearray, offset: int) -> int:
    """Where the frame at `offset` ends; 0 if its length is not there yet."""
    start = offset + 4
    if start > len(buffer):
        return 0
    length = int.from_bytes(buffer[offset:start], "big")
    if length > FRAME_MAX_BYTES:
        raise FramingError(f"frame of {length} bytes, expected at most {FRAME_MAX_BYTES}")
    return start + length


def frame(payload: bytes) -> bytes:
    """`payload` with its length before it."""
    return len(payload).to_bytes(4, "big") + payload
