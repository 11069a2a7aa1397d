"""What other threads have come to, for a service that waits for its sockets."""

import contextlib
import os
import queue
from typing import Final, Generic, TypeVar

T = TypeVar("T")


class Arrivals(Generic[T]):
    """A queue that any thread puts into. As a stream of the transport it wakes the process up."""

    def __init__(self) -> None:
        self._queue: Final[queue.SimpleQueue[T]] = queue.SimpleQueue()
        self._woken: Final = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def put(self, one: T) -> None:
        """Add to it; from any thread."""
        self._queue.put(one)
        os.eventfd_write(self._woken, 1)

    def take(self) -> list[T]:
        """All that is there, in order."""
        found = []
        while not self._queue.empty():
            found.append(self._queue.get())
        return found

    # ---- the stream ----------------------------------------------------------------------------

    def fileno(self) -> int:
        """Readable when something has arrived."""
        return self._woken

    def wants_write(self) -> bool:
        """It is only read."""
        return False

    def ready(self) -> list[list[bytes]]:
        """Nothing comes here: `take` has it."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._woken)
        return []

    def write(self, data: bytes) -> bool:
        """Nothing can be written to it as a stream."""
        return False

    def close(self) -> None:
        """Nothing to close: a thread that hangs may still put something into it."""
