"""The risk monitor's core: fills and positions in, decisions out. It alone says what trading is.

    ACTIVE --a rule is broken, a journal lost its tail, a person halts--> HALTED
    HALTED --a person resumes, and no rule is broken--> ACTIVE

A halt stands until a person lifts it, over every restart.
"""

from collections.abc import Iterable, Sequence

from tapewire.common.events import (
    CancelAll,
    Control,
    ControlReply,
    Event,
    FlattenCompleted,
    FlattenStarted,
    RiskHalted,
    RiskResumed,
    RiskViolation,
    SubmitOrder,
    Tick,
    TradingState,
)
from tapewire.common.instruments import Instrument
from tapewire.risk.flatten import Flatten
from tapewire.risk.rules import Rule
from tapewire.risk.state import RiskState


class RiskMonitor:
    """Decides halts; state changes in `apply` alone, from events that are written down."""

    def __init__(self, rules: Sequence[Rule], instruments: Iterable[Instrument]) -> None:
        self.rules = rules
        self.state = RiskState(instruments)
        self.trading: TradingState = "ACTIVE"
        self.reason = ""
        self.halted_ns = 0  # since when, while it is HALTED
        self.fault = ""
        self.flatten: Flatten | None = None
        self._changed: set[str] = set()
        self._cancel_asked = False

    def __repr__(self) -> str:
        return f"<RiskMonitor {self.trading} {self.reason}>"

    def apply(self, event: Event) -> None:
        """Take in an event of the own journal."""
        if isinstance(event, RiskHalted):
            self.trading, self.reason, self.halted_ns = "HALTED", event.reason, event.ts_ns
        elif isinstance(event, RiskResumed):
            self.trading, self.reason, self.halted_ns = "ACTIVE", "", 0
        elif isinstance(event, FlattenStarted):
            self.flatten = Flatten(f"risk-{event.ts_ns:x}")
        elif isinstance(event, FlattenCompleted):
            self.flatten = None

    def on_broker(self, event: Event) -> None:
        """An event of a gateway; rules are checked once a turn, by `check`."""
        self.state.apply(event)
        symbol = getattr(event, "symbol", None) or getattr(
            getattr(event, "order", None), "symbol", None
        )
        if symbol:
            self._changed.add(symbol)

    def on_ticks(self, ticks: Iterable[Tick]) -> None:
        """New marks."""
        self.state.mark(ticks)

    def on_fault(self, fault: str, now_ns: int) -> list[Event]:
        """Something that must not go on: a journal that lost its tail, say."""
        self.fault = fault
        if self.trading == "HALTED":
            return []
        return self._applied([RiskViolation(now_ns, "journals", fault), RiskHalted(now_ns, fault)])

    def control(self, control: Control) -> tuple[ControlReply, list[Event]]:
        """What a person asks for; the reply says what state it led to."""
        now_ns, reason = control.ts_ns, control.reason
        events: list[Event] = []
        if control.action == "cancel_all":
            self._cancel_asked = True  # the next `tick` asks the way out
            return ControlReply(ok=True, state=self.trading, text=self.reason), []
        if control.action == "resume":
            broken = self._broken()
            if broken:
                text = f"not resumed: {broken[0].reason}"
                return ControlReply(ok=False, state=self.trading, text=text), []
            if self.fault or self.flatten is not None:
                text = f"not resumed: {self.fault or f'a flatten is under way, {self.flatten}'}"
                return ControlReply(ok=False, state=self.trading, text=text), []
            if self.trading != "ACTIVE":
                events = [RiskResumed(now_ns, reason)]
        elif self.trading != "HALTED":
            events = [RiskHalted(now_ns, reason)]
        if control.action == "flatten" and self.flatten is None:
            events.append(FlattenStarted(now_ns, reason))
        self._applied(events)
        return ControlReply(ok=True, state=self.trading, text=self.reason), events

    def check(self, now_ns: int) -> list[Event]:
        """Check the rules on what changed. Only with every gateway's past known: read one after
        the other, their journals show positions that never were."""
        events: list[Event] = []
        if self._changed and self.trading != "HALTED":
            broken = self._broken(self._changed)
            if broken:
                events = [RiskViolation(now_ns, b.rule, b.reason) for b in broken]
                events.append(RiskHalted(now_ns, f"{broken[0].rule}: {broken[0].reason}"[:512]))
        self._changed.clear()
        return self._applied(events)

    def tick(self, now_ns: int) -> tuple[list[Event], list[SubmitOrder | CancelAll]]:
        """Cancel what a person wants cancelled, and go on with a flatten; gives also what to ask
        of the way out. Only with the way out's past known: without it nothing seems to be held."""
        events: list[Event] = []
        commands: list[SubmitOrder | CancelAll] = [CancelAll(now_ns)] * self._cancel_asked
        self._cancel_asked = False
        if self.flatten is not None:
            commands += self.flatten.tick(self.state, now_ns)
            if self.flatten.phase == "DONE":
                events.append(FlattenCompleted(now_ns, self.flatten.failure))
        return self._applied(events), commands

    def _broken(self, symbols: Iterable[str] | None = None) -> list[RiskViolation]:
        names = self.state.symbols() if symbols is None else symbols
        found = []
        for symbol in sorted(names):
            exposure = self.state.exposure(symbol)
            for rule in self.rules:
                reason = rule.violation(symbol, exposure)
                if reason:
                    found.append(RiskViolation(0, rule.name, reason))
        return found

    def _applied(self, events: list[Event]) -> list[Event]:
        for event in events:
            self.apply(event)
        return events
