"""Hours: the sessions of a calendar or of each weekday, with times and days of one's own."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec.structs import replace

from tapewire.common.calendars import library
from tapewire.common.calendars.library import Listing, years_of
from tapewire.common.calendars.renewed import Renewed
from tapewire.common.calendars.sessions import NS_PER_S, Session, Sessions

DAY: Final = timedelta(days=1)
SATURDAY: Final = 5
OWN: Final = "the market"
"""What hours without a calendar are called."""


def own_time(key: str, text: str) -> time | None:
    """A local time such as 15:10; None for an empty text. ValueError names the key."""
    if not text:
        return None
    try:
        return time.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{key} is {text!r:.80}; expected a time of day such as 15:10") from error


class Hours:
    """When a market is open.

    `opens` and `closes` take the place of the calendar's own, except where a day of the calendar
    opens later or closes earlier than usual. `early_closes` go before both. Raises ValueError for
    hours that are not complete or a zone that does not exist, and `ConfigError` for a calendar that
    cannot be read.
    """

    def __init__(
        self,
        calendar: str = "",
        opens: time | None = None,
        closes: time | None = None,
        zone: str = "",
        closed: Collection[date] = (),
        early_closes: Mapping[date, time | None] | None = None,
        load: Callable[[str, int], Listing] = library.load,
    ) -> None:
        self.name = calendar or OWN
        self._opens, self._closes = opens, closes
        self._closed, self._early = frozenset(closed), dict(early_closes or {})
        if not calendar and (opens is None or closes is None or not zone):
            raise ValueError("there is no calendar; name one, or give opens, closes and zone")
        if opens is not None and closes is None:
            raise ValueError("opens is given without closes; give both, or closes alone")
        self._calendar, self._load = calendar, load
        this_year = date.today().year  # a replay asks for others by itself
        self._zone = _zone(zone or load(calendar, this_year).zone)
        prepare = (lambda year: load(calendar, year)) if calendar else (lambda _year: None)
        self._tables = Renewed(self._table, prepare)

    def at(self, ts_ns: int) -> Session | None:
        """The session that a moment is in, a break included; None if the market is closed. Raises
        LookupError where that is not known."""
        return self._known(ts_ns).at(ts_ns)

    def after(self, ts_ns: int) -> Session | None:
        """The first session that opens after a moment; None where it is not known."""
        return self._known(ts_ns).after(ts_ns)

    def _known(self, ts_ns: int) -> Sessions:
        sessions = self._tables.at(ts_ns)
        if not sessions.knows(ts_ns):
            raise LookupError(
                f"{library.MODULE} does not know when {self.name} is open today; install a newer"
                " release of it, or give opens, closes and zone without a calendar"
            )
        return sessions

    def _table(self, year: int) -> Sessions:
        if not self._calendar:
            first, last = years_of(year)
            return Sessions(self._mended(_weekdays(first, last)), first, last)
        listing = self._load(self._calendar, year)
        return Sessions(self._mended(listing.sessions), listing.first, listing.last)

    def _mended(self, sessions: Iterable[Session]) -> Iterator[Session]:
        """The sessions with the own days and hours, as far as there are any."""
        for one in sessions:
            if one.day not in self._closed:
                opens_ns, closes_ns = self._opens_ns(one), self._closes_ns(one)
                if opens_ns < closes_ns:  # a half day may be over before the own hours begin
                    yield replace(one, opens_ns=opens_ns, closes_ns=closes_ns)

    def _opens_ns(self, one: Session) -> int:
        if self._opens is None or self._closes is None:
            return one.opens_ns
        overnight = self._closes <= self._opens
        own_ns = _at(one.day - DAY if overnight else one.day, self._opens, self._zone)
        return max(own_ns, one.opens_ns) if one.is_cut else own_ns

    def _closes_ns(self, one: Session) -> int:
        early = self._early.get(one.day)
        if early is not None:
            return _at(one.day, early, self._zone)
        if self._closes is None:
            return one.closes_ns
        own_ns = _at(one.day, self._closes, self._zone)
        return min(own_ns, one.closes_ns) if one.is_cut else own_ns


def _weekdays(first: date, last: date) -> Iterator[Session]:
    """A session for each day from Monday to Friday, without times."""
    for number in range((last - first).days + 1):
        day = first + number * DAY
        if day.weekday() < SATURDAY:
            yield Session(day, 0, 0)


def _at(day: date, at: time, zone: tzinfo) -> int:
    return int(datetime.combine(day, at, zone).timestamp()) * NS_PER_S


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(
            f"zone is {name!r:.80}; expected a time zone such as America/New_York"
        ) from error
