"""Retention: which records of the journals the next start needs, in every process.

A start folds journals from their beginning, and they grow. A checkpoint holds the records that
still matter, so that a fold of it is the same in all that can still be asked (see
`common.runtime.checkpoint`). It is decided here, of all journals together: what one process has
forgotten and another has not would be news to it once more.

What could go wrong, and why this is enough
-------------------------------------------
*   *A signal is forgotten, sent again, and traded a second time.* The checkpoint says `expired_ns`,
    the latest time at which one of the forgotten signals, intents and modifies expired. Executor
    and gateways refuse each that they do not know and that expired by then, by that number and not
    by the clock: so it holds wherever the clock is set. Where the expiry is not in the journal, the
    longest `signal_ttl_ms` counts. The number is made of what is forgotten, and not of the present
    time: a clock that was years ahead once must not have everything denied from then on.
*   *An order that is over comes back.* FILLED and DENIED are final (see the table in `lifecycle`),
    and are kept for a day. CANCELLED, REJECTED and LOST are the broker's word so far: those are
    kept for a week. A live or UNKNOWN order, and one with a modify under way, are kept whatever
    their age; so is one whose end the executor has not reported.
*   *An executor adopts a forgotten order again, or a half of one.* An order is kept with all its
    events in all journals, or with none; and so is a group of orders. So each fold takes it through
    the states that it went through, and nobody finds one that somebody else had long ago.
*   *An execution that was forgotten is reported again, and counts twice.* No execution id is ever
    forgotten: those that are not kept are carried as entries of 16 bytes, and every book refuses
    them. For what a gateway has journaled, only its own ones count: one that the other gateway saw
    first may still be news of its order.
*   *The position differs.* Admission takes the broker's last report and the fills since. So the
    last report of each position in each journal is kept with every execution since, whatever its
    age.
*   *P&L differs.* What a position realised depends on the order of its executions. So only the
    oldest ones of a position are left out, without a gap, and `checkpoint.position` carries what
    exactly they came to. One that must be kept keeps all that came after it. The trading day's
    totals are made of executions that are kept, since no trading day is longer than what is kept of
    the past. Which of two journals' executions is the older one depends on all stamps before it, so
    the highest of those that went stays (`checkpoint.stamp`).
*   *A strategy's position differs.* Its executions are some of the account's. What those that are
    left out came to is carried for each strategy, but for what a flatten has closed. One that is
    over later closes all of it: what went is a day older.
*   *Something that was left out turns out to matter*: an order comes back after more than a week,
    an execution is corrected after more than a day. Then the checkpoint is `Stale`, and the next
    one is made of the whole journals. Until then such an order counts as one that is not ours.

Age is the age of the last event about an order, by its stamp. The clock that stamped it may have
been wrong; a stamp decides how long something is remembered, but never whether it is safe to forget
it: that is what the state, `expired_ns` and the carried ids are for.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from tapewire.common import roles
from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.orders import Order
from tapewire.common.events import (
    CheckpointCompleted,
    Commission,
    Event,
    Fill,
    ForeignOrderReported,
    LockOutEnded,
    OrderCreated,
    OrderIntended,
    ReconciliationCompleted,
    RiskHalted,
    RiskResumed,
    StampReached,
    WhatIfAnswered,
)
from tapewire.common.instruments import Instrument
from tapewire.common.retention.decisions import DECISIONS, name_of, subject_of
from tapewire.common.retention.executions import GROUP, Executions
from tapewire.common.retention.halts import Halts
from tapewire.common.retention.orders import OrderEnds, expires_ns
from tapewire.common.retention.policy import Horizon, Policy, Record
from tapewire.common.retention.strategies import StrategyPositions

Head = tuple[int, str]
"""How far a journal goes, and the chain up to there."""
Read = Callable[[str], Iterable[Record]]
"""Gives the records of a section, as often as it is asked."""


def sources_of(journals: Iterable[str]) -> tuple[str, ...]:
    """The journals of a group in the order in which their records are given. Its gateways are those
    that are among `journals`; where none of them is there yet, those without a name."""
    gateways = tuple(sorted(one for one in journals if roles.has_broker(one)))
    unnamed = all(one in roles.GATEWAYS for one in gateways)
    return (roles.EXECUTOR, *(roles.GATEWAYS if unnamed else gateways), roles.RISK)


SOURCES: Final = sources_of(())
"""Those of a group whose login has no name."""


class Retention:
    """Decides on the records of all journals. Each is given to `look` first: what holds for the
    group, then the journals in the order of `SOURCES`. `kept` gives those of the checkpoint."""

    def __init__(
        self,
        instruments: Iterable[Instrument],
        now_ns: int,
        policy: Policy,
        sources: Sequence[str] = SOURCES,
    ) -> None:
        self._sources = tuple(sources)
        gateways = tuple(one for one in sources if roles.has_broker(one))
        self._horizon = Horizon.of(policy, now_ns)
        instruments = tuple(instruments)
        self._accounts: Accounts[Order] = Accounts(instruments, Order)
        orders, book = self._accounts.orders, self._accounts.book
        multipliers = {one.symbol: one.multiplier for one in instruments}
        self._ends = OrderEnds(orders, self._horizon)
        self._executions = Executions(
            book, orders, self._ends, self._horizon, multipliers, gateways
        )  # fmt: skip
        self._strategies = {
            one: StrategyPositions(self._executions.own[one], one)
            for one in gateways
            if roles.kind_of(one) == roles.GATEWAY
        }
        self._halts = Halts()
        self._newest: dict[tuple[Any, ...], int] = {}  # of those of which the last one is kept
        self._open: dict[str, dict[str, bool]] = {}  # foreign orders, by source
        self._expired_ns = 0  # of all that was ever left out
        self._order_ids: dict[str, str] = {}  # the highest of each source
        self._reached_ns: dict[str, int] = {}  # by the stamps of a source's executions
        self._shown_ns: dict[str, int] = {}  # by those that are kept

    # ---- the first pass ------------------------------------------------------------------------

    def look(self, record: Record, *, is_new: bool = False) -> None:
        """Take note of a record. One that `is_new` came after the checkpoint that the others are
        from; raises `Stale` if that lacks what it is about."""
        source, seq, event = record
        self._executions.look(record, is_new=is_new)
        if source == GROUP or roles.has_broker(source) or isinstance(event, OrderCreated):
            self._fold(source, event)
        self._ends.look(record, is_new=is_new)
        for strategies in self._strategies.values():
            strategies.look(record)
        self._halts.look(record)
        if DECISIONS.get(type(event), "").startswith("last of each"):
            self._newest[subject_of(source, event)] = seq
        if isinstance(event, ForeignOrderReported):
            self._open.setdefault(event.id, {})[source] = bool(event.remaining)
        if isinstance(event, OrderIntended | WhatIfAnswered | CheckpointCompleted):
            before = self._order_ids.get(source, "")
            self._order_ids[source] = max(before, event.order_id, key=_number)
        if isinstance(event, CheckpointCompleted):
            self._expired_ns = max(self._expired_ns, event.expired_ns)

    def _fold(self, source: str, event: Event) -> None:
        """What whoever reads both journals makes of it; what is carried for one alone is not."""
        is_own = DECISIONS.get(type(event)) == "remade" and not isinstance(event, StampReached)
        if source == GROUP or not is_own:
            self._accounts.apply(event, source)

    # ---- the second pass -----------------------------------------------------------------------

    def kept(self, read: Read, heads: Mapping[str, Head], terms: str) -> Iterator[Record]:
        """The checkpoint, section by section: that of the group, then the journals', each with its
        end, which names its head. `read` gives what `look` was given, by its source."""
        self._executions.decide()
        yield from (Record(GROUP, 0, event) for event in self._executions.positions(GROUP))
        for source in self._sources:
            yield from (Record(source, 0, event) for event in self._carried(source))
            for record in read(source):
                if isinstance(record.event, Fill | StampReached):
                    yield from self._stamped(source, record.event)
                if self._keeps(record):
                    yield record
            yield from self._rest(source)
        for source in self._sources:
            yield self._end(source, *heads[source])
        yield self._end(GROUP, 0, terms)

    def _carried(self, source: str) -> Iterator[Event]:
        """What stands for records that are left out, before those that are kept."""
        if roles.has_broker(source):
            yield from self._executions.positions(source)
        if source in self._strategies:
            gone, now_ns = self._executions.gone, self._horizon.now_ns
            yield from self._strategies[source].positions(gone, now_ns)

    def _rest(self, source: str) -> Iterator[Record]:
        """What is known at the end of a section only."""
        if roles.has_broker(source):
            yield from (Record(source, 0, event) for event in self._executions.costs(source))
            if self._reached_ns.get(source, 0) > self._shown_ns.get(source, 0):
                yield Record(source, 0, StampReached(self._reached_ns[source]))

    def _stamped(self, source: str, event: Fill | StampReached) -> Iterator[Record]:
        """The highest stamp before an execution that is kept, where those that are kept do not
        show it."""
        before_ns = self._reached_ns.get(source, 0)
        self._reached_ns[source] = max(before_ns, event.ts_ns)
        if isinstance(event, Fill) and not self._executions.drops(source, event):
            shown_ns = self._shown_ns.get(source, 0)
            if before_ns > shown_ns:
                yield Record(source, 0, StampReached(before_ns))
            self._shown_ns[source] = max(before_ns, event.ts_ns)

    def _end(self, source: str, seq: int, chain: str) -> Record:
        end = CheckpointCompleted(
            self._horizon.now_ns, source, seq, chain, self._expired_ns,
            self._order_ids.get(source, ""),
        )  # fmt: skip
        return Record(source, 0, end)

    def _keeps(self, record: Record) -> bool:
        source, seq, event = record
        decision = DECISIONS.get(type(event))
        if decision == "with its order":
            return not self._forgets(event)
        if isinstance(event, Fill | Commission):
            return not self._executions.drops(source, event)
        if isinstance(event, RiskHalted | RiskResumed | LockOutEnded):
            return not self._halts.drops(event, seq)
        if decision in ("last of each", "last of each, and the day's"):
            return self._is_newest(record) or self._is_recent(record)
        return decision in (None, "kept")

    def _forgets(self, event: Any) -> bool:
        """Whether an event goes, with all that there is about its order or its group."""
        name = name_of(event)
        if name:
            forgets = self._executions.goes(self._ends.unit(name))
        else:  # the answer to a signal, of which no order came
            forgets = bool(event.ts_ns < self._horizon.ended_ns)
        if forgets:
            self._expired_ns = max(self._expired_ns, expires_ns(event, self._horizon))
        return forgets

    def _is_newest(self, record: Record) -> bool:
        source, seq, event = record
        if isinstance(event, ForeignOrderReported) and not any(self._open[event.id].values()):
            return False
        if isinstance(event, ReconciliationCompleted) and self._halts.waits(event):
            return True
        return self._newest[subject_of(source, event)] == seq

    def _is_recent(self, record: Record) -> bool:
        """Whether a rule may still count it."""
        if DECISIONS.get(type(record.event)) != "last of each, and the day's":
            return False
        ts_ns: int = record.event.ts_ns  # type: ignore[attr-defined]
        return ts_ns >= self._horizon.ended_ns


def _number(order_id: str) -> int:
    """An order id as a number; ids that are none are not compared."""
    return int(order_id) if order_id.isdecimal() else -1


def checkpoint_of(
    read: Read,
    heads: Mapping[str, Head],
    base: Mapping[str, int] | None,
    instruments: Iterable[Instrument],
    horizon: tuple[int, Policy],
    terms: str = "",
) -> Iterator[Record]:
    """The checkpoint of the journals up to `heads`, whose records `read` gives, source by source;
    at a time and by a policy.

    With `base` they are the sections of the last checkpoint, and the records behind these numbers;
    without, all records from the first one on. Raises `Stale` before it gives anything.
    """
    sources = tuple(heads)
    retention = Retention(instruments, *horizon, sources)
    for source in (GROUP, *sources):
        after = base.get(source, 0) if base is not None else None
        for record in read(source):
            retention.look(record, is_new=after is not None and record.seq > after)
    return retention.kept(read, heads, terms)
