"""A table of some years that is made again before they are over.

A moment out of its years has another table made, there and then. That is for the past: a journal,
or a replay. As time goes by the next years are looked up in the background, a month before they are
needed, so that nobody waits for them. Where that fails, the old table stays for an hour at a time:
it says itself what it does not know.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Thread
from typing import Final, Generic, TypeVar

from tapewire.common.calendars.library import years_of
from tapewire.common.calendars.sessions import NS_PER_S, midnight_ns
from tapewire.common.errors import ConfigError

Table = TypeVar("Table")
DAY_NS: Final = 86_400 * NS_PER_S
HOUR_NS: Final = 3600 * NS_PER_S
SPARE_DAYS: Final = 31
"""How many of the last days of a table are left to the next one."""
AHEAD_DAYS: Final = 31


def year_of(ts_ns: int) -> int:
    """The year of a moment in UTC."""
    return datetime.fromtimestamp(ts_ns // NS_PER_S, UTC).year


class Renewed(Generic[Table]):
    """`make` gives the table for a year; `prepare` is called in a thread, and makes the same for a
    later year cheap."""

    def __init__(self, make: Callable[[int], Table], prepare: Callable[[int], object]) -> None:
        self._make = make
        self._prepare = prepare
        self._table: Table | None = None
        self._from_ns = self._until_ns = self._ahead_ns = 0

    def at(self, ts_ns: int) -> Table:
        """The table that has a moment in it, with weeks around it."""
        table = self._table
        if table is None or not self._from_ns <= ts_ns < self._until_ns:
            return self._renew(ts_ns)
        if ts_ns >= self._ahead_ns:
            self._ahead_ns = self._until_ns
            Thread(target=self._prepare, args=(year_of(self._until_ns),), daemon=True).start()
        return table

    def _renew(self, ts_ns: int) -> Table:
        year = year_of(ts_ns)
        try:
            table = self._table = self._make(year)
        except ConfigError:
            if self._table is None:  # at the start a person reads it
                raise
            self._from_ns, self._until_ns = ts_ns, ts_ns + HOUR_NS
            self._ahead_ns = self._until_ns
            return self._table
        first, last = years_of(year)
        self._from_ns = midnight_ns(first) + SPARE_DAYS * DAY_NS
        self._until_ns = midnight_ns(last) - SPARE_DAYS * DAY_NS
        self._ahead_ns = self._until_ns - AHEAD_DAYS * DAY_NS
        return table
