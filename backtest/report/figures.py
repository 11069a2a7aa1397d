"""A world's figures, as `tapewire demo` gives them, and whether anything was lost or different."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from tapewire.backtest.report.results import ledger
from tapewire.common.accounting.book import Book
from tapewire.common.amounts import text
from tapewire.common.events import (
    Fill,
    OrderDenied,
    OrderExpired,
    OrderIntended,
    OrderRejected,
    RiskHalted,
)
from tapewire.executor.service import ExecutorService
from tapewire.gateway.service import GatewayService
from tapewire.risk.service import RiskService
from tapewire.strategy.service import StrategyService
from tapewire.virtual.network import HOP_NS
from tapewire.virtual.world import GATEWAYS, World

CENT: Final = Decimal("0.01")
ZERO: Final = Decimal(0)


class Figures:
    """What a world that has come to rest adds up to.

    There is no `latency_us`: every message takes `hop_us` of virtual time, by definition.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.events = [e for name in GATEWAYS for e in world.events(name)]
        self._broker = world.server.books()
        multipliers = {i.symbol: i.multiplier for i in world.instruments}
        self._books = {"journals": ledger(self.events, multipliers), **_kept(world)}
        self.faults = list(self._faults())

    def told(self) -> dict[str, Any]:
        """The figures, JSON-able; `position_difference` and `pnl_difference` are against TWS."""
        world, journals = self._world, self._books["journals"]
        gateway, strategies = gateway_of(world), strategies_of(world)
        refused = [e for e in world.events("executor") if isinstance(e, OrderDenied | OrderExpired)]
        return {
            "messages_sent": world.server.counters["messages_sent"],
            "messages_received": gateway.gateway.market.messages,
            "ticks_published": gateway.metrics.value("ticks_published"),
            "ticks_received": {n: s.metrics.value("ticks_received") for n, s in strategies.items()},
            "gaps": {n: missed(s) for n, s in strategies.items()},
            "signals": sum(s.runner.signals for s in strategies.values()),
            "signals_refused": len(refused),
            "orders": sum(isinstance(e, OrderIntended) for e in self.events),
            "orders_rejected": len(
                {e.intent_id for e in self.events if isinstance(e, OrderRejected)}
            ),
            "orders_open": self._broker["orders_open"],
            "fills": sum(isinstance(e, Fill) for e in self.events),
            "duplicates": self._duplicates(),
            "position_difference": text(positions_apart(journals, self._broker)),
            "pnl_difference": text(pnl_apart(journals, self._broker)),
            "realised": text(journals.realised),
            "commission": text(journals.commission),
            "hop_us": HOP_NS // 1000,
            "halts": sum(isinstance(e, RiskHalted) for e in world.events("risk")),
            "restarts": sum(node.starts - 1 for node in world.nodes.values()),
            "dead_letters": sum(dead_letters(world).values()),
            "failures": {n: s.runner.failures for n, s in strategies.items()},
            "faults": self.faults,
        }

    def _duplicates(self) -> int:
        counts: Mapping[str, int] = self._broker["orders_by_ref"]
        return sum(count - 1 for count in counts.values())

    def _faults(self) -> Iterator[str]:
        sent = self._world.server.counters["messages_sent"]
        read = gateway_of(self._world).gateway.market.messages
        if sent != read:
            yield f"TWS sent {sent} market data messages, the gateway read {read}"
        for name, strategy in strategies_of(self._world).items():
            if missed(strategy):
                yield f"{name} missed {missed(strategy)} messages of ticks"
            if strategy.runner.stopped:
                yield f"{strategy.runner.fault}; these figures lack what came after"
        if self._duplicates():
            yield f"{self._duplicates()} broker orders beyond the first of their intent"
        if {e.exec_id for e in self.events if isinstance(e, Fill)} != {*self._broker["exec_ids"]}:
            yield "the executions are not the broker's"
        for name, book in self._books.items():
            positions, pnl = positions_apart(book, self._broker), pnl_apart(book, self._broker)
            if positions or pnl:
                yield f"{name} and broker differ: positions by {positions}, P&L by {pnl}"


def positions_apart(ours: Book, broker: Mapping[str, Any]) -> Decimal:
    """How far the positions are apart, summed over the symbols."""
    return _apart({s: p.quantity for s, p in ours.positions.items()}, broker["positions"])


def pnl_apart(ours: Book, broker: Mapping[str, Any]) -> Decimal:
    """How far realised P&L and fees are apart, summed over the symbols, to the cent."""
    realised = {s: p.realised for s, p in ours.positions.items()}
    fees = {s: p.commission for s, p in ours.positions.items()}
    apart = _apart(realised, broker["realised"]) + _apart(fees, broker["commissions"])
    return apart.quantize(CENT)


def missed(strategy: StrategyService) -> int:
    """Messages of ticks that a strategy knows it has not seen."""
    return sum(reader.missed for reader in strategy.readers.values())


def gateway_of(world: World) -> GatewayService:
    """The gateway's running service."""
    service = world.service("gateway")
    assert isinstance(service, GatewayService)
    return service


def strategies_of(world: World) -> dict[str, StrategyService]:
    """The running strategies by name."""
    found = {name: world.service(name) for name in world.strategies}
    return {name: s for name, s in found.items() if isinstance(s, StrategyService)}


def dead_letters(world: World) -> dict[str, int]:
    """What could not be used, by process."""
    services = {name: world.service(name) for name in world.nodes}
    return {n: s.metrics.value("dead_letters") for n, s in services.items() if s is not None}


def _kept(world: World) -> dict[str, Book]:
    """The books that processes keep for themselves."""
    executor, risk = world.service("executor"), world.service("risk")
    assert isinstance(executor, ExecutorService)
    assert isinstance(risk, RiskService)
    return {"the executor": executor.executor.ledger.book, "risk": risk.monitor.state.book}


def _apart(ours: Mapping[str, Decimal], theirs: Mapping[str, str]) -> Decimal:
    symbols = sorted(ours.keys() | theirs.keys())
    return sum((abs(ours.get(s, ZERO) - Decimal(theirs.get(s, "0"))) for s in symbols), ZERO)
