"""Coroutine handlers on an asyncio loop in a thread of its own, each with a bounded queue."""

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from itertools import count
from typing import Any, Final, NamedTuple

from tapewire.common.bus.guard import checked_attempts, name_of_handler
from tapewire.common.delivery.backoff import BackOff
from tapewire.common.events import Event

QUEUE_MAX: Final = 1000


class Failure(NamedTuple):
    """An attempt of a coroutine handler that raised; `final` if no other one follows."""

    event: Event
    error: BaseException
    final: bool
    attempt: int = 1


class QueueFull(RuntimeError):
    """A coroutine handler is behind by as much as may wait for it."""


class Coroutines:
    """Runs coroutine handlers. The loop's thread starts here and ends with `close`.

    What handlers raise is kept until `take_failures`: counters and dead letters belong to the
    thread that calls it. `back_off` makes the waits between a handler's attempts, from a seed.
    """

    def __init__(self, back_off: Callable[[str], BackOff] = BackOff) -> None:
        self._back_off = back_off
        self._failures: deque[Failure] = deque()
        self._loop = asyncio.new_event_loop()
        self._lanes: list[tuple[Lane, Future[None]]] = []
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="async")
        self._thread.start()

    def taker(
        self, handler: Callable[..., Awaitable[None]], attempts: int = 1
    ) -> Callable[..., None]:
        """A plain handler that queues what it is given for `handler`; raises `QueueFull`."""
        back_off = self._back_off(name_of_handler(handler))
        lane = Lane(
            handler, self._loop, self._failures.append, checked_attempts(attempts), back_off
        )
        self._lanes.append((lane, asyncio.run_coroutine_threadsafe(lane.work(), self._loop)))
        return lane.take

    def take_failures(self) -> list[Failure]:
        """The failures since they were last taken."""
        return [self._failures.popleft() for _ in range(len(self._failures))]

    def close(self, timeout_s: float) -> int:
        """Take no more, work off what waits for at most `timeout_s`; returns what was left."""
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


class Lane:
    """One handler and what waits for it; whoever has it runs `work` on its loop.

    While an event waits for its next attempt, those behind it wait too, so that their order is
    kept. Only the taking thread writes `_taken`, only the loop's writes `_done`, so that neither
    needs a lock.
    """

    def __init__(
        self,
        handler: Callable[..., Awaitable[None]],
        loop: asyncio.AbstractEventLoop,
        failed: Callable[[Failure], None],
        attempts: int,
        back_off: BackOff,
    ) -> None:
        self._handler = handler
        self._loop = loop
        self._failed = failed
        self._attempts = attempts
        self._back_off = back_off
        self._ending = asyncio.Event()
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
            raise QueueFull(f"{name_of_handler(self._handler)} is behind by {QUEUE_MAX} events")
        self._taken += 1
        self._loop.call_soon_threadsafe(self._queue.put_nowait, arguments)

    def end(self) -> None:
        """Nothing more comes, and nothing is tried again."""
        self._loop.call_soon_threadsafe(self._ending.set)
        self._loop.call_soon_threadsafe(self._queue.put_nowait, None)

    async def work(self) -> None:
        """Await the handler with one event after the other, until the end."""
        while (arguments := await self._queue.get()) is not None:
            await self._handle(arguments)
            self._done += 1

    async def _handle(self, arguments: tuple[Any, ...]) -> None:
        """Await the handler until it takes the event or has had its attempts."""
        for attempt in count(1):
            try:
                await self._handler(*arguments)
            except Exception as error:  # noqa: BLE001 - one bad event costs itself, nothing else
                again = attempt < self._attempts and await self._pause(attempt)
                self._failed(Failure(arguments[0], error, final=not again, attempt=attempt))
                if again:
                    continue
            return

    async def _pause(self, attempt: int) -> bool:
        """Wait for the next attempt; False if the lane ends first."""
        try:
            async with asyncio.timeout(self._back_off.wait_ns(attempt) / 1e9):
                await self._ending.wait()
        except TimeoutError:
            return True
        return False
