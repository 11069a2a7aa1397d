"""The raw log: every message of a connection with TWS, both ways, in a bounded file; on demand.

A line has the time, the direction (`<` from TWS, `>` to it) and the fields, with `|` between them.
Account ids are masked, and so is the simulator's nonce. The file is for this user alone. When it
is full it becomes `NAME.1`, in place of the one before, and a new one begins: there are never more
than the two. Whatever goes wrong with it is no reason to stop trading: the line is lost.
"""

import contextlib
import os
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Final

from tapewire.common.clock import Clock
from tapewire.common.config.tws_address import IDENTIFY
from tapewire.common.runtime.logs import redact
from tapewire.gateway.tws.framing import FrameReader, FramingError

LINE_MAX: Final = 4096
GREETING: Final = b"API\0"


class Stream:
    """One direction of a connection, as lines."""

    def __init__(self, sign: str) -> None:
        self._sign = sign
        self._frames = FrameReader()

    def reset(self) -> None:
        """The connection is another one: what was cut off stays cut off."""
        self._frames = FrameReader()

    def lines(self, data: bytes) -> list[str]:
        """The messages that are complete with `data`."""
        data = data.removeprefix(GREETING)
        try:
            return [f"{self._sign} {shown(payload)}" for payload in self._frames.feed(data)]
        except FramingError:
            self.reset()
            return [f"{self._sign} {len(data)} bytes that are not a message"]


def shown(payload: bytes) -> str:
    """A message in a line, without what nobody else may read."""
    if payload.startswith(IDENTIFY.encode()):
        return f"{IDENTIFY}|***"
    text = payload[:LINE_MAX].decode(errors="replace").rstrip("\0").replace("\0", "|")
    cut = f" ... {len(payload)} bytes" if len(payload) > LINE_MAX else ""
    return redact("".join(one if one.isprintable() else "?" for one in text)) + cut


class RawLog:
    """Writes what a socket reads and writes to `path`, which holds up to `max_bytes`."""

    def __init__(self, path: Path, max_bytes: int, clock: Clock) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._clock = clock
        self._read, self._written = Stream("<"), Stream(">")
        self._file: TextIOWrapper | None = None

    def __repr__(self) -> str:
        return f"<RawLog {self._path}>"

    def note(self, sentence: str) -> None:
        """What happens to the connection, at its beginning and at its end."""
        self._read.reset()
        self._written.reset()
        self._append([f"- {redact(sentence)}"])
        self.close()  # a file that was removed by hand is made again for the next connection

    def close(self) -> None:
        """Close the file; the next line opens it again."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()

    def read(self, data: bytes) -> None:
        """Bytes came from TWS."""
        self._append(self._read.lines(data))

    def written(self, data: bytes) -> None:
        """Bytes go to TWS."""
        self._append(self._written.lines(data))

    def _append(self, lines: list[str]) -> None:
        if not lines:
            return
        at = datetime.fromtimestamp(self._clock.now_ns() / 1e9, UTC)
        stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        with contextlib.suppress(OSError):
            file = self._file or self._open()
            file.writelines(f"{stamp} {line}\n" for line in lines)
            file.flush()
            if file.tell() >= self._max_bytes:
                self.close()
                self._path.replace(self._path.with_name(f"{self._path.name}.1"))

    def _open(self) -> TextIOWrapper:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.fchmod(descriptor, 0o600)
        self._file = os.fdopen(descriptor, "a", encoding="utf-8")
        return self._file
