"""Risk decisions, and what a person asks of risk."""

from typing import Literal

from tapewire.common.events.base import EVERYTHING, Event, Scope, Text, TimeNs

TradingState = Literal["ACTIVE", "REDUCING", "HALTED"]


class RiskViolation(Event, frozen=True, tag="risk.violation"):
    """A rule was found broken; what was done about it follows as an event of its own."""

    ts_ns: TimeNs
    scope: Scope
    rule: Text
    reason: Text


class RiskHalted(Event, frozen=True, tag="risk.halted"):
    """From now on only orders that reduce risk in `scope`; it stands until `risk.resumed`.

    `cause_id` is the conflict that it answers, where one was the cause: each is answered once.
    """

    ts_ns: TimeNs
    scope: Scope
    reason: Text
    cause_id: str = ""


class RiskResumed(Event, frozen=True, tag="risk.resumed"):
    """A person lifted the halt of exactly this scope; `Scope()` lifts all of them."""

    ts_ns: TimeNs
    scope: Scope
    reason: Text


class FlattenStarted(Event, frozen=True, tag="risk.flatten.started"):
    """The working orders in `scope` are being cancelled and its positions closed."""

    ts_ns: TimeNs
    scope: Scope
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

    `gateway_seq` is how far the gateway's journal went: what it had taken by then was closed.
    """

    ts_ns: TimeNs
    scope: Scope
    reason: Text = ""
    gateway_seq: int = 0


class RuleStateChanged(Event, frozen=True, tag="risk.rule.changed"):
    """What a rule keeps over restarts, as the rule wrote it."""

    ts_ns: TimeNs
    rule: Text
    state: bytes


class Control(Event, frozen=True, tag="risk.control"):
    """What a person asks of risk; answered by a `ControlReply`. `cancel_all` cancels every order
    of the login and leaves the trading state as it is."""

    ts_ns: TimeNs
    action: Literal["halt", "resume", "flatten", "cancel_all"]
    reason: Text
    scope: Scope = EVERYTHING


class ControlReply(Event, frozen=True, tag="risk.control.reply"):
    """Whether it was done, and in what state risk is now."""

    ok: bool
    state: TradingState
    text: Text
