"""Answers: what the broker said of a strategy's questions, given to whoever asked."""

from collections.abc import Iterable

from tapewire.common.clock import Now
from tapewire.common.events import QueryAnswer
from tapewire.strategy.asking import Ended
from tapewire.strategy.callbacks import Callbacks, Lost, News
from tapewire.strategy.context import Context
from tapewire.strategy.patterns.attached import Attached
from tapewire.strategy.symbol_bars import Made


class Answers:
    """Takes the answers for one strategy."""

    def __init__(self, context: Context, callbacks: Callbacks) -> None:
        self._context = context
        self._callbacks = callbacks
        self.patterns: Attached | None = None

    def take(self, answer: QueryAnswer, now: Now) -> None:
        """Take an answer, or a part of one."""
        if ended := self._context.asking.take(answer, now):
            self._deliver(ended, now)

    def tick(self, now: Now) -> None:
        """Once per turn: end what got no answer in time, ask what had to wait."""
        for ended in self._context.asking.late(now):
            self._deliver(ended, now)
        self._context.warm_ups.tick(now)

    def bars(self, made: Iterable[Made]) -> None:
        """Give the strategy bars that are complete."""
        for then, bar in made:
            if self.patterns is not None:
                self.patterns.take(bar)
            self._callbacks.call(then or self._callbacks.strategy.on_bar, bar)

    def _deliver(self, ended: Ended, now: Now) -> None:
        warm_ups = self._context.warm_ups
        is_past = warm_ups.knows(ended)
        if ended.answer is None and ended.callback is None:
            self._callbacks.lost.append(Lost(News("query", ended.value), ended.value.reason))
        if is_past:
            self._past_bars(warm_ups.take(ended))
            warm_ups.tick(now)
        elif ended.callback is not None:
            self._callbacks.call(ended.callback, ended.value)

    def _past_bars(self, made: list[Made]) -> None:
        """Bars that were over before now: each at its own time, when nothing could be signalled."""
        context = self._context
        now, live = context.clock.time, context.live
        context.live = False
        for one in made:
            context.clock.time = Now(one.bar.ts_ns, now.mono_ns)
            self.bars([one])
        context.clock.time, context.live = now, live
