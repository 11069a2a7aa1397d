"""Pace: how many messages may go to a broker that counts them as it reads them.

The broker counts in any second of its own, and it counts what it reads, not what we write. Between
the two, messages bunch: a line that is late, or a broker that does not read for a moment, puts what
was written over several seconds into one. No rate on this side can rule that out.

What can is to know what has been read. Whoever answers a question has read all that was written
before it. So a message counts from the moment it is written until a second after the broker has
answered something that was asked behind it, and no more than the broker's limit count at a time:
however they bunch, any second of the broker's has at most those in it. The question is only asked
when half of the limit is out without an answer; a lone order goes alone.

A broker that does not answer the question is not waited for: after `UNPROVEN_NS` a message stops
counting. One that is silent altogether is not written to at all (see `gateway.tws.pulse`).

A broker may still find that there were too many: other programs share its limit, or it counts in
another way. Each time it says so, the pace is halved, down to a quarter; each `SLOW_NS` without it
doubles the pace again.
"""

from collections import deque
from typing import Final

SECOND_NS: Final = 1_000_000_000
SLOW_NS: Final = 30 * SECOND_NS
HALVED_MAX: Final = 2
SHARE_LEFT: Final = 4
UNPROVEN_NS: Final = 3 * SECOND_NS


class Pace:
    """Counts messages. At most `rate_max_per_s` are written in any second, and at most `unread_max`
    count at a time. A broker may count in a longer stretch than a second: then the rate is of any
    stretch of `window_s`. The questions are beside the rate and among the unread. With a rate of 0
    nothing is counted and nothing asked. Times are monotonic."""

    def __init__(self, rate_max_per_s: int = 0, unread_max: int = 50, *, window_s: int = 1) -> None:
        self._rate_max = rate_max_per_s
        self._window_ns = window_s * SECOND_NS
        self._unread_max = max(unread_max, rate_max_per_s)
        self._sent_ns: deque[int] = deque()
        self._unproven_ns: deque[int] = deque()  # when each was written, with no answer behind it
        self._read_ns: deque[int] = deque()  # when each was known to be read
        self._halved = 0  # how many times
        self._halved_ns = 0  # the last time, or when the pace was last doubled again
        self._asked: int | None = None  # how many were written before the question that is out

    def room(self, now_ns: int, count: int = 1) -> bool:
        """Whether `count` more messages may go; a place is kept for the question."""
        if not self._rate_max:
            return True
        self._forget(now_ns)
        is_unread = len(self._unproven_ns) + len(self._read_ns)
        is_free = not (self._sent_ns or is_unread)  # or what is beyond the rate would never go
        fits = len(self._sent_ns) + count <= (
            self._rate(now_ns) if self._halved else self._rate_max
        )
        return is_free or (fits and is_unread + count < self._unread_max)

    def room_beside(self, now_ns: int) -> bool:
        """Whether a message may go that no order waits for: a quarter of the limit is left to those
        that trading needs, which may come at any moment and would have to wait for a second."""
        return self.room(now_ns, 1 + self._rate(now_ns) // SHARE_LEFT)

    def violated(self, now_ns: int) -> None:
        """The broker says that too many messages came."""
        self._halved, self._halved_ns = min(self._halved + 1, HALVED_MAX), now_ns

    def _rate(self, now_ns: int) -> int:
        """How many may be written in a second, after the broker found that there were too many."""
        while self._halved and now_ns - self._halved_ns >= SLOW_NS:
            self._halved, self._halved_ns = self._halved - 1, self._halved_ns + SLOW_NS
        return max(1, self._rate_max >> self._halved)

    def sent(self, now_ns: int) -> None:
        """A message was written."""
        if self._rate_max:
            self._sent_ns.append(now_ns)
            self._unproven_ns.append(now_ns)

    @property
    def wants_proof(self) -> bool:
        """Whether to ask something now, only to see it answered."""
        return bool(self._rate_max) and len(self._unproven_ns) >= self._unread_max // 2

    def wants_question(self, now_ns: int, wanted: bool) -> bool:
        """Whether to ask now: as proof, or because it is `wanted` otherwise and there is room."""
        return self.wants_proof or (wanted and self.room(now_ns))

    def asked(self, now_ns: int) -> None:
        """The question was written, behind all that was sent so far."""
        if self._rate_max:
            self._asked = len(self._unproven_ns) + 1
            self._unproven_ns.append(now_ns)

    def proved(self, now_ns: int) -> None:
        """The question is answered: it was read, with all that was written before it."""
        for _ in range(self._asked or 0):
            self._unproven_ns.popleft()
            self._read_ns.append(now_ns)
        self._asked = None

    def closed(self, now_ns: int) -> None:
        """The connection is gone: what it still carries is read now, or never."""
        self._read_ns.extend(now_ns for _ in self._unproven_ns)
        self._unproven_ns.clear()
        self._asked = None

    def _forget(self, now_ns: int) -> None:
        for times, window_ns in ((self._sent_ns, self._window_ns), (self._read_ns, SECOND_NS)):
            while times and now_ns - times[0] >= window_ns:
                times.popleft()
        while self._unproven_ns and now_ns - self._unproven_ns[0] >= UNPROVEN_NS:
            self._unproven_ns.popleft()
            if self._asked is not None:
                self._asked = self._asked - 1 or None
