"""Named points of the order path at which a process can be ended or stopped, and a tape of it.

The code that trades knows nothing of this. Each process of the group loads `hook/sitecustomize.py`,
which wraps what all of them have in common: the journal's `append` and the transport's `send`. A
process whose name has a file in `armed` gives itself the signal in it, at the point in it. The file
is gone by then: so whoever wrote it knows that the point was reached.

What is sent on the way of an order is also written to a tape, with the moment before it is sent:
the signals of a strategy, what risk and the gateways announce, and orders as they go to a broker.

A gateway at ProjectX has a process of its own for the connection. `link_points` has what is met
there, beside the gateway's own points.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args

import msgspec

from tapewire.common import roles
from tapewire.common.bus.wire import TOPIC_END
from tests.chaos import link_points

FOLDER: Final = link_points.FOLDER
TWS: Final = "tws"
"""The channel to the broker, whichever it is."""
ORDERS: Final = (b"3\0", b"4\0")
"""How TWS's messages that place or cancel an order begin, after their length."""
CHANGES: Final = (b'"/Order/place"', b'"/Order/modify"', b'"/Order/cancel"')
"""What a line to ProjectX that changes orders has in it."""
When = Literal["before", "after"]
WHENS: Final[tuple[When, ...]] = get_args(When)


class Point(NamedTuple):
    """A moment in a process: before or after it commits, or sends something on a channel."""

    role: str
    what: str
    when: When

    def __str__(self) -> str:
        return f"{self.role} {self.when} {self.what}"


class Armed(msgspec.Struct, frozen=True):
    """What is to happen, at the `passes`th time that the point is reached."""

    what: str
    when: str
    signal: int
    passes: int = 1


class Taped(NamedTuple):
    """What a process sent, and when: nanoseconds of the wall clock."""

    ts_ns: int
    role: str
    channel: str
    frames: list[bytes]


COMMIT: Final = "commit"
STRATEGIES: Final = ("strategy-plain", "strategy-grouped")
REQUESTS: Final = ".requests"
_WAYS: Final[dict[str, tuple[str, ...]]] = {
    roles.GATEWAY: (COMMIT, TWS, "events", "requests"),
    roles.LIQUIDATION: (COMMIT, TWS),
    roles.EXECUTOR: (COMMIT, f"{roles.GATEWAY}{REQUESTS}", "events", "requests"),
    roles.RISK: (COMMIT, "events"),
    roles.STRATEGY: ("signals",),
}
"""What is on an order's way, by the kind of process; an executor asks each login's gateway."""
_TAPED: Final[dict[str, tuple[str, ...]]] = {
    roles.GATEWAY: ("events", TWS),
    roles.LIQUIDATION: ("events", TWS),
    roles.RISK: ("events",),
    roles.STRATEGY: ("signals",),
}


def points_of(
    logins: Iterable[str], strategies: Iterable[str], linked: Iterable[str] = ()
) -> tuple[Point, ...]:
    """The points of a group with these logins and roles of strategies; `linked` are the logins at
    ProjectX."""
    named = [*logins]
    ways = {roles.of_login(k, one): _WAYS[k] for k in roles.GATEWAYS for one in named}
    asked = tuple(f"{roles.of_login(roles.GATEWAY, one)}{REQUESTS}" for one in named)
    ways[roles.EXECUTOR] = (COMMIT, *asked, *_WAYS[roles.EXECUTOR][2:])
    ways[roles.RISK] = _WAYS[roles.RISK]
    ways |= dict.fromkeys(strategies, _WAYS[roles.STRATEGY])
    own = [Point(role, what, when) for role in ways for what in ways[role] for when in WHENS]
    for login in linked:
        for role in (roles.of_login(roles.GATEWAY, login), link_points.role_of(login)):
            own += [Point(role, what, when) for what, when in link_points.WAYS]
    return tuple(own)


POINTS: Final = points_of([""], STRATEGIES)


class Folder:
    """The two sides' folder: the run arms, the processes take it and write their tapes."""

    def __init__(self, path: Path) -> None:
        self._armed, self._tapes = path / "armed", path / "tapes"
        for folder in (self._armed, self._tapes):
            folder.mkdir(parents=True, exist_ok=True)

    def arm(self, point: Point, number: int, passes: int) -> None:
        """Let the signal `number` meet the process of a point."""
        file = self._armed / point.role
        whole = file.with_suffix(".new")
        whole.write_bytes(msgspec.json.encode(Armed(point.what, point.when, number, passes)))
        whole.rename(file)

    def is_armed(self, role: str) -> bool:
        """Whether the process has not reached its point."""
        return (self._armed / role).exists()

    def disarm(self, role: str) -> bool:
        """Take it back; False if it was reached."""
        try:
            (self._armed / role).unlink()
        except FileNotFoundError:
            return False
        return True

    def armed_for(self, role: str) -> Armed | None:
        """What is to happen to a process."""
        try:
            return msgspec.json.decode((self._armed / role).read_bytes(), type=Armed)
        except FileNotFoundError:
            return None

    def tape_of(self, role: str) -> Callable[[str, Sequence[bytes]], None]:
        """Where a process notes what it sends, message by message."""
        path = self._tapes / f"{role}.{os.getpid()}"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

        def note(channel: str, frames: Sequence[bytes]) -> None:
            entry = msgspec.msgpack.encode(Taped(time.time_ns(), role, channel, [*frames]))
            os.write(file, len(entry).to_bytes(4) + entry)

        return note

    def tapes(self) -> list[Taped]:
        """All that was sent, in the order of time."""
        found = [entry for path in self._tapes.iterdir() for entry in _entries(path.read_bytes())]
        return sorted(found, key=lambda one: one.ts_ns)


def _entries(data: bytes) -> Iterator[Taped]:
    """The last one may have been cut short by the end of its process."""
    while len(data) >= 4:
        end = 4 + int.from_bytes(data[:4])
        if len(data) < end:
            return
        yield msgspec.msgpack.decode(data[4:end], type=Taped)
        data = data[end:]


class Wrapped:
    """What a process does on the way of an order, with its points. `end` is what happens there."""

    def __init__(self, role: str, folder: Folder, end: Callable[[int], None]) -> None:
        self._role, self._folder, self._end = role, folder, end
        self._ways, self._taped = _of_kind(_WAYS, role), _of_kind(_TAPED, role)
        self._note = folder.tape_of(role) if self._taped else None
        self._topic = role.encode() + TOPIC_END
        self._passed = 0

    def commit(self, append: Callable[..., int]) -> Callable[..., int]:
        """A journal's `append`; a service's process has one journal."""

        def appended(journal: Any, events: Any) -> int:
            self._reach(COMMIT, "before")
            first = append(journal, events)
            self._reach(COMMIT, "after")
            return first

        return appended

    def send(self, send: Callable[..., bool]) -> Callable[..., bool]:
        """A transport's `send`: what is not part of an order's way goes through untouched."""

        def sent(transport: Any, channel: str, frames: Sequence[bytes]) -> bool:
            if not self._is_of_an_order(channel, frames):
                return send(transport, channel, frames)
            if channel in self._taped and self._note is not None:
                self._note(channel, frames)
            self._reach(channel, "before")
            taken = send(transport, channel, frames)
            self._reach(channel, "after")
            return taken

        return sent

    def _is_of_an_order(self, channel: str, frames: Sequence[bytes]) -> bool:
        if channel == TWS:
            return is_order(frames[0])
        if channel == "events":  # heartbeats and positions go there too, under other topics
            return frames[0] == self._topic
        login, ends, _ = channel.rpartition(REQUESTS)
        return (f"{roles.kind_of(login)}{REQUESTS}" if ends else channel) in self._ways

    def _reach(self, what: str, when: When) -> None:
        armed = self._folder.armed_for(self._role)
        if armed is None or (armed.what, armed.when) != (what, when):
            return
        self._passed += 1
        if self._passed >= armed.passes and self._folder.disarm(self._role):
            self._passed = 0
            self._end(armed.signal)


def is_order(data: bytes) -> bool:
    """Whether what is written to a broker places, modifies or cancels an order."""
    return data[4:6] in ORDERS or any(one in data for one in CHANGES)


def _of_kind(whats: dict[str, tuple[str, ...]], role: str) -> tuple[str, ...]:
    return whats.get(roles.kind_of(role), ())


def install(role: str) -> None:
    """Give this process its points and its tape; without a folder to look in, do nothing."""
    path = os.environ.get(FOLDER)
    if not path or roles.kind_of(role) not in _WAYS:
        return
    from tapewire.common.bus.transport import ZmqTransport
    from tapewire.common.runtime.journal import SqliteJournal

    def end(number: int) -> None:
        with contextlib.suppress(OSError):
            os.kill(os.getpid(), signal.Signals(number))

    wrapped = Wrapped(role, Folder(Path(path)), end)
    SqliteJournal.append = wrapped.commit(SqliteJournal.append)  # type: ignore[method-assign]
    ZmqTransport.send = wrapped.send(ZmqTransport.send)  # type: ignore[method-assign]
