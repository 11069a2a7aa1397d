"""The executor's service: signals and the gateways' streams to the core, its orders to the gateway.

Orders leave before the own journal is written: the gateway is the one that has an intent on disk
before the wire, and what a crash here forgets is learned from its journal. For the same reason a
commit here need not wait for the disk: it would make the gateway's wait, on an order's way. Nor
need it be made at once: whoever receives it would take the processor from the gateway. So it
waits, not for long, until the gateway has answered, which it does once the order is out.
"""

from collections.abc import Sequence
from typing import Any, Final

from tapewire.common import roles
from tapewire.common.amounts import text
from tapewire.common.bus import wire
from tapewire.common.bus.transport import Transport
from tapewire.common.bus.wire import WireError
from tapewire.common.clock import Clock, Now
from tapewire.common.events import (
    AnySignal,
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
from tapewire.executor.doors import Doors
from tapewire.executor.executor import Executor
from tapewire.risk.rules.in_force import shown

JOURNAL_SYNCHRONOUS: Final[Synchronous] = "NORMAL"
SIGNALS: Final = (Signal, GroupSignal, CancelSignal, ModifySignal)


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
        hold_max_ms: int = 0,
        heartbeat_ms: int = 250,
        brakes: Brakes | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        super().__init__(
            roles.EXECUTOR, transport, clock,
            epoch=epoch, follows=(*executor.places.logins.gateways, roles.RISK), journal=journal,
            heartbeat_ms=heartbeat_ms, hold_ms=hold_ms, brakes=brakes,
        )  # fmt: skip
        self.executor = executor
        self._hold_max_ms = max(hold_ms, hold_max_ms)
        self._gateways = [self.followers[one] for one in executor.places.logins.gateways]
        self.doors = Doors(
            executor.places.logins, epoch, executor.ledger.orders.get,
            lambda gateway: self.followers[gateway].next_seq,
        )  # fmt: skip
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
        """Orders and fills of all gateways, and the rules in force of risk."""
        if source == roles.RISK:
            if type(event) is RulesChanged:
                self.executor.admission.take_over(event)
            return
        self.emit(*self.executor.on_broker(event, now, source))

    def _on_order_reply(self, reply: OrderReply, source: str, now: Now) -> None:
        """A gateway's answers to a turn's intents."""
        self.doors.on_reply(reply, source, now)
        for answer in reply.answers:
            self.emit(*self.executor.on_answer(answer, now))

    def on_frames(self, channel: str, frames: list[bytes], now: Now) -> None:
        """Signals. Before the past is known none is answered; their strategies send them again."""
        if channel != "signals":
            return
        self.door.require_version(frames[:-1])
        signal = wire.decode_event(frames[-1])
        if isinstance(signal, CircuitChanged):
            self._on_circuit(signal, frames[:-1])
            return
        if not isinstance(signal, SIGNALS):
            raise WireError(f"found {type(signal).__name__}, expected a signal")
        if reason := self.door.refusal(frames[:-1], signal):
            raise WireError(reason)
        self.metrics.count("signals_received")
        if not self._may_take(signal, now):
            self.metrics.count("signals_deferred")
            return
        self.metrics.hops["strategy_to_executor"].record(now.wall_ns - signal.ts_ns)
        events, commands = self.executor.on_signal(signal, now)
        self.emit(*events)
        self.doors.queue(commands, now)

    def _may_take(self, signal: AnySignal, now: Now) -> bool:
        """Whether a signal can be answered: its account's gateway takes orders, or at least one
        does where the signal names no account."""
        if self.room.unwritable or self.readiness(now)[0] != "READY":
            return False
        return not (signal.account and self.doors.waits_for(signal.account, now))

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
            self.doors.queue(self.executor.tick(now), now)
        for door in self.doors:
            request = door.request(now)
            if request is not None:
                self.ask(door.gateway, request)

    def hold_ms(self) -> int:
        """While a gateway has not answered, an order may still be on its way to the broker there.
        Once it has, the order was written, and nothing is gained by holding longer."""
        is_asking = any(door.welcome.is_asking for door in self.doors)
        return self._hold_max_ms if is_asking else super().hold_ms()

    def on_room(self, reason: str) -> None:
        """Signals that add risk are denied while the disk is nearly full, or the kill switch is
        pulled."""
        self.executor.admission.no_room = reason

    def readiness(self, now: Now) -> tuple[ProcessState, str]:
        """READY once a gateway shuts out what an earlier executor left on its way, and all
        that all gateways took before is known here: only then is the exposure the whole one. And as
        long as it answers: to a silent gateway no order can be brought. Of several gateways one is
        enough, and the reason names the others: signals for their accounts wait (`_may_take`). Risk
        is not waited for, as exits must be possible without it: the gateway asks the rules again,
        and knows those in force."""
        state = following(self._gateways)
        if state[0] != "READY":
            return state
        waiting = self.doors.waiting(now)
        if not waiting:
            return state
        reason = "; ".join(f"{name}: {why}" if name else why for name, why in waiting.items())
        return ("WAITING" if len(waiting) == len(self.executor.places.logins) else "READY"), reason

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
