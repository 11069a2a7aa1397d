"""Callbacks: how a strategy is called, and what becomes of news that it failed on.

A tick or a timer that it raised on is over: the next one comes. News of an order or an execution is
not, for there is only one of each. So it is not lost:

*   What it raised on comes again, up to `ATTEMPTS` times in all, later and later. Only if the
    strategy signalled nothing before it raised: otherwise a second call could order the same again.
*   What comes while the strategy is stopped is kept, and is the first that it gets afterwards.
*   What is given up is a dead letter, and a person can hand it back.

So news may come late, twice, or after other news; orders and positions that the strategy asks for
are always as they are.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import msgspec

from tapewire.common.clock import Now
from tapewire.common.delivery.retries import Retries
from tapewire.common.events import Event
from tapewire.strategy.base import Strategy
from tapewire.strategy.context import Context
from tapewire.strategy.failures import Failures

ATTEMPTS: Final = 3
HELD_MAX: Final = 1000
NEWS: Final = ("on_order", "on_group", "on_fill")
"""The callbacks that are given news."""


class News(msgspec.Struct, frozen=True, gc=False):
    """An event for one of the callbacks."""

    callback: str
    event: Event


class Lost(NamedTuple):
    """News that the strategy did not take, and why."""

    news: News
    reason: str


class Callbacks:
    """Calls `strategy`, and counts what it raises in `failures`."""

    def __init__(self, strategy: Strategy[Any], context: Context, failures: Failures) -> None:
        self.lost: list[Lost] = []
        self.strategy = strategy
        self._context = context
        self._failures = failures
        self._held: deque[News] = deque()
        self._retries: Retries[News] = Retries(failures.name, ATTEMPTS)

    @property
    def now(self) -> Now:
        """The time that the strategy acts in."""
        return self._context.clock.time

    def call(self, callback: Callable[..., object], *arguments: Any) -> None:
        """Call it, unless the strategy is stopped; what it raises costs this call."""
        if self._failures.stopped and callback != self.strategy.on_stop:
            return
        context = self._context
        context.subject = arguments[-1] if arguments else callback
        try:
            callback(*arguments)
        except Exception as error:  # noqa: BLE001 - a strategy's bug costs its call
            subject = arguments[-1] if arguments else getattr(callback, "__name__", repr(callback))
            self._failures.add(error, subject, self._context.clock.time)
        else:
            if self._failures.on_trial:
                self._failures.succeeded()
        finally:
            context.subject = None

    def news(self, callback: str, event: Event) -> None:
        """Give it news, now or once it receives something again."""
        one = News(callback, event)
        if not self._failures.stopped:
            self._attempt(one, 1)
        elif self._failures.is_set_up and len(self._held) < HELD_MAX:
            self._held.append(one)
        else:
            self.lost.append(Lost(one, f"the strategy is stopped: {self._failures}"))

    def tick(self) -> None:
        """Once per turn: begin again after a pause, and try again what is due."""
        now = self._context.clock.time
        if self._failures.stopped and not self._failures.resumes(now):
            return
        while self._held and not self._failures.stopped:
            self._attempt(self._held.popleft(), 1)
        for waiting in self._retries.due(now.mono_ns):
            if self._failures.stopped:
                self._held.append(waiting.what)
            else:
                self._attempt(waiting.what, waiting.attempt)

    def hand_back(self, callback: str, event: Event) -> str:
        """Give it news that it failed on before; returns why it did not take it."""
        if callback not in NEWS:
            return f"a strategy has no news for {callback}; it has {', '.join(NEWS)}"
        if self._failures.stopped:
            return str(self._failures)
        try:
            getattr(self.strategy, callback)(event)
        except Exception as error:  # noqa: BLE001 - as above
            self._failures.add(error, event, self._context.clock.time)
            return repr(error)
        return ""

    @property
    def rests(self) -> bool:
        """Whether nothing is kept for later."""
        return not (self._held or self._retries or self.lost)

    def give_up(self) -> None:
        """The end: what was not taken by now never will be."""
        self.lost += [Lost(one, "it ended before it took it") for one in self._held]
        ended = "it ended before the next attempt"
        self.lost += [Lost(one, ended) for one in self._retries.give_up()]
        self._held.clear()

    def take_lost(self) -> list[Lost]:
        """What was lost since it was last asked."""
        lost, self.lost = self.lost, []
        return lost

    def _attempt(self, one: News, attempt: int) -> None:
        context, signals = self._context, self._context.signals
        context.subject = one.event
        try:
            getattr(self.strategy, one.callback)(one.event)
        except Exception as error:  # noqa: BLE001 - as above
            self._failures.add(error, one.event, context.clock.time)
            self._failed(one, attempt, error, signalled=context.signals != signals)
        else:
            if self._failures.on_trial:
                self._failures.succeeded()
        finally:
            context.subject = None

    def _failed(self, one: News, attempt: int, error: Exception, *, signalled: bool) -> None:
        if signalled:
            reason = f"{error!r}, after it had signalled: not tried again"
        elif self._retries.failed(one, attempt, self._context.clock.time.mono_ns):
            return
        else:
            reason = f"{error!r}, {attempt} times"
        self.lost.append(Lost(one, reason))
