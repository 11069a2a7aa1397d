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
        self._began: dict[RiskHalted, int] = {}  # the records that halts in force are
        self._standing = Decisions()  # what is kept so far comes to, in the second pass

    def look(self, record: Record) -> None:
        """Take note of a record."""
        if record.source != roles.RISK:
            return
        event = record.event
        is_known = isinstance(event, RiskHalted) and self._is_in_force(event)
        self._decisions.apply(event)
        if isinstance(event, RiskHalted) and not is_known:
            self._began[event] = record.seq

    def _is_in_force(self, halt: RiskHalted) -> bool:
        kept = (self._decisions.halts, self._decisions.lock_outs)
        return any(one.get(halt.scope) == halt for one in kept)

    def waits(self, event: ReconciliationCompleted) -> bool:
        """Whether a difference in it demands a halt, and risk has not answered it yet."""
        return any(
            one.rule == "halt" and event.cause_id(one) not in self._decisions.answered
            for one in event.differences
        )

    def drops(self, event: RiskHalted | RiskResumed | LockOutEnded, seq: int) -> bool:
        """Whether it is left out; to be asked once for each, in their order."""
        if isinstance(event, RiskHalted):
            stands = self._is_in_force(event) and self._began.get(event) == seq
            keeps = bool(event.cause_id) or stands
            if keeps:
                self._standing.apply(event)
            return not keeps
        before = (self._standing.halts.copy(), self._standing.lock_outs.copy())
        self._standing.apply(event)
        return before == (self._standing.halts, self._standing.lock_outs)
