"""Callbacks of a program: called, or awaited one event after the other; what they raise ends none.

A coroutine function gets its events in order, from a bounded queue. One that is behind by more
misses events, which is reported: once, until it has caught up.
"""

import asyncio
import inspect
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from tapewire.common.bus.coroutines import QUEUE_MAX, Failure, Lane, QueueFull
from tapewire.common.bus.guard import name_of_handler
from tapewire.common.delivery.backoff import BackOff

Callback = Callable[..., Any]
LOG: Final = logging.getLogger("tapewire.client")
KEPT_MAX: Final = 100
EACH_MAX: Final = 10


class Reports:
    """What went wrong inside the client or in a callback: logged, and the newest are kept.

    What goes wrong with every tick must not fill a log. So of what is `about` the same thing the
    first ten are reported, and then the hundredth, the thousandth and so on.
    """

    def __init__(self) -> None:
        self.recent: deque[str] = deque(maxlen=KEPT_MAX)
        self._counts: Counter[str] = Counter()

    def add(self, sentence: str, error: BaseException | None = None, about: str = "") -> None:
        """Log one; with the traceback of `error`."""
        self._counts[about] += bool(about)
        count = self._counts[about]
        if count > EACH_MAX:
            if str(count).strip("0") != "1":
                return
            sentence = f"{sentence}; it is the {count:,}th time"
        self.recent.append(sentence)
        LOG.error(sentence, exc_info=error)

    def raised(self, name: str, event: Any, error: BaseException) -> None:
        """A callback of that name has raised."""
        self.add(f"{name} raised {error!r} on {event!r:.200}", error, name)


def call(callback: Callback, event: Any) -> None:
    """Call a plain one; raises what it raises, and TypeError where it should have been async."""
    given = callback(event)
    if inspect.iscoroutine(given):
        given.close()
        raise TypeError("it returned a coroutine, which nobody awaits; use an async def")


def is_async(callback: Callback) -> bool:
    """Whether calling it gives something to await."""
    return inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(
        getattr(callback, "__call__", None)  # noqa: B004 - it is what an object's call would run
    )


class Subscription:
    """A callback that is registered; `stop` ends that. `missed` counts what it was too slow for.

    A coroutine function is awaited with what is given to `take`, or with `updates`, where that is
    given: whatever makes them decides what a slow one gets.
    """

    def __init__(
        self,
        callback: Callback,
        reports: Reports,
        ended: Callable[[], object],
        updates: AsyncIterator[Any] | None = None,
    ) -> None:
        self.name = name_of_handler(callback)
        self.missed = 0
        self._callback = callback
        self._reports = reports
        self._ended = ended
        self._is_behind = False
        self._is_stopped = False
        self._take: Callback | None = callback
        self._end: Callable[[], object] = lambda: None
        self._work: asyncio.Task[None] | None = None
        if updates is not None:
            self._take = None
            self._work = asyncio.create_task(self._read(updates))
        elif is_async(callback):
            lane = Lane(self._unless_stopped, asyncio.get_running_loop(), self._failed, 1,
                        BackOff(self.name))  # fmt: skip
            self._take, self._end = lane.take, lane.end
            self._work = asyncio.create_task(lane.work())

    def __repr__(self) -> str:
        return f"<Subscription of {self.name}: {self.missed} events missed>"

    def take(self, event: Any) -> None:
        """Call it, or queue the event for it."""
        if self._take is None:
            return
        try:
            call(self._take, event)
        except QueueFull:
            self.missed += 1
            if not self._is_behind:
                self._reports.add(
                    f"{self.name} is behind by {QUEUE_MAX} events; it misses what comes until it"
                    " has taken one of them. Let it do less, or hand its work to a task"
                )
            self._is_behind = True
        except Exception as error:  # noqa: BLE001 - a callback's fault costs its event, nothing else
            self._raised(event, error)
        else:
            self._is_behind = False

    def stop(self) -> None:
        """Call it no more; what waits for it is dropped. A coroutine that stops itself comes to its
        end first."""
        self._take, self._is_stopped = None, True
        if self._work is not None and self._work is asyncio.current_task():
            self._end()
        elif self._work is not None:
            self._work.cancel()
        self._work = None
        self._ended()

    async def _unless_stopped(self, event: Any) -> None:
        if not self._is_stopped:
            await self._callback(event)

    async def _read(self, updates: AsyncIterator[Any]) -> None:
        async for update in updates:
            try:
                await self._unless_stopped(update)
            except Exception as error:  # noqa: BLE001 - as above
                self._raised(update, error)
            if self._is_stopped:
                return

    def _failed(self, failure: Failure) -> None:
        self._raised(failure.event, failure.error)

    def _raised(self, event: Any, error: BaseException) -> None:
        self._reports.raised(self.name, event, error)
