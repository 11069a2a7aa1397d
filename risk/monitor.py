"""The risk monitor's core: fills and positions in, decisions out. It alone says what trading is.

    ACTIVE --a rule is broken, a journal lost its tail, a person halts--> HALTED
    HALTED --a person resumes, and no rule is broken--> ACTIVE

Each halt has a scope: everything, an account, a strategy, a symbol, or several of these together.
It stands until a person lifts it, over every restart. The heartbeat says HALTED only for the halt
of everything; the gateway knows the others from the journal, which it follows.

State changes in `apply` alone, from events that are in the own journal, and in `on_broker`, from
those in the gateways'.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from tapewire.common import roles
from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.decisions import Decisions
from tapewire.common.accounting.orders import Order
from tapewire.common.accounting.trading_days import TradingDays
from tapewire.common.clock import Now
from tapewire.common.config.near import expected
from tapewire.common.events import (
    EVERYTHING,
    TEXT_MAX,
    AccountUpdated,
    CancelAll,
    ConnectionUp,
    Control,
    ControlReply,
    Difference,
    Event,
    Fill,
    Greeks,
    OrdersTakenOver,
    PositionCarried,
    ReconciliationCompleted,
    RiskHalted,
    RiskResumed,
    RiskViolation,
    RulesChanged,
    RuleStateChanged,
    Scope,
    Tick,
    TradingState,
)
from tapewire.common.instruments import Instrument
from tapewire.common.logins import ONLY, Login, Logins
from tapewire.risk.closing import Asked
from tapewire.risk.enforcement import Enforcer
from tapewire.risk.flatten import Flatten
from tapewire.risk.flattens import Flattens
from tapewire.risk.halting import LEASE_NS, Standings
from tapewire.risk.openings import Openings
from tapewire.risk.reloading import at_start, change
from tapewire.risk.rules import Reading, RuleBook, View
from tapewire.risk.rules.in_force import taken_over
from tapewire.risk.rules.rulebook import distinct
from tapewire.risk.sweeps import Sweeps

KILL_SWITCH: Final = "kill switch"


class RiskMonitor:
    """Decides halts and flattens."""

    def __init__(
        self,
        rules: RuleBook,
        instruments: Iterable[Instrument],
        lease_ns: int = LEASE_NS,
        day_of: TradingDays | None = None,
        logins: Logins = ONLY,
    ) -> None:
        self.rules = rules
        self.logins = logins
        self.accounts: Accounts[Order] = Accounts(instruments, Order, day_of)
        self.view = View(self.accounts)
        self.openings = Openings(self.accounts)
        self.values: dict[str, AccountUpdated] = {}  # by account, as the broker reports them
        self._connected: dict[str, tuple[str, ...]] = {}  # accounts, by the login's name
        self.decisions = Decisions()
        self.halts = self.decisions.halts
        self.fault = ""
        self._pulled = ""  # what the kill switch says, while it is
        self.gateway_seqs: Mapping[str, int] = {}  # how far the gateways' journals go, by role
        self._lease_ns = lease_ns
        self.enforcer = Enforcer(
            self.accounts, self.decisions, day_of or TradingDays(), self._applied
        )
        self.flattens = Flattens(lease_ns, self._newest_price, logins)
        self.sweeps = Sweeps(self.accounts, self.decisions, self.flattens, lease_ns, logins)
        self._events: list[Event] = []  # of this turn, for the rules to see
        self._marked = False  # new marks came in this turn
        self._check_all = True
        self._watching = False  # since the first check
        self.has_news = True  # since everything was looked at
        self._saved: dict[str, bytes] = {}
        self._adopted = ""  # the rules in force, as the journal has them
        self.readings: list[Reading] = []  # how much of each limit was used at the last check
        self._cancel_all: set[Login] = set()  # a person wants every order there cancelled
        self._differences: dict[str, Difference] = {}  # that demand a halt, by what it answers

    def __repr__(self) -> str:
        return f"<RiskMonitor {self.trading} {self.reason}>"

    @property
    def trading(self) -> TradingState:
        """What trading is altogether; a halt of a smaller scope leaves the rest ACTIVE."""
        halt = self.halts.get(EVERYTHING)
        if halt is None:
            return "ACTIVE"
        return "REDUCING" if halt.until_ns else "HALTED"

    @property
    def flatten(self) -> Flatten | None:
        """The oldest flatten in progress; None if there is none."""
        return next(iter(self.flattens), None)

    @property
    def reason(self) -> str:
        """Why something is halted: the halt of everything first, then the oldest."""
        halts = sorted(self.halts.values(), key=lambda one: one.scope != EVERYTHING)
        if not halts:
            return ""
        first = halts[0]
        return first.reason if first.scope == EVERYTHING else f"{first.scope}: {first.reason}"

    @property
    def halted_ns(self) -> int:
        """Since when everything is halted; 0 if it is not."""
        halt = self.halts.get(EVERYTHING)
        return halt.ts_ns if halt is not None else 0

    @property
    def ends_ns(self) -> int:
        """When the halt of everything ends by itself (UTC); 0 if it does not, or there is none."""
        halt = self.halts.get(EVERYTHING)
        return halt.until_ns if halt is not None else 0

    def apply(self, event: Event) -> None:
        """Take in an event of the own journal."""
        self.decisions.apply(event)
        self.openings.apply(event)
        self.flattens.apply(event)
        if isinstance(event, RulesChanged):
            self.rules = taken_over(event.rules, self.rules)
            self._adopted, self._saved, self._check_all = event.rules, {}, True
        elif isinstance(event, RuleStateChanged):
            self._saved[event.rule] = event.state
            self.rules.restore(event.rule, event.state)

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values: what a replay of the journals must come to."""
        return {
            **self.accounts.snapshot(),
            **self.decisions.snapshot(),
            "rules": self._saved,
            "openings": self.openings.snapshot(),
            "adopted": self._adopted,
        }

    def started(self, configured: str, now: Now, *, confirmed: bool) -> list[Event]:
        """After the journal was read: the rules of the configuration, where they count now."""
        return self._applied(
            at_start(configured, self._adopted, self.rules, self._saved, now, confirmed=confirmed)
        )

    # ---- what comes in -------------------------------------------------------------------------

    def on_broker(self, event: Event, source: str = roles.GATEWAY, now_ns: int = 0) -> None:
        """An event of a gateway, at monotonic `now_ns`; rules are asked once per turn, by
        `check`."""
        if isinstance(event, Fill | PositionCarried):
            self.openings.note(event)
        elif type(event) is AccountUpdated:
            self.values[event.account] = event
        elif type(event) is ConnectionUp:
            if event.accounts:
                self._connected[roles.login_name(source)] = event.accounts
        elif isinstance(event, ReconciliationCompleted):
            halting = [one for one in event.differences if one.rule == "halt"]
            self._differences |= {event.cause_id(one): one for one in halting}
        self.accounts.apply(event, source)
        self.view.note(event, source)
        if roles.kind_of(source) == roles.LIQUIDATION:
            self.flattens.on_liquidation(event, now_ns)
            if isinstance(event, OrdersTakenOver):
                self.sweeps.on_taken_over(event, now_ns)
        if self._watching:
            self._events.append(event)
            self.has_news = True

    def on_ticks(self, ticks: Iterable[Tick], now: Now) -> None:
        """New marks."""
        self.view.mark(ticks, now)
        self._marked = True

    def on_greeks(self, greeks: Iterable[Greeks], now: Now) -> None:
        """New greeks of options: they are prices to those rules that look at them."""
        self.view.take_greeks(greeks, now)
        self._marked = True

    def on_fault(self, fault: str, now: Now) -> list[Event]:
        """Something that must not go on: a journal that lost its tail, for example."""
        self.fault = fault
        if EVERYTHING in self.halts:
            return []
        return self._applied([
            RiskViolation(now.wall_ns, EVERYTHING, "journals", fault[:TEXT_MAX]),
            RiskHalted(now.wall_ns, EVERYTHING, fault[:TEXT_MAX]),
        ])  # fmt: skip

    def on_kill_switch(self, reason: str, now: Now) -> list[Event]:
        """Whether the kill switch is pulled: everything is halted, once, until a person resumes,
        who cannot while it is."""
        self._pulled = reason
        halt = RiskHalted(now.wall_ns, EVERYTHING, reason[:TEXT_MAX], by=KILL_SWITCH)
        known = self.halts.get(EVERYTHING)
        if not reason or (known is not None and not halt.outlasts(known)):
            return []
        report = RiskViolation(now.wall_ns, EVERYTHING, KILL_SWITCH, reason[:TEXT_MAX])
        return self._applied([report, halt])

    def check(self, now: Now, *, timer: bool = False) -> list[Event]:
        """Ask the rules about what has happened, and on `timer` about everything. Only when every
        gateway's past is known: read one after the other, their journals show positions that never
        were."""
        view, seen, full = self.view.at(now), self._events, timer or self._check_all
        self._events, self._check_all, self._watching = [], False, True
        marked, self._marked = self._marked, False
        if not (seen or full or marked):
            return []
        events = self._answer_conflicts(now)
        violations = self.rules.on_events(seen, view) if seen else []
        if marked and not full:
            violations += self.rules.on_marks(view)
        lasting = self.rules.on_timer(view) if full else []
        events += self.enforcer.enforce(distinct([*violations, *lasting]), now)
        if full:
            self.has_news = False
            self.enforcer.found(lasting)
            events += self.enforcer.ended(now)
            self.readings = self.rules.readings(view)
            events += self.enforcer.warn(self.readings, now)
        return events + self._kept(now)

    def past_unknown(self) -> None:
        """A gateway's past is not known to its end: look at everything once it is. What was missed
        meanwhile is shown to the rules then; what is read at the start is not, as they have kept
        what they need of it."""
        self._check_all = True

    # ---- what a person asks --------------------------------------------------------------------

    def control(self, control: Control, now: Now) -> tuple[ControlReply, list[Event]]:
        """What a person asks for; the reply says what state it led to."""
        if control.action == "cancel_all":
            self._cancel_all.update(self.logins)  # the next `tick` asks the liquidation gateways
            return self._answer(self.reason), []
        denial, events = self._decide(control, now)
        if denial:
            return self._answer(denial, ok=False), []
        self._applied(events)
        return self._answer(self.reason), events

    def _decide(self, control: Control, now: Now) -> tuple[str, list[Event]]:
        scope, now_ns, reason = control.scope, now.wall_ns, control.reason
        if control.action == "reload":
            return change(control.rules, self.rules, self._saved, now, reason=reason, by=control.by)
        if control.action == "resume":
            return self._resume(scope, reason, control.by, now)
        if unknown := self._unknown_account(scope):
            done = "flattened" if control.action == "flatten" else "halted"
            return f"not {done}: {unknown}", []
        events: list[Event] = []
        if control.action == "flatten":
            if scope.strategy:
                return "not flattened: positions are an account's; name an account or a symbol", []
            running = self.flattens.touching(scope)
            if self.decisions.may_flatten(scope):
                events = [self.decisions.started(now_ns, scope, reason)]
            elif running is not None and not running.scope.covers(*scope.parts):
                return f"not flattened: a flatten of {running.scope} is in progress", []
        halt = RiskHalted(now_ns, scope, reason, by=control.by)
        known = self.halts.get(scope)
        if known is None or halt.outlasts(known):
            events.insert(0, halt)
        return "", events

    def _unknown_account(self, scope: Scope) -> str:
        """Why the account of a scope cannot be meant; "" if it can. A typo must not pass for a
        halt; while no login is known, any account may be halted."""
        named, of = scope.account, self.logins.of(scope.account)
        known = {account for found in self._connected.values() for account in found}
        known.update(self.logins.accounts)
        pairs = self.accounts.keys()
        traded = (account for account, _ in pairs)
        if not known or named == "" or (of is not None and named in {*known, *traded}):
            return ""
        whose = "this login's" if len(self.logins) == 1 else "any login's"
        return f"account {named} is not one of {whose}; {expected(named, known)}"

    def _resume(self, scope: Scope, reason: str, by: str, now: Now) -> tuple[str, list[Event]]:
        broken = [
            one
            for one in self.rules.on_timer(self.view.at(now))
            if one.enforcement.halts and scope in (EVERYTHING, one.scope, one.position)
        ]
        if broken:
            return f"not resumed: {broken[0].reason}", []
        configured = [rule.name for rule in self.rules.rules]
        if locked := self.enforcer.locked_out(scope, configured, now):
            return f"not resumed: {locked}", []
        if self.fault or self._pulled:
            return f"not resumed: {self.fault or self._pulled}", []
        if unfinished := self._unfinished(scope):
            return f"not resumed: {unfinished}", []
        if scope != EVERYTHING and scope not in self.halts:
            return f"not resumed: {scope} is not halted by itself", []
        return "", [RiskResumed(now.wall_ns, scope, reason, by)] if self.halts else []

    def _unfinished(self, scope: Scope) -> str:
        """What flatten there is in progress, or is about to begin; empty if there is none."""
        if (running := self.flattens.touching(scope)) is not None:
            return f"a flatten is in progress, {running}"
        owed = next((one for one in self.decisions.owed if one.shares_account(scope)), None)
        return f"a flatten of {owed} is about to begin" if owed is not None else ""

    def _answer(self, text: str, *, ok: bool = True) -> ControlReply:
        return ControlReply(ok=ok, state=self.trading, text=text[:TEXT_MAX])

    # ---- timed work ----------------------------------------------------------------------------

    def tick(self, now: Now, standings: Standings) -> tuple[list[Event], list[Asked]]:
        """Cancel what a person wants cancelled, and go on with a flatten. The second list is what
        to ask of the gateways."""
        events: list[Event] = []
        asked: list[Asked] = []
        for login in self.logins:
            if login not in self._cancel_all or not standings[login.name].reachable:
                continue
            self._cancel_all.discard(login)
            asked.append(Asked(login.liquidation, CancelAll(now.wall_ns)))
        asked += self.sweeps.tick(self.enforcer.lasting, standings, now)
        events += self.sweeps.warnings(now)
        flattens = self.flattens.tick(self.accounts, standings, self.gateway_seqs, now)
        events += flattens[0]
        asked += flattens[1]
        return self._applied(events), asked

    def _answer_conflicts(self, now: Now) -> list[Event]:
        """Each conflict that a gateway reports halts its account and symbol, once, and so does each
        difference from the broker whose rule demands it: a person who resumes there has decided
        about it, whatever else is halted."""
        events: list[Event] = []
        for conflict in self.accounts.orders.conflicts.values():
            scope = Scope(conflict.account, symbol=conflict.symbol)
            why = f"conflict with order {conflict.intent_id}: {conflict.reason}"
            events += self._answer_cause(conflict.id, scope, "conflicts", why, now)
        for cause_id, one in self._differences.items():
            scope = Scope(one.account, symbol=one.symbol)
            events += self._answer_cause(cause_id, scope, "reconciliation", str(one), now)
        return events

    def _answer_cause(
        self, cause_id: str, scope: Scope, rule: str, why: str, now: Now
    ) -> list[Event]:
        if cause_id in self.decisions.answered:
            return []
        reason = (
            f"{why}; look in the broker's own program what works there, cancel what nobody wants,"
            f" then `tapewire resume{scope.options}`"
        )[:TEXT_MAX]
        return self._applied([
            RiskViolation(now.wall_ns, scope, rule, reason, cause_id),
            RiskHalted(now.wall_ns, scope, reason, cause_id),
        ])  # fmt: skip

    # ---- inside --------------------------------------------------------------------------------

    def _kept(self, now: Now) -> list[Event]:
        """What rules want kept over restarts and was not written down yet."""
        events: list[Event] = []
        for key, state in self.rules.states():
            if state != self._saved.get(key, b""):
                events += self._applied([RuleStateChanged(now.wall_ns, key, state)])
        return events

    def _newest_price(self, symbol: str) -> Decimal | None:
        found = self.view.price(symbol)
        return found[0] if found is not None else None

    def _applied(self, events: list[Event]) -> list[Event]:
        for event in events:
            self.apply(event)
        return events
