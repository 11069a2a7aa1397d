"""Risk decisions, and what a person asks of risk."""

from decimal import Decimal
from typing import Annotated, Any, Final, Literal

import msgspec

from tapewire.common import roles
from tapewire.common.events.base import EVERYTHING, Event, Scope, Text, TimeNs

TradingState = Literal["ACTIVE", "REDUCING", "HALTED"]
"""REDUCING and HALTED let pass only what reduces risk. REDUCING ends by itself, at a known time; a
HALTED is ended by a person."""
Measure = Literal["alert", "deny", "cancel", "reduce", "close", "halt", "flatten"]
"""What follows from a broken rule, from the weakest measure to the strongest."""
Until = Literal["person", "day"] | int
"""When a lock-out ends: a person resumes; the account's next trading day begins; or seconds."""
RULES_MAX: Final = 100_000
"""Characters of all rules together, as JSON."""
RulesText = Annotated[str, msgspec.Meta(max_length=RULES_MAX)]


class RiskViolation(Event, frozen=True, tag="risk.violation"):
    """A rule was found broken; what was done about it follows as an event of its own.

    `cause_id` names the event that broke it, as `NAME SUBJECT`, and `cause_ns` is that event's
    time; both are empty where a regular check found it. `measures` are the rule's.
    """

    ts_ns: TimeNs
    scope: Scope
    rule: Text
    reason: Text
    cause_id: Text = ""
    cause_ns: TimeNs = 0
    measures: tuple[Measure, ...] = ()


class RiskHalted(Event, frozen=True, tag="risk.halted"):
    """From now on only orders that reduce risk in `scope`; it stands until `risk.resumed`.

    `cause_id` is the conflict that it answers, where one was the cause: each is answered once.
    `until_ns` is when it ends by itself (UTC), 0 if only a person ends it. `by` is who decided it:
    a person, or the rule. Of two for one scope the one that lasts longer is in force.
    """

    ts_ns: TimeNs
    scope: Scope
    reason: Text
    cause_id: str = ""
    until_ns: int = 0
    by: Text = ""

    def outlasts(self, other: "RiskHalted") -> bool:
        """Whether it ends later than the other."""
        return other.until_ns != 0 and (self.until_ns == 0 or self.until_ns > other.until_ns)


class RiskResumed(Event, frozen=True, tag="risk.resumed"):
    """A person (`by`) lifted the halt of exactly this scope; `Scope()` lifts all of them."""

    ts_ns: TimeNs
    scope: Scope
    reason: Text
    by: Text = ""


class LockOutEnded(Event, frozen=True, tag="risk.lockout.ended"):
    """The halt of exactly this scope that lasted until `until_ns` (UTC) is over."""

    ts_ns: TimeNs
    scope: Scope
    until_ns: int


class FlattenStarted(Event, frozen=True, tag="risk.flatten.started"):
    """The working orders in `scope` are being cancelled and its positions closed: each down to
    `keep`, long or short, where a rule only reduces it."""

    ts_ns: TimeNs
    scope: Scope
    reason: Text
    keep: Decimal = Decimal(0)

    @property
    def name(self) -> str:
        """What the ids of its closing orders begin with."""
        return f"{roles.RISK}-{self.ts_ns:x}"


class FlattenDeferred(Event, frozen=True, tag="risk.flatten.deferred"):
    """A flatten of `scope` has to wait for another one, and begins when that is over, whether or
    not its cause lasts. `keep` is as in `risk.flatten.started`."""

    ts_ns: TimeNs
    scope: Scope
    reason: Text
    keep: Decimal = Decimal(0)


class RiskWarned(Event, frozen=True, tag="risk.warned"):
    """Much of a rule's limit is used: reported once, and again after less of it was used. Or what
    has to be cancelled for the rule goes beyond its scope.
    """

    ts_ns: TimeNs
    scope: Scope
    rule: Text
    reason: Text


class FlattenDelayed(Event, frozen=True, tag="risk.flatten.delayed"):
    """Something keeps the flatten of `scope` from going on; it is tried again until it succeeds.

    Reported once for each thing that a person may have to look at.
    """

    ts_ns: TimeNs
    scope: Scope
    reason: Text


class FlattenCompleted(Event, frozen=True, tag="risk.flatten.completed"):
    """The broker lists no position in `scope`, and nothing works there. `reason` is empty; in a
    journal of an older version it says what could not be closed.

    `gateway_seq` is how far the gateway's journal went: what it had taken by then was closed. Above
    a `keep` of 0 the positions are only reduced to that. Whose executions are left then, nobody can
    say: as after a trade by hand, no strategy's own position changes.

    Where gateways have names, `gateway_seqs` is that of each, by its role, in place of
    `gateway_seq`.
    """

    ts_ns: TimeNs
    scope: Scope
    reason: Text = ""
    gateway_seq: int = 0
    keep: Decimal = Decimal(0)
    gateway_seqs: tuple[tuple[Text, int], ...] = ()

    def seq_of(self, gateway: str) -> int:
        """How far the journal of this gateway went; 0 for one that the scope is not about."""
        return dict(self.gateway_seqs).get(gateway, self.gateway_seq)


class JournalShortened(Event, frozen=True, tag="risk.journal.shortened"):
    """The journal of a gateway ends at `head_seq`, before a place up to which a flatten had closed
    what it took: it was started over, as with each start on the simulator, or put back from a copy.
    So flattens until now have closed what that journal has up to `head_seq`, and nothing after it.
    """

    ts_ns: TimeNs
    gateway: Text
    head_seq: int


class RuleStateChanged(Event, frozen=True, tag="risk.rule.changed"):
    """What a rule keeps over restarts, as the rule wrote it."""

    ts_ns: TimeNs
    rule: Text
    state: bytes


class RulesChanged(Event, frozen=True, tag="risk.rules.changed"):
    """From now on these rules are in force, in every process; `rules` are the `[[risk.rules]]`
    entries as JSON. `by` is the person who had them taken over, or `start`.

    What a rule keeps over restarts is over with it. What those that stay have kept follows at once,
    in `risk.rule.changed`.
    """

    ts_ns: TimeNs
    rules: RulesText
    reason: Text = ""
    by: Text = ""

    @property
    def names(self) -> list[str]:
        """What the rules are called, in their order."""
        entries = msgspec.json.decode(self.rules, type=list[dict[str, Any]])
        return [str(one["rule"]) for one in entries]

    @property
    def scope(self) -> Scope:
        """It is about everything."""
        return EVERYTHING


class Control(Event, frozen=True, tag="risk.control"):
    """What a person (`by`) asks of risk; answered by a `ControlReply`. `cancel_all` cancels every
    order of the login and leaves the trading state as it is; `reload` takes `rules` over, as
    `RulesChanged` has them."""

    ts_ns: TimeNs
    action: Literal["halt", "resume", "flatten", "cancel_all", "reload"]
    reason: Text
    scope: Scope = EVERYTHING
    by: Text = ""
    rules: RulesText = ""


class ControlReply(Event, frozen=True, tag="risk.control.reply"):
    """Whether it was done, and in what state risk is now."""

    ok: bool
    state: TradingState
    text: Text
