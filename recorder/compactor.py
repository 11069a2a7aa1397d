"""When segments are made into Parquet: as soon as one is closed, by a process of its own.

Decoding in the recorder's process would keep it from emptying its sockets, and its memory would
stay. The process that does it is nicer than all others and ends when it is done. Nobody waits for
it, and it may be killed at any point (see `compaction`). Where it fails, because the disk is full
for example, it is tried again, later each time.
"""

from collections.abc import Callable
from typing import Final, Protocol

from tapewire.common.clock import Now

AGAIN_NS: Final = 10_000_000_000
AGAIN_MAX_NS: Final = 3_600_000_000_000
FAILED: Final = 1
"""An exit status."""


class Job(Protocol):
    """A process that was started."""

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""

    def terminate(self) -> None:
        """End it."""


class Compactor:
    """Starts the job when there is something to do, one at a time. Times are monotonic."""

    def __init__(self, start: Callable[[], Job], *, pending: bool) -> None:
        self.failures = 0
        """How often it has failed since it last succeeded."""
        self._start = start
        self._pending = pending
        self._job: Job | None = None
        self._again_ns = 0

    def closed(self) -> None:
        """A segment waits to be compacted."""
        self._pending = True

    def tick(self, now: Now) -> bool:
        """Once per turn; whether a job has ended in it."""
        if self._job is not None:
            status = self._job.poll()
            if status is None:
                return False
            self._job = None
            self._ended(status, now)
            return True
        if self._pending and now.mono_ns >= self._again_ns:
            self._pending = False
            try:
                self._job = self._start()
            except OSError:  # no memory, or no room for another process
                self._ended(FAILED, now)
        return False

    def stop(self) -> None:
        """End what runs: the next start does it again."""
        if self._job is not None:
            self._job.terminate()

    def _ended(self, status: int, now: Now) -> None:
        if not status:
            self.failures = 0
            return
        self._pending = True
        self._again_ns = now.mono_ns + min(AGAIN_NS << self.failures, AGAIN_MAX_NS)
        self.failures += 1
