"""Windows of time: what the values of the last seconds or minutes come to, value by value.

Each value goes in once and out once. Sums are in floating point, so over values that are not binary
fractions they may differ from a sum done afresh in the last digits.
"""

from collections import deque
from math import isnan
from typing import Final

from tapewire.common.patterns.figures import FigureKind
from tapewire.common.patterns.partials import NAN, Tally

WINDOW_MAX: Final = 100_000
"""The values that a window keeps; beyond that the oldest go, and are counted."""


class Sum:
    """The total, the mean or the number of the values that are at most `over_ns` old."""

    def __init__(self, figure: FigureKind, over_ns: int, tally: Tally) -> None:
        self._figure, self._over_ns, self._tally = figure, over_ns, tally
        self._values: deque[tuple[int, float]] = deque()
        self._total = 0.0

    def add(self, ts: int, value: float) -> None:
        """Take the value of an event."""
        if isnan(value):  # unknown
            return
        self._values.append((ts, value))
        self._total += value
        if len(self._values) > WINDOW_MAX:
            self._total -= self._values.popleft()[1]
            self._tally.window += 1

    def value(self, ts: int) -> float:
        """What it is at a time."""
        values, from_ns = self._values, ts - self._over_ns
        while values and values[0][0] < from_ns:
            self._total -= values.popleft()[1]
        if not values:
            self._total = 0.0
        if self._figure == "total":
            return self._total
        if self._figure == "count":
            return float(len(values))
        return self._total / len(values) if values else NAN


class Extreme:
    """The highest of the values that are at most `over_ns` old, or with `sign` -1 the lowest."""

    def __init__(self, sign: int, over_ns: int, tally: Tally) -> None:
        self._sign, self._over_ns, self._tally = sign, over_ns, tally
        self._falling: deque[tuple[int, float]] = deque()

    def add(self, ts: int, value: float) -> None:
        """Take the value of an event; none that a newer one surpasses is kept."""
        if isnan(value):  # unknown
            return
        falling, signed = self._falling, value * self._sign
        while falling and falling[-1][1] <= signed:
            falling.pop()
        falling.append((ts, signed))
        if len(falling) > WINDOW_MAX:
            falling.popleft()
            self._tally.window += 1

    def value(self, ts: int) -> float:
        """What it is at a time; NaN where there is none."""
        falling, from_ns = self._falling, ts - self._over_ns
        while falling and falling[0][0] < from_ns:
            falling.popleft()
        return falling[0][1] * self._sign if falling else NAN


Window = Sum | Extreme


def window(figure: FigureKind, over_ns: int, tally: Tally) -> Window:
    """An empty window of this kind."""
    if figure in ("highest", "lowest"):
        return Extreme(1 if figure == "highest" else -1, over_ns, tally)
    return Sum(figure, over_ns, tally)
