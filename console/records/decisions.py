"""Risk's decisions: which of its events are some, and what each is called for a person."""

from typing import Final

from tapewire.common.events import (
    Event,
    FlattenCompleted,
    FlattenDeferred,
    FlattenDelayed,
    FlattenStarted,
    LockOutEnded,
    RiskHalted,
    RiskResumed,
    RiskViolation,
    RiskWarned,
    RulesChanged,
)

WORDS: Final[dict[type[Event], str]] = {
    RiskViolation: "violation",
    RiskWarned: "warning",
    RiskHalted: "halt",
    RiskResumed: "resume",
    LockOutEnded: "lock-out ended",
    FlattenStarted: "flatten",
    FlattenDeferred: "flatten later",
    FlattenDelayed: "flatten delayed",
    FlattenCompleted: "flat",
    RulesChanged: "rules",
}


def word_of(event: Event) -> str:
    """What a decision is called; a flatten that only reduces says to what."""
    keep = getattr(event, "keep", 0)
    if not keep or isinstance(event, FlattenDeferred):
        return WORDS[type(event)]
    return f"reduce to {keep:f}" if isinstance(event, FlattenStarted) else f"reduced to {keep:f}"
