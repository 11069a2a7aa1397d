"""The runner's core: ticks to one strategy, its signals out, again until each is answered."""

import importlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec

from common.config import ConfigError, StrategyConfig
from common.events import (
    Event,
    Fill,
    OrderChanged,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderState,
    Side,
    Signal,
    Tick,
    signed,
)
from common.positions import execution_key
from strategy.base import Strategy

RESEND_NS: Final = 250_000_000
FAILURES_MAX: Final = 10
ENDED: Final = frozenset[OrderState](["FILLED", "CANCELLED", "REJECTED", "REFUSED", "LOST"])


class Waiting:
    """A signal that the executor has not answered yet."""

    def __init__(self, signal: Signal) -> None:
        self.signal = signal
        self.sent_ns = 0


class Runner:
    """Runs one strategy. `say` is told of what it raised.

    It begins to send when `live` is set: when the past of its orders and fills is known.
    """

    def __init__(
        self,
        config: StrategyConfig,
        symbols: tuple[str, ...],
        epoch: str,
        say: Callable[[str], None],
    ) -> None:
        self.name = config.name
        self.live = False
        self.now_ns = 0
        self.failures = 0
        self.signals = 0
        self.waiting: dict[str, Waiting] = {}
        self._say = say
        self._epoch = epoch
        self._ttl_ns = config.signal_ttl_ms * 1_000_000
        self._cause: tuple[str, int] = ("", 0)
        self._executions: dict[str, Decimal] = {}
        self._positions: dict[str, Decimal] = {}
        self._symbols: dict[str, str] = {}  # of each order, the ended ones too: some come back
        self._open_orders: set[str] = set()
        self.strategy = load(config, symbols, self)

    def __repr__(self) -> str:
        return f"<Runner {self.name}: {self.signals} signals, {len(self.waiting)} unanswered>"

    @property
    def stopped(self) -> bool:
        """Whether the strategy raised too often and gets no more ticks."""
        return self.failures >= FAILURES_MAX

    # ---- input -------------------------------------------------------------------------------

    def start(self, now_ns: int) -> None:
        """Before the first tick."""
        self.now_ns = now_ns
        self._call(self.strategy.on_start)

    def stop(self) -> None:
        """After the last tick."""
        self._call(self.strategy.on_stop)

    def on_ticks(self, origin: str, ticks: list[Tick], now_ns: int) -> None:
        """Ticks of one message, in order; `origin` names the message."""
        self.now_ns = now_ns
        if self.stopped:
            return
        on_tick = self.strategy.on_tick
        for place, tick in enumerate(ticks):
            self._cause = (f"{origin}/{place}", tick.ts_ns)
            try:
                on_tick(tick)
            except Exception as error:  # noqa: BLE001 - a strategy's bug is its own affair
                self._failed(repr(error), tick)
                if self.stopped:
                    break
        self._cause = ("", 0)

    def on_executor(self, event: Event, now_ns: int) -> None:
        """The executor's journal: answers to signals, and what became of orders."""
        self.now_ns = now_ns
        if isinstance(event, OrderCreated):
            if event.order.strategy == self.name:
                self.waiting.pop(event.signal_id, None)
                self._symbols[event.order.intent_id] = event.order.symbol
                self._open_orders.add(event.order.intent_id)
            return
        if not isinstance(event, OrderDenied | OrderExpired | OrderChanged):
            return
        if event.strategy != self.name:
            return
        if isinstance(event, OrderChanged):
            if event.state in ENDED:
                self._open_orders.discard(event.intent_id)
            elif event.intent_id in self._symbols:
                self._open_orders.add(event.intent_id)
        else:
            self.waiting.pop(event.signal_id, None)
        if self.live:
            self._call(self.strategy.on_order, event)

    def on_gateway(self, event: Event, now_ns: int) -> None:
        """The gateway's journal: this strategy's fills, each once, corrections in place."""
        self.now_ns = now_ns
        if not isinstance(event, Fill) or event.strategy != self.name:
            return
        key = execution_key(event.exec_id)
        change = signed(event.side, event.quantity)
        before = self._executions.get(key, Decimal(0))
        self._executions[key] = change
        held = self._positions.get(event.symbol, Decimal(0))
        self._positions[event.symbol] = held + change - before
        if self.live:
            self._call(self.strategy.on_fill, event)

    def due(self, now_ns: int) -> list[Signal]:
        """Signals to send now: new ones, and those whose answer is late; expired ones end."""
        self.now_ns = now_ns
        out = []
        for signal_id, waiting in list(self.waiting.items()):
            if waiting.signal.expires_ns < now_ns:
                del self.waiting[signal_id]
                self._call(self.strategy.on_order, OrderExpired(now_ns, signal_id, self.name))
            elif now_ns - waiting.sent_ns >= RESEND_NS:
                out.append(waiting.signal)
        return out

    def sent(self, signal: Signal, now_ns: int) -> None:
        """A signal was handed over; it is sent again if no answer comes."""
        if signal.id in self.waiting:
            self.waiting[signal.id].sent_ns = now_ns

    # ---- the strategy's desk --------------------------------------------------------------------

    def signal(
        self,
        action: Side,
        symbol: str,
        quantity: Decimal,
        limit_price: Decimal | None,
        confidence: float,
    ) -> str:
        """See `strategy.base.Desk`."""
        if not self.live:
            return ""
        self.signals += 1
        signal = Signal(
            id=f"{self.name}-{self._epoch}-{self.signals}",
            ts_ns=self.now_ns,
            strategy=self.name,
            action=action,
            symbol=symbol,
            quantity=quantity,
            order_type="MKT" if limit_price is None else "LMT",
            expires_ns=self.now_ns + self._ttl_ns,
            limit_price=limit_price,
            confidence=confidence,
            cause_id=self._cause[0],
            cause_ns=self._cause[1],
        )
        self.waiting[signal.id] = Waiting(signal)
        return signal.id

    def position(self, symbol: str) -> Decimal:
        """See `strategy.base.Desk`."""
        return self._positions.get(symbol, Decimal(0))

    def pending(self, symbol: str) -> int:
        """See `strategy.base.Desk`."""
        signals = sum(w.signal.symbol == symbol for w in self.waiting.values())
        return signals + sum(self._symbols[i] == symbol for i in self._open_orders)

    # ---- inside ------------------------------------------------------------------------------

    def _call(self, callback: Callable[..., None], *arguments: Event) -> None:
        try:
            callback(*arguments)
        except Exception as error:  # noqa: BLE001 - a strategy's bug is its own affair
            self._failed(repr(error), arguments[0] if arguments else callback.__name__)

    def _failed(self, error: str, subject: Any) -> None:
        self.failures += 1
        rest = "it gets no more ticks" if self.stopped else "it goes on"
        self._say(f"strategy {self.name} raised {error} on {subject}; {rest}")


def load(config: StrategyConfig, symbols: tuple[str, ...], desk: Runner) -> Strategy:
    """The configured strategy, from `module:Class`; raises `ConfigError` saying what is wrong."""
    module_name, _, class_name = config.strategy.partition(":")
    where = f"strategies.{config.name}"
    try:
        cls = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{where}.strategy is {config.strategy}, must be module:Class: {error}"
        ) from error
    if not (isinstance(cls, type) and issubclass(cls, Strategy)):
        raise ConfigError(f"{where}.strategy is {config.strategy}, must be a strategy.Strategy")
    known = {f.name for f in msgspec.structs.fields(cls.Parameters)}
    unknown = sorted(set(config.parameters) - known)
    if unknown:
        expected = ", ".join(sorted(known)) or "none"
        raise ConfigError(f"{where}.parameters.{unknown[0]} is not known; expected: {expected}")
    try:
        parameters = msgspec.convert(config.parameters, cls.Parameters)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}.parameters: {error}") from error
    return cls(config.name, symbols, parameters, desk)
