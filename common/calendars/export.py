"""`python -m tapewire.common.calendars.export NAME FROM TO`: a calendar of exchange_calendars, as
one JSON object on the standard output.

It is a program of its own, since the library brings pandas: some 60 MB, and a second to load. What
runs for days takes the list of times, and not the library.
"""

import sys
from datetime import date, timedelta
from typing import Any, Final

import msgspec

from tapewire.common.calendars.library import Listing
from tapewire.common.calendars.sessions import Session

RECENT: Final = timedelta(days=60)
NOT_A_TIME: Final = -(1 << 63)  # as pandas writes it
COLUMNS: Final = ("open", "close", "break_start", "break_end")


def listing(name: str, first: date, last: date) -> Listing:
    """The sessions of a calendar, as far as the library knows these years."""
    import exchange_calendars as library

    known = library.get_calendar_names(include_aliases=True)
    if name not in known:
        return Listing(known=tuple(known))
    sample = library.get_calendar(name, start=date.today() - RECENT)  # tells what it can be asked
    first, last = _within(first, last, sample.bound_min(), sample.bound_max())
    found = library.get_calendar(name, start=first, end=last) if first < last else sample
    ends = max(found.schedule["close"].dt.tz_convert(sample.tz).dt.time)
    sessions = _sessions(found) if first < last else ()
    return Listing(tuple(known), sample.tz.key, f"{ends:%H:%M}", first, last, sessions)


def _within(first: date, last: date, earliest: Any, latest: Any) -> tuple[date, date]:
    if earliest is not None:
        first = max(first, earliest.date())
    if latest is not None:
        last = min(last, latest.date())
    return first, last


def _sessions(calendar: Any) -> tuple[Session, ...]:
    """The rows of a calendar's schedule."""
    cut = {*calendar.early_closes, *calendar.late_opens}
    rows = zip(*(_ns(calendar.schedule[column]) for column in COLUMNS), strict=True)
    return tuple(
        Session(day.date(), opens, closes, day in cut, pause, resumes)
        for day, (opens, closes, pause, resumes) in zip(calendar.schedule.index, rows, strict=True)
    )


def _ns(times: Any) -> list[int]:
    """UTC in nanoseconds; 0 where there is none."""
    stamps = times.dt.as_unit("ns").astype("int64").tolist()
    return [0 if stamp == NOT_A_TIME else stamp for stamp in stamps]


def main(name: str, first: str, last: str) -> None:
    """Write it."""
    found = listing(name, date.fromisoformat(first), date.fromisoformat(last))
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
