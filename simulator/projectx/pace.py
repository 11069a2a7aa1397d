"""The Gateway's limits on requests: 50 for bars in 30 seconds, 200 of all others in 60."""

from collections import deque
from typing import Final, NamedTuple

from tapewire.simulator.projectx.words import NS_PER_S


class Limit(NamedTuple):
    """At most so many requests in any stretch of so many seconds."""

    requests: int
    seconds: int


HISTORY: Final = Limit(50, 30)
OTHERS: Final = Limit(200, 60)


class Window:
    """The requests of the stretch that ends now. One that is refused is not counted."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._served: deque[int] = deque()

    def wait_s(self, now_ns: int) -> int:
        """Count a request: 0 if it may be served, or after how many seconds it may."""
        stretch_ns = self._limit.seconds * NS_PER_S
        while self._served and now_ns - self._served[0] >= stretch_ns:
            self._served.popleft()
        if len(self._served) >= self._limit.requests:
            return -(-(self._served[0] + stretch_ns - now_ns) // NS_PER_S)
        self._served.append(now_ns)
        return 0
