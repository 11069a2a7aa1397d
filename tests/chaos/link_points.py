"""Named points of an order's way to ProjectX, in the process that has `project-x-py`.

A gateway hands an order over to that process, its link, as a line, and the answer comes back as
one. Between the two the broker has the order, and the gateway does not know it. What the user hub
says of the order's fill may come before that answer. None of this is a moment of the gateway's own
process, so the link meets these points, for the gateway that has started it or for itself.

Nothing but the standard library is loaded here: the link is another interpreter's.
"""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal

FOLDER: Final = "CHAOS_FOLDER"
"""In the environment: where `armed` and `tapes` are."""
ORDER, ANSWER, EARLY_FILL = "order at the link", "answer", "fill that is before the answer"
WAYS: Final[tuple[tuple[str, Literal["before", "after"]], ...]] = (
    (ORDER, "before"), (ANSWER, "before"), (ANSWER, "after"), (EARLY_FILL, "before"),
    (EARLY_FILL, "after"),
)  # fmt: skip
"""An order was read by the link, and not sent; the broker has answered, and the gateway does not
know; and so on."""
PLACE: Final = b'"/Order/place"'
NUMBERED: Final = b'{"n": '
TRADE: Final = b'{"said": "trade"'
HELD_S: Final = 1.5
"""For how long an answer waits, where a fill is to come before it."""
_LINK: Final = "link-"


def role_of(login: str) -> str:
    """What the process of `project-x-py` of a login's gateway is called here."""
    return f"{_LINK}{login}"


def login_of(role: str) -> str:
    """The other way round; "" for a role that is no link's."""
    return role.removeprefix(_LINK) if role.startswith(_LINK) else ""


class Passing:
    """What passes through a link. `end` gives the signal with a number to the gateway or to the
    link, by its role; `later` calls something after so many seconds."""

    def __init__(
        self,
        login: str,
        folder: Path,
        end: Callable[[str, int], None],
        later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self._roles = f"gateway-{login}", role_of(login)
        self._armed, self._end, self._later = folder / "armed", end, later
        self._placing: set[int] = set()  # the numbers of orders that were not answered yet
        self._passed = 0

    def read(self, line: bytes) -> None:
        """A line of the gateway's was read, and nothing was done about it."""
        if PLACE in line:
            self._placing.add(json.loads(line)["n"])
            self._reach(ORDER, "before")

    def write(self, write: Callable[[], None], data: bytes) -> None:
        """Write a line to the gateway, or in a while."""
        if data.startswith(NUMBERED) and (number := json.loads(data)["n"]) in self._placing:
            if any(one["what"] == EARLY_FILL for _, one in self._all_armed()):
                self._later(HELD_S, lambda: self._answer(write, number))
            else:
                self._answer(write, number)
        elif data.startswith(TRADE) and self._placing:
            self._reach(EARLY_FILL, "before")
            write()
            self._reach(EARLY_FILL, "after")
        else:
            write()

    def _answer(self, write: Callable[[], None], number: int) -> None:
        self._reach(ANSWER, "before")
        self._placing.discard(number)
        write()
        self._reach(ANSWER, "after")

    def _all_armed(self) -> list[tuple[str, dict[str, Any]]]:
        found = []
        for role in self._roles:
            with contextlib.suppress(FileNotFoundError):
                found.append((role, json.loads((self._armed / role).read_bytes())))
        return found

    def _reach(self, what: str, when: str) -> None:
        for role, armed in self._all_armed():
            if (armed["what"], armed["when"]) != (what, when):
                continue
            self._passed += 1
            if self._passed < armed["passes"]:
                continue
            with contextlib.suppress(FileNotFoundError):
                (self._armed / role).unlink()  # so that it is met once
                self._passed = 0
                self._end(role, armed["signal"])


def install(login: str) -> None:
    """Give this process its points; without a folder to look in, do nothing."""
    path = os.environ.get(FOLDER)
    if not path:
        return

    def end(role: str, number: int) -> None:
        pid = os.getpid() if role == role_of(login) else os.getppid()
        with contextlib.suppress(OSError):
            os.kill(pid, signal.Signals(number))

    def later(seconds: float, do: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(seconds, do)

    passing = Passing(login, Path(path), end, later)
    read, write = asyncio.StreamReader.readline, asyncio.StreamWriter.write

    async def readline(reader: asyncio.StreamReader) -> bytes:
        line = await read(reader)
        passing.read(line)
        return line

    def written(writer: asyncio.StreamWriter, data: bytes) -> None:
        passing.write(lambda: write(writer, data), data)

    asyncio.StreamReader.readline = readline  # type: ignore[method-assign]
    asyncio.StreamWriter.write = written  # type: ignore[assignment, method-assign]
