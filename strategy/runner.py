"""The runner: one strategy's callbacks, called in turn with ticks, answers and fills.

What must not go wrong
----------------------
A strategy wants something traded once. Between it and the executor there is a socket that may lose
a message, and an executor that may die. Four rules keep a signal from being lost, traded twice, or
traded long after it was meant:

*   **Sent again until it is answered.** A signal has one id for its whole life. It is sent again
    every `RESEND_NS` until an event in the executor's journal answers it. The executor answers an
    id once and ignores it afterwards, so sending again can do no harm. Whether a socket took the
    message says nothing; only the journal does.

*   **It expires.** A signal that nobody answers within `signal_ttl_ms` is given up, and `on_order`
    says so. Giving up is not knowing: if the signal was delivered, the executor may have traded it
    and the answer may be on its way. So the reason says whether it was delivered, and an answer
    that arrives later is still taken in: the order appears in `orders` and counts in `position`.
    The signal itself says until when it holds (see `common.events.expiry`), so that the executor
    and the gateway do not act on it later either.

*   **A cancel may overtake its order.** A strategy may cancel an order that nobody has answered
    yet. From then on the order's signal is not sent again. Either it had reached the executor:
    then the cancel finds the order and cancels it. Or it had not: then the cancel arrives first,
    and the executor denies that signal's id for good, should a delayed copy of it still arrive.
    Either way no order appears after its cancel was answered. If the cancel itself is denied or
    expires, the order's signal is sent again, as long as it has not expired.

*   **A modify waits for its order.** TWS cannot modify an order that it has not accepted. So the
    modify stays here until the executor reports the order ACCEPTED, or until it expires.

A strategy can signal only while `live`: while a followed stream has a gap, an answer could be
missed, and the position may be wrong. The same holds while warming up. `buy` then returns an empty
id, so that the strategy cannot take the order for one that was sent.

An exception in a callback costs that call: one tick, not the rest of its message. The count of
them is bounded, for a strategy that raises on every tick is not trading what its author meant.
"""

from collections.abc import Callable, Iterable, Mapping
from operator import length_hint
from typing import Any

from tapewire.common.clock import Now
from tapewire.common.config.settings import StrategyConfig
from tapewire.common.delivery.breaker import Change
from tapewire.common.events import (
    AnySignal,
    Bar,
    Depth,
    Event,
    QueryAnswer,
    Quote,
    Tick,
    Trade,
)
from tapewire.common.instruments import Instrument
from tapewire.common.ticks.own_time import at_own_time
from tapewire.strategy.answers import Answers
from tapewire.strategy.base import Strategy
from tapewire.strategy.callbacks import Callbacks
from tapewire.strategy.context import Context
from tapewire.strategy.due import Due
from tapewire.strategy.failures import Failures, Report
from tapewire.strategy.loading.callbacks import never_called
from tapewire.strategy.loading.loader import described, load
from tapewire.strategy.log import Write, nowhere
from tapewire.strategy.news import News as NewsOfOrders
from tapewire.strategy.patterns.attached import Attached
from tapewire.strategy.trigger import Origin


class Runner:
    """Runs one strategy. `report` receives what its callbacks raise, `write` its log; `saved` is
    what it saved last, `scheduled` what was kept of its schedules.

    Signals leave while `live` is set. From the first time on, the strategy receives all news of its
    orders, also news that comes late; before, the past is taken in without calling it.
    """

    def __init__(
        self,
        config: StrategyConfig,
        symbols: tuple[str, ...],
        epoch: str,
        report: Report,
        saved: bytes | None = None,
        instruments: Iterable[Instrument] = (),
        scheduled: bytes | None = None,
        write: Write = nowhere,
    ) -> None:
        self.name = config.name
        self.context = Context(config, epoch, saved, instruments, scheduled, write)
        self._failures = Failures(config, report)
        self.strategy = load(config, symbols, self.context)
        self.ahead = 0
        """How many of the next ticks it has been given by `deliver`, before their messages."""
        self.acted_ns = 0
        """When it did something (monotonic) that may be later than the turn at hand."""
        self.loaded = described(config)  # and from which file
        self.hints = never_called(type(self.strategy))
        self._on_quote, self._on_trade = _tick_handlers(self.strategy)
        self.callbacks = Callbacks(self.strategy, self.context, self._failures)
        self._call = self.callbacks.call
        self._answers = Answers(self.context, self.callbacks)
        self.patterns = Attached(self.strategy, self.callbacks, self._failures)
        self._answers.patterns = self.patterns
        self._due = Due(self.context, self.callbacks, self._answers, self.patterns)
        self._news = NewsOfOrders(config.name, self.context, self.callbacks.news)

    def __repr__(self) -> str:
        return f"<Runner {self.name}: {self.signals} signals, {len(self.waiting)} unanswered>"

    @property
    def signals(self) -> int:
        """How many signals the strategy has given so far."""
        return self.context.signals

    @property
    def failures(self) -> int:
        """How often the strategy raised."""
        return self._failures.count

    @property
    def waiting(self) -> Mapping[str, Any]:
        """The signals without an answer, by id."""
        return self.context.outgoing.waiting

    @property
    def stopped(self) -> bool:
        """Whether the strategy raised too often, or in `on_start`, and receives nothing now."""
        return self._failures.stopped

    @property
    def was_stopped(self) -> bool:
        """Whether it was stopped at any time, though it may go on now."""
        return self._failures.stops > 0

    @property
    def is_set_up(self) -> bool:
        """Whether its `on_start` went well; without that it never receives anything."""
        return self._failures.is_set_up

    @property
    def fault(self) -> str:
        """How often it raised and what last, in a sentence; an empty text if it never did."""
        return str(self._failures)

    @property
    def live(self) -> bool:
        """Whether signals are sent."""
        return self.context.live

    @live.setter
    def live(self, live: bool) -> None:
        self.context.live = live
        self._news.knows_past |= live

    # ---- its life ------------------------------------------------------------------------------

    def start(self, now: Now) -> None:
        """Call `on_start`, once, before the first tick."""
        self.context.clock.time = now
        try:
            self.strategy.on_start()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a strategy's bug stops only it
            self._failures.add_not_set_up(error)
        quote, trade = _tick_handlers(self.strategy)
        self._on_quote, self._on_trade = self.patterns.before(quote, trade)

    def warm_up(self, ticks: Iterable[Tick]) -> None:
        """Deliver history, before the first live tick, with the history's wall time."""
        if self.stopped:
            return
        now = self.context.clock.time
        for tick in ticks:
            self.on_ticks("", [tick], Now(tick.ts_ns, now.mono_ns))
        self.context.clock.time = now

    def stop(self) -> None:
        """Call `on_stop`; a strategy that was never set up has nothing to put away."""
        self.callbacks.give_up()
        if self._failures.is_set_up:
            self._call(self.strategy.on_stop)

    # ---- ticks and time ------------------------------------------------------------------------

    def on_ticks(self, origin: Origin, ticks: list[Tick], now: Now) -> None:
        """Deliver the ticks of one message, in order; `origin` names the message."""
        context = self.context
        context.clock.time = now
        if self.ahead:
            ticks = self._not_given(ticks)
        if self._failures.stopped:
            return
        trigger = context.trigger
        trigger.origin, trigger.ticks = origin, ticks
        on_quote, on_trade, bars = self._on_quote, self._on_trade, context.symbol_bars.asked
        if ticks and ticks[0].market_ns is not None:
            on_quote, on_trade, bars = self._on_recorded, self._on_recorded, {}
        rest = trigger.rest = iter(ticks)
        while True:  # a tick that raises ends the inner loop, not the rest
            try:
                for tick in rest:
                    if type(tick) is Quote:
                        on_quote(tick)
                    elif bars:
                        self._on_trade_with_bars(tick)  # type: ignore[arg-type]  # as below
                    else:
                        on_trade(tick)  # type: ignore[arg-type]  # a tick is one of the two
                break
            except Exception as error:  # noqa: BLE001 - a strategy's bug costs its tick
                self._failures.add(error, trigger.tick, now)
                if self._failures.stopped:
                    break
        trigger.rest = None
        if self._failures.on_trial:
            self._failures.succeeded()

    def deliver(
        self, ticks: list[Tick], moments: Iterable[Now], names: Callable[[int], str]
    ) -> int:
        """Deliver the ticks of many turns, each at its moment, until the strategy does something
        that others have to act on, or raises, or something is due (`due_ns`) before a tick. Returns
        how many it was given. `names` gives the name of each tick.
        """
        if self._failures.stopped:
            return len(ticks)
        context = self.context
        clock, trigger, acts = context.clock, context.trigger, context.acts
        on_quote, on_trade, bars = self._on_quote, self._on_trade, context.symbol_bars.asked
        rest = trigger.rest = iter(ticks)
        trigger.ticks, trigger.names = ticks, names
        due_ns, timed = self.due_ns(clock.time), self.patterns.are_timed
        symbol_bars, warm_ups = context.symbol_bars, context.warm_ups
        over_ns = symbol_bars.due_ns
        try:
            for moment, tick in zip(moments, rest, strict=False):
                if due_ns is not None and due_ns <= moment.mono_ns:
                    trigger.rest = trigger.names = None
                    return len(ticks) - length_hint(rest) - 1
                clock.time = moment
                if type(tick) is Quote:
                    on_quote(tick)
                elif bars:
                    self._on_trade_with_bars(tick)  # type: ignore[arg-type]  # as below
                    if symbol_bars.due_ns != over_ns or not warm_ups.is_idle:
                        over_ns, due_ns = symbol_bars.due_ns, self.due_ns(moment)
                else:
                    on_trade(tick)  # type: ignore[arg-type]  # a tick is one of the two
                if timed:
                    due_ns = self.due_ns(moment)
                if context.acts != acts:
                    break
        except Exception as error:  # noqa: BLE001 - a strategy's bug costs its tick
            self._failures.add(error, trigger.tick, clock.time)
        given = len(ticks) - length_hint(rest)
        trigger.rest = trigger.names = None
        return given

    def _not_given(self, ticks: list[Tick]) -> list[Tick]:
        known = min(self.ahead, len(ticks))
        self.ahead -= known
        return ticks[known:]

    @property
    def wants(self) -> tuple[bool, bool]:
        """Whether quotes, and whether trades, lead to anything: a callback that nobody has filled
        in does nothing with them."""
        quotes, trades = (
            getattr(one, "__func__", None) not in (Strategy.on_quote, Strategy.on_trade)
            for one in (self._on_quote, self._on_trade)
        )
        return quotes, trades or bool(self.context.symbol_bars)

    @property
    def rests(self) -> bool:
        """Whether it waits for nothing but ticks and what is due."""
        context, failures = self.context, self._failures
        waits = (
            context.outgoing.waiting
            or context.closings
            or not context.asking.is_idle
            or not context.warm_ups.rests
        )
        is_well = context.live and not (failures.stopped or failures.on_trial)
        return (
            (is_well or not failures.is_set_up)
            and not waits
            and self.callbacks.rests
            and not self.ahead
        )

    def on_bar(self, bar: Bar, now: Now) -> None:
        """Deliver a bar that the gateway has made."""
        self.context.clock.time = now
        self.patterns.take(bar)
        self._call(self.strategy.on_bar, bar)

    def on_depth(self, depth: Depth, now: Now) -> None:
        """Deliver a book."""
        self.context.clock.time = now
        self._call(self.strategy.on_depth, depth)

    def on_external(self, feed: str, topic: str, value: Any, now: Now) -> None:
        """Deliver a message of an external feed."""
        self.context.clock.time = now
        self._call(self.strategy.on_external, feed, topic, value)

    def on_answer(self, answer: QueryAnswer, now: Now) -> None:
        """Deliver an answer to what the strategy asked, once all of it is here."""
        self.context.clock.time = now
        self._answers.take(answer, now)

    def tick(self, now: Now, taken_ns: int | None = None) -> None:
        """Once per turn: timers that are due (monotonic), bars that are over (wall time).

        `taken_ns` is up to when all that had arrived was delivered; without it, now. A strategy
        that is behind has trades waiting for it, and a bar must not end before they are in it.
        """
        self.context.clock.time = now
        self.callbacks.tick()
        self._due.tick(now, now.wall_ns if taken_ns is None else taken_ns)

    def _on_recorded(self, tick: Tick) -> None:
        """A tick of a recording, at the time that it is of, after what is due by then. The strategy
        has the bars and timers of a back-test, however fast the recording is played.

        Bars of a symbol end with the ticks of that symbol: what was read at once comes one symbol
        after the other, so one that is later says nothing of another one.
        """
        tick = at_own_time(tick)
        self._due.pass_to(tick)
        if isinstance(tick, Quote):
            self._on_quote(tick)
        else:
            self._on_trade_with_bars(tick)

    def due_ns(self, now: Now) -> int | None:
        """When `tick` has something to do though nothing arrives (monotonic); None: never. `now`
        tells the two clocks apart."""
        return self._due.next_ns(now)

    def _on_trade_with_bars(self, trade: Trade) -> None:
        if made := self.context.symbol_bars.add(trade):
            self._answers.bars(made)
        self._on_trade(trade)

    # ---- signals out ---------------------------------------------------------------------------

    def due(self, now: Now) -> list[AnySignal]:
        """The signals to send now; those whose time is over end first."""
        self.context.clock.time = now
        outgoing = self.context.outgoing
        closings = self.context.closings
        if closings and self.context.live:
            for ended in closings.release(now):
                self._call(self.strategy.on_order, ended)
        if not outgoing.waiting:
            return []
        for expired in outgoing.expired(now):
            self.callbacks.news("on_order", expired)
        return outgoing.due(now)

    def sent(self, signal: AnySignal, now: Now) -> None:
        """A signal was handed over; it is sent again if no answer comes."""
        self.context.outgoing.sent(signal, now)

    # ---- events of the followed streams --------------------------------------------------------

    def on_event(self, source: str, event: Event, seq: int, now: Now) -> None:
        """Take in an event of the executor, the gateway or risk; `seq` is its number in that
        journal."""
        self.context.clock.time = now
        self._news.on_event(source, event, seq)
        if self._news.knows_past:
            self.patterns.take(event)

    def take_changes(self) -> list[tuple[str, Change]]:
        """The steps of its circuit breaker since they were last taken, with its name."""
        return [(self._failures.name, change) for change in self._failures.take_changes()]


def _tick_handlers(
    strategy: Strategy[Any],
) -> tuple[Callable[[Quote], None], Callable[[Trade], None]]:
    """What takes a quote and a trade; `on_tick` is skipped where it is not overridden."""
    if type(strategy).on_tick is Strategy.on_tick:
        return strategy.on_quote, strategy.on_trade
    return strategy.on_tick, strategy.on_tick
