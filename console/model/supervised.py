"""What supervisord knows of a group's processes, for a reader that must not wait for it.

Supervisord may be hung or stopped while the group goes on. So it is asked on a thread of its own;
until it answers, what it said last stays.
"""

from threading import Thread
from typing import Final

from tapewire.common.clock import Now
from tapewire.common.errors import TapewireError
from tapewire.console.group.status import Status
from tapewire.console.group.supervisor import Group

EVERY_NS: Final = 2_000_000_000


class Supervised:
    """Asks the supervisord of one group, one question at a time."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self._known: dict[str, Status] = {}
        self._due_ns = 0
        self._thread: Thread | None = None

    def look(self, now: Now) -> dict[str, Status]:
        """What it said last, by process: what their own statuses do not have."""
        is_asking = self._thread is not None and self._thread.is_alive()
        if now.mono_ns >= self._due_ns and not is_asking:
            self._due_ns = now.mono_ns + EVERY_NS
            self._thread = Thread(target=self._ask, name="supervised", daemon=True)
            self._thread.start()
        return self._known

    def _ask(self) -> None:
        try:
            self._known = _added(self._group.statuses())
        except (TapewireError, OSError):  # it is asked again soon
            return


def _added(statuses: dict[str, Status]) -> dict[str, Status]:
    """What supervisord knows of processes, apart from their own statuses."""
    added = {}
    for name, one in statuses.items():
        keys: tuple[str, ...] = ("restarts", "restarted_ns")
        if one.get("state") == "BROKEN":
            keys = (*keys, "state", "reason", "age_s", "ended", "pid", "orders_reported")
        added[name] = {key: one[key] for key in keys if key in one}
    return added
