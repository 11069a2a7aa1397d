"""Back-off: how long to wait before the next attempt, longer each time and different for each.

What failed at the same moment must not come back at the same moment. So each wait is drawn from the
upper half of its range (jitter), with a generator that its owner seeds.
"""

from random import Random
from typing import Final

FIRST_NS: Final = 100_000_000
MAX_NS: Final = 10_000_000_000


class BackOff:
    """Waits that double from `first_ns` to `max_ns`; `seed` decides the jitter."""

    def __init__(self, seed: str, first_ns: int = FIRST_NS, max_ns: int = MAX_NS) -> None:
        self._first_ns = first_ns
        self._max_ns = max_ns
        self._random = Random(seed)

    def wait_ns(self, attempt: int) -> int:
        """How long to wait after the `attempt`-th failure, from 1: between half and all of
        `first_ns` doubled `attempt` - 1 times, at most `max_ns`."""
        doubled = min(max(attempt, 1) - 1, 62)
        longest_ns = min(self._first_ns << doubled, self._max_ns)
        return round(longest_ns * self._random.uniform(0.5, 1.0))
