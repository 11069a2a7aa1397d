"""Recording: when what came is written, put on the disk, and closed; and what a full disk does.

It decides; a `Segment` writes. Everything that was taken from the sockets is handed to the system
in the same turn, so whoever kills the process costs only what it had not taken. At most
`SYNC_EVERY_NS` later it is on the disk, so a loss of power costs no more than that.

What could go wrong: the disk fills. The recorder is a guest on the disk that trading needs, so it
stops long before (`free_halt_mb`), and goes on by itself (`free_resume_mb`). If a write fails all
the same, the segment is closed with what was whole before, and nothing is recorded until there is
room. What comes meanwhile is taken and counted, not kept: left in the sockets it would only be lost
later, and with it what comes when there is room again. The seqs of the streams show the hole.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol

from tapewire.common.clock import Now
from tapewire.common.config.recorder import RecorderConfig
from tapewire.common.events import ProcessState
from tapewire.common.runtime.disk import MB, Disk
from tapewire.recorder.segments import VERSION, Header, block_piece, header_piece

SYNC_EVERY_NS: Final = 1_000_000_000
AGAIN_NS: Final = 5_000_000_000
"""How long after a write that failed the next one is tried."""
NS_PER_MINUTE: Final = 60_000_000_000


class Segment(Protocol):
    """A segment that is being written; what fails raises `OSError`."""

    @property
    def size_bytes(self) -> int:
        """How much is in it."""

    def append(self, piece: bytes) -> None:
        """Write a piece behind the others; all of it, or nothing."""

    def sync(self) -> None:
        """Have it on the disk."""

    def close(self) -> None:
        """It gets no more: it may become Parquet."""


Begin = Callable[[str, bytes], Segment]
"""Begins the segment of this name with these bytes; raises `OSError`."""


class Recording:
    """Records frames in segments. Intervals are by the monotonic clock."""

    def __init__(self, config: RecorderConfig, epoch: str, begin: Begin, disk: Disk) -> None:
        self.messages = 0
        self.unrecorded = 0
        """Messages that came while nothing could be written."""
        self.closed = 0
        """Segments that have been closed."""
        self._epoch = epoch
        self._begin = begin
        self._disk = disk
        self._segment_bytes = config.segment_mb * MB
        self._segment_ns = round(config.segment_minutes * NS_PER_MINUTE)
        self._segment: Segment | None = None
        self._number = 0
        self._blocks = 0
        self._head = b""
        self._begun_ns = 0
        self._unsynced_ns: int | None = None  # since when something is not on the disk
        self._fault = ""
        self._again_ns = 0

    @property
    def state(self) -> tuple[ProcessState, str]:
        """READY while it records; HALTED with the reason while it cannot."""
        reason = self._fault or self._disk.reason
        return ("HALTED", f"not recording: {reason}") if reason else ("READY", "")

    def take(self, frames: list[bytes], now: Now) -> None:
        """What one drain of the sockets brought: topic, body, topic, body and so on."""
        count = len(frames) // 2
        if self._disk.reason or now.mono_ns < self._again_ns:
            self.unrecorded += count
            return
        try:
            self._append(frames, now)
        except OSError as error:
            self._failed(error, now)
            self.unrecorded += count
        else:
            self._fault = ""
            self.messages += count

    def tick(self, now: Now) -> None:
        """Once per turn: look at the disk, and do what is due."""
        self._disk.look(now)
        if self._fault and now.mono_ns >= self._again_ns and not self._disk.reason:
            self._fault = ""  # the next message is the next attempt
        if self._segment is None:
            return
        try:
            if self._is_over(now):
                self._close()
            elif self._unsynced_ns is not None and now.mono_ns >= self._unsynced_ns + SYNC_EVERY_NS:
                self._segment.sync()
                self._unsynced_ns = None
        except OSError as error:
            self._failed(error, now)

    def stop(self) -> str:
        """Close the segment; returns what that leaves undone, in a sentence."""
        if self._segment is None:
            return ""
        try:
            self._close()
        except OSError as error:
            return f"the segment is left open: {error.strerror}"
        return ""

    def _append(self, frames: list[bytes], now: Now) -> None:
        if self._segment is None:
            self._number += 1
            self._blocks = 0
            self._head = header_piece(Header(VERSION, self._epoch, self._number, now.wall_ns))
            self._segment = self._begin(f"{self._epoch}-{self._number:06d}", self._head)
            self._begun_ns = now.mono_ns
        self._segment.append(block_piece(self._head, self._blocks + 1, now.wall_ns, frames))
        self._blocks += 1
        if self._unsynced_ns is None:
            self._unsynced_ns = now.mono_ns

    def _is_over(self, now: Now) -> bool:
        assert self._segment is not None
        is_old = now.mono_ns - self._begun_ns >= self._segment_ns
        return is_old or bool(self._disk.reason) or self._segment.size_bytes >= self._segment_bytes

    def _close(self) -> None:
        segment, self._segment = self._segment, None
        self._unsynced_ns = None
        if segment is not None:
            segment.close()
            self.closed += 1

    def _failed(self, error: OSError, now: Now) -> None:
        """Give the segment up, with what is whole in it, and try again with another one later."""
        self._fault = f"the disk does not take it: {error.strerror or error}"
        self._again_ns = now.mono_ns + AGAIN_NS
        with suppress(OSError):  # else it is left open, as by a process that was killed
            self._close()
