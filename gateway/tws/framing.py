"""TWS's framing: a 4-byte big-endian length, then that many bytes of NUL-ended fields."""

from typing import Final

from tapewire.gateway.broker import BrokerError

FRAME_MAX_BYTES: Final = 0xFFFFFF  # the API's own bound, 16 MiB - 1


class FramingError(BrokerError):
    """The stream cannot be split into frames any more; the connection must be closed."""


class FrameReader:
    """Splits a byte stream into payloads, wherever TCP cut it.

    The buffer is walked by offset and cut once a call, so a burst costs no copies of its rest.
    """

    def __init__(self) -> None:
        self._rest = b""

    @property
    def waiting(self) -> int:
        """How many bytes there are of a frame that is not complete yet."""
        return len(self._rest)

    def join(self, data: bytes) -> bytes:
        """What was left over, with `data` behind it; hand back by `keep` what is not used."""
        return self._rest + data if self._rest else data

    def keep(self, rest: bytes) -> None:
        """Bytes of a frame that is not complete yet."""
        self._rest = rest

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that are complete with `data`; raises `FramingError` past the bound."""
        buffer = self.join(data)
        payloads: list[bytes] = []
        offset = 0
        while (payload := payload_at(buffer, offset)) is not None:
            payloads.append(payload)
            offset += 4 + len(payload)
        self.keep(buffer[offset:])
        return payloads


def payload_at(buffer: bytes, offset: int) -> bytes | None:
    """The payload of the frame at `offset`; None if it is not complete."""
    start = offset + 4
    if start > len(buffer):
        return None
    length = int.from_bytes(buffer[offset:start], "big")
    if length > FRAME_MAX_BYTES:
        raise FramingError(f"frame of {length} bytes, expected at most {FRAME_MAX_BYTES}")
    stop = start + length
    return buffer[start:stop] if stop <= len(buffer) else None


def frame(payload: bytes) -> bytes:
    """`payload` with its length before it."""
    return len(payload).to_bytes(4, "big") + payload
