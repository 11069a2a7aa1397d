"""Times as files write them, to UTC nanoseconds, and back for people."""

import re
from datetime import UTC, datetime
from typing import Final

_WHOLE: Final = re.compile(r"\d+")
_POINT: Final = re.compile(r"(\d+)\.(\d{1,9})\d*")
_FRACTION: Final = re.compile(r"(.*:\d\d)[.,](\d{1,9})\d*(.*)")
_UNITS: Final = ((10**17, 1), (10**14, 1_000), (10**11, 1_000_000), (0, 10**9))
"""From which epoch on, and the nanoseconds of its unit then: ns, us, ms, s."""


def stamp_ns(text: str) -> int:
    """UTC nanoseconds of an epoch (s, ms, us or ns, told apart by its size) or of an ISO text.

    A text without a zone is UTC; eight digits are a day. Raises ValueError.
    """
    text = text.strip()
    if _WHOLE.fullmatch(text) and len(text) != 8:
        value = int(text)
        return value * unit_of(value)
    point = _POINT.fullmatch(text)
    if point is not None:
        return int(point[1]) * 10**9 + int(point[2].ljust(9, "0"))
    nanoseconds = 0
    fraction = _FRACTION.fullmatch(text)
    if fraction is not None:  # `datetime` would cut it to microseconds
        text, nanoseconds = fraction[1] + fraction[3], int(fraction[2].ljust(9, "0"))
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp()) * 10**9 + nanoseconds


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
