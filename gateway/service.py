"""The gateway's service: frames of the bus and of the broker to the core, and back, in turn.

What a turn emits is on disk before anything of it goes to the broker: the base class commits, then
calls `after_commit`, and only that writes to the broker's descriptor.
"""

from collections.abc import Callable
from typing import Any, Final

from tapewire.common import roles
from tapewire.common.accounting.account_values import plain
from tapewire.common.bus.ports import QUERIES
from tapewire.common.bus.transport import Transport
from tapewire.common.clock import Clock, Now
from tapewire.common.events import (
    EVERYTHING,
    CancelAll,
    CancelOrder,
    ConnectionUp,
    Event,
    Heartbeat,
    OrderAnswer,
    OrderReply,
    OrderRequest,
    PositionReported,
    ProcessState,
    RiskHalted,
    SubmitOrder,
    TakeOver,
)
from tapewire.common.runtime.brakes import Brakes
from tapewire.common.runtime.checkpoint import Checkpoints, Past
from tapewire.common.runtime.journal import Journal
from tapewire.common.runtime.service import Service
from tapewire.gateway import figures
from tapewire.gateway.broker import BrokerError
from tapewire.gateway.deputy import Deputy
from tapewire.gateway.feeds.feeds import FeedSettings
from tapewire.gateway.gateway import Gateway
from tapewire.gateway.greeks import OptionGreeks
from tapewire.gateway.market_door import MARKET, MarketDoor
from tapewire.gateway.orders import circuit
from tapewire.gateway.orders.departed import Departed
from tapewire.gateway.orders.fence import Fence
from tapewire.gateway.query_door import QueryDoor
from tapewire.gateway.query_sources import queries_of
from tapewire.risk.rules.in_force import shown

BROKER: Final = "tws"
"""The channel of the adapter's descriptor."""
DEPUTY: Final = "deputy"
"""The channel of the deputy's."""
PAYLOAD_SHOWN_MAX_BYTES: Final = 2048


class GatewayService(Service):
    """Runs a `Gateway` core. `hang_up` closes the adapter's descriptor when what comes makes no
    sense."""

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
        heartbeat_ms: int = 250,
        deputy: Deputy | None = None,
        brakes: Brakes | None = None,
        checkpoints: Checkpoints | None = None,
        options: OptionGreeks | None = None,
        feeds: FeedSettings | None = None,
    ) -> None:
        super().__init__(
            role, transport, clock,
            epoch=epoch, follows=follows, journal=journal, heartbeat_ms=heartbeat_ms,
            brakes=brakes,
        )  # fmt: skip
        self.gateway = gateway
        self.market = MarketDoor(
            role, epoch, gateway, transport, clock, self.metrics,
            lambda reason: self.dead_letter(MARKET, reason, b""), feeds or FeedSettings(), options,
        )  # fmt: skip
        self.query_door = QueryDoor(
            queries_of(
                gateway, self.market.scans, self.market.ticks.newest, self.market.feeds.ask
            ),
            self.door.refusal, self.dead_letter, lambda frames: transport.send(QUERIES, frames),
        )  # fmt: skip
        self._departed = Departed(
            lambda: () if gateway.gate.reduce_only else gateway.broker.accounts,
            gateway.holdings.reported, gateway.orders.live,
        )  # fmt: skip
        figures.watch(self.metrics, gateway)
        self.metrics.watch("outbox", lambda: {"": gateway.broker.waiting})
        self._hang_up = hang_up
        self._deputy = deputy
        self._fence = Fence(epoch)
        self.requests.on(OrderRequest, self._on_order_request)
        if brakes is not None:
            brakes.look(clock.now())
        self._read_past(Past(role, journal, checkpoints))
        self.emit(*gateway.restarted(clock.now()))

    def _read_past(self, past: Past) -> None:
        """Fold the own journal, and what risk had decided up to the checkpoint."""
        for event in past.own():
            self.gateway.apply(event)
        for source in self.followers:
            for record in past.followed(source):
                self.gateway.on_risk(record.event)
        past.finish(self.followers, self.dead_letter)

    def emit(self, *events: Event) -> None:
        """What is held needs a price, though no strategy reads it: without one, no limit on a loss
        can be watched. The liquidation gateway only closes."""
        if not events:  # as of most that a turn asks
            return
        feeds = self.market.feeds
        if not self.gateway.gate.reduce_only:
            for event in events:
                is_new = isinstance(event, PositionReported) and event.symbol not in feeds
                if is_new or isinstance(event, ConnectionUp):
                    feeds.look(self.clock.now())
        super().emit(*events)

    def on_event(self, event: Event, source: str, now: Now) -> None:
        """Risk's decisions."""
        self.gateway.on_risk(event)

    def on_heartbeat(self, source: str, beat: Heartbeat, now: Now) -> None:
        """Risk's lease. A risk that lost a part of its journal may have lost a halt: halted."""
        self.gateway.gate.decisions_known = self.followers[source].caught_up
        self.gateway.on_risk(beat)
        fault = self.followers[source].fault
        if fault:
            self.gateway.on_risk(RiskHalted(now.wall_ns, EVERYTHING, fault))

    def _on_order_request(self, request: OrderRequest, sender: bytes, now: Now) -> None:
        """A turn's worth of commands; each gets its answer, in one reply, after the commit."""
        if request.hello:
            if not self.room.unwritable:
                self._introduce(request, sender)
            return
        if request.fencing_token and self._fence.refuses(request.fencing_token):
            self.metrics.count("requests_fenced")
            self.reply(sender, OrderReply(request.id, [], fenced=request.fencing_token))
            return
        if self.room.unwritable:
            self._cancel_alone(request, now)
            return
        answers = []
        for command in request.commands:
            if isinstance(command, TakeOver):
                answers.append(self._take_over(command, now))
                continue
            answer, events = self.gateway.obey(command, now)
            answers.append(answer)
            self.emit(*events)
            if isinstance(command, SubmitOrder):
                self.metrics.hops["executor_to_gateway"].record(now.wall_ns - command.ts_ns)
        self.reply(sender, OrderReply(request.id, answers, self.head_after_commit()))

    def _take_over(self, command: TakeOver, now: Now) -> OrderAnswer:
        """Cancel what another client has placed, by a session of its own."""
        reason = "only the liquidation gateway takes over orders of another client id"
        if self._deputy is not None:
            reason = self._deputy.begin(command, now)
        return OrderAnswer(command.id, not reason, reason)

    def _cancel_alone(self, request: OrderRequest, now: Now) -> None:
        """Nothing can be written down: cancels are obeyed, the rest will be asked for again. No
        answer is given, which had to wait and pile up with those to every repetition."""
        for command in request.commands:
            if isinstance(command, CancelOrder | CancelAll):
                self.emit(*self.gateway.obey(command, now)[1])
            else:
                self.metrics.count("commands_deferred")

    def _introduce(self, request: OrderRequest, sender: bytes) -> None:
        """An executor that has started: what others have on their way is not taken any more."""
        if request.commands:
            self.dead_letter("requests", "an introduction with commands; they need its token", b"")
            return
        token = self._fence.introduce(request.hello)
        head = self.head_after_commit()
        self.reply(sender, OrderReply(request.id, [], head, fencing_token=token))

    def on_frames(self, channel: str, frames: list[bytes], now: Now) -> None:
        """What the broker sends, and who joined which market data topic."""
        if channel == BROKER:
            try:
                self.emit(*self.gateway.take(frames, now))
            except BrokerError as error:
                self._leave(str(error), frames[-1], now)
        elif channel == DEPUTY and self._deputy is not None:
            self._deputy.take(frames, now)
        elif channel == QUERIES:
            self.query_door.enter(frames, now)
        elif channel == MARKET:
            self.market.enter(frames[0], now)

    def on_tick(self, now: Now) -> None:
        """Publish what the turn brought, before all else: a price is waited for. Then do what is
        due."""
        self.market.publish(now)
        self._note_decisions()
        if reason := self.gateway.broker.overdue(now):
            self._leave(reason, b"", now)
        self.emit(*self.gateway.tick(now))
        changes = self.gateway.connection.take_changes(now)
        self.report_now |= bool(changes)  # a state that lasts a moment has its line in the log too
        self.emit(*changes)
        for change in self.gateway.limits.circuit.take_changes():
            self.circuits.changed(circuit.NAME, change, now)
        if self._deputy is not None:
            self.emit(*self._deputy.tick(now))
        self.query_door.tick(now)
        self.emit(*self.market.tick(now))
        if self.gateway.is_up and (news := self._departed.look(now)):
            self.dead_letter(BROKER, news, b"")

    def _note_decisions(self) -> None:
        """Whether risk's journal is known to its end: this turn may have shown a gap in it."""
        if (risk := self.followers.get(roles.RISK)) is not None:
            self.gateway.gate.decisions_known = risk.caught_up

    def on_room(self, reason: str) -> None:
        """Orders that add risk are denied while the disk is nearly full, or the kill switch is
        pulled."""
        self.gateway.gate.no_room = reason

    def on_seal(self) -> None:
        """A commit begins: the orders in it wait for its end."""
        self.gateway.entry.seal()

    def on_durable(self) -> None:
        """The commit is on disk: its orders may go to the broker."""
        self.gateway.entry.durable()

    def after_commit(self, now: Now) -> None:
        """Write to the broker what is on disk, and what admission lets pass at this moment."""
        self._note_decisions()
        data, intents, denied = self.gateway.release(self.clock.now())
        if data:
            self.transport.send(BROKER, [data])
        if self._deputy is not None and (data := self._deputy.release()):
            self.transport.send(DEPUTY, [data])
        for intent in intents:
            self._measure(intent.order, (intent.written or now).wall_ns)
        self.emit(*denied)
        for reason, payload in self.gateway.complaints:
            shown = f"{reason}: {payload[:PAYLOAD_SHOWN_MAX_BYTES]!r}" if payload else reason
            self.dead_letter(BROKER, shown, payload)
        self.gateway.complaints.clear()

    def readiness(self, now: Now) -> tuple[ProcessState, str]:
        """READY when the streams are followed and the broker's orders are known."""
        followed = self.following()
        if followed[0] == "HALTED":
            return followed
        state, reason = self.gateway.readiness()
        return state, "; ".join(filter(None, [reason, self._departed.reason]))

    def risk_seq(self) -> int:
        """How far risk's journal has been taken in."""
        risk = self.followers.get(roles.RISK)
        return risk.next_seq - 1 if risk is not None else 0

    def halted(self) -> object:
        """What is halted, and what is being flattened: risk waits for this gateway to know it."""
        decisions = self.gateway.gate.decisions
        return len(decisions.halts), tuple(decisions.flattening)

    def detail(self) -> dict[str, Any]:
        """The session and the order states."""
        return {
            "accounts": sorted(self.gateway.broker.accounts),
            "tws_messages": self.gateway.broker.messages,
            "tick_seqs": self.market.ticks.seqs(),
            "feeds": self.market.feeds.status(),
            "orders": {state: n for state, n in self.gateway.orders.states.items() if n},
            "account_values": [plain(one) for one in self.gateway.facts.accounts.known.values()],
            "orders_reported": self.gateway.sync.orders_reported,
            "tws": repr(self.gateway.broker),
            "connection": self.gateway.connection.shown(),
            **shown(self.gateway.limits.rules),
        }

    def _leave(self, reason: str, data: bytes, now: Now) -> None:
        """Hang up on a peer that makes no sense, or that is not the one it has to be. One that is
        refused time and again is reported once."""
        before = self.gateway.connection.reason
        self._hang_up()
        self.emit(*self.gateway.hung_up(reason, now))
        if (after := self.gateway.connection.reason) != before:
            self.dead_letter(BROKER, after, data)

    def _measure(self, order: SubmitOrder, sent_ns: int) -> None:
        self.metrics.count("orders_sent")
        self.metrics.hops["gateway_to_tws"].record(sent_ns - order.ts_ns)
        if order.cause_ns:
            self.metrics.hops["tick_to_order"].record(sent_ns - order.cause_ns)
