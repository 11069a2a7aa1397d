"""Home's time, as a far host measures it: by questions that say when they were asked.

Each round has four time stamps. The far host asks at `sent` and has the answer at `back`, both by
its monotonic clock. Home receives the question at `received` and answers at `answered`, both by its
wall clock. If both ways took equally long, home's clock less ours is the mean of the two
differences. Nobody knows that they did; but the error is at most half of what the two ways took
together. So the round with the shortest way is the best, and half of that is how uncertain it is.

(NTP does the same: RFC 5905, section 8.)

Home's monotonic clocks are known by the same rounds. Whoever acts on a signal looks at its end by
the usual one as well (`tapewire.common.events.expiry`). How old a request is goes by the one that
does not stand still while home's machine is suspended (`tapewire.relay.late`).

A round grows old, since two clocks never run equally fast: `DRIFT` is added for each second of its
age. One that contradicts an earlier round by more than both can err by shows that home's clock has
been set. Then what was measured before counts no more. The same goes for a machine that has been
started again, whose monotonic clock has begun at zero.
"""

from collections import deque
from typing import Final, NamedTuple

ROUNDS: Final = 10
DRIFT: Final = 100e-6
"""How much two machines' clocks may drift apart, per second: twice what a bad quartz does."""

STARTED_AGAIN_NS: Final = 1_000_000_000
"""Home's two clocks are read one after the other, and what comes in between is not a new start."""


class Round(NamedTuple):
    """One round: how far home's wall clock was ahead of our monotonic clock, by how much that may
    be wrong, at what moment of ours, and how far home's monotonic clock was ahead, and the one of
    home's that goes on while it is suspended. Nanoseconds."""

    ahead_ns: int
    error_ns: int
    mono_ns: int
    mono_ahead_ns: int = 0
    boot_ahead_ns: int = 0

    def uncertainty_ns(self, mono_ns: int) -> int:
        """By how much it may be wrong at a later moment."""
        return self.error_ns + int(abs(mono_ns - self.mono_ns) * DRIFT)


class Measured:
    """The last rounds, and the best of them."""

    def __init__(self, rounds: int = ROUNDS) -> None:
        self._rounds: deque[Round] = deque(maxlen=rounds)
        self.resets = 0

    def __repr__(self) -> str:
        return f"<Measured: {len(self._rounds)} rounds>"

    def add(
        self,
        sent_ns: int,
        received_ns: int,
        answered_ns: int,
        back_ns: int,
        mono_ns: int = 0,
        boot_ns: int = 0,
    ) -> None:
        """Take in a round; `mono_ns` and `boot_ns` are home's other clocks when it answered. A
        round that cannot have been so is ignored."""
        way_ns = (back_ns - sent_ns) - (answered_ns - received_ns)
        if way_ns < 0 or answered_ns < received_ns:
            return
        ahead_ns = ((received_ns - sent_ns) + (answered_ns - back_ns)) // 2
        mono_ahead_ns, boot_ahead_ns = (
            ahead_ns - (answered_ns - one_ns) for one_ns in (mono_ns, boot_ns)
        )
        new = Round(ahead_ns, way_ns // 2 + 1, back_ns, mono_ahead_ns, boot_ahead_ns)
        if any(self._contradict(one, new) for one in self._rounds):
            self._rounds.clear()
            self.resets += 1
        self._rounds.append(new)

    def best(self, mono_ns: int) -> Round | None:
        """The round that is least uncertain now; None before the first."""
        return min(self._rounds, key=lambda one: one.uncertainty_ns(mono_ns), default=None)

    @staticmethod
    def _contradict(before: Round, new: Round) -> bool:
        if abs(before.mono_ahead_ns - new.mono_ahead_ns) > STARTED_AGAIN_NS:
            return True
        apart_ns = abs(before.ahead_ns - new.ahead_ns)
        return apart_ns > before.uncertainty_ns(new.mono_ns) + new.error_ns
