"""Sessions: from when to when a market is open on each of its days, and which one a moment is in.

Times are nanoseconds in UTC. A session has its opening in it, and not its close.
"""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import msgspec

NS_PER_S = 1_000_000_000


class Session(msgspec.Struct, frozen=True, array_like=True):
    """One day of a market. `is_cut`: it opens later or closes earlier than usual. Between
    `pause_ns` and `resumes_ns` there is a break; both are 0 where there is none."""

    day: date
    opens_ns: int
    closes_ns: int
    is_cut: bool = False
    pause_ns: int = 0
    resumes_ns: int = 0

    def is_open(self, ts_ns: int) -> bool:
        """Whether one can trade at a moment."""
        within = self.opens_ns <= ts_ns < self.closes_ns
        return within and not self.pause_ns <= ts_ns < self.resumes_ns


class Sessions:
    """The sessions of some years, in their order. What lies from `first` to `last` is known: a day
    between them without a session is one on which the market is closed."""

    def __init__(self, sessions: Iterable[Session], first: date, last: date) -> None:
        self._sessions = tuple(sessions)
        self._opens = [one.opens_ns for one in self._sessions]
        # A session may begin on the day before its own, and end on the day after.
        self._from_ns = midnight_ns(first + timedelta(days=1))
        self._until_ns = midnight_ns(last - timedelta(days=1))

    def knows(self, ts_ns: int) -> bool:
        """Whether it is known if the market is open at a moment."""
        return self._from_ns <= ts_ns < self._until_ns

    def at(self, ts_ns: int) -> Session | None:
        """The session that a moment is in, a break in it included; None between two."""
        number = bisect_right(self._opens, ts_ns) - 1
        if number < 0 or ts_ns >= self._sessions[number].closes_ns:
            return None
        return self._sessions[number]

    def after(self, ts_ns: int) -> Session | None:
        """The first session that opens after a moment; None where it is not known."""
        number = bisect_right(self._opens, ts_ns)
        return self._sessions[number] if number < len(self._sessions) else None


def midnight_ns(day: date) -> int:
    """The beginning of a day in UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * NS_PER_S
