"""Rest: whether anybody in a world has anything to do, and until when nobody has.

Each process is asked about what it waits for. What is on its way between them is in the scheduler;
nothing may be there but turns without input and the market itself.
"""

from collections.abc import Callable
from typing import Any, Final

from tapewire.common.accounting.trading_days import next_day_ns
from tapewire.common.clock import Now
from tapewire.common.runtime.service import Service
from tapewire.executor.service import ExecutorService
from tapewire.gateway.rest import rests_until
from tapewire.gateway.service import GatewayService
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.rest import has_looked
from tapewire.risk.service import RiskService
from tapewire.strategy.service import StrategyService
from tapewire.virtual.direct.exchange import DirectExchange
from tapewire.virtual.lane.ahead import Ahead, Price, bounded, waited_for
from tapewire.virtual.lane.flow import Flow
from tapewire.virtual.lane.valuations import Valuations
from tapewire.virtual.world import World

FOREVER_NS: Final = 2**62


def obstacle(world: World) -> str:
    """Why the lane of a world can never go ahead, in a sentence; empty if it can."""
    for instrument in world.instruments:
        if instrument.ticks != ("top",):
            return f'{instrument.symbol} is read tick by tick: it has ticks other than "top"'
    for strategy in world.config.strategies:
        if strategy.delivery == "latest":
            return f'{strategy.name} has delivery = "latest", so it does not read every tick'
        if strategy.filter:
            return f"{strategy.name} has a filter, so it does not read every tick"
        if strategy.bars:
            return f"{strategy.name} has bars, which the gateway makes"
    for node in world.nodes.values():
        if isinstance(node.service, GatewayService) and node.service.market.greeks.has_options:
            return "there are options, whose greeks the gateway computes"
    return ""


class Rest:
    """What is asked of a world before its lane may go ahead."""

    def __init__(self, world: World, flow: Flow, valuations: Valuations) -> None:
        self._world = world
        self._valuations = valuations
        self._flow = flow
        self._orders, self._rules = Ahead(flow), Ahead(flow)
        self._times = flow.table.ts_ns
        self._prices: set[Price] = set()  # at which a rule of risk may look
        self._days_end_ns: dict[str, int] = {}  # of the present trading day, by account

    def until_ns(self, now: Now, start: int) -> int:
        """When somebody has something to do but for ticks (monotonic); 0: now. The row at `start`
        is the next one."""
        if not self._is_calm():
            return 0
        until_ns = FOREVER_NS
        self._prices = set()
        for node in self._world.nodes.values():
            if node.service is None or node.stopped or node.transport.inbox:
                return 0
            until_ns = min(until_ns, self._of_service(node.service, now))
            if until_ns <= now.mono_ns:
                return 0
        until_ns = min(until_ns, self._marks_until_ns(start))
        for exchange in self._exchanges():
            until_ns = min(until_ns, exchange.rests_until(FOREVER_NS))
            until_ns = min(until_ns, self._valuations.bound_ns(self._time_of(start), FOREVER_NS))
            prices = waited_for(exchange.reaches())
            until_ns = min(until_ns, self._time_of(self._orders.row(prices, start)))
        return until_ns

    def _marks_until_ns(self, start: int) -> int:
        """When a price comes at which a rule may look; 0 where one has that may still be on its
        way to risk."""
        if not self._prices:
            return FOREVER_NS
        row = self._rules.row(self._prices, self._flow.recent(start))
        return self._time_of(row) if row >= start else 0

    def _time_of(self, row: int) -> int:
        return int(self._times[row]) if row < len(self._times) else FOREVER_NS

    @property
    def looks_at_marks(self) -> bool:
        """Whether a rule may look at prices or at the time once something is held."""
        services = (node.service for node in self._world.nodes.values())
        risk = next(one for one in services if isinstance(one, RiskService))
        return not all(rule.rests(flat=False) for rule in risk.monitor.rules.rules)

    def _exchanges(self) -> list[DirectExchange]:
        servers = (one.server for one in self._world.brokers.values())
        return [one for one in servers if isinstance(one, DirectExchange)]

    def _is_calm(self) -> bool:
        """Whether nothing is on its way."""
        world = self._world
        idle: list[Callable[..., Any]] = [world.idle, world.turn]
        idle += [one.tick for one in world.brokers.values()]
        return all(action in idle for action in world.scheduler.waiting())

    def _of_service(self, service: Service, now: Now) -> int:
        if service.room.reason or not service.commits.is_idle:
            return 0
        if isinstance(service, StrategyService):
            due_ns = service.runner.due_ns(now)
            is_due = due_ns is not None and due_ns <= now.mono_ns
            return 0 if is_due or not service.runner.rests else FOREVER_NS
        if service.due_ns is not None:
            return 0
        if isinstance(service, GatewayService):
            return rests_until(service.gateway, FOREVER_NS)
        if isinstance(service, ExecutorService):
            return FOREVER_NS if service.executor.rests else 0
        return self._of_risk(service, now) if isinstance(service, RiskService) else 0

    def _of_risk(self, service: RiskService, now: Now) -> int:
        monitor = service.monitor
        accounts = monitor.accounts
        is_flat = not (any(accounts.held().values()) or accounts.orders.live())
        if monitor.halts or monitor.flatten is not None or monitor.enforcer.lasting:
            return 0
        if not has_looked(monitor, now):
            return 0
        if all(rule.rests(flat=False) for rule in monitor.rules.rules):
            return FOREVER_NS
        ends = (self._day_end_ns(service, one, now) for one in monitor.view.accounts())
        return min(
            min(ends, default=FOREVER_NS), self._quiet_until_ns(monitor, now, is_flat=is_flat)
        )

    def _quiet_until_ns(self, monitor: RiskMonitor, now: Now, *, is_flat: bool) -> int:
        """Until when rules find what they have found, as long as no price comes to its bound."""
        until_ns, view = FOREVER_NS, monitor.view.at(now)
        for rule in monitor.rules.rules:
            if rule.rests(flat=is_flat):
                continue
            quiet = rule.quiet_now(view)
            if quiet is None or (quiet.bounds and monitor.enforcer.has_warned):
                return 0
            self._prices |= bounded(quiet.bounds)
            if quiet.until_ns is not None:
                until_ns = min(until_ns, quiet.until_ns + now.mono_ns - now.wall_ns)
        return until_ns

    def _day_end_ns(self, service: RiskService, account: str, now: Now) -> int:
        """When the account's trading day ends, monotonic."""
        known = self._days_end_ns.get(account, 0)
        if known <= now.wall_ns:
            days = service.monitor.accounts.book.day_of.of(account)
            known = self._days_end_ns[account] = next_day_ns(days, now.wall_ns)
        return known + now.mono_ns - now.wall_ns
