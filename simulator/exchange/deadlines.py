"""What happens at a time: the close, the open, the end of a good-till-date order."""

import heapq
from collections.abc import Callable
from itertools import count


class Deadlines:
    """Actions in order of their time; within one time, in the order in which they were set."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Callable[[], object]]] = []
        self._numbers = count()

    def at(self, due_ns: int, action: Callable[[], object]) -> None:
        """Do something at `due_ns`, or at the first chance after it."""
        heapq.heappush(self._heap, (due_ns, next(self._numbers), action))

    def due_ns(self) -> int | None:
        """When the next action is due."""
        return self._heap[0][0] if self._heap else None

    def run(self, now_ns: int) -> None:
        """Do what is due."""
        while self._heap and self._heap[0][0] <= now_ns:
            heapq.heappop(self._heap)[2]()
