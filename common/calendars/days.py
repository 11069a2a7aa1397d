"""The trading days of an exchange: on which days it has a session."""

from bisect import bisect_left
from collections.abc import Callable, Collection
from datetime import date, time
from typing import Final

from tapewire.common.accounting.trading_days import Days, trading_days
from tapewire.common.calendars import library
from tapewire.common.calendars.library import Listing
from tapewire.common.calendars.renewed import SPARE_DAYS, Renewed
from tapewire.common.calendars.sessions import midnight_ns
from tapewire.common.errors import ConfigError

Load = Callable[[str, int], Listing]
SHIFT_NS: Final = 1  # a session has its close not in it
EDGE: Final = 2 * SPARE_DAYS  # sessions


class ExchangeDays:
    """The days on which the calendar `name` has a session, without those that are `closed`, and
    with those that are `added`. Raises `ConfigError` where there is no such calendar.

    Where the library knows nothing, each day counts for itself: what was traded has to be counted
    somewhere.
    """

    def __init__(
        self,
        name: str,
        closed: Collection[date] = (),
        added: Collection[date] = (),
        load: Load = library.load,
    ) -> None:
        self._name, self._load = name, load
        self._closed, self._added = frozenset(closed), frozenset(added)
        self._tables = Renewed(self._table, lambda year: load(name, year))

    def day_from(self, day: date) -> date:
        """The first day with a session that is not before `day`."""
        first, last, days = self._tables.at(midnight_ns(day))
        number = bisect_left(days, day)
        return days[number] if first <= day <= last and number < len(days) else day

    def _table(self, year: int) -> tuple[date, date, list[date]]:
        listing = self._load(self._name, year)
        days = {one.day for one in listing.sessions} - self._closed | self._added
        return listing.first, listing.last, sorted(days)


def exchange_days(
    name: str,
    year: int,
    zone: str = "",
    ends: str = "",
    closed: Collection[date] = (),
    added: Collection[date] = (),
    load: Load = library.load,
    where: str = "trading_day",
) -> Days:
    """The trading day of a moment by a calendar: what comes after `ends` in `zone` counts for the
    next day that has a session. Both are the calendar's own where they are empty. The sessions
    around `year` show whether it can be so: raises `ConfigError` if a day ends within one, which
    names the table `where` it is written."""
    try:
        listing = load(name, year)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error
    zone, ends = zone or listing.zone, ends or listing.ends
    days = ExchangeDays(name, closed, added, load)
    day_of = trading_days(zone, time.fromisoformat(ends), days.day_from)
    days.day_from(date(year, 1, 1))  # the table of that year; its edges belong to others
    for one in listing.sessions[EDGE:-EDGE]:
        if day_of(one.opens_ns) != day_of(one.closes_ns - SHIFT_NS):
            raise ConfigError(
                f"{where}.ends is {ends} in {zone}, which is within the session of {name} on"
                f" {one.day}; it must be a time at which {name} is closed"
            )
    return day_of
