"""Halts: those in force stay, with those that answered something, and what lifted these."""

from tapewire.common import roles
from tapewire.common.accounting.decisions import Decisions
from tapewire.common.events import (
    EVERYTHING,
    LockOutEnded,
    ReconciliationCompleted,
    RiskHalted,
    RiskResumed,
    Scope,
)
from tapewire.common.retention.policy import Record


class Halts:
    """Follows risk's journal. A halt that was lifted may go, and what lifted it with it; but each
    conflict, and each difference from the broker, is answered once, for good."""

    def __init__(self) -> None:
        self._decisions = Decisions()
        self._began: dict[Scope, int] = {}  # the records that the halts in force are
        self._standing: set[Scope] = set()  # of what is kept so far, in the second pass

    def look(self, record: Record) -> None:
        """Take note of a record."""
        if record.source != roles.RISK:
            return
        self._decisions.apply(record.event)
        halts = self._decisions.halts
        event = record.event
        if isinstance(event, RiskHalted) and halts[event.scope] is event:  # it may outlast another
            self._began[event.scope] = record.seq
        self._began = {scope: seq for scope, seq in self._began.items() if scope in halts}

    def waits(self, event: ReconciliationCompleted) -> bool:
        """Whether a difference in it demands a halt, and risk has not answered it yet."""
        return any(
            one.rule == "halt" and event.cause_id(one) not in self._decisions.answered
            for one in event.differences
        )

    def drops(self, event: RiskHalted | RiskResumed | LockOutEnded, seq: int) -> bool:
        """Whether it is left out; to be asked once for each, in their order."""
        if isinstance(event, RiskHalted):
            keeps = bool(event.cause_id) or self._began.get(event.scope) == seq
            if keeps:
                self._standing.add(event.scope)
            return not keeps
        is_all = isinstance(event, RiskResumed) and event.scope == EVERYTHING
        lifted = set(self._standing) if is_all else {event.scope}
        keeps = bool(lifted & self._standing)
        self._standing -= lifted
        return not keeps
