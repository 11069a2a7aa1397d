"""Risk's decisions: which of its events are some, and what each is called for a person."""

from typing import Final

from tapewire.common.events import (
    Event,
    FlattenCompleted,
    FlattenDelayed,
    FlattenStarted,
    LockOutEnded,
    RiskHalted,
    RiskResumed,
    RiskViolation,
    RiskWarned,
)

WORDS: Final[dict[type[Event], str]] = {
    RiskViolation: "violation",
    RiskWarned: "warning",
    RiskHalted: "halt",
    RiskResumed: "resume",
    LockOutEnded: "lock-out ended",
    FlattenStarted: "flatten",
    FlattenDelayed: "flatten delayed",
    FlattenCompleted: "flat",
}
