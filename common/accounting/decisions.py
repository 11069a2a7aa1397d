"""Risk's decisions, folded from its journal: what is halted, and what is being flattened.

Risk folds what it decides itself, and the gateway what it reads of that, so that a halt means the
same where it is made and where it is enforced. Only one flatten is in progress at a time. A larger
one takes the place of a smaller one, which is then never reported as completed.

A lock-out that ends by itself is kept beside a halt for good of the same scope: who halts what a
rule has locked out, and resumes it then, has lifted their own halt, and not the rule's.
"""

from decimal import Decimal
from typing import Any

from tapewire.common.events import (
    EVERYTHING,
    Event,
    FlattenCompleted,
    FlattenDeferred,
    FlattenStarted,
    LockOutEnded,
    RiskHalted,
    RiskResumed,
    Scope,
    SubmitOrder,
)


class Decisions:
    """The halts in force by their scope, each with what began it, and the scope of the flatten that
    is in progress. `lock_outs` are those that end by themselves, though something else may halt
    their scope for longer. State changes in `apply` alone."""

    def __init__(self) -> None:
        self.halts: dict[Scope, RiskHalted] = {}
        self.lock_outs: dict[Scope, RiskHalted] = {}
        self.flattening: Scope | None = None
        self.keep = Decimal(0)  # of each position that is being flattened
        self.why = ""  # the reason of the flatten that is in progress
        self.owed: dict[Scope, FlattenDeferred] = {}  # flattens that wait for another
        self.answered: set[str] = set()  # conflicts that were halted for, resumed since or not

    def apply(self, event: Event) -> None:
        """Take in an event of risk's journal; any other event changes nothing."""
        if isinstance(event, RiskHalted):
            for kept in self._kept_in(event):
                known = kept.get(event.scope)
                if known is None or event.outlasts(known):
                    kept[event.scope] = event
            if event.cause_id:
                self.answered.add(event.cause_id)
        elif isinstance(event, RiskResumed):
            for kept in (self.halts, self.lock_outs):
                if event.scope == EVERYTHING:
                    kept.clear()
                kept.pop(event.scope, None)
        elif isinstance(event, LockOutEnded):
            for kept in (self.halts, self.lock_outs):
                halt = kept.get(event.scope)
                if halt is not None and halt.until_ns == event.until_ns:
                    del kept[event.scope]
        else:
            self._flatten(event)

    def _flatten(self, event: Event) -> None:
        if isinstance(event, FlattenStarted):
            self.flattening, self.keep, self.why = event.scope, event.keep, event.reason
            self.owed = {scope: one for scope, one in self.owed.items() if not _does(event, one)}
        elif isinstance(event, FlattenDeferred):
            self.owed[event.scope] = event
        elif isinstance(event, FlattenCompleted) and event.scope == self.flattening:
            self.flattening, self.why = None, ""

    def _kept_in(self, event: RiskHalted) -> list[dict[Scope, RiskHalted]]:
        return [self.halts, self.lock_outs] if event.until_ns else [self.halts]

    def halt_on(self, order: SubmitOrder) -> Scope | None:
        """The scope of a halt that covers `order`; None if there is none."""
        return next((scope for scope in self.halts if order.is_in(scope)), None)

    def flattens(self, order: SubmitOrder) -> bool:
        """Whether a flatten in progress covers `order`."""
        return self.flattening is not None and order.is_in(self.flattening)

    def may_flatten(self, scope: Scope, keep: Decimal = Decimal(0)) -> bool:
        """Whether a flatten can begin: none is in progress, or one of a smaller scope, or one that
        leaves something open, whose place it takes. One that leaves something itself takes no
        place: what a rule allows changes with each price, and it would begin anew with each.
        """
        running = self.flattening
        if running is None:
            return True
        is_more = scope != running or self.keep > 0
        return is_more and not keep and scope.covers(*running.parts)

    def owes(self, scope: Scope, keep: Decimal) -> bool:
        """Whether a flatten that does as much there waits for another."""
        known = self.owed.get(scope)
        return known is not None and known.keep <= keep

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values."""
        return {
            "halts": _plain(self.halts),
            "lock_outs": _plain(self.lock_outs),
            "flatten": (self.flattening.parts, self.keep) if self.flattening is not None else None,
            "owed": sorted((scope.parts, one.keep) for scope, one in self.owed.items()),
            "answered": sorted(self.answered),
        }


def _does(started: FlattenStarted, owed: FlattenDeferred) -> bool:
    """Whether a flatten does what one that had to wait was to do."""
    return started.scope.covers(*owed.scope.parts) and started.keep <= owed.keep


def _plain(halts: dict[Scope, RiskHalted]) -> list[tuple[Any, ...]]:
    return sorted((scope.parts, halt.reason, halt.until_ns) for scope, halt in halts.items())
