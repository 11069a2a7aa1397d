"""A strategy's shell: market data and answers to the runner, its signals to the executor."""

from typing import Any

from common import wire
from common.clock import Clock
from common.events import Event, ProcessState, Tick
from common.service import Service
from common.streams import TickReader
from common.transport import Transport
from strategy.runner import Runner

FOLLOWS = ("executor", "gateway")


class StrategyService(Service):
    """Runs a `Runner`; it binds nothing and journals nothing."""

    def __init__(
        self,
        runner: Runner,
        transport: Transport,
        clock: Clock,
        *,
        epoch: str,
        symbols: tuple[str, ...],
    ) -> None:
        super().__init__(f"strategy-{runner.name}", transport, clock, epoch=epoch, follows=FOLLOWS)
        self.runner = runner
        self.readers = {symbol: TickReader(symbol) for symbol in symbols}
        self.late = 0
        runner.start(clock.now_ns())

    def on_event(self, source: str, event: Event, now_ns: int) -> None:
        """Answers of the executor, fills of the gateway."""
        if source == "executor":
            self.runner.on_executor(event, now_ns)
        else:
            self.runner.on_gateway(event, now_ns)

    def on_frames(self, channel: str, frames: list[bytes], now_ns: int) -> None:
        """Ticks, and last values for a joiner."""
        kind, _, symbol = wire.topic_name(frames[0]).partition(".")
        reader, batch = self.readers[symbol], wire.decode_ticks(frames[1])
        if kind == "last":
            ticks: list[Tick] = reader.on_last(batch)
            self.metrics.count("last_values", len(ticks), symbol)
        else:
            ticks = reader.on_batch(batch)
            self.metrics.count("ticks_received", len(ticks), symbol)
            if ticks:
                self.metrics.hops["gateway_to_strategy"].record(
                    now_ns - ticks[-1].ts_ns, len(ticks)
                )
        origin = f"{batch.source}/{batch.epoch}/{kind}.{symbol}/{batch.seq}"
        self.runner.on_ticks(origin, ticks, self.clock.now_ns())

    def on_tick(self, now_ns: int) -> None:
        """Send what is due."""
        self.runner.live = self.following()[0] == "READY"
        for signal in self.runner.due(self.clock.now_ns()):
            if self.transport.send("signals", [wire.encode(signal)]):
                self.runner.sent(signal, now_ns)
                self.metrics.count("signals_sent")

    def readiness(self, now_ns: int) -> tuple[ProcessState, str]:
        """READY when the past is known and every symbol's topic was heard."""
        if self.runner.stopped:
            return "HALTED", f"strategy {self.runner.name} raised {self.runner.failures} times"
        state = self.following()
        if state[0] != "READY":
            return state
        silent = [s for s, reader in self.readers.items() if not reader.epoch]
        if silent:
            return "WAITING", f"waiting to join the ticks of {', '.join(silent)}"
        return "READY", ""

    def detail(self) -> dict[str, Any]:
        """What was heard of each topic, and what was missed."""
        return {
            "signals": self.runner.signals,
            "failures": self.runner.failures,
            "missed": {s: r.missed for s, r in self.readers.items()},
            "topics": {
                s: {"epoch": r.epoch, "first_seq": r.first_seq, "last_seq": r.last_seq}
                for s, r in self.readers.items()
            },
        }
