"""Risk's decisions, folded from its journal: what is halted, and what is being flattened.

Risk folds what it decides itself, and the gateway what it reads of that, so that a halt means the
same where it is made and where it is enforced. Only one flatten is in progress at a time. A larger
one takes the place of a smaller one, which is then never reported as completed.
"""

from typing import Any

from tapewire.common.events import (
    EVERYTHING,
    Event,
    FlattenCompleted,
    FlattenStarted,
    LockOutEnded,
    RiskHalted,
    RiskResumed,
    Scope,
    SubmitOrder,
)


class Decisions:
    """The halts in force by their scope, each with what began it, and the scope of the flatten that
    is in progress. State changes in `apply` alone."""

    def __init__(self) -> None:
        self.halts: dict[Scope, RiskHalted] = {}
        self.flattening: Scope | None = None
        self.answered: set[str] = set()  # conflicts that were halted for, resumed since or not

    def apply(self, event: Event) -> None:
        """Take in an event of risk's journal; any other event changes nothing."""
        if isinstance(event, RiskHalted):
            known = self.halts.get(event.scope)
            if known is None or event.outlasts(known):
                self.halts[event.scope] = event
            if event.cause_id:
                self.answered.add(event.cause_id)
        elif isinstance(event, RiskResumed):
            if event.scope == EVERYTHING:
                self.halts.clear()
            self.halts.pop(event.scope, None)
        elif isinstance(event, LockOutEnded):
            halt = self.halts.get(event.scope)
            if halt is not None and halt.until_ns == event.until_ns:
                del self.halts[event.scope]
        elif isinstance(event, FlattenStarted):
            self.flattening = event.scope
        elif isinstance(event, FlattenCompleted) and event.scope == self.flattening:
            self.flattening = None

    def halt_on(self, order: SubmitOrder) -> Scope | None:
        """The scope of a halt that covers `order`; None if there is none."""
        return next((scope for scope in self.halts if order.is_in(scope)), None)

    def flattens(self, order: SubmitOrder) -> bool:
        """Whether a flatten in progress covers `order`."""
        return self.flattening is not None and order.is_in(self.flattening)

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values."""
        return {
            "halts": sorted(
                (scope.parts, halt.reason, halt.until_ns) for scope, halt in self.halts.items()
            ),
            "flatten": self.flattening.parts if self.flattening is not None else None,
            "answered": sorted(self.answered),
        }
