"""Retries: what a handler failed on, given to it again after a while, a few times.

Only what may come twice, and out of its order, may be retried: see who uses it. Intervals are
monotonic time. What waits is bounded: beyond that, or after the last attempt, it is given up.
"""

from heapq import heappop, heappush
from itertools import count
from typing import Final, Generic, NamedTuple, TypeVar

from tapewire.common.delivery.backoff import BackOff

T = TypeVar("T")

WAITING_MAX: Final = 1000


class Waiting(NamedTuple, Generic[T]):
    """Something to be tried again; `number` keeps what is due at once in its order."""

    due_ns: int
    number: int
    attempt: int
    what: T


class Retries(Generic[T]):
    """What waits for its next attempt, of which each has at most `attempts_max` in all."""

    def __init__(self, seed: str, attempts_max: int, back_off: BackOff | None = None) -> None:
        self._attempts_max = attempts_max
        self._back_off = back_off or BackOff(seed)
        self._waiting: list[Waiting[T]] = []
        self._numbers = count()

    def __len__(self) -> int:
        return len(self._waiting)

    def failed(self, what: T, attempt: int, mono_ns: int) -> bool:
        """The `attempt`-th attempt, from 1, failed; False if it is given up."""
        if attempt >= self._attempts_max or len(self._waiting) >= WAITING_MAX:
            return False
        due_ns = mono_ns + self._back_off.wait_ns(attempt)
        heappush(self._waiting, Waiting(due_ns, next(self._numbers), attempt + 1, what))
        return True

    def due(self, mono_ns: int) -> list[Waiting[T]]:
        """What is to be tried again now, the longest due first."""
        due = []
        while self._waiting and self._waiting[0].due_ns <= mono_ns:
            due.append(heappop(self._waiting))
        return due

    def give_up(self) -> list[T]:
        """Forget all that still waits; returns it, the first due first."""
        left, self._waiting = [one.what for one in sorted(self._waiting)], []
        return left
