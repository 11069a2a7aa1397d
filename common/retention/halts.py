"""Halts: those in force stay, with those that answered something, and what lifted these."""

from tapewire.common import roles
from tapewire.common.accounting.decisions import Decisions
from tapewire.common.events import (
    LockOutEnded,
    ReconciliationCompleted,
    RiskHalted,
    RiskResumed,
)
from tapewire.common.retention.policy import Record


class Halts:
    """Follows risk's journal. A halt that was lifted may go, and what lifted it with it; but each
    conflict, and each difference from the broker, is answered once, for good."""

    def __init__(self) -> None:
        self._decisions = Decisions()
        self._began: dict[RiskHalted, int] = {}  # the records that the halts in force are
        self._standing = Decisions()  # what is kept so far comes to, in the second pass

    def look(self, record: Record) -> None:
        """Take note of a record."""
        if record.source != roles.RISK:
            return
        self._decisions.apply(record.event)
        if isinstance(record.event, RiskHalted):
            self._began.setdefault(record.event, record.seq)
        in_force = (*self._decisions.halts.values(), *self._decisions.lock_outs.values())
        self._began = {halt: seq for halt, seq in self._began.items() if halt in in_force}

    def waits(self, event: ReconciliationCompleted) -> bool:
        """Whether a difference in it demands a halt, and risk has not answered it yet."""
        return any(
            one.rule == "halt" and event.cause_id(one) not in self._decisions.answered
            for one in event.differences
        )

    def drops(self, event: RiskHalted | RiskResumed | LockOutEnded, seq: int) -> bool:
        """Whether it is left out; to be asked once for each, in their order."""
        if isinstance(event, RiskHalted):
            keeps = bool(event.cause_id) or self._began.get(event) == seq
            if keeps:
                self._standing.apply(event)
            return not keeps
        before = (self._standing.halts.copy(), self._standing.lock_outs.copy())
        self._standing.apply(event)
        return before == (self._standing.halts, self._standing.lock_outs)
