"""What was spent of the Gateway's limit on requests, by this process and by those before it.

The Gateway counts requests in any 60 seconds, whichever process sent them. One that starts does not
know what the one before it has sent, and would be turned away with its first orders. So the time of
each request is kept in a file: a ring of as many as may go in a stretch.

It is written without fsync, and so outlives a process, not the machine: after a power cut the
machine takes longer to start than the stretch is.
"""

import os
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Protocol

TIME: Final = struct.Struct("<q")


class Spent(Protocol):
    """When requests were sent; times are monotonic, which all processes of a machine share."""

    def times(self) -> Iterable[int]:
        """When those before this start were sent, as far as they may count; the oldest first."""

    def note(self, now_ns: int, count: int) -> None:
        """So many are sent now."""


class NothingSpent:
    """Nobody sent any before, and none has to be remembered."""

    def times(self) -> Iterable[int]:
        """See `Spent.times`."""
        return ()

    def note(self, now_ns: int, count: int) -> None:
        """See `Spent.note`."""


NOTHING_SPENT: Final = NothingSpent()


class SpentFile:
    """Keeps the last `most` times in the file at `path`, which is made if it is not there."""

    def __init__(self, path: Path, most: int, now_ns: int) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._most = most
        data = os.pread(self._descriptor, most * TIME.size, 0)
        whole = data[: len(data) // TIME.size * TIME.size]
        kept = [sent_ns for (sent_ns,) in TIME.iter_unpack(whole)]
        # A time ahead of now is of before a start of the machine.
        self._times = sorted(one for one in kept if 0 < one <= now_ns)
        self._next = kept.index(self._times[-1]) + 1 if self._times else 0

    def times(self) -> Iterable[int]:
        """See `Spent.times`."""
        return self._times

    def note(self, now_ns: int, count: int) -> None:
        """See `Spent.note`."""
        for _ in range(count):
            place = self._next % self._most
            os.pwrite(self._descriptor, TIME.pack(now_ns), place * TIME.size)
            self._next = place + 1
