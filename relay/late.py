"""Late: requests that were held up on their way home, and are not to be done any more.

A signal says itself until when it is good. A request does not: a *resume* that a stopped relay or
door had taken in would be done whenever that goes on again, minutes after whoever asked has given
up. So the relay stamps each request with home's monotonic time, and the door drops what is older
than `LATE_NS`. Halts and flattens are never too late.

The stamp must not be of the moment at which the relay looks at the message: a relay that has just
gone on would stamp what has waited in its sockets as if it had come now. So it is of a moment
before the message can have arrived in any turn: of a turn at least `LAG_NS` ago. After a stop the
relay has turns again at once, and what waits reaches them within that time, by then through
ZeroMQ's own thread. A stamp is taken in home's time when its turn is, so it stays right if this
machine was suspended, and its own clock stood still. Home's time is that of the clock that goes on
while home's machine is suspended (`tapewire.common.clock.boot_ns`): by the usual monotonic clock,
what had arrived there before would be as young as if nothing had happened.
"""

from typing import Final, NamedTuple

from tapewire.common.events import Control, Event

LATE_NS: Final = 5_000_000_000
LAG_NS: Final = 1_000_000_000
"""A stamp is this much too old, and up to twice as much."""
STAMP_BYTES: Final = 8
IN_TIME: Final = ("halt", "flatten")


class _Turn(NamedTuple):
    mono_ns: int
    at_home_ns: int | None

    def known(self, ahead_ns: int | None) -> "_Turn":
        """With its time at home, if that was not known before."""
        if ahead_ns is None or self.at_home_ns is not None:
            return self
        return _Turn(self.mono_ns, self.mono_ns + ahead_ns)


class Stamps:
    """What the relay stamps requests with. `mono_ns` is when it started: nothing came before."""

    def __init__(self, mono_ns: int) -> None:
        self._before = self._last = _Turn(mono_ns, None)

    def __repr__(self) -> str:
        return f"<Stamps: {self._before}>"

    def turned(self, mono_ns: int, ahead_ns: int | None) -> None:
        """A turn was at this moment, when home's monotonic clock was ahead of ours by so much; None
        while that is not known."""
        if mono_ns - self._last.mono_ns >= LAG_NS:
            self._before, self._last = self._last, _Turn(mono_ns, None)
        self._before, self._last = self._before.known(ahead_ns), self._last.known(ahead_ns)

    def stamp(self) -> bytes:
        """For a request that has come in this turn; empty while home's time is not known."""
        at_home_ns = self._before.at_home_ns
        return b"" if at_home_ns is None else at_home_ns.to_bytes(STAMP_BYTES, "big", signed=True)


def lateness(stamp: bytes, mono_ns: int) -> str:
    """Why a request with this stamp comes too late at this moment of home's clock; empty if it does
    not. A stamp of a time to come is none of this start of home's machine."""
    if len(stamp) != STAMP_BYTES:
        return "it does not say when it was asked"
    age_ns = mono_ns - int.from_bytes(stamp, "big", signed=True)
    if age_ns < -LATE_NS:
        return "it was asked by another clock than home's"
    if age_ns <= LATE_NS:
        return ""
    return f"it has been under way for {age_ns / 1e9:.0f} s; expected at most {LATE_NS // 10**9} s"


def is_never_late(event: Event) -> bool:
    """Whether it is to be done even so: it only takes risk away."""
    return isinstance(event, Control) and event.action in IN_TIME
