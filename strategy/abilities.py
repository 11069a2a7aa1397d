"""What a strategy is built on: what `Strategy` asks of whatever runs it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Protocol

from tapewire.common.clock import Clock
from tapewire.common.daily_time import DailyTime
from tapewire.common.events import (
    AccountUpdated,
    Bar,
    GroupKind,
    GroupLeg,
    LegRole,
    OrderTerms,
    TermChanges,
)
from tapewire.common.events.queries import Query
from tapewire.strategy.asking import Failed, Then
from tapewire.strategy.instrument import StrategyInstrument
from tapewire.strategy.live_group import LiveGroup
from tapewire.strategy.live_order import LiveOrder
from tapewire.strategy.log import StrategyLog
from tapewire.strategy.series import BarSeries


class StrategyContext(Protocol):
    """What a strategy is built on; `Strategy` explains each of these to its author."""

    @property
    def clock(self) -> Clock:
        """The time that the strategy acts in."""

    @property
    def live(self) -> bool:
        """Whether signals are sent."""

    def submit(self, symbol: str, terms: OrderTerms, confidence: float) -> str:
        """Signal an order; returns its id, or an empty text if nothing can be sent now."""

    def cancel(self, order_id: str) -> str:
        """As `submit`, for a cancel."""

    def modify(self, order_id: str, changes: TermChanges) -> str:
        """As `submit`, for a modify."""

    def submit_group(
        self, kind: GroupKind, legs: tuple[GroupLeg, ...], confidence: float, within_ms: int = 0
    ) -> str:
        """As `submit`, for a group of orders."""

    def groups(self) -> list[LiveGroup]:
        """This strategy's groups that are not DONE."""

    def exits_of(self, group_id: str, role: LegRole) -> list[str]:
        """The ids of a group's stops or targets that work."""

    def close(self, symbol: str) -> str:
        """As `submit`, for what is held of a symbol, once its orders on it are over."""

    def position(self, symbol: str) -> Decimal:
        """What this strategy's executions add up to."""

    def pending(self, symbol: str) -> int:
        """How many signals and orders of this strategy on `symbol` have not ended."""

    def orders(self) -> list[LiveOrder]:
        """This strategy's orders that work, or may."""

    def account(self) -> AccountUpdated:
        """The values of the account that this strategy trades in."""

    def instrument(self, symbol: str) -> StrategyInstrument:
        """What is known of a symbol."""

    def query(self, query: Query, then: Then, failed: Failed | None) -> str:
        """Ask the gateway; returns the question's id, which the query gets."""

    def bars(self, series: BarSeries, history: str, then: Callable[[Bar], object] | None) -> None:
        """Make bars of the symbol's trades from now on, after those of its `history`."""

    def every(self, interval_ms: int) -> None:
        """Call `on_timer` at this interval from now on."""

    def schedule(self, at: DailyTime, then: Callable[[], object], late_s: float) -> None:
        """Call `then` at this time of each day from now on."""

    @property
    def log(self) -> StrategyLog:
        """Where it writes lines."""

    def save(self, value: Any) -> None:
        """Keep `value` over restarts."""

    def load(self) -> Any:
        """Return what was kept last."""
