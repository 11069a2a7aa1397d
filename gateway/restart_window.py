"""The broker's daily restart: when it is due, and how long it may take without an alarm."""

from typing import Final

from tapewire.common.clock import Now
from tapewire.common.daily_time import DailyTime

SECOND_NS: Final = 1_000_000_000


class RestartWindow:
    """From `hold_s` before a time of day until `lasts_s` after it, by the wall clock. Without a
    time it is never."""

    def __init__(self, at: DailyTime | None = None, hold_s: int = 0, lasts_s: int = 0) -> None:
        self._at = at
        self._hold_ns = hold_s * SECOND_NS
        self._lasts_ns = lasts_s * SECOND_NS
        self._asked_ns = 0  # for what moment `_restart_ns` was found
        self._restart_ns = 0  # the first restart since then

    def restart_ns(self, now: Now) -> int | None:
        """The restart in whose window this moment is; None outside of it."""
        if self._at is None:
            return None
        since_ns = now.wall_ns - self._lasts_ns  # a restart before that is over
        if not self._asked_ns <= since_ns < self._restart_ns:
            self._asked_ns, self._restart_ns = since_ns, self._at.next_ns(since_ns)
        return self._restart_ns if now.wall_ns >= self._restart_ns - self._hold_ns else None
