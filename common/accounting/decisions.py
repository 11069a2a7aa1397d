"""Risk's decisions, folded from its journal: what is halted, and what is being flattened.

Risk folds what it decides itself, and the gateway what it reads of that, so that a halt means the
same where it is made and where it is enforced. Flattens of different accounts are in progress
beside each other. In one account it is one at a time: what is closed of one position changes what a
rule about the whole account allows of another. A larger one takes the place of smaller ones, which
are then never reported as completed.

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
    """The halts in force by their scope, each with what began it, and the flattens in
    progress by theirs. `lock_outs` are those that end by themselves, though something else may halt
    their scope for longer. State changes in `apply` alone."""

    def __init__(self) -> None:
        self.halts: dict[Scope, RiskHalted] = {}
        self.lock_outs: dict[Scope, RiskHalted] = {}
        self.flattening: dict[Scope, FlattenStarted] = {}  # in progress
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
            running, covers = self.flattening, event.scope.covers
            self.flattening = {one: of for one, of in running.items() if not covers(*one.parts)}
            self.flattening[event.scope] = event
            self.owed = {scope: one for scope, one in self.owed.items() if not _does(event, one)}
        elif isinstance(event, FlattenDeferred):
            self.owed[event.scope] = event
        elif isinstance(event, FlattenCompleted):
            self.flattening.pop(event.scope, None)

    def _kept_in(self, event: RiskHalted) -> list[dict[Scope, RiskHalted]]:
        return [self.halts, self.lock_outs] if event.until_ns else [self.halts]

    def halt_on(self, order: SubmitOrder) -> Scope | None:
        """The scope of a halt that covers `order`; None if there is none."""
        return next((scope for scope in self.halts if order.is_in(scope)), None)

    def flattens(self, order: SubmitOrder) -> bool:
        """Whether a flatten in progress covers `order`."""
        return any(order.is_in(scope) for scope in self.flattening)

    def may_flatten(self, scope: Scope, keep: Decimal = Decimal(0)) -> bool:
        """Whether a flatten can begin: none is in progress in its account, or only what it takes
        the place of: those of smaller scopes, and those that leave something open. One that leaves
        something itself takes no place: what a rule allows changes with each price, and it would
        start over with each.
        """
        beside = [of for one, of in self.flattening.items() if one.shares_account(scope)]
        return not beside or (
            not keep
            and all(
                scope.covers(*of.scope.parts) and (scope != of.scope or of.keep > 0)
                for of in beside
            )
        )

    def started(
        self, now_ns: int, scope: Scope, reason: str, keep: Decimal = Decimal(0)
    ) -> FlattenStarted:
        """A flatten that begins now. Its stamp names it, so it is not that of another one."""
        taken = {of.ts_ns for of in self.flattening.values()}
        while now_ns in taken:
            now_ns += 1
        return FlattenStarted(now_ns, scope, reason, keep)

    def closes(self, scope: Scope) -> bool:
        """Whether a flatten in the account of a scope is in progress, or waits for another."""
        return any(one.shares_account(scope) for one in (*self.flattening, *self.owed))

    def owes(self, scope: Scope, keep: Decimal) -> bool:
        """Whether a flatten that does as much there waits for another."""
        known = self.owed.get(scope)
        return known is not None and known.keep <= keep

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values."""
        return {
            "halts": _plain(self.halts),
            "lock_outs": _plain(self.lock_outs),
            "flatten": sorted((one.parts, of.keep) for one, of in self.flattening.items()),
            "owed": sorted((scope.parts, one.keep) for scope, one in self.owed.items()),
            "answered": sorted(self.answered),
        }


def _does(started: FlattenStarted, owed: FlattenDeferred) -> bool:
    """Whether a flatten does what one that had to wait was to do."""
    return started.scope.covers(*owed.scope.parts) and started.keep <= owed.keep


def _plain(halts: dict[Scope, RiskHalted]) -> list[tuple[Any, ...]]:
    return sorted((scope.parts, halt.reason, halt.until_ns) for scope, halt in halts.items())
