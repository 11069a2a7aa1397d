"""Spans of time: joined, taken away from one another, and which of the gaps are holes.

A night is not a hole, and neither is a weekend. With a calendar in `[trading_day]` the sessions of
that exchange count. Without one the noon of each weekday counts, in the zone of `[trading_day]`.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from tapewire.common.calendars.hours import Hours
from tapewire.common.calendars.sessions import NS_PER_S, Session
from tapewire.common.config.ledger import DayConfig

NOON: Final = time(12)
SATURDAY: Final = 5


class Span(NamedTuple):
    """From a time (UTC nanoseconds, included) to another (not included)."""

    from_ns: int
    to_ns: int


def joined(spans: Iterable[tuple[int, int]]) -> list[Span]:
    """The same time in as few spans as there can be, in order."""
    found: list[Span] = []
    for from_ns, to_ns in sorted(spans):
        if found and from_ns <= found[-1].to_ns:
            found[-1] = Span(found[-1].from_ns, max(to_ns, found[-1].to_ns))
        elif from_ns < to_ns:
            found.append(Span(from_ns, to_ns))
    return found


def without(span: Span, covered: Iterable[Span]) -> list[Span]:
    """What of a span is in none of others, which are in order."""
    found, from_ns = [], span.from_ns
    for one in covered:
        found.append(Span(from_ns, min(one.from_ns, span.to_ns)))
        from_ns = max(from_ns, one.to_ns)
    found.append(Span(from_ns, span.to_ns))
    return [one for one in found if one.from_ns < one.to_ns]


def gaps(spans: Iterable[Span]) -> list[Span]:
    """What lies between spans."""
    ordered = joined(spans)
    return without(Span(ordered[0].from_ns, ordered[-1].to_ns), ordered) if ordered else []


class Market:
    """When a market is open, by the trading day that is configured. Raises `ConfigError` for a
    calendar that cannot be read."""

    def __init__(self, config: DayConfig) -> None:
        self._zone = ZoneInfo(config.zone)
        calendar = config.calendar
        self._hours = Hours(calendar, closed=config.closed) if calendar else None

    def is_open_in(self, span: Span) -> bool:
        """Whether it is open at some time of a span; by weekdays, whether it is noon in it."""
        return any(
            one.opens_ns < span.to_ns and span.from_ns < one.closes_ns
            for one in self._sessions(span)
        )

    def has_session(self, span: Span) -> bool:
        """Whether the middle of a session is in a span."""
        middles = ((one.opens_ns + one.closes_ns) // 2 for one in self._sessions(span))
        return any(span.from_ns <= middle < span.to_ns for middle in middles)

    def _sessions(self, span: Span) -> Iterator[Session]:
        """The sessions around a span, maybe some more; by weekdays each is a moment at noon."""
        if self._hours is None:
            yield from self._noons(span)
            return
        try:
            one = self._hours.at(span.from_ns) or self._hours.after(span.from_ns)
            while one is not None and one.opens_ns < span.to_ns:
                yield one
                one = self._hours.after(one.opens_ns)
        except LookupError:  # years that the calendar does not know
            yield from self._noons(span)

    def _noons(self, span: Span) -> Iterator[Session]:
        day, last = _date(span.from_ns) - timedelta(1), _date(span.to_ns) + timedelta(1)
        while day <= last:
            if day.weekday() < SATURDAY:
                noon_ns = int(datetime.combine(day, NOON, self._zone).timestamp()) * NS_PER_S
                yield Session(day, noon_ns, noon_ns + 1)
            day += timedelta(1)


def _date(ts_ns: int) -> date:
    return datetime.fromtimestamp(ts_ns // NS_PER_S, UTC).date()
