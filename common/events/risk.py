"""Risk decisions, and what a person asks of risk."""

from typing import Literal

from tapewire.common.events.base import Event, Text, TimeNs

TradingState = Literal["ACTIVE", "REDUCING", "HALTED"]


class RiskViolation(Event, frozen=True, tag="risk.violation"):
    """A rule was found broken; what was done about it follows as an event of its own."""

    ts_ns: TimeNs
    rule: Text
    reason: Text


class RiskHalted(Event, frozen=True, tag="risk.halted"):
    """From now on only orders that reduce risk; it stands until `risk.resumed`."""

    ts_ns: TimeNs
    reason: Text


class RiskResumed(Event, frozen=True, tag="risk.resumed"):
    """A person lifted the halt."""

    ts_ns: TimeNs
    reason: Text


class FlattenStarted(Event, frozen=True, tag="risk.flatten_started"):
    """All working orders are being cancelled and all positions closed."""

    ts_ns: TimeNs
    reason: Text


class FlattenCompleted(Event, frozen=True, tag="risk.flatten_completed"):
    """No position is left, or `reason` says what could not be closed."""

    ts_ns: TimeNs
    reason: Text = ""


class Control(Event, frozen=True, tag="control"):
    """What a person asks of risk; answered by a `ControlReply`. `cancel_all` cancels every order
    of the account and leaves trading as it is."""

    ts_ns: TimeNs
    action: Literal["halt", "resume", "flatten", "cancel_all"]
    reason: Text


class ControlReply(Event, frozen=True, tag="control_reply"):
    """Whether it was done, and in what state risk is now."""

    ok: bool
    state: TradingState
    text: Text
