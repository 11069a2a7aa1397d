"""The curve of a trading day: what it has come to so far, its peak, and how far below it is."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple

from tapewire.common.accounting.book import ZERO
from tapewire.common.amounts import text

POINTS_MAX: Final = 1500
EVERY_S: Final = 5


class CurvePoint(NamedTuple):
    """The net P&L of the day at a time (seconds UTC)."""

    second: int
    net: Decimal


class Curve:
    """One day's P&L over time, in one currency.

    It begins with what the executions of the day realised, and goes on with what is seen live. Once
    it has `POINTS_MAX` points every second one of its older half is dropped: a day always fits, and
    the last hours are the finest. `peak` and `drawdown_max` are of all that was seen.
    """

    def __init__(self) -> None:
        self.points: list[CurvePoint] = []
        self.peak = ZERO
        self.drawdown_max = ZERO

    @property
    def net(self) -> Decimal:
        """The newest value; 0 before the first."""
        return self.points[-1].net if self.points else ZERO

    @property
    def drawdown(self) -> Decimal:
        """How far it is below its peak of the day; the day begins at 0."""
        return self.peak - self.net

    def begin(self, points: Iterable[CurvePoint]) -> None:
        """Start over with what is known of the day, oldest first."""
        self.points.clear()
        self.peak = self.drawdown_max = ZERO
        for point in points:
            self.add(point)

    def see(self, second: int, net: Decimal) -> None:
        """The value at this moment; the newest point follows it until its time is over."""
        last = self.points[-1] if self.points else None
        if last is not None and second // EVERY_S == last.second // EVERY_S:
            self.points.pop()
        self.add(CurvePoint(second, net))

    def add(self, point: CurvePoint) -> None:
        """One more point."""
        self.points.append(point)
        self.peak = max(self.peak, point.net)
        self.drawdown_max = max(self.drawdown_max, self.drawdown)
        if len(self.points) > POINTS_MAX:
            half = len(self.points) // 2
            self.points = self.points[:half:2] + self.points[half:]

    def rows(self) -> dict[str, list[str | int]]:
        """The points as rows of a table, by their time."""
        return {str(one.second): [one.second, text(one.net)] for one in self.points}
