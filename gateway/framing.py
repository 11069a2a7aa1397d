"""TWS's framing: a 4-byte big-endian length, then that many bytes of NUL-ended fields."""

from typing import Final

FRAME_MAX_BYTES: Final = 0xFFFFFF  # the API's own bound, 16 MiB - 1


class FramingError(ValueError):
    """The stream cannot be split into frames any more; the connection must be closed."""


class FrameReader:
    """Splits a byte stream into payloads, wherever TCP cut it.

    The buffer is walked by offset and cut once a call, so a burst costs no copies of its rest.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads that are complete with `data`; raises `FramingError` past the bound."""
        buffer = self._rest + data if self._rest else data
        payloads: list[bytes] = []
        start, end = 0, len(buffer)
        while end - start >= 4:
            length = int.from_bytes(buffer[start : start + 4], "big")
            if length > FRAME_MAX_BYTES:
                raise FramingError(f"frame of {length} bytes, expected at most {FRAME_MAX_BYTES}")
            stop = start + 4 + length
            if stop > end:
                break
            payloads.append(buffer[start + 4 : stop])
            start = stop
        self._rest = buffer[start:]
        return payloads


def frame(payload: bytes) -> bytes:
    """`payload` with its length before it."""
    return len(payload).to_bytes(4, "big") + payload
