"""Two requests at the same moment, in an order that a test decides."""

from collections.abc import Callable
from threading import Thread

from tapewire.common.clock import Now


class Meanwhile:
    """The time `now`. When it is looked at for the `at`th time, another request begins on a thread
    of its own; it gets so long to end before the first goes on, unless the first keeps it out."""

    def __init__(self, now: Now, other: Callable[[], object], *, at: int = 1) -> None:
        self._now = now
        self._looks_left = at
        self.thread = Thread(target=other)

    def __getattr__(self, name: str) -> int:
        self._looks_left -= 1
        if self._looks_left == 0:
            self.thread.start()
            self.thread.join(0.05)
        return int(getattr(self._now, name))
