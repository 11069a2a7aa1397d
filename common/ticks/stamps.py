"""Times as files write them, to UTC nanoseconds, and back for people."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

NS_PER_S: Final = 10**9
_WHOLE: Final = re.compile(r"\d+")
_POINT: Final = re.compile(r"(\d+)\.(\d{1,9})\d*")
_FRACTION: Final = re.compile(r"(.*:\d\d)[.,](\d{1,9})\d*(.*)")
_DAY_FIRST: Final = re.compile(r"(\d\d)\.(\d\d)\.(\d{4})(?!\d)(.*)")
_BEFORE_ZONE: Final = re.compile(r"(.*\d) ([A-Za-z+-][\w/:+-]*)")
_OFFSET: Final = re.compile(r"(?:GMT|UTC)?([+-])(\d\d):?(\d\d)")
_DAY_LENGTH: Final = 11
"""Of a date with what stands behind it; a space after that is before a zone."""
_UNITS: Final = ((10**17, 1), (10**14, 1_000), (10**11, 1_000_000), (0, 10**9))
"""From which epoch on, and the nanoseconds of its unit then: ns, us, ms, s."""
EPOCH: Final = datetime(1970, 1, 1)


class UnknownZone(ValueError):
    """The name of a time zone that is not known; says what was expected."""


class Moment(NamedTuple):
    """A moment in UTC nanoseconds, and by how much the clock that it was written by is ahead."""

    ns: int
    offset_ns: int = 0


def stamp_ns(text: str, zone: tzinfo = UTC, after_ns: int = 0) -> int:
    """UTC nanoseconds of an epoch or a text; see `moment_of`."""
    return moment_of(text, zone, after_ns).ns


def moment_of(text: str, zone: tzinfo = UTC, after_ns: int = 0) -> Moment:
    """The moment of an epoch (s, ms, us or ns, told apart by its size) or of a text: ISO, with the
    day first (08.01.2024 14:30:00), and with the name of a zone behind it.

    A text without a zone is of `zone`; eight digits are a day. Where clocks were put back, one of
    them means two moments: the first, if that is not before `after_ns`. Raises ValueError.
    """
    text = " ".join(text.split())
    if _WHOLE.fullmatch(text) and len(text) != 8:
        value = int(text)
        return Moment(value * unit_of(value))
    point = _POINT.fullmatch(text)
    if point is not None:
        return Moment(int(point[1]) * NS_PER_S + int(point[2].ljust(9, "0")))
    text, zone = _zoned(_day_last(text), zone)
    nanoseconds = 0
    fraction = _FRACTION.fullmatch(text)
    if fraction is not None:  # `datetime` would cut it to microseconds
        text, nanoseconds = fraction[1] + fraction[3], int(fraction[2].ljust(9, "0"))
    moment = datetime.fromisoformat(text)
    found = _moment_in(moment, zone, nanoseconds)
    if found.ns < after_ns and moment.tzinfo is None:
        later = _moment_in(moment.replace(fold=1), zone, nanoseconds)
        return later if later.ns >= after_ns else found
    return found


def _moment_in(moment: datetime, zone: tzinfo, nanoseconds: int) -> Moment:
    offset = moment.utcoffset() if moment.tzinfo else offset_of(moment, zone)
    passed, offset_ns = moment.replace(tzinfo=None) - EPOCH, whole_ns(offset)
    local_ns = (passed.days * 86_400 + passed.seconds) * NS_PER_S + nanoseconds
    return Moment(local_ns - offset_ns, offset_ns)


def offset_of(local: datetime, zone: tzinfo) -> timedelta | None:
    """By how much the clocks of a zone are ahead of UTC when they show this time."""
    return local.replace(tzinfo=zone).utcoffset()


def whole_ns(offset: timedelta | None) -> int:
    """An offset from UTC in nanoseconds; 0 for None."""
    return 0 if offset is None else (offset.days * 86_400 + offset.seconds) * NS_PER_S


def _day_last(text: str) -> str:
    found = _DAY_FIRST.fullmatch(text)
    return text if found is None else f"{found[3]}-{found[2]}-{found[1]}{found[4]}"


def _zoned(text: str, zone: tzinfo) -> tuple[str, tzinfo]:
    """A text without the name of its zone, and the zone."""
    found = _BEFORE_ZONE.fullmatch(text) if " " in text[_DAY_LENGTH:] else None
    return (text, zone) if found is None else (found[1], zone_in(found[2]))


def zone_in(text: str) -> tzinfo:
    """The zone that stands behind a time: Z, +01:00, GMT+0100 or US/Eastern."""
    found = _OFFSET.fullmatch(text)
    if found is None:
        return zone_of(text)
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(ahead if found[1] == "+" else -ahead)


@cache
def zone_of(name: str) -> tzinfo:
    """The zone of a name such as America/New_York; raises `UnknownZone`."""
    try:
        return UTC if name in ("", "Z", "UTC", "GMT") else ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UnknownZone(
            f"the time zone {name!r:.40} is not known; expected a name such as America/New_York"
        ) from None


def unit_of(epoch: int) -> int:
    """The nanoseconds of the unit in which an epoch is given, by its size."""
    return next(unit for least, unit in _UNITS if epoch >= least)


def iso(ts_ns: int) -> str:
    """UTC to the microsecond, such as 2013-10-07T13:30:00.000000Z."""
    return f"{_moment(ts_ns):%Y-%m-%dT%H:%M:%S.%fZ}"


def clock(ts_ns: int) -> str:
    """The time of day in UTC, to the millisecond."""
    return f"{_moment(ts_ns):%H:%M:%S.%f}"[:-3]


def _moment(ts_ns: int) -> datetime:
    seconds, rest = divmod(ts_ns, 10**9)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
