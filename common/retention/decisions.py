"""What may become of each kind of event in a checkpoint: one table for all journals.

A kind that is not named here is kept, and so is every order that it is about. `retention` says why
what is decided here is enough.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from tapewire.common.events import (
    AccountUpdated,
    BrokerErrorReported,
    CheckpointCompleted,
    CircuitChanged,
    Commission,
    ConnectionChanged,
    ConnectionLost,
    ConnectionUp,
    Event,
    ExecutionsCarried,
    FeedDelayed,
    FeedReduced,
    FeedRefused,
    FeedResumed,
    FeedSilent,
    Fill,
    FlattenCompleted,
    FlattenDeferred,
    FlattenDelayed,
    FlattenStarted,
    ForeignOrderReported,
    GroupCreated,
    GroupIntended,
    GroupReleased,
    GroupStateChanged,
    InstrumentDescribed,
    InstrumentHalted,
    JournalShortened,
    LockOutEnded,
    OrderAccepted,
    OrderCancelled,
    OrderCancelPending,
    OrderCancelRejected,
    OrderConflict,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderIntended,
    OrderLost,
    OrderModified,
    OrderModifyIntended,
    OrderModifyPending,
    OrderModifyRejected,
    OrderRejected,
    OrdersTakenOver,
    OrderStateChanged,
    OrderTermsChanged,
    OrderUnknown,
    PositionCarried,
    PositionClosed,
    PositionOpened,
    PositionReported,
    PositionsListed,
    ReconciliationCompleted,
    RiskHalted,
    RiskResumed,
    RiskViolation,
    RiskWarned,
    RulesChanged,
    RuleStateChanged,
    StampReached,
    StrategyPositionCarried,
    WhatIfAnswered,
)

Decision = Literal[
    "with its order",
    "execution",
    "commission",
    "last of each",
    "last of each, and the day's",
    "halt",
    "remade",
    "forgotten",
    "kept",
]

DECISIONS: Final[Mapping[type[Event], Decision]] = {
    # the gateways'
    OrderIntended: "with its order",
    OrderDenied: "with its order",
    OrderAccepted: "with its order",
    OrderRejected: "with its order",
    OrderCancelled: "with its order",
    OrderFilled: "with its order",
    OrderUnknown: "with its order",
    OrderLost: "with its order",
    OrderModifyIntended: "with its order",
    OrderModified: "with its order",
    OrderModifyRejected: "with its order",
    OrderCancelRejected: "with its order",
    GroupIntended: "with its order",
    Fill: "execution",
    Commission: "commission",
    PositionReported: "last of each, and the day's",
    PositionsListed: "last of each, and the day's",
    OrdersTakenOver: "last of each, and the day's",
    WhatIfAnswered: "last of each, and the day's",
    ForeignOrderReported: "last of each, and the day's",
    AccountUpdated: "last of each",
    InstrumentDescribed: "last of each",
    ConnectionUp: "last of each, and the day's",
    ConnectionLost: "last of each, and the day's",
    ConnectionChanged: "last of each",
    ReconciliationCompleted: "last of each",
    FeedRefused: "last of each",
    FeedDelayed: "last of each",
    FeedReduced: "last of each",
    InstrumentHalted: "last of each",
    FeedSilent: "forgotten",
    FeedResumed: "forgotten",
    BrokerErrorReported: "forgotten",
    OrderConflict: "kept",
    # the executor's
    OrderCreated: "with its order",
    OrderStateChanged: "with its order",
    OrderTermsChanged: "with its order",
    OrderCancelPending: "with its order",
    OrderModifyPending: "with its order",
    OrderExpired: "with its order",
    GroupCreated: "with its order",
    GroupStateChanged: "with its order",
    GroupReleased: "with its order",
    CircuitChanged: "last of each",
    # risk's
    RiskHalted: "halt",
    RiskResumed: "halt",
    LockOutEnded: "halt",
    FlattenStarted: "last of each",
    FlattenDeferred: "last of each",
    FlattenCompleted: "last of each",
    JournalShortened: "kept",
    RuleStateChanged: "last of each",
    PositionOpened: "last of each",
    PositionClosed: "last of each",
    RulesChanged: "last of each",
    RiskViolation: "forgotten",
    RiskWarned: "forgotten",
    FlattenDelayed: "forgotten",
    # a checkpoint's own
    ExecutionsCarried: "remade",
    PositionCarried: "remade",
    StrategyPositionCarried: "remade",
    StampReached: "remade",
    CheckpointCompleted: "remade",
}
"""What becomes of each kind. "The day's" are those that rules may still count."""


def name_of(event: Any) -> str:
    """What an event is about, an intent or a group: as its own field or one of what it carries. An
    order with its group is about the order."""
    for owner in (event, getattr(event, "order", None), getattr(event, "modify", None)):
        found = getattr(owner, "intent_id", None)
        if found:
            return str(found)
    group = getattr(event, "group", None)
    return str(group.id if group is not None else getattr(event, "group_id", ""))


SUBJECTS: Final[Mapping[type[Event], Callable[[Any], tuple[Any, ...]]]] = {
    PositionReported: lambda event: (event.account, event.symbol),
    AccountUpdated: lambda event: (event.account,),
    InstrumentDescribed: lambda event: (event.symbol,),
    FeedRefused: lambda event: (event.symbol,),
    FeedReduced: lambda event: (event.symbol,),
    FeedDelayed: lambda event: (event.symbol,),
    InstrumentHalted: lambda event: (event.symbol,),
    ForeignOrderReported: lambda event: (event.id,),
    FlattenStarted: lambda event: (event.scope, event.keep > 0),
    FlattenDeferred: lambda event: (event.scope, event.keep > 0),
    FlattenCompleted: lambda event: (event.scope, bool(event.reason), event.keep > 0),
    RuleStateChanged: lambda event: (event.rule,),
    PositionOpened: lambda event: (event.account, event.symbol),
    PositionClosed: lambda event: (event.account, event.symbol),
    CircuitChanged: lambda event: (event.circuit,),
    ReconciliationCompleted: lambda event: (event.gaps is None,),
}
"""What else than its kind and its journal tells one subject from another, where the last word on
each is kept."""


def subject_of(source: str, event: Event) -> tuple[Any, ...]:
    """What an event of a kind of which the last one is kept is the newest word on."""
    parts = SUBJECTS.get(type(event))
    return (source, type(event), *(parts(event) if parts is not None else ()))
