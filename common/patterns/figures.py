"""Figures: what the events before the one in hand come to, over a time or over the day.

A figure never includes the event that is in hand. So `trade.price > highest(trade.price, "day")` is
a break of the day's high. A window of `5s` has the events that are at most 5 s older than the one
in hand. A day begins at midnight in `zone`.
"""

from typing import Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tapewire.common.patterns.durations import duration_ns
from tapewire.common.patterns.expressions import (
    At,
    Condition,
    PatternError,
    Value,
    as_value,
)
from tapewire.common.patterns.sources import Source

FigureKind = Literal["highest", "lowest", "total", "mean", "count", "last"]
DAY: Final = "day"


class Figure(Value[Any]):
    """One figure of `of`, a value or, for a count, a condition. `over_ns` is 0 for a day in
    `zone`; the last value is over no time."""

    def __init__(
        self, figure: FigureKind, of: Value[Any] | Condition[Any], over: str, zone: str
    ) -> None:
        inside = [one for one in of.walk() if isinstance(one, Figure | At)]
        if inside:
            raise PatternError(f"{figure} of {of}: {inside[0]} cannot be part of another figure")
        if len(of.kinds) != 1:
            raise PatternError(f"{figure} of {of}: it must be about the events of one kind")
        if figure not in ("count", "last") and getattr(of, "type", "number") != "number":
            raise PatternError(f"{figure} of {of}, which is not a number")
        self.figure, self.of = figure, of
        self.type = of.type if figure == "last" and isinstance(of, Value) else "number"
        self.over_ns = 0 if over in (DAY, "") else duration_ns(f"{figure} over", over)
        self.zone = _zone(zone)
        span = f", {over}" if over else ""
        where = f" {zone}" if over == DAY and zone != "UTC" else ""
        self.key = f"{figure}({of.key}{span}{where})"

    @property
    def is_of_day(self) -> bool:
        """Whether it begins with each day."""
        return not self.over_ns and self.figure != "last"

    def __str__(self) -> str:
        return f"{self.figure}({self.of})"

    @property
    def source(self) -> Any:
        """The kind of the events that it is made of."""
        return next(iter(self.of.kinds))


def highest(value: Value[Any], over: str, *, zone: str = "UTC") -> Value[Any]:
    """The highest over "5m", or since the "day" began; unknown where there was none."""
    return Figure("highest", as_value(value), over, zone)


def lowest(value: Value[Any], over: str, *, zone: str = "UTC") -> Value[Any]:
    """The lowest; as `highest`."""
    return Figure("lowest", as_value(value), over, zone)


def total(value: Value[Any], over: str, *, zone: str = "UTC") -> Value[Any]:
    """The sum; 0 where there was none."""
    return Figure("total", as_value(value), over, zone)


def mean(value: Value[Any], over: str, *, zone: str = "UTC") -> Value[Any]:
    """The mean of the values, each counting once; unknown where there was none."""
    return Figure("mean", as_value(value), over, zone)


def count(what: Condition[Any] | Source[Any], over: str, *, zone: str = "UTC") -> Value[Any]:
    """How many events there were for which a condition holds."""
    given = what.any if isinstance(what, Source) else what
    if not isinstance(given, Condition):
        raise PatternError(f"count of {given!s:.60}; it needs a condition or a source")
    return Figure("count", given, over, zone)


def last(value: Value[Any]) -> Value[Any]:
    """The value that the newest event before this one has: `last(quote.ask)` while a trade is in
    hand is the ask at that moment. Unknown before the first, and where that has none."""
    return Figure("last", as_value(value), "", "UTC")


def _zone(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (ValueError, ZoneInfoNotFoundError) as error:
        raise PatternError(f"zone is {zone!r:.60}; name one such as America/New_York") from error
