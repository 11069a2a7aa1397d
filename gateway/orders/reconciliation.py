"""Reconciliation: two pictures of one moment, ours and the broker's, and what differs.

After each login, every few minutes, and when somebody asks, everything is compared with the
broker: its open orders, the executions of its day, the orders that are over, its positions. The
questions are those that a snapshot asks anyway (see `snapshot`); here is noted what the answers say
and what was known the moment before, for by the time a list ends its news has been adopted. What
the pictures differ in is decided by `common.accounting.compare`, and what follows is in its table.

What could go wrong, and why this is enough
-------------------------------------------
A difference that is none would send a person looking for nothing, every few minutes.

*   What happens meanwhile is not a difference. An execution counts as missed only where it came in
    a list: one that is pushed is just news. An order that went out on this connection and has no
    answer yet is taken as working.
*   Silence about an order is believed only where a snapshot believes it; a round that began too
    early for that goes on with the next snapshot.
*   A position and its execution come as two messages, in either order, and the second may not
    come at all: what TWS pushes can be lost with a connection, or held up on its side. So a
    position is compared when it and its executions have been at rest for a while, and one that
    they do not explain when all executions were listed since (see `unexplained`, which asks).
*   An account may have held something before the first execution that we know. What executions do
    not explain is a gap, and a gap that a reconciliation has reported once is known from then on:
    the event keeps all of them, and only a change of one is a difference. Cash likewise.

State changes in `apply` alone. A round under way is not durable: a new connection starts another.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from tapewire.common.accounting.book import ZERO, Key
from tapewire.common.accounting.compare import Seen, reconcile
from tapewire.common.clock import Now
from tapewire.common.events import (
    AccountUpdated,
    CashGap,
    Difference,
    Event,
    Gap,
    Reconcile,
    ReconciliationCompleted,
)
from tapewire.common.events.reconciliation import DIFFERENCES_MAX, GAPS_MAX, Trigger
from tapewire.common.instruments import Instrument
from tapewire.gateway import broker
from tapewire.gateway.orders import cash
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.orders.pictures import Round, word_of
from tapewire.gateway.orders.positions import PositionLists
from tapewire.gateway.orders.registry import Registry
from tapewire.gateway.orders.snapshot import Snapshot
from tapewire.gateway.orders.unexplained import Unexplained

MINUTE_NS: Final = 60_000_000_000
LOOK_NS: Final = 250_000_000


class Reconciler:
    """Compares after a login, each `minutes`, and when it is asked to; with 0 minutes not at
    intervals. One that is `idle` never does."""

    def __init__(
        self,
        registry: Registry,
        positions: PositionLists,
        unexplained: Unexplained,
        minutes: float,
        *,
        instruments: Iterable[Instrument] = (),
        values: Callable[[], Mapping[str, AccountUpdated]] = dict,
        idle: bool = False,
    ) -> None:
        self.gaps: dict[Key, Decimal] = {}
        self.cash_gaps: dict[Key, Decimal] = {}  # by account and currency
        self._instruments = {one.symbol: one for one in instruments}
        self._values = values
        self._is_first = True  # no positions were ever compared
        self._registry = registry
        self._accounts = registry.accounts
        self._positions = positions
        self._unexplained = unexplained
        self._idle = idle
        self._interval_ns = int(minutes * MINUTE_NS)
        self._ended_mono_ns: int | None = None  # the last round of this connection
        self._logins = 0
        self._wanted: tuple[Trigger, str] | None = None
        self._round: Round | None = None

    def __repr__(self) -> str:
        return f"<Reconciler {'under way' if self._round else 'idle'}, {len(self.gaps)} gaps>"

    # ---- state ---------------------------------------------------------------------------------

    def apply(self, event: ReconciliationCompleted) -> None:
        """Take in an event of the own journal."""
        self.cash_gaps = {(gap.account, gap.currency): gap.amount for gap in event.cash}
        if event.gaps is not None:
            self.gaps = {(gap.account, gap.symbol): gap.quantity for gap in event.gaps}
            self._is_first = False

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values."""
        return {
            "gaps": {"/".join(key): gap for key, gap in self.gaps.items()},
            "cash_gaps": {"/".join(key): gap for key, gap in self.cash_gaps.items()},
        }

    # ---- when ----------------------------------------------------------------------------------

    def logged_in(self) -> None:
        """A session begins, and asks for everything: that is a round."""
        self._logins += 1
        if not self._idle:
            self._wanted = ("start" if self._logins == 1 else "reconnect"), ""

    def request(self, command: Reconcile) -> str:
        """Somebody asks for a round; returns why there will be none."""
        if self._wanted is not None:
            return "a reconciliation is about to begin; ask again when it has ended"
        self._wanted = ("request", command.id)
        return ""

    def due(self, now: Now) -> bool:
        """Whether the broker has to be asked now."""
        if self._round is not None:
            return False
        ended_ns, interval_ns = self._ended_mono_ns, self._interval_ns
        is_time = ended_ns is not None and now.mono_ns - ended_ns >= interval_ns
        if self._wanted is None and interval_ns and is_time:
            self._wanted = ("interval", "")
        return self._wanted is not None

    def forget(self) -> None:
        """The connection is gone, and all that was asked on it."""
        self._round = self._wanted = self._ended_mono_ns = None

    # ---- what the broker lists -----------------------------------------------------------------

    def begun(self, now: Now) -> None:
        """A snapshot begins: the broker is asked for its orders and executions."""
        if self._wanted is not None and self._round is None:
            trigger, name = self._wanted
            self._wanted = None
            self._round = Round(trigger, name, now, self._positions.latest(now))

    def note(self, report: broker.BrokerEvent) -> None:
        """Take note of what is reported, before it becomes part of what is known here."""
        if self._round is not None:
            self._round.note(report, self._registry)

    def concluded(
        self, snapshot: Snapshot, missing: Collection[Intent], now: Now, *, believed: bool
    ) -> None:
        """A snapshot is over; `missing` are the orders that it did not name, if that is believed.
        It ends what it can say: where its silence is not believed, the next one has to. What the
        broker never answered for is in doubt on our side too, and no difference."""
        of = self._round
        if of is None or of.listed:
            return
        missing = [intent for intent in missing if intent.state == "ACCEPTED"]
        if believed:
            for intent in missing:
                seen = Seen(intent.order.account, intent.order.symbol, word_of(intent))
                of.ours.orders.setdefault(intent.intent_id, seen)
        elif missing and snapshot.complete and not of.is_late(now):
            return
        if not snapshot.complete or snapshot.unreadable:
            of.missing.append("its orders and executions")
        of.listed = True

    # ---- the end -------------------------------------------------------------------------------

    def tick(self, now: Now) -> list[Event]:
        """The result, once all is listed and at rest."""
        of = self._round
        if of is None or now.mono_ns - of.looked_mono_ns < LOOK_NS:
            return []
        of.looked_mono_ns = now.mono_ns
        has_positions = self._positions.confirmed >= of.positions
        is_late = of.is_late(now)
        if not is_late and not (of.listed and has_positions and not self._unrest(now)):
            return []
        self._round, self._ended_mono_ns = None, now.mono_ns
        if not of.listed:
            of.missing.append("its orders and executions")
        if not has_positions:
            of.missing.append("its positions")
        return [self._completed(of, now, has_positions=has_positions)]

    def _unrest(self, now: Now) -> set[Key]:
        """Positions that seem to differ, and are not at rest."""
        return {
            key
            for key in self._keys()
            if self._gap(key) != self.gaps.get(key, ZERO)
            and not self._unexplained.at_rest(key, now)
        }

    def _completed(self, of: Round, now: Now, *, has_positions: bool) -> ReconciliationCompleted:
        if has_positions:
            gaps: tuple[Gap, ...] | None = self._compare_positions(of, now)
        else:
            gaps = None if self._is_first else _listed(self.gaps)
        cash_gaps = self._compare_cash(of, now)
        found = reconcile(of.ours, of.theirs)
        found.sort(key=lambda one: one.rule == "adopt")  # what needs a person is not left out
        reason = ""
        if of.missing:
            lacking = " and ".join(dict.fromkeys(of.missing))
            reason = f"the broker did not list {lacking} to the end, or not readably"
        return ReconciliationCompleted(
            now.wall_ns, of.trigger, of.id, reason, len(of.theirs.orders),
            len(of.theirs.executions), len(of.theirs.positions), tuple(found[:DIFFERENCES_MAX]),
            max(0, len(found) - DIFFERENCES_MAX), gaps, cash_gaps,
        )  # fmt: skip

    def _compare_positions(self, of: Round, now: Now) -> tuple[Gap, ...]:
        """Put the positions into both pictures; returns what executions do not explain. A position
        that will not come to rest is as it was: the next round looks at it again."""
        of.ours.first = self._is_first
        unrest, gaps = self._unrest(now), dict(self.gaps)
        for key in self._keys() - unrest:
            gap, known = self._gap(key), self.gaps.get(key, ZERO)
            held = self._accounts.book.quantity(*key)
            of.ours.positions[key], of.theirs.positions[key] = held + known, held + gap
            gaps[key] = gap
        return _listed(gaps)

    def _compare_cash(self, of: Round, now: Now) -> tuple[CashGap, ...]:
        """Put the cash of accounts into both pictures, but for one that was never compared; returns
        what executions do not explain. It is compared once the broker's values have all executions
        in them, and the account is at rest."""
        gaps, book = dict(self.cash_gaps), self._accounts.book
        restless = {key[0] for key in self._keys() if not self._unexplained.at_rest(key, now)}
        for account, values in self._values().items():
            moved = cash.moved(book, self._instruments, account, values.currency)
            if values.cash is None or moved is None or account in restless:
                continue
            key, gap = (account, values.currency), values.cash - moved
            if key in gaps:
                of.ours.cash[key], of.theirs.cash[key] = moved + gaps[key], values.cash
            gaps[key] = gap
        return tuple(CashGap(*key, gap) for key, gap in sorted(gaps.items()))

    def _keys(self) -> set[Key]:
        accounts = self._accounts
        return {*accounts.book.positions, *(key for key, _ in accounts.reported.items())}

    def _gap(self, key: Key) -> Decimal:
        reported = self._accounts.reported.quantity(*key) or ZERO
        return reported - self._accounts.book.quantity(*key)


def _listed(gaps: Mapping[Key, Decimal]) -> tuple[Gap, ...]:
    found = sorted((key, gap) for key, gap in gaps.items() if gap)
    return tuple(Gap(*key, gap) for key, gap in found[:GAPS_MAX])


def alarms(event: Event) -> list[str]:
    """What a person has to know of an event, in sentences; a halt says for itself what it is
    about."""
    if not isinstance(event, ReconciliationCompleted):
        return []
    return [_sentence(one) for one in event.differences if one.rule == "alarm"]


def _sentence(one: Difference) -> str:
    return f"reconciliation: {one}; `tapewire reconcile` compares again"
