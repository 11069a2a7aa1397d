"""Risk's shell: the gateways' streams and marks to the monitor, its decisions to disk and out."""

from typing import Any

from tapewire.common.amounts import text, text_or_none
from tapewire.common.bus import wire
from tapewire.common.bus.transport import Transport
from tapewire.common.events import (
    Control,
    Event,
    Heartbeat,
    OrderReply,
    OrderRequest,
    ProcessState,
    TradingState,
)
from tapewire.common.runtime.clock import Clock
from tapewire.common.runtime.journal import Journal, events_of
from tapewire.common.runtime.service import Service
from tapewire.risk.monitor import RiskMonitor

FOLLOWS = ("gateway", "way-out", "executor")


class RiskService(Service):
    """Runs a `RiskMonitor`. Its heartbeat is the lease that adding risk needs."""

    def __init__(
        self,
        monitor: RiskMonitor,
        transport: Transport,
        clock: Clock,
        journal: Journal,
        *,
        epoch: str,
        heartbeat_ms: int = 250,
    ) -> None:
        super().__init__(
            "risk",
            transport,
            clock,
            epoch=epoch,
            follows=FOLLOWS,
            journal=journal,
            heartbeat_ms=heartbeat_ms,
        )
        self.monitor = monitor
        self._requests = 0
        for event in events_of(journal):
            monitor.apply(event)

    def on_event(self, source: str, event: Event, now_ns: int) -> None:
        """Fills, positions and orders of both gateways."""
        if source in ("gateway", "way-out"):
            self.monitor.on_broker(event)

    def on_heartbeat(self, source: str, beat: Heartbeat, now_ns: int) -> None:
        """A peer that came back with less than was seen of it halts trading."""
        fault = self.followers[source].fault
        if fault:
            self.born(*self.monitor.on_fault(fault, now_ns))

    def on_request(self, sender: bytes, event: Event, now_ns: int) -> None:
        """What a person asks for, answered when the decision is on disk."""
        if not isinstance(event, Control):
            self.bury("requests", f"{type(event).__name__} is not a control request", b"")
            return
        reply, events = self.monitor.control(event)
        self.born(*events)
        self.reply(sender, reply)

    def on_reply(self, source: str, event: Event, now_ns: int) -> None:
        """What the way out would not do; the flatten tries again by itself."""
        if isinstance(event, OrderReply):
            for answer in event.answers:
                if not answer.accepted:
                    what = answer.intent_id or "to cancel all"
                    self.bury(source, f"the way out refused {what}: {answer.reason}", b"")

    def on_frames(self, channel: str, frames: list[bytes], now_ns: int) -> None:
        """Last values of every symbol: the marks."""
        if channel == "marks":
            self.monitor.on_ticks(wire.decode_ticks(frames[1]).events)

    def on_tick(self, now_ns: int) -> None:
        """Rules and flatten, once a turn."""
        if self._knows("gateway", "way-out"):
            self.born(*self.monitor.check(now_ns))
        if not self._can_flatten():
            return
        events, commands = self.monitor.tick(now_ns)
        self.born(*events)
        if commands:
            self._requests += 1
            self.ask("way-out", OrderRequest(self._requests, list(commands)))

    def readiness(self, now_ns: int) -> tuple[ProcessState, str]:
        """READY when every fill is known; HALTED while trading is."""
        state = self.following()
        if state[0] == "READY" and self.monitor.trading == "HALTED":
            return "HALTED", self.monitor.reason
        return state

    def trading(self) -> TradingState:
        """What the heartbeat carries: HALTED as well while the past is not known yet."""
        return self.monitor.trading if self._knows("gateway", "way-out") else "HALTED"

    def _can_flatten(self) -> bool:
        """Whether the way out is there and knows the account: only then can a flatten go on, or
        be over."""
        beat = self.beats.get("way-out")
        return self._knows("way-out") and beat is not None and beat.state == "READY"

    def _knows(self, *sources: str) -> bool:
        return all(self.followers[source].caught_up for source in sources)

    def detail(self) -> dict[str, Any]:
        """Positions and P&L."""
        book = self.monitor.state.book
        return {
            "trading": self.trading(),
            "halted_ns": self.monitor.halted_ns,
            "flatten": str(self.monitor.flatten or ""),
            "held": {s: text(q) for s, q in sorted(self.monitor.state.held().items())},
            "positions": {
                symbol: {
                    "quantity": text(p.quantity),
                    "average_cost": text(p.average_cost),
                    "mark": text_or_none(p.mark),
                    "realised": text(p.realised),
                    "unrealised": text_or_none(p.unrealised),
                    "commission": text(p.commission),
                }
                for symbol, p in sorted(book.positions.items())
            },
            "realised": text(book.realised),
            "unrealised": text(book.unrealised),
            "commission": text(book.commission),
        }
