"""The executor's service: signals and the gateways' streams to the core, its orders to the gateway.

Orders leave before the own journal is written: the gateway is the one that has an intent on disk
before the wire, and what a crash here forgets is learned from its journal. For the same reason a
commit here need not wait for the disk: it would make the gateway's wait, on an order's way. Nor
need it be made at once: whoever receives it would take the processor from the gateway.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from tapewire.common import roles
from tapewire.common.amounts import text
from tapewire.common.bus import wire
from tapewire.common.bus.transport import Transport
from tapewire.common.bus.wire import WireError
from tapewire.common.clock import Clock, Now
from tapewire.common.events import (
    CancelOrder,
    CancelSignal,
    CircuitChanged,
    Event,
    GroupSignal,
    ModifySignal,
    OrderReply,
    ProcessState,
    RulesChanged,
    Signal,
)
from tapewire.common.runtime.brakes import Brakes
from tapewire.common.runtime.checkpoint import Checkpoints, Past
from tapewire.common.runtime.journal import Journal, Synchronous
from tapewire.common.runtime.service import Service
from tapewire.common.runtime.status import following
from tapewire.executor.executor import Executor
from tapewire.executor.order_requests import Command
from tapewire.executor.welcome import NO_ANSWER, NOT_INTRODUCED, Welcome
from tapewire.risk.rules.in_force import shown

FOLLOWS: Final = (*roles.GATEWAYS, roles.RISK)
JOURNAL_SYNCHRONOUS: Final[Synchronous] = "NORMAL"
SIGNALS: Final = (Signal, GroupSignal, CancelSignal, ModifySignal)
COMMANDS_MAX = 1000  # in one request; a larger one than the wire allows would never be read


class ExecutorService(Service):
    """Runs an `Executor`."""

    def __init__(
        self,
        executor: Executor,
        transport: Transport,
        clock: Clock,
        journal: Journal,
        *,
        epoch: str,
        hold_ms: int = 0,
        heartbeat_ms: int = 250,
        brakes: Brakes | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        super().__init__(
            roles.EXECUTOR, transport, clock,
            epoch=epoch, follows=FOLLOWS, journal=journal,
            heartbeat_ms=heartbeat_ms, hold_ms=hold_ms, brakes=brakes,
        )  # fmt: skip
        self.executor = executor
        self.welcome = Welcome(epoch)
        self._cancels: deque[CancelOrder] = deque()  # which do not wait behind orders
        self._outgoing: deque[Command] = deque()
        self.replies.on(OrderReply, self._on_order_reply)
        self._read_past(Past(roles.EXECUTOR, journal, checkpoints))

    def _read_past(self, past: Past) -> None:
        """Fold the own journal, then the gateways' up to the checkpoint."""
        now = self.clock.now()
        for event in (*past.of_group(), *past.own()):
            self.executor.apply(event)
        for source in self.followers:
            for record in past.followed(source):
                self.on_event(record.event, source, now)
        past.finish(self.followers, self.dead_letter)

    def on_event(self, event: Event, source: str, now: Now) -> None:
        """Orders and fills of both gateways, and the rules in force of risk."""
        if source == roles.RISK:
            if type(event) is RulesChanged:
                self.executor.admission.take_over(event)
            return
        self.emit(*self.executor.on_broker(event, now, source))

    def _on_order_reply(self, reply: OrderReply, source: str, now: Now) -> None:
        """The gateway's answers to a turn's intents."""
        self.welcome.on_reply(reply, now)
        for answer in reply.answers:
            self.emit(*self.executor.on_answer(answer, now))

    def on_frames(self, channel: str, frames: list[bytes], now: Now) -> None:
        """Signals. Before the past is known none is answered; their strategies send them again."""
        if channel != "signals":
            return
        signal = wire.decode_event(frames[-1])
        if isinstance(signal, CircuitChanged):
            self._on_circuit(signal, frames[:-1])
            return
        if not isinstance(signal, SIGNALS):
            raise WireError(f"found {type(signal).__name__}, expected a signal")
        if reason := self.door.refusal(frames[:-1], signal):
            raise WireError(reason)
        self.metrics.count("signals_received")
        if self.room.unwritable or self.readiness(now)[0] != "READY":
            self.metrics.count("signals_deferred")
            return
        self.metrics.hops["strategy_to_executor"].record(now.wall_ns - signal.ts_ns)
        events, commands = self.executor.on_signal(signal, now)
        self.emit(*events)
        self._queue(commands)

    def _on_circuit(self, change: CircuitChanged, shown: Sequence[bytes]) -> None:
        """A strategy's circuit breaker has changed: written down once, for it has no journal."""
        reason = self.door.refusal(shown, change)
        if not (reason or change.circuit.startswith(roles.STRATEGY)):
            reason = f"a strategy reports circuit {change.circuit}, which is not one of a strategy"
        if reason:
            raise WireError(reason)
        self.emit(*self.executor.on_circuit(change))

    def on_tick(self, now: Now) -> None:
        """Send the turn's intents in one request, before the journal is written."""
        if not self.room.unwritable and self.readiness(now)[0] == "READY":
            self.emit(*self.executor.caught_up(now))
            self.emit(*self.executor.look_after_groups(now))
            for alarm in self.executor.keeper.alarms:
                self.dead_letter("groups", alarm, b"")
            self.executor.keeper.alarms.clear()
            self._queue(self.executor.tick(now))
        request = self.welcome.request(self._batch() if self.welcome.token else [], now)
        if request is not None:
            self.ask(roles.GATEWAY, request)

    def _queue(self, commands: Sequence[Command]) -> None:
        """To be sent this turn, as far as one request holds them."""
        for command in commands:
            if isinstance(command, CancelOrder):
                self._cancels.append(command)
            else:
                self._outgoing.append(command)

    def _batch(self) -> list[Command]:
        """What the next request carries."""
        batch: list[Command] = []
        for queue in (self._cancels, self._outgoing):
            while queue and len(batch) < COMMANDS_MAX:
                batch.append(queue.popleft())
        return batch

    def on_room(self, reason: str) -> None:
        """Signals that add risk are denied while the disk is nearly full, or the kill switch is
        pulled."""
        self.executor.admission.no_room = reason

    def readiness(self, now: Now) -> tuple[ProcessState, str]:
        """READY once the gateway shuts out what an earlier executor left on its way, and all
        that it took before is known here: only then is the exposure the whole one. And as long as
        it answers: to a silent gateway no order can be brought. Risk is not waited for, as exits
        must be possible without it: the gateway asks the rules again, and knows those in force."""
        state = following(self.followers[source] for source in roles.GATEWAYS)
        if state[0] != "READY":
            return state
        if self.welcome.is_silent(now):
            return "WAITING", NO_ANSWER
        if self.welcome.head is None:
            return "WAITING", NOT_INTRODUCED
        if self.followers[roles.GATEWAY].next_seq <= self.welcome.head:
            return "WAITING", "catching up with what the gateway took from an earlier executor"
        return state

    def detail(self) -> dict[str, Any]:
        """Orders by state, positions, P&L."""
        ledger = self.executor.ledger
        states: dict[str, int] = {s: count for s, count in ledger.orders.states.items() if count}
        if self.executor.signals_denied:
            states["DENIED"] = states.get("DENIED", 0) + self.executor.signals_denied
        return {
            "orders": states,
            "positions": [
                {"account": account, "symbol": symbol, "quantity": text(position.quantity)}
                for (account, symbol), position in sorted(ledger.book.positions.items())
                if position.quantity
            ],
            "earned": {currency: one.as_text() for currency, one in ledger.earned().items()},
            **shown(self.executor.admission.rules),
        }
