"""What is due in a turn though nothing has arrived: timers, schedules, bars that are over."""

from typing import Final

from tapewire.common.clock import Now
from tapewire.common.events import Tick
from tapewire.strategy.answers import Answers
from tapewire.strategy.callbacks import Callbacks
from tapewire.strategy.context import Context
from tapewire.strategy.patterns.attached import Attached

OTHER_TIME: Final = (
    "these ticks are of a recording, and the broker's history is not: bars begin without it; a"
    " warm_up from a file gives them one"
)


class Due:
    """Calls one strategy when its time has come."""

    def __init__(
        self, context: Context, callbacks: Callbacks, answers: Answers, patterns: Attached
    ) -> None:
        self._context = context
        self._callbacks = callbacks
        self._answers = answers
        self._patterns = patterns

    def tick(self, now: Now, taken_ns: int) -> None:
        """Once per turn: call what is due. `taken_ns` is up to when all trades are here."""
        context = self._context
        if context.asking.waiting or not context.warm_ups.is_idle:
            self._answers.tick(now)
        if context.market_time.own_ns is not None:
            return  # of a recording only its ticks say how late it is
        self._call_timers(now.mono_ns)
        self._call_scheduled(now.wall_ns)
        if context.symbol_bars and (made := context.symbol_bars.advance(taken_ns)):
            self._answers.bars(made)
        self._patterns.advance(taken_ns)

    def pass_to(self, tick: Tick) -> None:
        """A tick of a recording, at the time that it is of: call what is due by then."""
        context = self._context
        if context.market_time.own_ns is None:
            context.schedules.follow(tick.ts_ns)
        context.market_time.pass_to(tick.ts_ns, context.clock.time)
        if not context.warm_ups.is_idle:
            context.log.warning(OTHER_TIME, symbol=tick.symbol)
            self._answers.bars(context.warm_ups.give_up())
        self._call_timers(tick.ts_ns)
        self._call_scheduled(context.market_time.own_ns or 0)
        self._answers.bars(context.symbol_bars.advance(tick.ts_ns, tick.symbol))
        self._patterns.advance(context.market_time.own_ns or 0)

    def next_ns(self, now: Now) -> int | None:
        """When `tick` has something to do though nothing arrives (monotonic); None: never. `now`
        tells the two clocks apart."""
        context = self._context
        if context.market_time.own_ns is not None:
            return None
        ahead_ns, due_ns = now.mono_ns - now.wall_ns, context.timers.next_ns
        if context.symbol_bars:
            over_ns = context.symbol_bars.due_ns
            due_ns = _first(due_ns, None if over_ns is None else over_ns + ahead_ns)
            due_ns = _first(due_ns, context.warm_ups.next_ns)
        if (over_ns := self._patterns.due_ns) is not None:
            due_ns = _first(due_ns, over_ns + ahead_ns)
        at_ns = context.schedules.next_ns
        if at_ns is not None and context.live:  # while it cannot signal, every turn looks
            due_ns = _first(due_ns, at_ns + ahead_ns)
        return due_ns

    def _call_timers(self, now_ns: int) -> None:
        timers = self._context.timers
        if timers.next_ns is not None and timers.next_ns <= now_ns:
            for interval_ms in timers.passed(now_ns):
                self._callbacks.call(self._callbacks.strategy.on_timer, interval_ms)

    def _call_scheduled(self, now_ns: int) -> None:
        schedules = self._context.schedules
        if schedules.next_ns is None or schedules.next_ns > now_ns:
            return
        called, missed = schedules.due(now_ns, can_act=self._context.live)
        for one in missed:
            self._context.log.warning(str(one))
        for then in called:
            self._callbacks.call(then)


def _first(one_ns: int | None, other_ns: int | None) -> int | None:
    """The earlier of two times that may not be there."""
    if one_ns is None or other_ns is None:
        return other_ns if one_ns is None else one_ns
    return min(one_ns, other_ns)
