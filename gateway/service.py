"""The gateway's shell: frames of the bus and bytes of TWS to the core, and back, in turn.

What a turn gives birth to is on disk before its bytes go to TWS: the base class commits, then
calls `after_commit`, and only that writes to the socket.
"""

from collections.abc import Callable
from typing import Any, Final

from tapewire.common.bus import wire
from tapewire.common.bus.streams import TickPublisher
from tapewire.common.bus.transport import Transport
from tapewire.common.events import (
    CancelAll,
    CancelOrder,
    Event,
    Heartbeat,
    ModifyOrder,
    OrderAnswer,
    OrderReply,
    OrderRequest,
    ProcessState,
    RiskHalted,
    SubmitOrder,
)
from tapewire.common.runtime.clock import Clock
from tapewire.common.runtime.journal import Journal, events_of
from tapewire.common.runtime.service import Service
from tapewire.gateway.gateway import Gateway
from tapewire.gateway.tws.framing import FramingError
from tapewire.gateway.tws.session import SessionError
from tapewire.gateway.tws.socket import CLOSED, DATA, OPENED

JOINED: Final = b"\x01last."  # XPUB's word that somebody subscribed; then the topic
MARKS_EVERY_NS: Final = 500_000_000


class GatewayService(Service):
    """Runs a `Gateway` core. `hang_up` closes the socket to TWS when it makes no sense any more."""

    def __init__(
        self,
        role: str,
        gateway: Gateway,
        transport: Transport,
        clock: Clock,
        journal: Journal,
        *,
        epoch: str,
        follows: tuple[str, ...],
        hang_up: Callable[[], None],
    ) -> None:
        super().__init__(role, transport, clock, epoch=epoch, follows=follows, journal=journal)
        self.gateway = gateway
        self.market = TickPublisher(role, epoch)
        self.metrics.watch("outbox", lambda: {"": len(gateway.outbox)})
        self._hang_up = hang_up
        self._unmarked: set[str] = set()  # symbols with ticks since their last values went out
        self._next_marks_ns = 0
        self._executor_started_ns = 0
        for event in events_of(journal):
            gateway.apply(event)
        self.born(*gateway.restarted(clock.now_ns()))

    def on_event(self, source: str, event: Event, now_ns: int) -> None:
        """Risk's decisions."""
        if source == "risk":
            self.gateway.on_risk(event)

    def on_heartbeat(self, source: str, beat: Heartbeat, now_ns: int) -> None:
        """Risk's lease. A risk that lost a part of its journal may have lost a halt: halted."""
        if source == "risk":
            self.gateway.on_risk(beat)
            if self.followers[source].fault:
                self.gateway.on_risk(RiskHalted(now_ns, self.followers[source].fault))

    def on_request(self, sender: bytes, event: Event, now_ns: int) -> None:
        """A turn's worth of commands; each gets its answer, in one reply, after the commit."""
        if not isinstance(event, OrderRequest):
            self.bury("requests", f"{type(event).__name__} is not an order request", b"")
            return
        if event.started_ns and event.started_ns < self._executor_started_ns:
            self.bury("requests", "orders of an executor that was replaced since; not taken", b"")
            return
        self._executor_started_ns = max(self._executor_started_ns, event.started_ns)
        answers = [self._obey(command, now_ns) for command in event.commands]
        self.reply(sender, OrderReply(event.id, answers, self.head_after_commit()))

    def on_frames(self, channel: str, frames: list[bytes], now_ns: int) -> None:
        """TWS's bytes, and who joined which market data topic."""
        if channel == "tws":
            self._on_tws(frames, now_ns)
        elif channel == "market" and frames[0].startswith(JOINED):
            symbol = wire.topic_name(frames[0][len(JOINED) :])
            if not symbol:
                return  # a reader of every symbol's last values; they come by themselves
            if self.gateway.want(symbol):
                self.transport.send("market", self.market.last_values(symbol))
            else:
                self.bury("market", f"symbol {symbol} is subscribed to but not configured", b"")

    def on_tick(self, now_ns: int) -> None:
        """Publish what the turn's bytes brought, and do what is due."""
        if reason := self.gateway.overdue(now_ns):
            self._leave(reason, b"", now_ns)
        self.born(*self.gateway.tick(now_ns))
        for symbol, ticks in self.gateway.ticks():
            self.transport.send("market", self.market.publish(symbol, ticks))
            self.metrics.count("ticks_published", len(ticks), symbol)
            self._unmarked.add(symbol)
        if self._unmarked and now_ns >= self._next_marks_ns:
            self._next_marks_ns = now_ns + MARKS_EVERY_NS
            for symbol in sorted(self._unmarked):
                self.transport.send("market", self.market.last_values(symbol))
            self._unmarked.clear()

    def after_commit(self, now_ns: int) -> None:
        """Write to TWS what is on disk by now, and what admission lets pass at this moment."""
        data, intents, refused = self.gateway.release(self.clock.now_ns())
        if data:
            self.transport.send("tws", [data])
        for intent in intents:
            self._measure(intent.order, intent.sent_ns or now_ns)
        self.born(*refused)
        for reason, payload in self.gateway.complaints:
            self.bury("tws", reason, payload)
        self.gateway.complaints.clear()

    def readiness(self, now_ns: int) -> tuple[ProcessState, str]:
        """READY when the streams are followed and TWS is synchronised."""
        state = self.following()
        return state if state[0] == "HALTED" else self.gateway.readiness()

    def detail(self) -> dict[str, Any]:
        """The session and the order states."""
        return {
            "tws_messages": self.gateway.market.messages,
            "tick_seqs": self.market.seqs(),
            "orders": {state: n for state, n in self.gateway.orders.states.items() if n},
            "orders_reported": self.gateway.orders_reported,
            "tws": repr(self.gateway.session),
        }

    def _obey(
        self, command: SubmitOrder | CancelOrder | CancelAll | ModifyOrder, now_ns: int
    ) -> OrderAnswer:
        if isinstance(command, ModifyOrder):
            answer, events = self.gateway.modify(command, now_ns)
        elif isinstance(command, CancelOrder):
            answer, events = self.gateway.cancel(command, now_ns)
        elif isinstance(command, CancelAll):
            answer, events = self.gateway.cancel_all(command, now_ns)
        else:
            self.metrics.hops["executor_to_gateway"].record(now_ns - command.ts_ns)
            answer, events = self.gateway.submit(command, now_ns)
        self.born(*events)
        return answer

    def _on_tws(self, frames: list[bytes], now_ns: int) -> None:
        if frames[0] == OPENED:
            self.gateway.opened(now_ns, *(one.decode() for one in frames[1:]))
        elif frames[0] == CLOSED:
            self.born(*self.gateway.closed(now_ns, frames[1].decode(errors="replace")))
        elif frames[0] == DATA:
            try:
                self.born(*self.gateway.received(frames[1], now_ns))
            except (SessionError, FramingError) as error:
                self._leave(str(error), frames[1], now_ns)

    def _leave(self, reason: str, data: bytes, now_ns: int) -> None:
        """Hang up on a peer that makes no sense, or that is not the one it has to be."""
        self._hang_up()
        self.born(*self.gateway.closed(now_ns, reason))
        self.bury("tws", self.gateway.problem, data)

    def _measure(self, order: SubmitOrder, sent_ns: int) -> None:
        self.metrics.count("orders_sent")
        self.metrics.hops["gateway_to_tws"].record(sent_ns - order.ts_ns)
        if order.cause_ns:
            self.metrics.hops["tick_to_order"].record(sent_ns - order.cause_ns)
