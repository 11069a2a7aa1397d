"""What the configured rules would have done about what happened: `tapewire risk test EVENTS`.

Nothing is decided here. The gateways' events go to a risk monitor of its own, in their order and at
their times, and what it decides is written down as risk would have; nobody is asked to do any of
it. Each order is shown to the rules before it counts, as the executor and the gateway do.

On a file of ticks the whole group runs, in a back-test: the strategies trade, and what the rules
demand is done there.

What differs from the live group on journals, since they have what really happened:

*   An order that would have been denied counts all the same, with what it filled.
*   A flatten closes nothing: it is over once the journals have nothing more to close. A lock-out
    goes on as its rule says, until a person resumed, if the rules let them.
*   Journals have no prices. A symbol's price is that of its newest execution, until the next one.
*   What is asked by timer is asked once per second.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Final, NamedTuple

from tapewire.common import roles
from tapewire.common.clock import Now
from tapewire.common.config.settings import Config
from tapewire.common.events import (
    Control,
    Event,
    Fill,
    FlattenCompleted,
    FlattenStarted,
    OrderDenied,
    OrderIntended,
    RiskResumed,
    RulesChanged,
)
from tapewire.console.records.audit import Audit, Decision
from tapewire.console.records.journals import Entry
from tapewire.console.records.past import FillPrices
from tapewire.risk.composition import monitor_of

TIMER_NS: Final = 1_000_000_000


class Found(NamedTuple):
    """The decisions, the orders that would have been denied, and how many events there were."""

    decisions: list[Decision]
    denials: list[Entry]
    events: int


def of_journals(journals: Mapping[str, Sequence[Event]]) -> Found:
    """What a back-test's processes wrote down: there all of it was really done."""
    audit = Audit()
    by_role = {
        role: [Entry(_ts_ns(event), role, seq, event) for seq, event in enumerate(events, 1)]
        for role, events in journals.items()
    }
    for entry in by_role.pop(roles.RISK, []):
        audit.apply(entry)
    others = sorted((e for entries in by_role.values() for e in entries), key=lambda e: e.ts_ns)
    for entry in others:
        audit.look(entry)
    decisions = [one for one in audit.decisions if not isinstance(one.first.event, RulesChanged)]
    denials = [entry for entry in others if isinstance(entry.event, OrderDenied)]
    return Found(decisions, denials, len(others))


def _ts_ns(event: Event) -> int:
    return int(getattr(event, "ts_ns", 0))


class Rehearsal:
    """A risk monitor with these rules, beside what happened. From `from_ns` on it decides; what was
    before counts, as what is known of the past does after a start."""

    def __init__(self, config: Config, from_ns: int = 0) -> None:
        self.monitor = monitor_of(config)
        self._from_ns = from_ns
        self._audit = Audit()
        self._denials: list[Entry] = []
        self._numbers = count(1)
        self._mono_ns = 0
        self._next_ns = 0
        self._prices = FillPrices(self.monitor)
        self._flatten: FlattenStarted | None = None
        self._events = 0

    def run(self, entries: Iterable[Entry]) -> Found:
        """Show it all of them, which are in the order of their times; a second more at the end."""
        entry: Entry | None = None
        for entry in entries:
            self._take(entry)
        if entry is not None:
            self._wait_until(max(self._mono_ns, self._from_ns) + 2 * TIMER_NS)
        for one in self._audit.decisions:
            one.orders.clear()  # which are those of what really happened
        return Found(self._audit.decisions, self._denials, self._events)

    def _take(self, entry: Entry) -> None:
        event, is_past = entry.event, entry.ts_ns < self._from_ns
        if not is_past:
            self._wait_until(entry.ts_ns)
        self._mono_ns = max(self._mono_ns, entry.ts_ns)
        now = Now(entry.ts_ns, self._mono_ns)
        if entry.source == roles.RISK:
            if isinstance(event, RiskResumed) and not is_past:
                self._resume(event, now)
            return
        if not roles.has_broker(entry.source):
            return
        self._events += not is_past
        if isinstance(event, OrderIntended) and not is_past:
            self._ask(event, now)
        if isinstance(event, Fill):
            self._prices.note(event)
            self._prices.mark(now)
        self.monitor.on_broker(event, entry.source, now.mono_ns)
        if not is_past:
            self._write(self.monitor.check(now), now)
            self._audit.look(entry)

    def _ask(self, intended: OrderIntended, now: Now) -> None:
        """Whether the rules would have let an order go. Risk's own close positions."""
        order = intended.order
        if order.strategy == roles.RISK:
            return
        if reason := self.monitor.rules.denial(order, self.monitor.view.at(now)):
            denied = OrderDenied(
                now.wall_ns, order.account, order.strategy, "gateway", reason, order.intent_id
            )
            self._denials.append(Entry(now.wall_ns, roles.GATEWAY, 0, denied))

    def _resume(self, resumed: RiskResumed, now: Now) -> None:
        asked = Control(now.wall_ns, "resume", resumed.reason, resumed.scope, resumed.by)
        _, events = self.monitor.control(asked, now)
        self._write(events, now)

    def _wait_until(self, ts_ns: int) -> None:
        """Ask by timer up to a time."""
        self._next_ns = self._next_ns or ts_ns
        while self._next_ns <= ts_ns:
            now = Now(self._next_ns, max(self._next_ns, self._mono_ns))
            self._prices.mark(now)
            self._write(self.monitor.check(now, timer=True), now)
            self._next_ns += TIMER_NS

    def _write(self, events: Iterable[Event], now: Now) -> None:
        for event in (*events, *self._flat(now)):
            if isinstance(event, FlattenStarted):
                self._flatten = event
            self._audit.apply(Entry(now.wall_ns, roles.RISK, next(self._numbers), event))

    def _flat(self, now: Now) -> Iterator[Event]:
        """That the flatten in progress is over, once nothing is left of what it would close."""
        flatten = self._flatten
        if flatten is None or self.monitor.flatten is None:
            return
        held = self.monitor.accounts.held().items()
        if not any(
            abs(quantity) > flatten.keep and flatten.scope.covers(account, "", symbol)
            for (account, symbol), quantity in held
        ):
            done = FlattenCompleted(now.wall_ns, flatten.scope, keep=flatten.keep)
            self.monitor.apply(done)
            self._flatten = None
            yield done
