"""A bell: wakes those who wait for something to change, without looking again and again."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Closed(RuntimeError):
    """The client was closed; whatever waited for it waits in vain."""


class Bell:
    """Rung whenever something has changed that somebody may wait for."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: set[asyncio.Future[None]] = set()
        self._is_closed = False

    def ring(self) -> None:
        """Let everybody who waits look."""
        for one in self._waiting:
            if not one.done():
                one.set_result(None)

    def close(self) -> None:
        """Nothing will change any more."""
        self._is_closed = True
        self.ring()

    async def until(self, look: Callable[[], T], timeout_s: float | None) -> T:
        """What `look` gives once that is true, or at the end of `timeout_s`; None waits for ever.
        Raises `Closed` if nothing will change any more, and RuntimeError on another loop than the
        one it was made on: there nobody would be woken."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            raise RuntimeError(
                "the client belongs to another asyncio loop, the one that connected it. Connect and"
                " use it in one asyncio.run, or hand calls to its loop with"
                " asyncio.run_coroutine_threadsafe"
            )
        ends_s = None if timeout_s is None else loop.time() + timeout_s
        while not (found := look()):
            if self._is_closed:
                raise Closed("the client is closed; connect again")
            left_s = None if ends_s is None else ends_s - loop.time()
            if left_s is not None and left_s <= 0:
                break
            await self._rung(loop, left_s)
        return found

    async def _rung(self, loop: asyncio.AbstractEventLoop, timeout_s: float | None) -> None:
        one: asyncio.Future[None] = loop.create_future()
        self._waiting.add(one)
        try:
            await asyncio.wait([one], timeout=timeout_s)
        finally:
            self._waiting.discard(one)
