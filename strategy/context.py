"""The strategy context: what a strategy may ask for and do, made into signals and state."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from tapewire.common.clock import Now
from tapewire.common.config.settings import StrategyConfig
from tapewire.common.daily_time import DailyTime
from tapewire.common.delivery.outgoing import Outgoing
from tapewire.common.events import (
    AccountUpdated,
    CancelSignal,
    GroupKind,
    GroupLeg,
    GroupSignal,
    LegRole,
    ModifySignal,
    OrderTerms,
    Signal,
    TermChanges,
)
from tapewire.common.events.queries import Query
from tapewire.common.instruments import Instrument
from tapewire.strategy.account import AccountWatch
from tapewire.strategy.asking import Asking, Failed, Then, checked
from tapewire.strategy.closing import Closings
from tapewire.strategy.instrument import InstrumentWatch, StrategyInstrument
from tapewire.strategy.live_group import LiveGroup
from tapewire.strategy.live_order import LiveOrder
from tapewire.strategy.log import StrategyLog, Write, nowhere
from tapewire.strategy.market_time import MarketTime
from tapewire.strategy.portfolio import Portfolio
from tapewire.strategy.schedule import Schedules
from tapewire.strategy.series import BarSeries
from tapewire.strategy.state import State
from tapewire.strategy.symbol_bars import OnBar, SymbolBars
from tapewire.strategy.timing import Timers
from tapewire.strategy.trigger import Trigger
from tapewire.strategy.warm_ups import WarmUps


class TurnClock:
    """The strategy's time: the turn's, or the tick's while warming up."""

    def __init__(self) -> None:
        self.time = Now(0, 0)

    def now(self) -> Now:
        """The moment, as both clocks show it."""
        return self.time

    def now_ns(self) -> int:
        """Wall time, nanoseconds since the epoch, UTC."""
        return self.time.wall_ns

    def mono_ns(self) -> int:
        """Monotonic time, nanoseconds."""
        return self.time.mono_ns


class Context:
    """One strategy's context; see `base.StrategyContext` for what its methods promise.

    The runner sets the clock, `trigger` and `live`, feeds `portfolio`, and sends what is outgoing.
    """

    def __init__(
        self,
        config: StrategyConfig,
        epoch: str,
        saved: bytes | None = None,
        instruments: Iterable[Instrument] = (),
        scheduled: bytes | None = None,
        write: Write = nowhere,
    ) -> None:
        self.clock = TurnClock()
        self.live = False
        self.trigger = Trigger()
        self.portfolio = Portfolio()
        self.outgoing = Outgoing(self.portfolio.state_of, config.signal_ttl_ms * 1_000_000)
        self.closings = Closings(self.portfolio, self.outgoing, config.signal_ttl_ms * 1_000_000)
        self.asking = Asking(f"{config.name}-{epoch}")
        self.timers = Timers()
        self.market_time = MarketTime(self.timers)
        self.schedules = Schedules(scheduled)
        self.symbol_bars = SymbolBars(self._act)
        self.warm_ups = WarmUps(self.asking)
        self.account_watch = AccountWatch(config.account)
        self.instrument_watch = InstrumentWatch(instruments)
        self.state = State(config.name, saved)
        self.log = StrategyLog(config.name, self.clock, self._symbol_in_hand, write)
        self.subject: Any = None  # what a callback other than a tick's is called with
        self.signals = 0
        self.acts = 0  # what it did so far that somebody has to act on, signals included
        self._config = config
        self._ttl_ns = config.signal_ttl_ms * 1_000_000
        self._epoch = epoch

    # ---- signals -------------------------------------------------------------------------------

    def submit(self, symbol: str, terms: OrderTerms, confidence: float) -> str:
        """See `StrategyContext`."""
        if not self.live:
            return ""
        signal = Signal(
            symbol=symbol,
            terms=terms,
            trigger_price=self.trigger.price(),
            confidence=confidence,
            **self._envelope(),
        )
        return self.outgoing.add(signal, self.clock.time)

    def submit_group(
        self, kind: GroupKind, legs: tuple[GroupLeg, ...], confidence: float, within_ms: int = 0
    ) -> str:
        """See `StrategyContext`."""
        if not self.live:
            return ""
        signal = GroupSignal(
            kind=kind,
            legs=legs,
            trigger_price=self.trigger.price(),
            confidence=confidence,
            within_ms=within_ms,
            **self._envelope(),
        )
        return self.outgoing.add(signal, self.clock.time)

    def cancel(self, order_id: str, *, closes: bool = False) -> str:
        """See `StrategyContext`; with `closes` a group also closes what it has open."""
        if not (self.live and order_id):
            return ""
        signal = CancelSignal(signal_id=order_id, **self._envelope(), closes=closes)
        return self.outgoing.add(signal, self.clock.time)

    def modify(self, order_id: str, changes: TermChanges) -> str:
        """See `StrategyContext`."""
        if not (self.live and order_id):
            return ""
        signal = ModifySignal(signal_id=order_id, changes=changes, **self._envelope())
        return self.outgoing.add(signal, self.clock.time)

    def close(self, symbol: str) -> str:
        """See `StrategyContext`."""
        if not self.live:
            return ""
        if under_way := self.closings.of(symbol):
            return under_way
        account, in_the_way = self.closings.account_of(symbol), self.closings.in_the_way(symbol)
        if not (in_the_way or self.portfolio.position(symbol)):
            return ""
        for order_id in in_the_way:
            if not self.outgoing.cancels(order_id):
                self.cancel(order_id, closes=True)
        signal = {"symbol": symbol, "trigger_price": self.trigger.price(), **self._envelope()}
        signal["account"] = account or signal["account"]
        return self.closings.ask(self.clock.time, **signal)

    def _envelope(self) -> dict[str, Any]:
        """What all signals carry: a new id, who sends it, until when it holds, what caused it."""
        self.signals += 1
        self.acts += 1
        now, config = self.clock.time, self._config
        cause_id, cause_ns = self.trigger.cause()
        return {
            "id": f"{config.name}-{self._epoch}-{self.signals}",
            "ts_ns": now.wall_ns,
            "account": config.account,
            "strategy": config.name,
            "expires_ns": now.wall_ns + self._ttl_ns,
            "expires_mono_ns": now.mono_ns + self._ttl_ns,
            "cause_id": cause_id,
            "cause_ns": cause_ns,
        }

    # ---- what is known -------------------------------------------------------------------------

    def position(self, symbol: str) -> Decimal:
        """See `StrategyContext`."""
        return self.portfolio.position(symbol)

    def pending(self, symbol: str) -> int:
        """See `StrategyContext`."""
        closing = bool(self.closings.of(symbol))
        return self.outgoing.pending(symbol) + self.portfolio.live(symbol) + closing

    def orders(self) -> list[LiveOrder]:
        """See `StrategyContext`."""
        return self.portfolio.live_orders()

    def groups(self) -> list[LiveGroup]:
        """See `StrategyContext`."""
        return self.portfolio.live_groups()

    def exits_of(self, group_id: str, role: LegRole) -> list[str]:
        """See `StrategyContext`."""
        return self.portfolio.exits_of(group_id, role)

    def account(self) -> AccountUpdated:
        """See `StrategyContext`."""
        return self.account_watch.current()

    def instrument(self, symbol: str) -> StrategyInstrument:
        """See `StrategyContext`."""
        return self.instrument_watch.of(symbol)

    # ---- questions -----------------------------------------------------------------------------

    def query(self, query: Query, then: Then, failed: Failed | None) -> str:
        """See `StrategyContext`."""
        self.acts += 1
        named = checked(query, self.asking.next_id())
        return self.asking.ask(named, then, failed, self.clock.time)

    # ---- bars, timers, state -------------------------------------------------------------------

    def bars(self, series: BarSeries, history: str, then: OnBar | None) -> None:
        """See `StrategyContext`."""
        self.acts += 1
        making = self.symbol_bars.ask(series, self.clock.time.wall_ns, history, then)
        if making.past is not None:
            self.warm_ups.add(making, self.clock.time)

    def _act(self) -> None:
        self.acts += 1

    def every(self, interval_ms: int) -> None:
        """See `StrategyContext`."""
        self.acts += 1
        self.timers.every(interval_ms, self.market_time.timers_ns(self.clock.time))

    def schedule(self, at: DailyTime, then: Callable[[], object], late_s: float) -> None:
        """See `StrategyContext`."""
        self.acts += 1
        own_ns = self.market_time.own_ns
        self.schedules.add(at, then, late_s, self.clock.time.wall_ns if own_ns is None else own_ns)

    def _symbol_in_hand(self) -> str:
        """The symbol of what the strategy is called with; empty where it is about none."""
        found = self.trigger.tick if self.subject is None else self.subject
        symbol = getattr(found, "symbol", "")
        return symbol if isinstance(symbol, str) else ""

    def save(self, value: Any) -> None:
        """See `StrategyContext`."""
        self.state.save(value)

    def load(self) -> Any:
        """See `StrategyContext`."""
        return self.state.load()
