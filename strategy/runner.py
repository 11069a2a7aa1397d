"""The runner's core: ticks to one strategy, its signals out, again until each is answered."""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from operator import length_hint
from typing import Any

from tapewire.common.bus import wire
from tapewire.common.config.settings import StrategyConfig
from tapewire.common.events import (
    AnySignal,
    CancelSignal,
    Event,
    ModifySignal,
    OrderChanged,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderPendingCancel,
    OrderPendingUpdate,
    OrderType,
    OrderUpdated,
    Quote,
    Side,
    Signal,
    Tick,
    Trade,
)
from tapewire.strategy.base import BarKind, LiveOrder, Strategy
from tapewire.strategy.loading.callbacks import never_called
from tapewire.strategy.loading.faults import Failure, failure
from tapewire.strategy.loading.loader import described, load
from tapewire.strategy.outgoing import Outgoing
from tapewire.strategy.own import Own
from tapewire.strategy.state import State
from tapewire.strategy.timing import SymbolBars, Timers

Origin = str | tuple[wire.Batch, str]
"""What names a message of ticks: its batch and topic, put into words only when they are needed."""


class RunnerClock:
    """The runner's time: that of the turn, or of the tick while warming up."""

    def __init__(self) -> None:
        self.ns = 0

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, UTC."""
        return self.ns


class Runner:
    """Runs one strategy. `say` hears what its callbacks raise, `kept` is what it saved last time.

    It sends while `live` is set: while its orders and fills are known to the end of their streams.
    From the first time on the strategy is told all that becomes of them, also what comes late.
    """

    def __init__(
        self,
        config: StrategyConfig,
        symbols: tuple[str, ...],
        epoch: str,
        say: Callable[[Failure], None],
        kept: bytes | None = None,
    ) -> None:
        self.name = config.name
        self.clock = RunnerClock()
        self.failures = 0
        self.last_failure: Failure | None = None
        self.signals = 0
        self.own = Own(config.name)
        self.outgoing = Outgoing(self.own)
        self.state = State(config.name, kept)
        self._live = self._knows_past = self._started = self._unset = False
        self._failures_max = config.failures_max
        self._say = say
        self._epoch = epoch
        self._ttl_ns = config.signal_ttl_ms * 1_000_000
        self._timers, self._bars = Timers(), SymbolBars()
        self._origin: Origin = ""
        self._ticks: list[Tick] = []
        self._rest: Iterator[Tick] | None = None  # of `_ticks`, behind the one in hand
        self.strategy = load(config, symbols, self)
        self.loaded = described(config)  # and from which file
        self.hints = never_called(type(self.strategy))
        self._on_quote, self._on_trade = _handlers(self.strategy)

    def __repr__(self) -> str:
        return f"<Runner {self.name}: {self.signals} signals, {len(self.waiting)} unanswered>"

    @property
    def stopped(self) -> bool:
        """Whether the strategy raised too often, or in `on_start`, and gets nothing more."""
        return self._unset or self.failures >= self._failures_max

    @property
    def fault(self) -> str:
        """How often it raised and what last, in a sentence; an empty text if it never did."""
        if self.last_failure is None:
            return ""
        if self._unset:
            return (
                f"strategy {self.name} was stopped: its on_start raised {self.last_failure.error}"
            )
        often = f"{self.failures} failure{'s' * (self.failures > 1)}"
        often = f"was stopped after {often}" if self.stopped else f"goes on after {often}"
        limit = "" if self.stopped else f", is stopped after {self._failures_max}"
        return f"strategy {self.name} {often}{limit}, the last: {self.last_failure.error}"

    @property
    def waiting(self) -> dict[str, Any]:
        """The signals that are not answered, by id."""
        return self.outgoing.waiting

    @property
    def live(self) -> bool:
        """Whether signals are sent."""
        return self._live

    @live.setter
    def live(self, live: bool) -> None:
        self._live = live
        self._knows_past = self._knows_past or live

    # ---- its life ----------------------------------------------------------------------------

    def start(self, now_ns: int) -> None:
        """Before the first tick; once.

        A strategy that is not set up would raise in every callback, each time another error than
        the one that matters: so one whose `on_start` raises is stopped there and then.
        """
        self.clock.ns = now_ns
        if self._started:
            return
        self._started = True
        try:
            self.strategy.on_start()
        except (Exception, SystemExit) as error:  # noqa: BLE001 - its bug is its own affair
            self._unset, self._failures_max = True, 1
            self._failed(error, "on_start")
        self._on_quote, self._on_trade = _handlers(self.strategy)

    def warm_up(self, ticks: Iterable[Tick]) -> None:
        """History, before the first live tick; the strategy's time is the history's meanwhile."""
        if self.stopped:
            return
        now_ns = self.clock.ns
        for tick in ticks:
            self.on_ticks("", [tick], tick.ts_ns)
        self.clock.ns = now_ns

    def stop(self) -> None:
        """After the last tick; a strategy that was never set up has nothing to put away."""
        if not self._unset:
            self._call(self.strategy.on_stop)

    # ---- input -------------------------------------------------------------------------------

    def on_ticks(self, origin: Origin, ticks: list[Tick], now_ns: int) -> None:
        """Ticks of one message, in order; `origin` names the message."""
        self.clock.ns = now_ns
        if self.stopped:
            return
        self._origin, self._ticks = origin, ticks
        on_quote, on_trade = self._on_quote, self._trade_for_bars if self._bars else self._on_trade
        rest = self._rest = iter(ticks)
        while True:  # a tick that raises ends the inner loop, not the rest
            try:
                for tick in rest:
                    if type(tick) is Quote:
                        on_quote(tick)
                    else:
                        on_trade(tick)  # type: ignore[arg-type]  # a tick is one of the two
                break
            except Exception as error:  # noqa: BLE001 - a strategy's bug is its own affair
                self._failed(error, self._in_hand())
                if self.stopped:
                    break
        self._rest = None

    def on_executor(self, event: Event, now_ns: int) -> None:
        """The executor's journal: answers to signals, and what became of orders."""
        self.clock.ns = now_ns
        self.own.on_executor(event)
        if isinstance(event, OrderCreated):
            if event.order.strategy == self.name:
                self.outgoing.answered(event.signal_id)
        elif isinstance(event, OrderPendingCancel | OrderPendingUpdate):
            self.outgoing.answered(event.signal_id)
        elif isinstance(event, OrderDenied | OrderExpired | OrderChanged | OrderUpdated):
            if event.strategy != self.name:
                return
            if isinstance(event, OrderDenied | OrderExpired):
                self.outgoing.answered(event.signal_id)
            if self._knows_past:
                self._call(self.strategy.on_order, event)

    def on_gateway(self, event: Event, now_ns: int) -> None:
        """The gateway's journal: this strategy's fills, each once, corrections in place."""
        self.clock.ns = now_ns
        if self.own.on_gateway(event) and self._knows_past:
            self._call(self.strategy.on_fill, event)

    def on_risk(self, event: Event, now_ns: int) -> None:
        """Risk's journal: a flatten closes what the strategy holds."""
        self.clock.ns = now_ns
        self.own.on_risk(event)

    def on_external(self, feed: str, topic: str, value: Any, now_ns: int) -> None:
        """A message of an external feed."""
        self.clock.ns = now_ns
        self._call(self.strategy.on_external, feed, topic, value)

    def tick(self, now_ns: int) -> None:
        """Once a turn: timers that are due, bars that are over."""
        self.clock.ns = now_ns
        next_ns = self._timers.next_ns
        if next_ns is not None and next_ns <= now_ns:
            for interval_ms in self._timers.passed(now_ns):
                self._call(self.strategy.on_timer, interval_ms)
        if self._bars:
            for bar in self._bars.advance(now_ns):
                self._call(self.strategy.on_bar, bar)

    def due(self, now_ns: int) -> list[AnySignal]:
        """Signals to send now: new ones, and those whose answer is late; expired ones end."""
        self.clock.ns = now_ns
        if not self.outgoing.waiting:
            return []
        for expired in self.outgoing.expired(now_ns):
            self._call(self.strategy.on_order, expired)
        return self.outgoing.due(now_ns)

    def sent(self, signal: AnySignal, now_ns: int) -> None:
        """A signal was handed over; it is sent again if no answer comes."""
        self.outgoing.sent(signal, now_ns)

    # ---- the strategy's desk -----------------------------------------------------------------

    def signal(
        self,
        action: Side,
        symbol: str,
        quantity: Decimal,
        limit_price: Decimal | None,
        confidence: float,
    ) -> str:
        """See `tapewire.strategy.base.Desk`."""
        if not self._live:
            return ""
        kind: OrderType = "MKT" if limit_price is None else "LMT"
        now_ns, price = self.clock.ns, _price_of(self._in_hand())
        return self.outgoing.add(
            Signal(
                self._next_id(), now_ns, self.name, action, symbol, quantity, kind,
                now_ns + self._ttl_ns, limit_price, price, confidence, *self._cause(),
            )
        )  # fmt: skip

    def cancel(self, order_id: str) -> str:
        """See `tapewire.strategy.base.Desk`."""
        if not (self._live and order_id):
            return ""
        now_ns, expires_ns = self.clock.ns, self.clock.ns + self._ttl_ns
        return self.outgoing.add(
            CancelSignal(self._next_id(), now_ns, self.name, order_id, expires_ns, *self._cause())
        )

    def modify(self, order_id: str, quantity: Decimal | None, limit_price: Decimal | None) -> str:
        """See `tapewire.strategy.base.Desk`."""
        if not (self._live and order_id):
            return ""
        now_ns, expires_ns = self.clock.ns, self.clock.ns + self._ttl_ns
        return self.outgoing.add(
            ModifySignal(
                self._next_id(), now_ns, self.name, order_id, expires_ns,
                quantity, limit_price, *self._cause(),
            )
        )  # fmt: skip

    def position(self, symbol: str) -> Decimal:
        """See `tapewire.strategy.base.Desk`."""
        return self.own.position(symbol)

    def pending(self, symbol: str) -> int:
        """See `tapewire.strategy.base.Desk`."""
        return self.outgoing.on(symbol) + self.own.open(symbol)

    def orders(self) -> list[LiveOrder]:
        """See `tapewire.strategy.base.Desk`."""
        return self.own.live_orders()

    def bars(self, symbol: str, kind: BarKind, size: float) -> None:
        """See `tapewire.strategy.base.Desk`."""
        self._bars.ask(symbol, kind, size)

    def every(self, interval_ms: int) -> None:
        """See `tapewire.strategy.base.Desk`."""
        self._timers.every(interval_ms, self.clock.ns)

    def save(self, value: Any) -> None:
        """See `tapewire.strategy.base.Desk`."""
        self.state.save(value)

    def load(self) -> Any:
        """See `tapewire.strategy.base.Desk`."""
        return self.state.load()

    # ---- inside ------------------------------------------------------------------------------

    def _next_id(self) -> str:
        self.signals += 1
        return f"{self.name}-{self._epoch}-{self.signals}"

    def _cause(self) -> tuple[str, int]:
        """The tick that the strategy is being told of: its id and time."""
        tick = self._in_hand()
        if tick is None:
            return "", 0
        return f"{cause_of(self._origin)}/{self._place()}", tick.ts_ns

    def _in_hand(self) -> Tick | None:
        return None if self._rest is None else self._ticks[self._place()]

    def _place(self) -> int:
        """Where the tick in hand stands in its message: told by what is left of it."""
        return len(self._ticks) - length_hint(self._rest) - 1

    def _trade_for_bars(self, trade: Trade) -> None:
        for bar in self._bars.add(trade):
            self._call(self.strategy.on_bar, bar)
        self._on_trade(trade)

    def _call(self, callback: Callable[..., None], *arguments: Any) -> None:
        if self.stopped and callback != self.strategy.on_stop:
            return
        try:
            callback(*arguments)
        except Exception as error:  # noqa: BLE001 - a strategy's bug is its own affair
            self._failed(error, arguments[-1] if arguments else callback.__name__)

    def _failed(self, error: BaseException, subject: Any) -> None:
        self.failures += 1
        self.last_failure = failure(self.name, error, subject, self.failures, self._failures_max)
        self._say(self.last_failure)


def cause_of(origin: Origin) -> str:
    """A message's name, as signals and fills carry it."""
    if isinstance(origin, str):
        return origin
    batch, topic = origin
    return f"{batch.source}/{batch.epoch}/{topic}/{batch.seq}"


def _handlers(strategy: Strategy) -> tuple[Callable[[Quote], None], Callable[[Trade], None]]:
    """What a quote and a trade are given to; `on_tick` is passed by where it does nothing else."""
    if type(strategy).on_tick is Strategy.on_tick:
        return strategy.on_quote, strategy.on_trade
    return strategy.on_tick, strategy.on_tick


def _price_of(tick: Tick | None) -> float | None:
    """The price that a tick shows: the trade's, or the middle of a quote with both sides."""
    if isinstance(tick, Trade):
        return tick.price
    if tick is None or tick.bid is None or tick.ask is None:
        return None
    return (tick.bid + tick.ask) / 2
