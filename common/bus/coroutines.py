"""Coroutine handlers on an asyncio loop in a thread of its own, each with a bounded queue."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any, Final

from tapewire.common.events import Event

QUEUE_MAX: Final = 1000

Failed = Callable[[str, Event, BaseException], None]
"""Called for an event whose handler raised: its origin (`async`), the event, what was raised."""


class QueueFull(RuntimeError):
    """A coroutine handler is behind by as much as may wait for it."""


class Coroutines:
    """Runs coroutine handlers. The loop's thread starts here and ends with `close`.

    `failed` is called in that thread, with the origin `async`: what it counts under that name
    nobody else counts, so that no count is lost.
    """

    def __init__(self, failed: Failed) -> None:
        self._failed = failed
        self._loop = asyncio.new_event_loop()
        self._lanes: list[tuple[_Lane, Future[None]]] = []
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="async")
        self._thread.start()

    def taker(self, handler: Callable[..., Awaitable[None]]) -> Callable[..., None]:
        """A plain handler that queues what it is given for `handler`; raises `QueueFull`."""
        lane = _Lane(handler, self._loop, self._failed)
        self._lanes.append((lane, asyncio.run_coroutine_threadsafe(lane.work(), self._loop)))
        return lane.take

    def close(self, timeout_s: float) -> int:
        """Take no more, work off what waits for at most `timeout_s`; gives what was left."""
        if not self._thread.is_alive():
            return 0
        for lane, _ in self._lanes:
            lane.end()
        ending = asyncio.run_coroutine_threadsafe(self._finish(timeout_s), self._loop)
        left = ending.result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        return left

    async def _finish(self, timeout_s: float) -> int:
        works = [asyncio.wrap_future(work) for _, work in self._lanes]
        if works:
            _, late = await asyncio.wait(works, timeout=timeout_s)
            for work in late:
                work.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        return sum(lane.waiting for lane, _ in self._lanes)


class _Lane:
    """One handler and what waits for it. Only the taking thread writes `_taken`, only the loop's
    writes `_done`, so that neither needs a lock."""

    def __init__(
        self,
        handler: Callable[..., Awaitable[None]],
        loop: asyncio.AbstractEventLoop,
        failed: Failed,
    ) -> None:
        self._handler = handler
        self._loop = loop
        self._failed = failed
        self._queue: asyncio.Queue[tuple[Any, ...] | None] = asyncio.Queue()
        self._taken = 0
        self._done = 0

    @property
    def waiting(self) -> int:
        """How many events were taken and are not done."""
        return self._taken - self._done

    def take(self, *arguments: Any) -> None:
        """Queue one event with its context."""
        if self.waiting >= QUEUE_MAX:
            raise QueueFull(f"{self._handler.__qualname__} is behind by {QUEUE_MAX} events")
        self._taken += 1
        self._loop.call_soon_threadsafe(self._queue.put_nowait, arguments)

    def end(self) -> None:
        """Nothing more comes."""
        self._loop.call_soon_threadsafe(self._queue.put_nowait, None)

    async def work(self) -> None:
        """Await the handler with one event after the other, until the end."""
        while (arguments := await self._queue.get()) is not None:
            try:
                await self._handler(*arguments)
            except Exception as error:  # noqa: BLE001 - one bad event costs itself, nothing else
                self._failed("async", arguments[0], error)
            self._done += 1
