"""Trading days: which day a moment belongs to, by a zone and the local time at which a day ends."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

MINUTE_NS: Final = 60_000_000_000
MINUTES_KNOWN_MAX: Final = 1024
DAY_MINUTES_MAX: Final = 31 * 24 * 60
"""A day is never longer: on some exchanges the holidays before it take more than a week."""
ZONE: Final = "America/Chicago"
ENDS: Final = time(17)
"""The trading day of CME products."""
Days = Callable[[int], date]
"""The trading day of a moment, given in UTC nanoseconds."""
NO_OTHERS: Final[Mapping[str, Days]] = {}


def trading_days(
    zone: str = ZONE, ends: time = ENDS, day_from: Callable[[date], date] | None = None
) -> Days:
    """Trading days that end at a local time; what comes after it belongs to the next day.

    Every day is one, unless `day_from` says otherwise: it gives the first trading day that is not
    before a day. Where clocks are put back over `ends`, the day ends the first time: nothing counts
    for a day that is over. Raises KeyError for an unknown zone.
    """
    local, known = ZoneInfo(zone), dict[int, date]()  # by minute: no day begins within one
    rest = timedelta(hours=24) - timedelta(hours=ends.hour, minutes=ends.minute)

    def local_day(moment: datetime) -> date:
        day = moment.date()
        if ends == time(0):
            return day
        if moment.fold and datetime.combine(day, ends, local).timestamp() <= moment.timestamp():
            return day + timedelta(days=1)
        return (moment.replace(tzinfo=None) + rest).date()

    def day_of(ts_ns: int) -> date:
        minute = ts_ns // MINUTE_NS
        day = known.get(minute)
        if day is None:
            if len(known) >= MINUTES_KNOWN_MAX:
                known.clear()
            day = local_day(datetime.fromtimestamp(minute * 60, UTC).astimezone(local))
            known[minute] = day = day_from(day) if day_from is not None else day
        return day

    return day_of


class TradingDays:
    """The trading day of a moment in each account: by the account's own days where it has some, by
    those of all others where not. An account without a name stands for every account."""

    def __init__(
        self, days: Days | None = None, by_account: Mapping[str, Days] = NO_OTHERS
    ) -> None:
        self._others = days or trading_days()
        self._by_account = dict(by_account)

    def __call__(self, account: str, ts_ns: int) -> date:
        """The trading day of an account at a moment (UTC)."""
        return self.of(account)(ts_ns)

    def of(self, account: str) -> Days:
        """The trading days of one account."""
        return self._by_account.get(account, self._others)

    def earliest(self, ts_ns: int) -> date:
        """The day that is not over in every account yet: the days before it are."""
        return min(days(ts_ns) for days in (self._others, *self._by_account.values()))

    def end_ns(self, account: str, now_ns: int) -> int:
        """When the day of `now_ns` is over in an account; without a name, in every account."""
        if account:
            return next_day_ns(self.of(account), now_ns)
        every = (self._others, *self._by_account.values())
        return max(next_day_ns(days, now_ns) for days in every)


def next_day_ns(day_of: Days, now_ns: int) -> int:
    """When the trading day after the one of `now_ns` begins, to the minute."""
    minute = now_ns // MINUTE_NS
    return _edge(day_of, minute, minute + DAY_MINUTES_MAX) * MINUTE_NS


def day_began_ns(day_of: Days, now_ns: int) -> int:
    """When the trading day of `now_ns` began, to the minute."""
    minute = now_ns // MINUTE_NS
    return _edge(day_of, minute, minute - DAY_MINUTES_MAX) * MINUTE_NS + MINUTE_NS


def _edge(day_of: Days, within: int, outside: int) -> int:
    """The first minute outside of the day that `within` is in, towards `outside`."""
    today = day_of(within * MINUTE_NS)
    while abs(outside - within) > 1:
        middle = (within + outside) // 2
        if day_of(middle * MINUTE_NS) == today:
            within = middle
        else:
            outside = middle
    return outside
