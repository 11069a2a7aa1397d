"""Since when something has been so, over restarts and clocks that are set.

The time is counted by the monotonic clock, which nobody can set. It goes on over a restart of the
process, so what was kept is still right afterwards. Only a restart of the machine starts it again,
which shows in a moment that is earlier than one that was kept: then the wall clock says how much
time has passed.
"""

from collections.abc import Iterable

import msgspec

from tapewire.common.clock import Now


class Since:
    """When each of some subjects began, for a rule to keep."""

    def __init__(self) -> None:
        self._began: dict[str, Now] = {}
        self._restored = False

    def keep(self, subjects: Iterable[str], now: Now) -> None:
        """These are so at this moment: those that are new begin, and all others are over."""
        if self._restored:
            self._began = {name: _on_this_clock(at, now) for name, at in self._began.items()}
            self._restored = False
        self._began = {name: self._began.get(name, now) for name in subjects}

    def elapsed_ns(self, subject: str, now: Now) -> int:
        """How long a subject has been so; 0 if it is not."""
        began = self._began.get(subject)
        return now.mono_ns - began.mono_ns if began is not None else 0

    def save(self) -> bytes:
        """What `restore` takes; empty where nothing is so."""
        if not self._began:
            return b""
        began = {name: (at.wall_ns, at.mono_ns) for name, at in self._began.items()}
        return msgspec.json.encode(began, order="sorted")

    def restore(self, state: bytes) -> None:
        """Take back what was saved last."""
        saved = msgspec.json.decode(state, type=dict[str, tuple[int, int]]) if state else {}
        self._began = {name: Now(*at) for name, at in saved.items()}
        self._restored = True


def _on_this_clock(at: Now, now: Now) -> Now:
    if at.mono_ns <= now.mono_ns:
        return at
    return Now(at.wall_ns, now.mono_ns - max(now.wall_ns - at.wall_ns, 0))
