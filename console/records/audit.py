"""Risk's decisions, each with its chain of causes, put together from the journals.

    what began it -> what was found broken -> what was decided -> the orders -> how it ended

What was found broken and what was decided about it stand one behind the other in risk's journal, of
the same moment. The orders of a flatten carry its name. What it cancelled does not, since anybody
may cancel: so what was cancelled in its scope while it was in progress is listed.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from tapewire.common import roles
from tapewire.common.events import (
    EVERYTHING,
    Event,
    Fill,
    FlattenCompleted,
    FlattenDeferred,
    FlattenDelayed,
    FlattenStarted,
    LockOutEnded,
    OrderCancelled,
    OrderConflict,
    OrderDenied,
    OrderFilled,
    OrderIntended,
    OrderRejected,
    ReconciliationCompleted,
    RiskHalted,
    RiskResumed,
    RiskViolation,
    RulesChanged,
    Scope,
    SubmitOrder,
    cause_of,
    name_of,
)
from tapewire.console.records import journals
from tapewire.console.records.decisions import WORDS, word_of
from tapewire.console.records.journals import FOREVER_NS, Entry, Journals

CANCELS_NS: Final = 60_000_000_000
"""So long after a violation what was cancelled in its scope is listed, where its rule cancels."""
ORDER_EVENTS: Final = (OrderIntended, Fill, OrderFilled, OrderCancelled, OrderRejected, OrderDenied)


class Decision:
    """One decision of risk: what began it, what was done about it, and what came of it."""

    def __init__(self, first: Entry) -> None:
        self.first = first
        self.cause: Entry | None = None
        self.measures: list[Entry] = []
        self.orders: list[Entry] = []
        self.outcome: list[Entry] = []

    def __repr__(self) -> str:
        return f"<Decision {self.first.seq} {self.first.name}>"

    @property
    def cause_id(self) -> str:
        """The event that it was decided for; empty if it was none."""
        return str(getattr(self.first.event, "cause_id", ""))

    @property
    def decided(self) -> list[Entry]:
        """All that was decided."""
        return [self.first, *self.measures]

    @property
    def flatten(self) -> FlattenStarted | None:
        """The flatten that it led to; None if to none."""
        found = (one.event for one in self.decided if isinstance(one.event, FlattenStarted))
        return next(found, None)

    @property
    def deferred(self) -> set[Scope]:
        """Where it wants a flatten that had to wait for another one."""
        events = (one.event for one in self.measures)
        return {event.scope for event in events if isinstance(event, FlattenDeferred)}

    @property
    def flat_ns(self) -> int | None:
        """When its flatten was over, or another one took its place; None if it is not."""
        ends = (FlattenCompleted, FlattenStarted)
        return next((one.ts_ns for one in self.outcome if isinstance(one.event, ends)), None)

    @property
    def is_open(self) -> bool:
        """Whether a flatten of it is in progress, or a halt of it in force."""
        flat = self.flat_ns is not None
        freed = any(isinstance(one.event, LockOutEnded | RiskResumed) for one in self.outcome)
        halts = any(isinstance(one.event, RiskHalted) for one in self.decided)
        return (self.flatten is not None and not flat) or (halts and not freed)

    def takes(self, entry: Entry) -> bool:
        """Whether an entry that follows directly is a measure of it."""
        event, first = entry.event, self.first.event
        if entry.ts_ns != self.first.ts_ns:
            return False
        if isinstance(first, RiskViolation):
            if isinstance(event, RiskHalted):
                return event.by in ("", first.rule)
            if isinstance(event, FlattenStarted | FlattenDeferred):
                return event.reason.startswith(f"{first.rule}:")
            return False
        return isinstance(first, RiskHalted) and isinstance(event, FlattenStarted)


class Audit:
    """The decisions in risk's journal, in their order. `apply` takes in its entries, and then
    `look` those of all other journals."""

    def __init__(self) -> None:
        self.decisions: list[Decision] = []
        self._last: Entry | None = None
        self._standing: dict[Scope, list[Decision]] = {}
        self._by_cause: dict[str, list[Decision]] = {}
        self._by_flatten: dict[str, Decision] = {}
        self._flattening: Decision | None = None
        self._orders: dict[str, SubmitOrder] = {}

    def apply(self, entry: Entry) -> None:
        """Take in an entry of risk's journal."""
        event, last, self._last = entry.event, self._last, entry
        if isinstance(event, FlattenCompleted | FlattenDelayed):
            self._of_flatten(event.scope, entry)
        elif isinstance(event, LockOutEnded):
            self._lift([event.scope], entry)
        elif isinstance(event, RiskResumed):
            everything = event.scope == EVERYTHING
            self._lift([*self._standing] if everything else [event.scope], entry)
        elif type(event) in WORDS:
            self._decide(entry, follows=last is not None and last.seq == entry.seq - 1)

    def look(self, entry: Entry) -> None:
        """Take in an entry of another journal."""
        event = entry.event
        for name in _as_causes(event) if self._by_cause else ():
            for one in self._by_cause.get(name, ()):
                one.cause = one.cause or entry
        if isinstance(event, ORDER_EVENTS):
            self._look_at_order(entry, event)

    def _decide(self, entry: Entry, *, follows: bool) -> None:
        decision = self.decisions[-1] if self.decisions else None
        if decision is not None and follows and decision.takes(entry):
            decision.measures.append(entry)
        elif not (isinstance(entry.event, FlattenStarted) and self._owed(entry, entry.event)):
            decision = Decision(entry)
            self.decisions.append(decision)
            if decision.cause_id:
                self._by_cause.setdefault(decision.cause_id, []).append(decision)
        else:
            return
        self._began(decision, entry)

    def _owed(self, entry: Entry, event: FlattenStarted) -> bool:
        """Whether a flatten had to wait for another one: then a decision has deferred it."""
        for one in reversed(self.decisions):
            if one.flatten is None and event.scope in one.deferred:
                one.measures.append(entry)
                self._began(one, entry)
                return True
        return False

    def _began(self, decision: Decision, entry: Entry) -> None:
        event, before = entry.event, self._flattening
        if isinstance(event, RiskHalted):
            self._standing.setdefault(event.scope, []).append(decision)
        elif isinstance(event, FlattenStarted):
            if before is not None and before.flat_ns is None:  # whose place it takes
                before.outcome.append(entry)
            self._by_flatten[event.name] = self._flattening = decision

    def _of_flatten(self, scope: Scope, entry: Entry) -> None:
        for one in reversed(self._by_flatten.values()):
            if one.flatten is not None and one.flatten.scope == scope:
                one.outcome.append(entry)
                return

    def _lift(self, scopes: Iterable[Scope], entry: Entry) -> None:
        for scope in scopes:
            for one in self._standing.pop(scope, ()):
                if entry not in one.outcome:
                    one.outcome.append(entry)

    def _look_at_order(self, entry: Entry, event: Any) -> None:
        if isinstance(event, OrderIntended):
            self._orders[event.order.intent_id] = event.order
        intent_id = event.order.intent_id if isinstance(event, OrderIntended) else event.intent_id
        order = self._orders.get(intent_id or "")
        if order is None or not roles.has_broker(entry.source):
            return
        for name, one in self._by_flatten.items():
            if order.intent_id.startswith(f"{name}-"):
                one.orders.append(entry)
                return
        if isinstance(event, OrderCancelled):
            for one in self.decisions:
                if _cancels(one, order, entry.ts_ns):
                    one.orders.append(entry)


def _cancels(one: Decision, order: SubmitOrder, ts_ns: int) -> bool:
    """Whether an order's cancellation at that time may be a decision's doing."""
    first: Any = one.first.event
    cancels = "cancel" in getattr(first, "measures", ())
    if not (cancels or one.flatten is not None):
        return False
    end_ns = one.first.ts_ns + CANCELS_NS
    if one.flatten is not None:
        end_ns = FOREVER_NS if one.flat_ns is None else one.flat_ns
    scope = one.flatten.scope if one.flatten is not None else first.scope
    return one.first.ts_ns <= ts_ns <= end_ns and order.is_in(scope)


def _as_causes(event: Event) -> Iterator[str]:
    """The names under which an event may be given as a cause."""
    yield cause_of(event)
    if isinstance(event, OrderConflict):
        yield event.id
    elif isinstance(event, ReconciliationCompleted):
        yield from (event.cause_id(one) for one in event.differences)


def read(
    run_dir: Path, from_ns: int = 0, to_ns: int = FOREVER_NS, read_from_ns: int = 0
) -> list[Decision]:
    """The decisions of a time, with all that came of them until now. Nothing is read that is older
    than `read_from_ns`."""
    audit = Audit()
    with Journals(run_dir, read_from_ns, (roles.RISK,)) as own:
        for entry in own.until():
            audit.apply(entry)
    with Journals(run_dir, read_from_ns, (*roles.GATEWAYS, roles.EXECUTOR)) as others:
        for entry in others.until() if audit.decisions else ():
            audit.look(entry)
    return [one for one in audit.decisions if from_ns <= one.first.ts_ns <= to_ns]


def as_json(one: Decision) -> dict[str, Any]:
    """A decision as one JSON object."""
    return {
        **journals.as_json(one.first),
        "cause": journals.as_json(one.cause) if one.cause is not None else None,
        "measures": [journals.as_json(entry) for entry in one.measures],
        "orders": [journals.as_json(entry) for entry in one.orders],
        "outcome": [journals.as_json(entry) for entry in one.outcome],
        "open": one.is_open,
    }


def as_line(entry: Entry, time: Callable[[int], str]) -> str:
    """An entry of risk's journal for a person; `time` writes its stamp down."""
    word = word_of(entry.event)
    return f"{time(entry.ts_ns)}  {entry.source} {entry.seq}  {word}: {_text(entry)}"


def as_lines(one: Decision, time: Callable[[int], str]) -> Iterator[str]:
    """A decision for a person: a line for what began it, and one below for each thing after it."""
    yield as_line(one.first, time)
    if one.cause is not None:
        yield _below("because of", one.cause, f"{one.cause.name} {journals.as_text(one.cause)}")
    elif isinstance(one.first.event, RiskViolation):
        found = one.cause_id or "a regular check found it"
        yield f"    {'because of':<12} {found}"
    for entry in one.measures:
        yield _below(word_of(entry.event), entry, _text(entry))
    measures = getattr(one.first.event, "measures", ())
    if measures and not one.measures:
        yield f"    {'measures':<12} {', '.join(measures)}"
    for entry in one.orders:
        yield _below(name_of(entry.event).removeprefix("order."), entry, journals.as_text(entry))
    for entry in one.outcome:
        after_s = (entry.ts_ns - one.first.ts_ns) / 1e9
        yield _below(word_of(entry.event), entry, f"{_text(entry)}, after {after_s:.3f} s")
    if one.is_open:
        yield f"    {'outcome':<12} still in force"


def _below(word: str, entry: Entry, text: str) -> str:
    return f"    {word:<12} {text}  [{entry.source} {entry.seq}]"


def _text(entry: Entry) -> str:
    event: Any = entry.event
    if isinstance(event, RulesChanged):
        named = ", ".join(event.names) or "none"
        return ", ".join(filter(None, (named, event.reason, f"by {event.by}")))
    rule = f"{event.rule}: " if hasattr(event, "rule") else ""
    reason = f"{rule}{event.reason}" if getattr(event, "reason", "") else ""
    by = f"by {event.by}" if getattr(event, "by", "") else ""
    return ", ".join(filter(None, (str(getattr(event, "scope", "")), reason, by)))
