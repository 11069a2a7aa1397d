"""A strategy's shell: market data and answers to the runner, its signals to the executor."""

from typing import Any

from tapewire.common.bus import wire
from tapewire.common.bus.streams import TickReader
from tapewire.common.bus.transport import Transport
from tapewire.common.events import Event, ProcessState, Tick
from tapewire.common.runtime.clock import Clock
from tapewire.common.runtime.service import Service
from tapewire.common.ticks.conflation import Conflation
from tapewire.strategy import feeds
from tapewire.strategy.runner import Origin, Runner, cause_of
from tapewire.strategy.state import Store

FOLLOWS = ("executor", "gateway", "risk")


class StrategyService(Service):
    """Runs a `Runner`; it binds nothing and journals nothing.

    With `latest`, the strategy is given only the newest quote and trade of a symbol of which more
    than one message waits. `store` keeps what the strategy saves.
    """

    def __init__(
        self,
        runner: Runner,
        transport: Transport,
        clock: Clock,
        *,
        epoch: str,
        symbols: tuple[str, ...],
        latest: bool = False,
        store: Store | None = None,
    ) -> None:
        super().__init__(f"strategy-{runner.name}", transport, clock, epoch=epoch, follows=FOLLOWS)
        self.runner = runner
        self.readers = {symbol: TickReader(symbol) for symbol in symbols}
        self._topics: dict[bytes, tuple[str, str, str, TickReader]] = {}  # by frame, once seen
        self._hop = self.metrics.hops["gateway_to_strategy"]
        self._piled = Conflation() if latest else None
        self._store = store
        self.metrics.watch("missed", self._missed, "counter")
        runner.start(clock.now_ns())

    def on_event(self, source: str, event: Event, now_ns: int) -> None:
        """Answers of the executor, fills of the gateway, flattens of risk."""
        if source == "executor":
            self.runner.on_executor(event, now_ns)
        elif source == "gateway":
            self.runner.on_gateway(event, now_ns)
        else:
            self.runner.on_risk(event, now_ns)

    def on_frames(self, channel: str, frames: list[bytes], now_ns: int) -> None:
        """Ticks, last values for a joiner, and what external feeds bring."""
        known = self._topics.get(frames[0]) if channel == "market" else None
        if known is None:
            if channel.startswith(feeds.PREFIX):
                self._on_external(channel.removeprefix(feeds.PREFIX), frames)
                return
            topic = wire.topic_name(frames[0])
            kind, _, symbol = topic.partition(".")
            known = self._topics[frames[0]] = topic, kind, symbol, self.readers[symbol]
        topic, kind, symbol, reader = known
        batch = wire.decode_ticks(frames[1])
        if kind == "last":
            ticks: list[Tick] = reader.on_last(batch)
            self.metrics.count("last_values", len(ticks), symbol)
        else:
            ticks = reader.on_batch(batch)
            self.metrics.count("ticks_received", len(ticks), symbol)
            if ticks:
                self._hop.record(now_ns - ticks[-1].ts_ns, len(ticks))
        origin: Origin = (batch, topic)
        if self._piled is None or kind == "last":
            self.runner.on_ticks(origin, ticks, self.clock.now_ns())
        else:
            self._piled.add(symbol, cause_of(origin), ticks)

    def on_tick(self, now_ns: int) -> None:
        """Hand over the newest of what has piled up, and send what is due."""
        if self._piled is not None:
            self._conflate(self._piled)
        self.runner.tick(self.clock.now_ns())
        self._keep()
        self._send_due(now_ns)

    def on_stop(self, now_ns: int) -> str:
        """The strategy's own end; what it signals there still goes out."""
        self.runner.stop()
        self._keep()
        self._send_due(now_ns)
        waiting = ", ".join(self.runner.waiting)
        return f"unanswered signals, which may still be traded: {waiting}" if waiting else ""

    def _on_external(self, feed: str, frames: list[bytes]) -> None:
        topic, body = frames
        values, dead = feeds.values_of(body)
        for letter in dead:
            self.bury(f"{feeds.PREFIX}{feed}", letter.reason, letter.body)
        for value in values:
            self.metrics.count("external", label=feed)
            self.runner.on_external(feed, wire.topic_name(topic), value, self.clock.now_ns())

    def _keep(self) -> None:
        """Write down what the strategy saved, before the signals of the same turn leave."""
        data = self.runner.state.take()
        if data is None or self._store is None:
            return
        try:
            self._store.write(data)
        except OSError as error:
            self.bury("state", f"what the strategy saved is not on disk: {error}", b"")

    def _conflate(self, piled: Conflation) -> None:
        messages, skipped = piled.take()
        for symbol, ticks in skipped.items():
            self.metrics.count("conflated", ticks, symbol)
        for origin, newest in messages:
            self.runner.on_ticks(origin, newest, self.clock.now_ns())

    def _missed(self) -> dict[str, float]:
        return {symbol: reader.missed for symbol, reader in self.readers.items()}

    def _send_due(self, now_ns: int) -> None:
        self.runner.live = self.following()[0] == "READY"
        for signal in self.runner.due(self.clock.now_ns()):
            if self.transport.send("signals", [wire.encode(signal)]):
                self.runner.sent(signal, now_ns)
                self.metrics.count("signals_sent")

    def readiness(self, now_ns: int) -> tuple[ProcessState, str]:
        """READY when the past is known and every symbol's topic was heard; what the strategy has
        raised so far is told with it."""
        if self.runner.stopped:
            return "HALTED", f"{self.runner.fault}; it gets nothing more until it is restarted"
        state = self.following()
        if state[0] != "READY":
            return state
        silent = [s for s, reader in self.readers.items() if not reader.epoch]
        if silent:
            return "WAITING", f"waiting to join the ticks of {', '.join(silent)}"
        return "READY", self.runner.fault

    def detail(self) -> dict[str, Any]:
        """What was loaded, what was heard of each topic, and what was missed."""
        return {
            "loaded": self.runner.loaded,
            "hints": self.runner.hints,
            "signals": self.runner.signals,
            "failures": self.runner.failures,
            "stopped": self.runner.fault if self.runner.stopped else "",
            "unanswered": len(self.runner.waiting),
            "missed": {s: r.missed for s, r in self.readers.items()},
            "topics": {
                s: {"epoch": r.epoch, "first_seq": r.first_seq, "last_seq": r.last_seq}
                for s, r in self.readers.items()
            },
        }
