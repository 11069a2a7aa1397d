"""Trading hours, in the words of TWS: `20261125:0400-20261125:2000;20261126:CLOSED`.

The days and times are those of the exchange, in a time zone that TWS names beside them. Older
versions write `20261125:0930-1600`, several stretches of a day with commas between.
"""

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tapewire.common.events import OpenHours

CLOSED: Final = "CLOSED"
NS_PER_S: Final = 1_000_000_000


def zone_of(name: str) -> ZoneInfo | None:
    """The time zone that TWS means: `US/Eastern`, `EST (Eastern Standard Time)`; None where nobody
    here knows it."""
    known = name.partition(" (")[0].strip()
    try:
        return ZoneInfo(known) if known else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def read_hours(text: str, zone: ZoneInfo) -> tuple[OpenHours, ...]:
    """The stretches in which it trades, in TWS's order; raises ValueError for anything else."""
    found = []
    for day in filter(None, text.split(";")):
        date, _, times = day.partition(":")
        if times == CLOSED:
            continue
        for stretch in times.split(","):
            first, _, last = stretch.partition("-")
            found.append(_stretch(date, first, last, zone))
    return tuple(found)


def _stretch(date: str, first: str, last: str, zone: ZoneInfo) -> OpenHours:
    """From `first` to `last`, times of the day `date`, or of a day that `last` names itself."""
    opens = _moment(date, first, zone)
    end_date, _, end_time = last.rpartition(":")
    closes = _moment(end_date or date, end_time, zone)
    if closes <= opens and not end_date:  # over midnight
        closes = _moment(date, last, zone, later=timedelta(days=1))
    if closes <= opens:
        raise ValueError(f"hours from {date}:{first} to {last} end before they begin")
    return OpenHours(_ns(opens), _ns(closes))


def _moment(date: str, time: str, zone: ZoneInfo, later: timedelta = timedelta()) -> datetime:
    if len(date) != len("20261125") or len(time) != len("0930"):  # strptime takes fewer digits too
        raise ValueError(f"hours have the moment {date}:{time}, expected one such as 20261125:0930")
    return (datetime.strptime(f"{date}{time}", "%Y%m%d%H%M") + later).replace(tzinfo=zone)


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * NS_PER_S
