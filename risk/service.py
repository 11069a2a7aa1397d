"""Risk's service: the gateways' streams and marks to the monitor, its decisions to disk and out."""

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.bus.greeks import PREFIX
from tapewire.common.bus.transport import Transport
from tapewire.common.clock import Clock, Now
from tapewire.common.events import (
    Control,
    ControlReply,
    Event,
    Greeks,
    Heartbeat,
    OrderReply,
    OrderRequest,
    ProcessState,
    RiskViolation,
    TradingState,
)
from tapewire.common.logins import Login
from tapewire.common.runtime.brakes import Brakes
from tapewire.common.runtime.checkpoint import Checkpoints, Past
from tapewire.common.runtime.journal import Journal
from tapewire.common.runtime.rhythm import Rhythm
from tapewire.common.runtime.service import Service
from tapewire.risk import figures
from tapewire.risk.closing import Command
from tapewire.risk.departure import Departure
from tapewire.risk.halting import Standing
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.publishing import Publisher
from tapewire.risk.state import state_of

MARKS: Final = "marks"
"""The channels on which the last values of every symbol arrive begin with it: one per login."""
GREEKS: Final = PREFIX.encode()
TIMER_NS: Final = 250_000_000


class RiskService(Service):
    """Runs a `RiskMonitor`. Its heartbeat is the lease that adding risk needs. `configured` are the
    rules of the configuration, and `confirmed` is whether a person started the group with them;
    `ended_start` names the newest start of a role if its process is over."""

    def __init__(
        self,
        monitor: RiskMonitor,
        transport: Transport,
        clock: Clock,
        journal: Journal,
        *,
        epoch: str,
        heartbeat_ms: int = 250,
        publish_ms: int = 250,
        brakes: Brakes | None = None,
        checkpoints: Checkpoints | None = None,
        configured: str = "",
        confirmed: bool = True,
        ended_start: Callable[[str], str] = lambda _role: "",
    ) -> None:
        super().__init__(
            roles.RISK, transport, clock,
            epoch=epoch, follows=(*monitor.logins.gateways, roles.EXECUTOR), journal=journal,
            heartbeat_ms=heartbeat_ms, brakes=brakes,
        )  # fmt: skip
        self.monitor = monitor
        self._gateways = monitor.logins.gateways
        self._kill_switch = brakes.kill_switch if brakes is not None else None
        self._publisher = Publisher(monitor.accounts, roles.RISK, epoch, publish_ms)
        figures.watch(self.metrics, monitor, self.trading)
        self._departures = {
            one.gateway: Departure(partial(ended_start, one.gateway)) for one in monitor.logins
        }
        self._requests = 0
        self.timer = Rhythm(TIMER_NS)
        self.requests.on(Control, self._on_control)
        self.replies.on(OrderReply, self._on_order_reply)
        self._read_past(Past(roles.RISK, journal, checkpoints))
        if configured:
            self.emit(*monitor.started(configured, clock.now(), confirmed=confirmed))

    def _read_past(self, past: Past) -> None:
        """Fold the own journal, then the gateways' up to the checkpoint."""
        now_ns = self.clock.mono_ns()
        for event in past.own():
            self.monitor.apply(event)
        for event in past.of_group():
            self.monitor.on_broker(event)
        for source in self._gateways:
            for record in past.followed(source):
                self.monitor.on_broker(record.event, source, now_ns)
        past.finish(self.followers, self.dead_letter)

    def emit(self, *events: Event) -> None:
        """Count what was found broken, too."""
        for event in events:
            if isinstance(event, RiskViolation):
                self.metrics.count("risk_violations", label=event.rule)
        super().emit(*events)

    def listens_to(self, source: str) -> bool:
        """The executor is followed to know that it is there: it decides nothing for risk."""
        return source in self._gateways

    def on_event(self, event: Event, source: str, now: Now) -> None:
        """Fills, positions and orders of the gateways."""
        self.monitor.on_broker(event, source, now.mono_ns)

    def on_heartbeat(self, source: str, beat: Heartbeat, now: Now) -> None:
        """A peer whose journal cannot be trusted halts trading."""
        fault = self.followers[source].fault
        if fault:
            self.emit(*self.monitor.on_fault(fault, now))

    def _on_control(self, control: Control, sender: bytes, now: Now) -> None:
        """What a person asks for, answered when the decision is on disk."""
        if control.action == "resume" and (unknown := self._unread()):
            self.reply(sender, ControlReply(ok=False, state=self.trading(), text=unknown))
            return
        reply, events = self.monitor.control(control, now)
        self.emit(*events)
        self.reply(sender, reply)

    def _unread(self) -> str:
        """Why nobody may resume yet: a journal that is read by half shows positions that never
        were, and the rules cannot be asked about those."""
        names = " and ".join(_shown(one) for one in self._gateways if not self._knows(one))
        if not names:
            return ""
        return (
            f"not resumed: what happened at the {names} is not known yet; ask again when risk is"
            " READY or HALTED for another reason"
        )

    def _on_order_reply(self, reply: OrderReply, source: str, now: Now) -> None:
        """What a gateway would not do; the flatten tries again by itself."""
        for answer in reply.answers:
            if not answer.accepted:
                what = answer.intent_id or "to cancel all"
                self.dead_letter(source, f"{source} denied {what}: {answer.reason}", b"")

    def on_frames(self, channel: str, frames: list[bytes], now: Now) -> None:
        """Last values of every symbol, the marks, and the greeks of options."""
        if channel.startswith(MARKS) and frames[0].startswith(GREEKS):
            found = wire.decode_batch(frames[1])[0].events
            self.monitor.on_greeks([one for one in found if isinstance(one, Greeks)], now)
        elif channel.startswith(MARKS):
            self.monitor.on_ticks(wire.decode_ticks(frames[1]).events, now)

    def on_tick(self, now: Now) -> None:
        """Kill switch, rules and flatten, once per turn."""
        if self._kill_switch is not None:
            self.emit(*self.monitor.on_kill_switch(self._kill_switch.reason, now))
        heads = self.monitor.gateway_seqs = {
            one: self.followers[one].head for one in self._gateways
        }
        if self._knows(*self._gateways):
            self.emit(*self.monitor.flattens.shortened(heads, now))
            timer = now.mono_ns >= self.timer.due_ns
            if timer:
                self.timer.done(now.mono_ns)
            self.emit(*self.monitor.openings.due(now), *self.monitor.check(now, timer=timer))
        else:
            self.monitor.past_unknown()
        logins = self.monitor.logins
        events, asked = self.monitor.tick(
            now, {one.name: self._standing(one, now) for one in logins}
        )
        self.emit(*events)
        by_role: defaultdict[str, list[Command]] = defaultdict(list)
        for role, command in asked:
            by_role[role].append(command)
        for role, commands in by_role.items():
            self._requests += 1
            self.ask(role, OrderRequest(self._requests, [*commands]))

    def after_commit(self, now: Now) -> None:
        """Publish how positions, accounts and limits are now, once all that is known."""
        if self._knows(*self._gateways):
            for frames in self._publisher.due(self.monitor.values, self.monitor.readings, now):
                self.transport.send("events", frames)

    def readiness(self, now: Now) -> tuple[ProcessState, str]:
        """READY when every fill is known; HALTED while trading is."""
        state = self.following()
        if state[0] == "READY" and self.monitor.halts:
            halted = self.monitor.trading != "ACTIVE"
            return ("HALTED", self.monitor.reason) if halted else ("READY", self.monitor.reason)
        return state

    def trading(self) -> TradingState:
        """What the heartbeat carries: HALTED as well while the past is not known yet, and while
        there is no room on the disk to write down what risk decides."""
        knows = self._knows(*self._gateways) and not self.room.reason
        return self.monitor.trading if knows else "HALTED"

    def _standing(self, login: Login, now: Now) -> Standing:
        """How far risk and a gateway have come with each other's journals. Whether the gateway is
        gone is looked at last: it has to be so when the halt is on disk."""
        assert self.stream is not None
        is_needed = self.monitor.flatten is not None
        return Standing(
            head=self.stream.journal.head.seq,
            emitted=self.head_after_commit(),
            beat=self.beats.get(login.gateway),
            read=self.followers[login.gateway].next_seq - 1,
            reachable=self._can_flatten(login),
            gone=self._departures[login.gateway].look(now, is_needed=is_needed),
        )

    def _can_flatten(self, login: Login) -> bool:
        """Whether the liquidation gateway is there and knows the account: only then can a flatten
        go on, or be over."""
        beat = self.beats.get(login.liquidation)
        return self._knows(login.liquidation) and beat is not None and beat.state == "READY"

    def _knows(self, *sources: str) -> bool:
        return all(self.followers[source].caught_up for source in sources)

    def detail(self) -> dict[str, Any]:
        """Trading state, positions and P&L; each position with its account."""
        return state_of(self.monitor, self.trading())


def _shown(gateway: str) -> str:
    """A gateway as a person calls it."""
    kind, name = roles.kind_of(gateway), roles.login_name(gateway)
    shown = "gateway" if kind == roles.GATEWAY else "liquidation gateway"
    return f"{shown} of {name}" if name else shown
