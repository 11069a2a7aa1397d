"""What Prometheus is shown of risk: trading state, limits, positions and P&L.

Read in the exporter's thread, when it asks: it only looks. Money is by account and currency, and
amounts of two currencies are never added up. A figure that is not known is left out, and another
series counts how many are: an alert on a loss must not rest on half of it.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import get_args

from tapewire.common.accounting.book import ZERO, Key, Position
from tapewire.common.events import TradingState
from tapewire.common.runtime.metrics import Labels, Metrics
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.rules import Reading

Figures = Mapping[Labels, float]
OF_MONEY = ("account", "currency")
OF_LIMITS = ("rule", "account", "symbol", "unit")


def watch(metrics: Metrics, monitor: RiskMonitor, trading: Callable[[], TradingState]) -> None:
    """Show these of a monitor; `trading` gives the state that its heartbeat has."""
    states = get_args(TradingState)
    metrics.show("trading_state", ("state",), lambda: {(s,): s == trading() for s in states})
    metrics.show("halts", (), lambda: {(): len(monitor.halts)})
    metrics.show("flattens", (), lambda: {(): len(monitor.decisions.flattening)})
    metrics.show("foreign_orders", (), lambda: {(): len(monitor.accounts.orders.foreign)})
    _Results(monitor).watch(metrics)
    _Limits(monitor).watch(metrics)


class _Results:
    """Positions and what they have come to."""

    def __init__(self, monitor: RiskMonitor) -> None:
        self._accounts = monitor.accounts
        self._view = monitor.view

    def watch(self, metrics: Metrics) -> None:
        metrics.show("position", ("account", "symbol"), self._quantities)
        metrics.show("positions_unpriced", ("account",), self._unpriced)
        metrics.show("realised_pnl", OF_MONEY, lambda: self._sums(lambda one: one.realised))
        metrics.show("unrealised_pnl", OF_MONEY, lambda: self._sums(_unrealised))
        metrics.show("commission", OF_MONEY, lambda: self._sums(lambda one: one.fees))
        metrics.show("day_realised_pnl", OF_MONEY, self._days)

    def _quantities(self) -> Figures:
        held: dict[Key, Decimal] = dict.fromkeys(list(self._accounts.book.positions), ZERO)
        return {key: float(quantity) for key, quantity in (held | self._accounts.held()).items()}

    def _sums(self, amount: Callable[[Position], Decimal | None]) -> Figures:
        """By account and currency, but for those of which one amount is not known."""
        sums: defaultdict[Key, list[Decimal | None]] = defaultdict(list)
        for (account, symbol), one in list(self._accounts.book.positions.items()):
            sums[account, self._accounts.currency(symbol)].append(amount(one))
        return {
            key: float(sum((one for one in amounts if one is not None), ZERO))
            for key, amounts in sums.items()
            if None not in amounts
        }

    def _unpriced(self) -> Figures:
        counts: defaultdict[Labels, int] = defaultdict(int)
        for one in list(self._accounts.book.positions.values()):
            counts[one.account,] += _unrealised(one) is None
        return counts

    def _days(self) -> Figures:
        """Of accounts with one currency: a day's total is not kept for each."""
        found: dict[Labels, float] = {}
        for account in sorted({account for account, _ in list(self._accounts.book.positions)}):
            currencies = {
                self._accounts.currency(one.symbol) for one in self._view.positions(account)
            }
            if len(currencies) == 1:
                found[account, *currencies] = float(self._view.day(account).realised)
        return found


def _unrealised(one: Position) -> Decimal | None:
    return one.unrealised if one.quantity else ZERO


class _Limits:
    """How much of each limit is used: of several of one rule and unit, of the one used most."""

    def __init__(self, monitor: RiskMonitor) -> None:
        self._monitor = monitor

    def watch(self, metrics: Metrics) -> None:
        metrics.show("risk_used", OF_LIMITS, lambda: self._known(lambda one: one.used))
        metrics.show("risk_limit", OF_LIMITS, lambda: self._all(lambda one: one.limit))
        metrics.show("risk_headroom", OF_LIMITS, lambda: self._known(_headroom))
        metrics.show("risk_used_ratio", OF_LIMITS, lambda: self._known(lambda one: one.share))
        metrics.show("risk_unknown", OF_LIMITS, lambda: self._all(lambda one: one.used is None))

    def _readings(self) -> dict[Labels, Reading]:
        """One that is not known goes before all others."""
        most: dict[Labels, Reading] = {}
        for one in self._monitor.readings:
            labels = (one.rule, one.account, one.symbol, one.unit)
            if labels not in most or _rank(one) > _rank(most[labels]):
                most[labels] = one
        return most

    def _all(self, figure: Callable[[Reading], Decimal | bool]) -> Figures:
        return {labels: float(figure(one)) for labels, one in self._readings().items()}

    def _known(self, figure: Callable[[Reading], Decimal | None]) -> Figures:
        found = {labels: figure(one) for labels, one in self._readings().items()}
        return {labels: float(amount) for labels, amount in found.items() if amount is not None}


def _headroom(one: Reading) -> Decimal | None:
    return None if one.used is None else one.limit - one.used


def _rank(one: Reading) -> Decimal:
    return Decimal("Infinity") if one.share is None else one.share
