"""A time of day in a time zone, such as a market's close."""

from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

NS_PER_S = 1_000_000_000
DAYS_MAX = 3  # a time of day comes within two days, wherever daylight saving moves it


class DailyTime(msgspec.Struct, frozen=True):
    """A time of day in a time zone, the same on every day of the week."""

    at: time
    zone: tzinfo

    @classmethod
    def of(cls, text: str) -> "DailyTime":
        """Read `HH:MM ZONE`, such as `16:00 America/New_York`; without a zone it is UTC. Raises
        ValueError with what was expected."""
        clock, _, zone = text.strip().partition(" ")
        try:
            return cls(time.fromisoformat(clock), ZoneInfo(zone.strip()) if zone else UTC)
        except (ValueError, ZoneInfoNotFoundError) as error:
            raise ValueError("a time such as 16:00, or 16:00 America/New_York") from error

    def next_ns(self, now_ns: int) -> int:
        """The next moment at which it is this time, after `now_ns`."""
        return next(at_ns for at_ns in self._around(now_ns) if at_ns > now_ns)

    def last_ns(self, now_ns: int) -> int:
        """The last moment at which it was this time, `now_ns` included."""
        return max(at_ns for at_ns in self._around(now_ns) if at_ns <= now_ns)

    def _around(self, now_ns: int) -> list[int]:
        """The moments of the days around it, in order. A time that daylight saving leaves out is
        taken as if the clock had not been put forward; of one that comes twice, it is the first."""
        today = datetime.fromtimestamp(now_ns // NS_PER_S, self.zone).date()
        days = (today + timedelta(days) for days in range(-DAYS_MAX, DAYS_MAX))
        moments = (datetime.combine(day, self.at, self.zone) for day in days)
        return [int(moment.timestamp()) * NS_PER_S for moment in moments]
