"""The hub: the newest tables of each group, and who looks at them.

One thread publishes, another serves. What has changed is encoded once, however many look. A viewer
has a bounded queue: one that is too slow for it loses all that waits, and gets the whole state in
its place. So a slow viewer costs a bounded amount of memory, and always ends at the newest state.
"""

from collections import deque
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, Final

import msgspec

from tapewire.common.clock import Now
from tapewire.console.model import deltas
from tapewire.console.model.deltas import Tables

WAITING_MAX: Final = 16
Wake = Callable[[], object]


class Full(Exception):
    """As many look already as are allowed."""


class Viewer:
    """One page that looks at the groups. `wake` is called, from any thread, when it has news."""

    def __init__(self, hub: "Hub", wake: Wake) -> None:
        self._hub = hub
        self._wake = wake
        self._waiting: deque[bytes] = deque()
        self._is_lost = True

    def put(self, message: bytes) -> None:
        """There is news; the hub's lock is held."""
        if self._is_lost:
            return
        if len(self._waiting) >= WAITING_MAX:
            self._waiting.clear()
            self._is_lost = True
        else:
            self._waiting.append(message)
        self._wake()

    def take(self) -> list[bytes]:
        """What it has not seen: the news, or everything."""
        with self._hub.lock:
            if self._is_lost:
                self._is_lost = False
                return [self._hub.whole()]
            found = [*self._waiting]
            self._waiting.clear()
            return found


class Hub:
    """Keeps the newest tables, by group, and hands on what changes; `viewers_max` may look.
    `seen_ns` is when somebody published last (monotonic), whether or not anything had changed."""

    def __init__(self, viewers_max: int) -> None:
        self.lock = Lock()
        self.viewers: set[Viewer] = set()
        self._viewers_max = viewers_max
        self._groups: dict[str, Tables] = {}
        self._order: list[str] = []
        self.seen_ns = 0

    @property
    def is_full(self) -> bool:
        """Whether as many look as may."""
        return len(self.viewers) >= self._viewers_max

    def tables(self, group: str) -> Tables:
        """The newest tables of a group; none of one that is not shown."""
        return self._groups.get(group, {})

    @property
    def groups(self) -> list[str]:
        """The names of the groups, in the order in which they are shown."""
        return list(self._order)

    def publish(self, group: str, tables: Mapping[str, Mapping[str, Any]], now: Now) -> None:
        """These are the newest tables of a group, as of `now`."""
        self.seen_ns = now.mono_ns
        delta = deltas.between(self._groups.get(group, {}), tables)
        if not delta and group in self._groups:
            return
        message = _event("delta", {"ts_ns": now.wall_ns, "groups": {group: delta}})
        with self.lock:
            self._groups[group] = dict(tables)
            if group not in self._order:
                self._order.append(group)
            for viewer in self.viewers:
                viewer.put(message)

    def join(self, wake: Wake) -> Viewer:
        """One more looks; raises `Full`."""
        viewer = Viewer(self, wake)
        with self.lock:
            if self.is_full:
                raise Full
            self.viewers.add(viewer)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """It looks no more."""
        with self.lock:
            self.viewers.discard(viewer)

    def whole(self) -> bytes:
        """Everything, as one message."""
        groups = {name: deltas.whole(self._groups[name]) for name in self._order}
        return _event("whole", {"groups": groups, "order": self._order})


def beat(now: Now, seen_ns: int) -> bytes:
    """That the stream lives, what time it is here, and how long ago the groups were looked at: who
    serves may live on while who reads is stuck. Setting the clock does not change it."""
    return _event("beat", {"ts_ns": now.wall_ns, "silent_ns": now.mono_ns - seen_ns})


def _event(name: str, content: Any) -> bytes:
    """One event of a stream of server-sent events; JSON has no line breaks of its own."""
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(content) + b"\n\n"
