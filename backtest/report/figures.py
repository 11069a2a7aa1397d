"""The figures of a world, as `tapewire demo` gives them, and every fault that they show."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from tapewire.common import roles
from tapewire.common.accounting.book import Book
from tapewire.common.accounting.compare import broker_of, compare, total
from tapewire.common.amounts import text
from tapewire.common.events import (
    Difference,
    Event,
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
from tapewire.virtual.world import COMMIT_NS, World

DIFFERENCES_SHOWN_MAX: Final = 10
JOURNALS: Final = "the journals"


class Figures:
    """The figures of a world that has come to rest. `journals` is the book of the gateways' events.

    There is no `latency_us`: every message takes `hop_us` of virtual time, and every commit of a
    journal `commit_us`.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.events: list[Event] = []
        self.journals = Book({i.symbol: i.multiplier for i in world.instruments})
        for role in roles.GATEWAYS:
            for event in world.events(role):
                self.events.append(event)
                self.journals.apply(event, role)
        self._broker = world.server.books()
        broker = broker_of(self._broker)
        books = {JOURNALS: self.journals, **_kept(world)}
        self._differences = {name: compare(book, broker) for name, book in books.items()}
        self.faults = list(self._faults())

    def as_json(self) -> dict[str, Any]:
        """The figures, JSON-able. `duplicates`, `position_difference` and `pnl_difference` compare
        the journals with the broker."""
        world, differences = self._world, self._differences[JOURNALS]
        gateway, strategies = gateway_of(world), strategies_of(world)
        rejected = {e.intent_id for e in self.events if isinstance(e, OrderRejected)}
        return {
            "messages_sent": world.server.counters["messages_sent"],
            "messages_received": gateway.gateway.broker.messages,
            "ticks_published": gateway.metrics.value("ticks_published"),
            "ticks_received": {n: s.metrics.value("ticks_received") for n, s in strategies.items()},
            "gaps": {n: missed(s) for n, s in strategies.items()},
            "signals": sum(s.runner.signals for s in strategies.values()),
            "signals_denied": sum(
                isinstance(e, OrderDenied | OrderExpired) for e in world.events(roles.EXECUTOR)
            ),
            "orders": sum(isinstance(e, OrderIntended) for e in self.events),
            "orders_rejected": len(rejected),
            "orders_open": self._broker["orders_open"],
            "fills": sum(isinstance(e, Fill) for e in self.events),
            "duplicates": int(total(differences, "duplicate")),
            "position_difference": text(total(differences, "position")),
            "pnl_difference": text(total(differences, "realised", "fees")),
            "realised": text(self.journals.realised),
            "commission": text(self.journals.fees),
            "hop_us": HOP_NS // 1000,
            "commit_us": COMMIT_NS // 1000,
            "halts": sum(isinstance(e, RiskHalted) for e in world.events(roles.RISK)),
            "restarts": sum(node.starts - 1 for node in world.nodes.values()),
            "dead_letters": sum(dead_letters(world).values()),
            "failures": {n: s.runner.failures for n, s in strategies.items()},
            "faults": self.faults,
        }

    def _faults(self) -> Iterator[str]:
        sent = self._world.server.counters["messages_sent"]
        received = gateway_of(self._world).gateway.broker.messages
        if sent != received:
            yield f"TWS sent {sent} market data messages, the gateway received {received}"
        for name, strategy in strategies_of(self._world).items():
            if missed(strategy):
                yield f"{name} missed {missed(strategy)} messages of ticks"
            if strategy.runner.was_stopped:
                yield f"{strategy.runner.fault}; these figures lack what came after"
        for name, differences in self._differences.items():
            yield from _named(name, differences)


def missed(strategy: StrategyService) -> int:
    """The number of tick messages that a strategy knows it has missed."""
    return sum(reader.missed for reader in strategy.readers.values())


def gateway_of(world: World) -> GatewayService:
    """The gateway's running service."""
    service = world.service(roles.GATEWAY)
    assert isinstance(service, GatewayService)
    return service


def strategies_of(world: World) -> dict[str, StrategyService]:
    """The running strategies by role."""
    found = {name: world.service(name) for name in world.strategies}
    return {name: s for name, s in found.items() if isinstance(s, StrategyService)}


def dead_letters(world: World) -> dict[str, int]:
    """The number of dead letters, by role."""
    services = {name: world.service(name) for name in world.nodes}
    return {n: s.metrics.value("dead_letters") for n, s in services.items() if s is not None}


def _kept(world: World) -> dict[str, Book]:
    """The books that processes keep for themselves."""
    executor, risk = world.service(roles.EXECUTOR), world.service(roles.RISK)
    assert isinstance(executor, ExecutorService)
    assert isinstance(risk, RiskService)
    return {"the executor": executor.executor.ledger.book, "risk": risk.monitor.accounts.book}


def _named(name: str, differences: Sequence[Difference]) -> Iterator[str]:
    """A sentence for each difference of a book. Duplicates are the broker's orders, the same for
    every book, so they appear with the journals only."""
    shown = [d for d in differences if name == JOURNALS or d.kind != "duplicate"]
    for one in shown[:DIFFERENCES_SHOWN_MAX]:
        yield f"{name} and the broker differ: {one}"
    if len(shown) > DIFFERENCES_SHOWN_MAX:
        yield f"{name} and the broker have {len(shown):,} differences in all"
