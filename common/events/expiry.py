"""When a wish to trade is too old to be acted on.

A signal, and the order that it leads to, says until when it holds, by both clocks. The wall clock
is the one that a client on any machine and in any language can tell; but somebody may set it back,
and what was too old would be fresh again. The monotonic clock is the same for all processes of a
machine and never goes back; but it restarts with the machine. So whichever is over first counts.
"""

from typing import Protocol

from tapewire.common.clock import Now


class Expiring(Protocol):
    """What holds for a while. `expires_mono_ns` is 0 where its sender could not tell."""

    @property
    def expires_ns(self) -> int:
        """The end by the wall clock, nanoseconds since the epoch, UTC."""

    @property
    def expires_mono_ns(self) -> int:
        """The end by this machine's monotonic clock, in nanoseconds."""


def has_expired(wish: Expiring, now: Now) -> bool:
    """Whether either clock is past the end of `wish`."""
    return wish.expires_ns < now.wall_ns or 0 < wish.expires_mono_ns < now.mono_ns
