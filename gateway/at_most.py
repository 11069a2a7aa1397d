"""How often something may happen: at most so many times within any span of a length."""

from collections import deque


class AtMost:
    """At most `most` times within `within_ns`. Times are monotonic, and `most` are remembered."""

    def __init__(self, most: int, within_ns: int) -> None:
        self._within_ns = within_ns
        self._happened_ns: deque[int] = deque(maxlen=most)

    def has_room(self, now_ns: int) -> bool:
        """Whether it may happen now."""
        of = self._happened_ns
        return len(of) < (of.maxlen or 0) or now_ns - of[0] >= self._within_ns

    def happened(self, now_ns: int) -> None:
        """It happens now."""
        self._happened_ns.append(now_ns)

    def clear(self) -> None:
        """What has happened does not count any more."""
        self._happened_ns.clear()
