"""Retention: which events of a gateway's journal its next start needs.

The registry is a fold of the journal from its beginning, and grows with it. A checkpoint holds the
part of the journal that still matters, so that the fold of it is the same in all that can still be
asked (see `common.runtime.checkpoint`). What may be left out is decided here, for each kind of
event; a kind that is not named in `DECISIONS` is kept, and so is every order that it is about.

What could go wrong, and why this is enough
-------------------------------------------
*   *An intent is forgotten, asked again, and sent a second time.* The checkpoint says `expired_ns`,
    the latest time at which one of the forgotten intents expired. The registry denies every intent
    that it does not know and that expired by then, by that number and not by the clock: so it holds
    wherever the clock is set. What was denied at once was not journaled with its end; for that the
    longest `signal_ttl_ms` counts. The number is made of what is forgotten, and not of the present
    time: a clock that was years ahead at one start must not have all orders denied from then on.
*   *An order that is over comes back.* FILLED and DENIED are final (see the table in `lifecycle`),
    and are kept for a day. CANCELLED, REJECTED and LOST are the broker's word so far: those are
    kept for a week. A live or UNKNOWN order, one with a modify under way, and the one with the
    highest order id are kept whatever their age. An order is kept with all its events or not at
    all, so that the fold takes it through the states that it went through. So is a group: its
    orders are each other's parents, and what may still fill of one depends on the others.
*   *An execution that was forgotten is reported again, and counts twice.* No execution id is ever
    forgotten: those that are not kept are carried as entries of 16 bytes. A correction of one of
    them is news, and becomes an event as always; only this gateway does not know any more what it
    corrects, so that its positions are read again from the broker.
*   *The position differs.* Admission takes the broker's last report and the fills since. So the
    last report of each position is kept with every execution since, whatever its age.
*   *P&L differs.* What a position realised depends on the order of its executions. So only the
    oldest ones of a position are left out, without a gap, and `checkpoint.position` carries what
    exactly they came to. One that must be kept keeps all that came after it. An order is kept if
    one of its executions is. The trading day's totals are made of executions that are kept, since
    no trading day is longer than what is kept of the past.

Age is the age of the last event about an order, by its stamp. The clock that stamped it may have
been wrong; a stamp decides how long something is remembered, but never whether it is safe to forget
it: that is what the state, `expired_ns` and the carried ids are for.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, Final, Literal

from tapewire.common.accounting.book import Key
from tapewire.common.accounting.carried import commission_entry, execution_entry, pieces
from tapewire.common.accounting.exec_ids import execution_key
from tapewire.common.events import (
    AccountUpdated,
    CheckpointCompleted,
    Commission,
    ConnectionLost,
    ConnectionUp,
    Event,
    ExecutionsCarried,
    Fill,
    ForeignOrderReported,
    GroupIntended,
    OrderAccepted,
    OrderCancelled,
    OrderCancelRejected,
    OrderConflict,
    OrderDenied,
    OrderFilled,
    OrderIntended,
    OrderLost,
    OrderModified,
    OrderModifyIntended,
    OrderModifyRejected,
    OrderRejected,
    OrdersTakenOver,
    OrderUnknown,
    PositionCarried,
    PositionReported,
    PositionsListed,
    ReconciliationCompleted,
    WhatIfAnswered,
)
from tapewire.common.runtime.checkpoint import Policy, Said
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.orders.registry import Registry

Decision = Literal["with its order", "execution", "commission", "last of each", "remade", "kept"]

DECISIONS: Final[Mapping[type[Event], Decision]] = {
    OrderIntended: "with its order",
    GroupIntended: "with its order",
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
    Fill: "execution",
    Commission: "commission",
    PositionReported: "last of each",
    PositionsListed: "last of each",
    AccountUpdated: "last of each",
    OrdersTakenOver: "last of each",
    WhatIfAnswered: "last of each",
    ForeignOrderReported: "last of each",
    ReconciliationCompleted: "last of each",
    OrderConflict: "kept",
    ConnectionUp: "last of each",
    ConnectionLost: "last of each",
    ExecutionsCarried: "remade",
    PositionCarried: "remade",
    CheckpointCompleted: "remade",
}
"""What becomes of each kind; one that is not here is kept, with every order that it is about."""

FINAL: Final = ("FILLED", "DENIED")


class Retention:
    """Decides on the journal that `registry` is a fold of. Every event is shown to `look` first, in
    order; then `kept` takes the same events once more and gives those of the checkpoint."""

    def __init__(self, registry: Registry, now_ns: int, policy: Policy) -> None:
        self._registry = registry
        self._before_ns = now_ns - policy.expired_ns
        self._ttl_ns = policy.ended_ns - policy.expired_ns  # at least
        self._expired_ns = registry.expired_ns  # of all that was ever left out
        self._now_ns = now_ns
        self._ended_ns = now_ns - policy.ended_ns
        self._given_up_ns = now_ns - policy.given_up_ns
        self._last_ns: dict[str, int] = {}  # of the last event about an order
        self._pinned: set[str] = set()  # orders that a kind is about which has no decision
        self._seen = 0
        self._newest: dict[tuple[Any, ...], int] = {}  # of those of which the last one is kept
        self._unsettled: dict[Key, set[str]] = {}  # executions since the last report, by position
        self._moved: set[str] = set()  # executions that a correction took to another position
        self._groups: defaultdict[str, list[str]] = defaultdict(list)  # their orders
        self._order_id = ""  # the highest one
        self._gone: set[str] = set()  # executions that are left out, by their keys
        self._executions: list[bytes] = []
        self._commissions: list[bytes] = []

    # ---- the first pass ------------------------------------------------------------------------

    def look(self, event: Event) -> None:
        """Take note of an event."""
        self._seen += 1
        decision = DECISIONS.get(type(event))
        if decision == "with its order":
            intent_id, ts_ns = _intent_id(event), event.ts_ns  # type: ignore[attr-defined]
            self._last_ns[intent_id] = max(ts_ns, self._last_ns.get(intent_id, 0))
        elif decision is None:
            self._pinned.update(filter(None, (_intent_id(event), getattr(event, "id", ""))))
        elif decision == "last of each":
            self._newest[_of(event)] = self._seen
        if isinstance(event, OrderIntended) and event.order.group_id:
            self._groups[event.order.group_id].append(event.order.intent_id)
        if isinstance(event, OrderIntended | CheckpointCompleted):
            self._order_id = max(self._order_id, event.order_id, key=_number)
        elif isinstance(event, PositionReported):
            self._unsettled.pop((event.account, event.symbol), None)
        elif isinstance(event, Fill):
            self._look_at_execution(event)

    def _look_at_execution(self, fill: Fill) -> None:
        execution, newest = execution_key(fill.exec_id), self._registry.fill(fill.exec_id)
        self._unsettled.setdefault(_key(fill), set()).add(execution)
        if newest is not None and _key(newest) != _key(fill):
            self._moved.add(execution)

    # ---- the second pass -----------------------------------------------------------------------

    def kept(self, events: Iterable[Event]) -> Iterator[Event]:
        """What the next start needs of `events`, which `look` was shown: first what the executions
        came to that are not among it, at the end their ids."""
        book = self._registry.accounts.book
        unsettled = self._moved.union(*self._unsettled.values())
        for account, symbol in sorted({*book.traded(), *book.carried()}):
            executions = book.executions(account, symbol)
            count = self._oldest(executions, unsettled)
            self._gone.update(executions[:count])
            if count or (account, symbol) in book.carried():
                yield book.carried_by(account, symbol, count, self._now_ns)
        for seen, event in enumerate(events, 1):
            if self._keeps(event, seen):
                yield event
        yield from self._carried()

    def _keeps(self, event: Event, seen: int) -> bool:
        decision = DECISIONS.get(type(event))
        if decision == "with its order":
            forgotten = self._forgets(_intent_id(event))
            if forgotten:
                self._note_expiry(event)
            return not forgotten
        if isinstance(event, Fill):
            return not self._drops_execution(event)
        if isinstance(event, Commission):
            return not self._drops_commission(event)
        if decision == "last of each":
            recent = getattr(event, "ts_ns", 0) >= self._ended_ns
            is_gone = isinstance(event, ForeignOrderReported) and not event.remaining
            return recent or (self._newest[_of(event)] == seen and not is_gone)
        return decision in (None, "kept")

    def _note_expiry(self, event: Event) -> None:
        """An intent that is left out had expired by then; for one that was denied at once that is
        not known, but no signal lives longer than `_ttl_ns`."""
        if isinstance(event, OrderIntended):
            self._expired_ns = max(self._expired_ns, event.order.expires_ns)
        elif isinstance(event, OrderDenied):
            self._expired_ns = max(self._expired_ns, event.ts_ns + self._ttl_ns)

    def said(self) -> Said:
        """What the checkpoint says at its end; to be asked when `kept` has given everything."""
        return Said(self._expired_ns, self._order_id)

    def _drops_execution(self, fill: Fill) -> bool:
        drops, entry = execution_key(fill.exec_id) in self._gone, execution_entry(fill.exec_id)
        if drops and entry is not None:
            self._executions.append(entry)
        return drops

    def _drops_commission(self, commission: Commission) -> bool:
        """It goes with its execution; one whose execution went before it, once it is old."""
        entry = execution_entry(commission.exec_id)
        drops = execution_key(commission.exec_id) in self._gone
        if self._registry.fill(commission.exec_id) is None and entry is not None:
            was_carried = self._registry.carried.newest(entry) is not None
            drops = was_carried and commission.ts_ns < self._ended_ns
        if drops:
            self._commissions.append(commission_entry(commission.exec_id))
        return drops

    def _carried(self) -> Iterator[Event]:
        executions = pieces([*self._registry.carried, *self._executions])
        commissions = pieces([*self._registry.carried_commissions, *self._commissions])
        yield from (ExecutionsCarried(self._now_ns, piece, b"") for piece in executions)
        yield from (ExecutionsCarried(self._now_ns, b"", piece) for piece in commissions)

    # ---- executions ----------------------------------------------------------------------------

    def _oldest(self, executions: Sequence[str], unsettled: Set[str]) -> int:
        """How many of the oldest executions of a position may be left out: none that must be kept
        itself is among them, and no order that has executions on both sides."""
        place = {execution: at for at, execution in enumerate(executions)}
        count = needed = 0
        for at, execution in enumerate(executions):
            fill = self._registry.accounts.book.fill_of(execution)
            if execution in unsettled or not self._may_go(fill):
                break
            order = self._registry.orders.get(fill.intent_id)
            of_order = order.executions if order is not None else ()
            needed = max(needed, at, *(place.get(other, len(executions)) for other in of_order))
            if needed == at:
                count = at + 1
        return count

    def _may_go(self, fill: Fill) -> bool:
        """Whether an execution is old, can be named by an entry, and is of no order that stays."""
        cost = self._registry.accounts.book.commission(fill.exec_id)
        before_ns = self._given_up_ns if cost is None else self._ended_ns
        if fill.ts_ns >= before_ns or execution_entry(fill.exec_id) is None:
            return False
        if fill.intent_id is None or fill.intent_id not in self._registry.orders:
            return fill.intent_id not in self._pinned
        return self._is_over(self._registry.orders[fill.intent_id])

    # ---- orders --------------------------------------------------------------------------------

    def _forgets(self, intent_id: str) -> bool:
        """Whether an order is left out, with all its events."""
        order = self._registry.orders.get(intent_id)
        if order is not None:
            return self._is_over(order) and self._gone.issuperset(order.executions)
        # It was denied at once, and never was an order.
        was_denied = self._registry.answer(intent_id) is not None
        is_old = self._last_ns.get(intent_id, self._ended_ns) < self._ended_ns
        return was_denied and is_old and intent_id not in self._pinned

    def _is_over(self, order: Intent) -> bool:
        """Whether an order is over for good, and so are all of its group."""
        mates = map(self._registry.orders.get, self._groups.get(order.order.group_id, ()))
        return self._is_old(order) and all(one is None or self._is_old(one) for one in mates)

    def _is_old(self, order: Intent) -> bool:
        intent_id = order.intent_id
        if intent_id in self._pinned or order.live or order.modify is not None:
            return False
        if order.order.expires_ns >= self._before_ns:
            return False
        before_ns = self._ended_ns if order.state in FINAL else self._given_up_ns
        return self._last_ns.get(intent_id, before_ns) < before_ns


def _key(fill: Fill) -> Key:
    return fill.account, fill.symbol


def _intent_id(event: Any) -> str:
    """The order that an event is about, as its own field or one of what it carries."""
    group = getattr(event, "group", None)  # of which all orders are kept, or none
    first = group.orders[0] if group is not None else None
    for owner in (event, getattr(event, "order", None), getattr(event, "modify", None), first):
        found = getattr(owner, "intent_id", None)
        if found:
            return str(found)
    return ""


def _of(event: Event) -> tuple[Any, ...]:
    """What an event is the newest word on."""
    if isinstance(event, PositionReported):
        return (type(event), event.account, event.symbol)
    if isinstance(event, AccountUpdated):
        return (type(event), event.account)
    if isinstance(event, ForeignOrderReported):
        return (type(event), event.id)
    return (type(event),)


def _number(order_id: str) -> int:
    """An order id as a number; ids that are none are not compared."""
    return int(order_id) if order_id.isdecimal() else -1
