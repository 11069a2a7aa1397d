"""Schedules: what a strategy does at a time of day in a time zone, once on each day.

Whatever is scheduled at a moment must not happen twice, for it may be an order, and must not happen
long after that moment, when the market is another one. So a moment is called once the strategy can
signal, and given up when it is `late_s` too late for it. What was called is kept on disk, before
any signal of the same turn leaves: a process that dies and returns does not call it again. It is
kept only where being late is allowed, since without that a moment before the start is over anyway.

A day on which daylight saving leaves the time out has it as much later as the clock was put
forward; where it comes twice, the first counts (RFC 5545, section 3.3.5).
"""

from collections.abc import Callable
from typing import Final

import msgspec

from tapewire.common.daily_time import NS_PER_S, DailyTime
from tapewire.common.errors import ConfigError

GRACE_S: Final = 60
"""A moment that passes while the process is busy, or cannot signal yet, is called that much later
at most, if nothing else was asked for."""
LATE_MAX_S: Final = 7 * 86_400
Kept = dict[str, int]
"""By its key, the last moment of a schedule that was called or given up (UTC nanoseconds)."""


def daily(at: str, zone: str) -> DailyTime:
    """A time of day; ValueError for what is none."""
    if not zone:
        raise ValueError(f"schedule at {at!r:.40} has no zone; name one, such as America/New_York")
    try:
        return DailyTime.of(f"{at} {zone}")
    except ValueError as error:
        raise ValueError(
            f"schedule at {at!r:.40} in zone {zone!r:.60}: expected a time such as 16:00 and a"
            " zone such as America/New_York"
        ) from error


class Missed(msgspec.Struct, frozen=True):
    """A moment that was not called."""

    what: str
    at_ns: int
    now_ns: int

    def __str__(self) -> str:
        late_s = (self.now_ns - self.at_ns) / NS_PER_S
        return f"{self.what} was not called: it is {late_s:,.0f} s too late for it"


class Scheduled:
    """One call of each day. `at_ns` is its next moment."""

    def __init__(self, key: str, at: DailyTime, then: Callable[[], object], late_s: float) -> None:
        self.key, self.at, self.then = key, at, then
        self.keeps = late_s > 0
        self.late_ns = int(max(late_s, GRACE_S) * NS_PER_S)
        self.at_ns = 0

    def begin(self, now_ns: int, handled_ns: int | None) -> None:
        """It is asked for now; `handled_ns` is its last moment of an earlier process."""
        last_ns = self.at.last_ns(now_ns)
        is_missed = handled_ns is not None and handled_ns < last_ns
        self.at_ns = last_ns if self.keeps and is_missed else self.at.next_ns(now_ns)

    def follow(self, now_ns: int) -> None:
        """Begin with what comes after `now_ns` of a recording."""
        self.keeps, self.late_ns = False, LATE_MAX_S * NS_PER_S
        self.begin(now_ns, None)


class Schedules:
    """The schedules of one strategy; `kept` is what its last process kept of them."""

    def __init__(self, kept: bytes | None = None) -> None:
        self._all: list[Scheduled] = []
        self._kept = _read(kept)
        self._unwritten = False
        self._is_recorded = False
        self.next_ns: int | None = None
        """The first moment that is still to come (wall time)."""

    def __bool__(self) -> bool:
        return bool(self._all)

    def add(self, at: DailyTime, then: Callable[[], object], late_s: float, now_ns: int) -> None:
        """Call it at this time from now on. ValueError for a lateness that is out of bounds, and
        for what cannot be called."""
        if not callable(then):
            raise ValueError(f"then is {then!r:.60}, must be a function or a method")
        if not 0 <= late_s <= LATE_MAX_S:
            raise ValueError(f"late_s is {late_s!r}, must be seconds from 0 to {LATE_MAX_S:,}")
        name = f"{at.at.isoformat()} {at.zone} {getattr(then, '__qualname__', 'call')}"
        same = sum(one.key.partition("#")[0] == name for one in self._all)
        one = Scheduled(f"{name}#{same}", at, then, late_s)
        if self._is_recorded:
            one.follow(now_ns)
        else:
            one.begin(now_ns, self._kept.get(one.key))
        if one.keeps and one.key not in self._kept:
            self._keep(one, now_ns)
        self._all.append(one)
        self._find_next()

    def follow(self, now_ns: int) -> None:
        """From now on time is that of a recording, which passes with its ticks alone: however much
        later than a moment the next tick is, that is when it can be called. Nothing is kept."""
        self._is_recorded = True
        for one in self._all:
            one.follow(now_ns - 1)
        self._find_next()

    def due(self, now_ns: int, *, can_act: bool) -> tuple[list[Callable[[], object]], list[Missed]]:
        """What is to be called now, in the order of its moments, and what has become too late.
        While the strategy cannot act, what is due waits."""
        called, missed = [], []
        for one in sorted(self._all, key=lambda each: each.at_ns):
            if one.at_ns > now_ns:
                break
            at_ns = one.at.last_ns(now_ns)
            if now_ns - at_ns > one.late_ns:
                missed.append(Missed(one.key.partition("#")[0], at_ns, now_ns))
            elif can_act:
                called.append(one.then)
            else:
                continue
            self._handled(one, at_ns, now_ns)
        self._find_next()
        return called, missed

    def take(self) -> bytes | None:
        """What is to be kept on disk now; None if it is already."""
        unwritten, self._unwritten = self._unwritten, False
        return msgspec.msgpack.encode(self._kept) if unwritten else None

    def _handled(self, one: Scheduled, at_ns: int, now_ns: int) -> None:
        one.at_ns = one.at.next_ns(now_ns)
        if one.keeps:
            self._keep(one, at_ns)

    def _keep(self, one: Scheduled, at_ns: int) -> None:
        self._kept[one.key] = at_ns
        self._unwritten = True

    def _find_next(self) -> None:
        self.next_ns = min((one.at_ns for one in self._all), default=None)


def _read(kept: bytes | None) -> Kept:
    try:
        return msgspec.msgpack.decode(kept, type=Kept) if kept is not None else {}
    except (msgspec.MsgspecError, ValueError) as error:
        raise ConfigError(
            f"what was kept of the schedules cannot be read: {error}; look at what is held, then"
            " remove state/NAME.schedule in the run directory"
        ) from error
