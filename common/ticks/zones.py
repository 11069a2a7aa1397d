"""The times of many rows at once: what `moment_of` makes of each, by the zone of each."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final, NamedTuple

import numpy as np

from tapewire.common.ticks.stamps import EPOCH, NS_PER_S, offset_of, whole_ns
from tapewire.common.ticks.table import Times

NS_PER_MINUTE: Final = 60 * NS_PER_S
NS_PER_HOUR: Final = 60 * NS_PER_MINUTE


class Moments(NamedTuple):
    """Moments in UTC nanoseconds, and by how much the clock of each is ahead."""

    ns: Times
    offset_ns: Times


def in_zone(local_ns: Times, zone: tzinfo) -> tuple[Times, Times]:
    """By how much the clocks of a zone are ahead when they show these times: the first time that
    they do, and the second."""
    if isinstance(zone, timezone):  # of one offset
        fixed = np.full_like(local_ns, whole_ns(zone.utcoffset(None)))
        return fixed, fixed
    first = _by_hour(local_ns, lambda local: offset_of(local, zone))
    second = _by_hour(local_ns, lambda local: offset_of(local.replace(fold=1), zone))
    return first, second


def offsets_at(ns: Times, zone: tzinfo) -> Times:
    """By how much the clocks of a zone are ahead at these moments, in UTC."""
    return _by_hour(ns, lambda plain: plain.replace(tzinfo=UTC).astimezone(zone).utcoffset())


def moments_of(local_ns: Times, first: Times, second: Times) -> Moments:
    """Moments of local times. Where clocks were put back, a time means the second moment if the
    first one would be before the row above."""
    ns, offsets = local_ns - first, first.copy()
    for row in np.flatnonzero(first > second).tolist():
        later_ns = local_ns[row] - second[row]
        if row and ns[row] < ns[row - 1] <= later_ns:
            ns[row], offsets[row] = later_ns, second[row]
    return Moments(ns, offsets)


Offset = Callable[[datetime], timedelta | None]


def _by_hour(times: Times, offset: Offset) -> Times:
    """The offset of each time, looked up once per hour; once per minute where it changes in it."""
    hours, places = np.unique(times // NS_PER_HOUR, return_inverse=True)
    first = _at_minutes(hours * 60, offset)
    found = first[places]
    changed = (first != _at_minutes(hours * 60 + 59, offset))[places]
    minutes, places = np.unique(times[changed] // NS_PER_MINUTE, return_inverse=True)
    found[changed] = _at_minutes(minutes, offset)[places]
    return found


def _at_minutes(minutes: Times, offset: Offset) -> Times:
    found = [offset(EPOCH + timedelta(minutes=minute)) for minute in minutes.tolist()]
    return np.array([*map(whole_ns, found)], np.int64)
