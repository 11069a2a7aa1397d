"""The recorder's service: what came is recorded, segments that are closed become Parquet."""

from collections.abc import Callable
from typing import Any, Final

from tapewire.common import roles
from tapewire.common.amounts import counted
from tapewire.common.bus.transport import Transport
from tapewire.common.clock import Clock, Now
from tapewire.common.events import ProcessState
from tapewire.common.runtime.service import Service
from tapewire.recorder.compactor import Compactor
from tapewire.recorder.folder import CLOSED, DAMAGED, Folder
from tapewire.recorder.recording import Recording
from tapewire.recorder.streaming import TickStream

CAPTURE: Final = "capture"


class RecorderService(Service):
    """Runs a `Recording` and a `Compactor`. It follows nobody and nobody follows it: a hole in what
    was recorded stays a hole."""

    def __init__(
        self,
        recording: Recording,
        compactor: Compactor,
        folder: Folder,
        transport: Transport,
        clock: Clock,
        *,
        epoch: str,
        wait: Callable[[float], object],
        hang_up: Callable[[], None],
        stream: TickStream | None = None,
    ) -> None:
        super().__init__(roles.RECORDER, transport, clock, epoch=epoch)
        self.recording = recording
        self.compactor = compactor
        self._folder = folder
        self._wait = wait
        self._hang_up = hang_up
        self._stream = stream
        self._closed = 0
        self._damaged = len(folder.named(DAMAGED))
        self.metrics.watch("messages_recorded", lambda: {"": recording.messages}, "counter")
        self.metrics.watch("messages_unrecorded", lambda: {"": recording.unrecorded}, "counter")
        if stream is not None:
            self.metrics.watch("ticks_streamed", lambda: {"": stream.sent}, "counter")
            self.metrics.watch("ticks_unstreamed", lambda: {"": stream.lost}, "counter")

    def turn(self, timeout_ms: int) -> None:
        """Wait the whole time, then take all that came in it: a turn for each message would cost
        more than what it takes."""
        self._wait(timeout_ms / 1000)
        super().turn(0)

    def on_frames(self, channel: str, frames: list[bytes], now: Now) -> None:
        """What the sockets brought since the last turn."""
        self.recording.take(frames, now)
        if self._stream is not None:
            self._stream.take(frames)

    def on_tick(self, now: Now) -> None:
        """Put on the disk and close what is due; see to the compaction."""
        self.recording.tick(now)
        if self._stream is not None:
            self._stream.tick()
        if self.recording.closed > self._closed:
            self._closed = self.recording.closed
            self.compactor.closed()
        if self.compactor.tick(now):
            self._damaged = len(self._folder.named(DAMAGED))

    def on_stop(self, now: Now) -> str:
        """Listen no more, and close the segment. It becomes Parquet after the next start, or by
        `tapewire data compact`."""
        self._hang_up()
        self.compactor.stop()
        unsent = self._stream.stop() if self._stream is not None else ""
        left = self.recording.stop()
        waiting = len(self._folder.named(CLOSED))
        told = f"{counted(waiting, 'segment')} not yet Parquet" if waiting else ""
        return "; ".join(filter(None, [left, told, unsent]))

    def readiness(self, now: Now) -> tuple[ProcessState, str]:
        """READY while it records; with a reason where the compaction fails, or found damage."""
        state, reason = self.recording.state
        failures, damaged = self.compactor.failures, self._damaged
        faults = [
            f"compaction has failed {failures}x; its log says why" if failures else "",
            f"{counted(damaged, 'damaged segment')}; `tapewire data verify` lists them"
            if damaged
            else "",
        ]
        return state, reason or "; ".join(filter(None, faults))

    def detail(self) -> dict[str, Any]:
        """Where it records, and how much it has."""
        return {
            "folder": str(self._folder.path),
            "messages_recorded": self.recording.messages,
            "messages_unrecorded": self.recording.unrecorded,
            "segments_closed": self.recording.closed,
        }
