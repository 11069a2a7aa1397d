"""How much a far host may send per second.

Home answers whoever asks, in the same loops that trade. A piece of a journal costs its process more
than a millisecond, so a host that asks for thousands of them would hold up orders, and in the end
risk's heartbeats. What is beyond the allowance is not passed on. Whoever asked asks again, as if it
had been lost on the way, and a signal is sent again until it is answered or has expired.
"""

from typing import Final, NamedTuple

SECOND_NS: Final = 1_000_000_000


class _Left(NamedTuple):
    messages: float
    mono_ns: int


class Allowance:
    """Of each host `per_second` messages pass, and after a pause `burst` at once."""

    def __init__(self, per_second: int, burst: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._left: dict[str, _Left] = {}

    def __repr__(self) -> str:
        return f"<Allowance of {self._per_second} per second>"

    def takes(self, host: str, mono_ns: int) -> bool:
        """Whether one more message of a host may pass at this moment of the monotonic clock."""
        before = self._left.get(host, _Left(self._burst, mono_ns))
        earned = (mono_ns - before.mono_ns) * self._per_second / SECOND_NS
        left = min(self._burst, before.messages + earned)
        may = left >= 1
        self._left[host] = _Left(left - 1 if may else left, mono_ns)
        return may
