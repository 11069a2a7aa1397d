"""How each process of a world is built: the live services, with virtual sockets and clock."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from itertools import takewhile

import msgspec

from tapewire.common.config.settings import StrategyConfig
from tapewire.common.instruments import Instrument
from tapewire.common.runtime.clock import Clock
from tapewire.common.runtime.service import Service
from tapewire.executor.executor import Executor
from tapewire.executor.service import ExecutorService
from tapewire.gateway.gateway import Gateway
from tapewire.gateway.service import GatewayService
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.rules import MaxContracts
from tapewire.risk.service import RiskService
from tapewire.strategy import history
from tapewire.strategy.loading.faults import Failure
from tapewire.strategy.runner import Runner
from tapewire.strategy.service import StrategyService
from tapewire.virtual.node import Build, Node


class Blueprint(msgspec.Struct, frozen=True, kw_only=True):
    """What all processes of a world are built from. `gateway_class` is for tests of tests;
    `hang_up` closes a gateway's connection to TWS; `say` hears what a strategy raises."""

    instruments: tuple[Instrument, ...]
    strategies: Mapping[str, StrategyConfig]
    clock: Clock
    max_contracts: Decimal
    heartbeat_ms: int
    lease_ms: int
    gateway_class: type[Gateway]
    hang_up: Callable[[str], None]
    say: Callable[[Failure], None]

    def builds(self) -> dict[str, Build]:
        """Each process by name, in the order in which they start."""
        core: dict[str, Build] = {
            "gateway": self._gateway,
            "way-out": self._gateway,
            "risk": self._risk,
            "executor": self._executor,
        }
        return core | dict.fromkeys(self.strategies, self._strategy)

    def _gateway(self, node: Node) -> Service:
        way_out = node.name == "way-out"
        gateway = self.gateway_class(
            self.instruments,
            client_id=2 if way_out else 1,
            lease_ms=self.lease_ms,
            reduce_only=way_out,
        )
        service = GatewayService(
            node.name, gateway, node.transport, self.clock, node.journal,
            epoch=node.epoch, follows=() if way_out else ("risk",),
            hang_up=lambda: self.hang_up(node.name),
        )  # fmt: skip
        return self._beating(service)

    def _risk(self, node: Node) -> Service:
        monitor = RiskMonitor([MaxContracts(self.max_contracts)], self.instruments)
        return RiskService(
            monitor, node.transport, self.clock, node.journal,
            epoch=node.epoch, heartbeat_ms=self.heartbeat_ms,
        )  # fmt: skip

    def _executor(self, node: Node) -> Service:
        executor = Executor([MaxContracts(self.max_contracts)], self.instruments)
        return self._beating(
            ExecutorService(executor, node.transport, self.clock, node.journal, epoch=node.epoch)
        )

    def _strategy(self, node: Node) -> Service:
        config = self.strategies[node.name]
        symbols = config.symbols or tuple(i.symbol for i in self.instruments)
        runner = Runner(config, symbols, node.epoch, self.say)
        if config.warm_up is not None:  # what lies ahead of the world's start is not known yet
            now_ns = self.clock.now_ns()
            runner.start(now_ns)
            past = history.ticks_of(config.warm_up, symbols)
            runner.warm_up(takewhile(lambda tick: tick.ts_ns < now_ns, past))
        return StrategyService(
            runner, node.transport, self.clock, epoch=node.epoch, symbols=symbols
        )

    def _beating(self, service: Service) -> Service:
        """Live, only risk's rate can be set; in a quiet world the others' beats cost as much."""
        service._heartbeat_ns = max(service._heartbeat_ns, self.heartbeat_ms * 1_000_000)
        return service
