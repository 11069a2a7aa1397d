"""Which refused connections get a line in the log.

Whoever is refused tries again every few seconds, for ever, and a stranger may draw another key for
each attempt. So the same refusal gets one line in `PERIOD_NS`, and all together get `LINES_MAX`.
What got no line is counted, and the next line has the count.
"""

from typing import Final, NamedTuple

PERIOD_NS: Final = 600 * 1_000_000_000
LINES_MAX: Final = 20


class Knock(NamedTuple):
    """A connection that was refused: the beginning of its key, its IP address, and why."""

    key: str
    address: str
    reason: str


class Knocks:
    """The refused connections that got a line in the last period: at most `LINES_MAX`."""

    def __init__(self) -> None:
        self._lines: dict[Knock, int] = {}
        self._silent = 0

    def line(self, knock: Knock, mono_ns: int) -> int | None:
        """None if this one gets no line; otherwise how many got none since the last one that did.
        `mono_ns` is the time by the monotonic clock."""
        lines = self._lines.items()
        self._lines = {one: at_ns for one, at_ns in lines if mono_ns - at_ns < PERIOD_NS}
        if knock in self._lines or len(self._lines) >= LINES_MAX:
            self._silent += 1
            return None
        self._lines[knock] = mono_ns
        silent, self._silent = self._silent, 0
        return silent
