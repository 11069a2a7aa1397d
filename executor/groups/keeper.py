"""The keeper of groups: looks at each that has news, and does what its kind wants done.

What it decides becomes events of the executor's journal: a new state, an order that is added, a
cancel or a modify that the gateway is then asked for like any other. `machine` says why a crash at
any step is safe.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from types import ModuleType
from typing import Final

from tapewire.common.accounting.book import ZERO, Key
from tapewire.common.accounting.groups import Groups, OrderGroup
from tapewire.common.clock import Now
from tapewire.common.events import (
    OPPOSITE,
    TEXT_MAX,
    CancelSignal,
    Event,
    Fill,
    GroupCreated,
    GroupKind,
    GroupReleased,
    GroupStateChanged,
    ModifySignal,
    OrderCreated,
    PositionReported,
    SubmitOrder,
)
from tapewire.executor.groups import brackets, cancelling, verticals
from tapewire.executor.groups.machine import TRANSITIONS, Step, next_state
from tapewire.executor.groups.outcomes import (
    cancelled,
    continued,
    refusal,
    released,
    shrunk,
    withdrawn,
)
from tapewire.executor.groups.shares import ActiveGroups, contests, place_of, share_of, side_of
from tapewire.executor.groups.steps import (
    SECOND_NS,
    TELL_NS,
    Cancel,
    Look,
    Release,
    Shrink,
    Tell,
    Wanted,
    subject_of,
)
from tapewire.executor.orders import ExecutorOrder, Ledger

Group = OrderGroup[ExecutorOrder]
KINDS: Final[Mapping[GroupKind, ModuleType]] = {
    "bracket": brackets,
    "ladder": brackets,
    "oco": cancelling,
    "vertical": verticals,
    "combo": cancelling,
}
"""What is true of a group, and what is to be done about it, is asked of its kind."""
LOOK_EVERY_NS: Final = 100_000_000
RETRY_MAX_NS: Final = 30 * SECOND_NS
TRIES_ALARM: Final = 3


class GroupKeeper:
    """The executor's groups. `apply` makes events the state and returns them; what a person has to
    know goes to `alarms`, for whoever reports it."""

    def __init__(self, ledger: Ledger, apply: Callable[[Sequence[Event]], list[Event]]) -> None:
        self.groups: Groups[ExecutorOrder] = Groups(ledger.orders)
        self.alarms: list[str] = []
        self.kinds = KINDS
        self._ledger = ledger
        self._apply = apply
        self._news_ns: dict[str, int] = {}  # of the groups to look at, when each had news last
        self._entered_ns: dict[str, int] = {}
        self._tries: dict[str, dict[str, tuple[int, int]]] = {}  # by group and subject
        self._highest: dict[str, int] = {}  # number of an order that the gateway denied, by group
        self._next_ns = 0
        self._active = ActiveGroups()
        self._contested: set[str] = set()  # of the groups to look at
        self._said: dict[str, list[str]] = {}  # what was told of a group, while it is so

    # ---- what comes in -------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Take in an event of the own journal; the ledger has it already."""
        self.groups.apply(event)
        if isinstance(event, GroupReleased):
            self._active.recount()
        elif isinstance(event, GroupCreated):
            self._active.keep(self.groups.by_id[event.group.id])
        elif isinstance(event, GroupStateChanged) and event.group_id in self.groups:
            group = self.groups.by_id[event.group_id]
            if event.state != "DONE":
                self._active.keep(group)
            else:
                self._active.drop(group)
                self._contested.discard(group.id)

    def sent_as(self, order: SubmitOrder) -> str:
        """What an order is asked for under: its group, if it was sent with that."""
        group = self.groups.get(order.group_id)
        if group is not None and any(one.intent_id == order.intent_id for one in group.plan.orders):
            return group.id
        return order.intent_id

    def sent_with(self, name: str) -> list[str]:
        """The intents that were sent under a name."""
        group = self.groups.get(name)
        return [one.intent_id for one in group.plan.orders] if group is not None else [name]

    def news(self, order: ExecutorOrder, now: Now) -> None:
        """An event was about an order: its group is to be looked at."""
        group_id = order.order.group_id
        if group_id:
            self._news_ns[group_id], self._next_ns = now.mono_ns, 0

    def on_signal(self, signal: CancelSignal | ModifySignal, now: Now) -> list[Event]:
        """What a strategy wants of a group, or of its stop; nothing where it is about one order."""
        if isinstance(signal, ModifySignal):
            return []
        group = self.groups.get(signal.signal_id)
        order = self._ledger.orders.get(signal.signal_id)
        if group is not None and group.plan.strategy == signal.strategy:
            self._news_ns[group.id], self._next_ns = now.mono_ns, 0
            return list(withdrawn(group, signal, now))
        group = self.groups.of(order)
        if group is None or order is None or order.order.role != "stop":
            return []
        if group.state != "PROTECTING":
            return []
        return [refusal(group, signal, f"it protects what {group.id} has open; close that", now)]

    def denied(self, intent_id: str) -> None:
        """The gateway has denied an order, perhaps one that this process does not know, since it
        died before it had written it down: its number is not given again."""
        group_id, _, number = intent_id.rpartition("/")
        if group_id in self.groups and number.isdecimal():
            self._highest[group_id] = max(int(number), self._highest.get(group_id, 0))

    def on_holding(self, event: Fill | PositionReported, now: Now) -> None:
        """What an account holds has changed: its groups there are looked at. One that waits for
        its own news to settle goes on waiting, and no longer, however often others trade."""
        there = self._active.of(event.account, event.symbol)
        self._wake(there, now)
        for group in there:
            if type(event) is Fill and contests(event, self._ledger.strategy_of(event), group):
                self._contested.add(group.id)

    def _wake(self, groups: Iterable[Group], now: Now) -> None:
        for group in groups:
            self._news_ns.setdefault(group.id, now.mono_ns)

    # ---- timed work ----------------------------------------------------------------------------

    @property
    def rests(self) -> bool:
        """Whether no group has anything to wait for."""
        return not self._news_ns

    def tick(self, now: Now) -> list[Event]:
        """Look at the groups that had news, until there is nothing to do or to wait for."""
        if not self._news_ns or now.mono_ns < self._next_ns:
            return []
        self._next_ns = now.mono_ns + LOOK_EVERY_NS
        self._active.recount()
        events: list[Event] = []
        places = set[Key]()
        for group_id in list(self._news_ns):
            group = self.groups.get(group_id)
            if group is None:
                del self._news_ns[group_id]
            else:
                places.add(place_of(group))
                events += self._look_at(group, now)
        for place in sorted(places):
            self._wake(self._active.moved(place), now)
        return events

    def _look_at(self, group: Group, now: Now) -> list[Event]:
        kind, look, events = self.kinds[group.plan.kind], self._look(group, now), list[Event]()
        for _ in TRANSITIONS:
            step: Step | None = next_state(group.state, kind.facts(group, look))
            if step is None:
                break
            events += self._moved(group, step, now)
        wanted: list[Wanted] = list(kind.steps(group, look))
        if too_much := brackets.left_more(group):
            wanted.append(Tell(too_much))
        for one in wanted:
            if self._may(group, one, now) and (done := list(self._done(group, one, now))):
                self._tried(group, one, now)
                events += self._apply(done)
        is_timed = group.state == "PROTECTING" and bool(group.plan.later)
        if look.settled and not is_timed and self._told(group, wanted, look):
            del self._news_ns[group.id]
            self._tries.pop(group.id, None)
        return events

    def _told(self, group: Group, wanted: Sequence[Wanted], look: Look) -> bool:
        """Whether there is nothing left to do, and what a person has to know of it was told: once,
        in the same words."""
        tells = [one.what for one in wanted if isinstance(one, Tell)]
        if not tells:
            self._said.pop(group.id, None)
        elif look.quiet_ns >= TELL_NS and self._said.get(group.id) != tells:
            self._said[group.id] = tells
            for what in tells:
                self._alarm(group, what)
        if any(isinstance(one, Tell) and one.again for one in wanted):
            return False
        return len(tells) == len(wanted) and self._said.get(group.id, []) == tells

    def _look(self, group: Group, now: Now) -> Look:
        exposure = self._ledger.exposure(*place_of(group))
        share = share_of(group, exposure, self._active.taken_beside(group))
        if group.id in self._contested and share.least >= group.open:
            self._contested.discard(group.id)
        entered_ns = now.mono_ns
        if group.entered:
            entered_ns = self._entered_ns.setdefault(group.id, now.mono_ns)
        quiet_ns = now.mono_ns - self._news_ns[group.id]
        contested = group.id in self._contested
        side = OPPOSITE[side_of(group)]

        def room() -> Decimal:
            works = exposure.buying if side == "BUY" else exposure.selling
            waits = self._ledger.orders.waiting(*place_of(group), side)
            return max(share.held - works + waits, ZERO)

        return Look(quiet_ns, now.mono_ns - entered_ns, share.held, share.most, contested, room)

    def _moved(self, group: Group, step: Step, now: Now) -> list[Event]:
        plan = group.plan
        if step.state == "CLOSING":
            self._alarm(group, f"is {step.state}: {step.reason}")
        ends = step.state == "DONE" and group.state in ("CANCELLING", "CLOSING")
        reason = group.reason if ends else step.reason  # what began it says more than its end
        changed = GroupStateChanged(
            now.wall_ns, plan.account, group.id, plan.strategy, step.state, reason[:TEXT_MAX]
        )
        return self._apply([changed])

    # ---- what is done --------------------------------------------------------------------------

    def _may(self, group: Group, wanted: Wanted, now: Now) -> bool:
        """Whether to do it now: at once, and again after a wait that grows."""
        count, last_ns = self._tries.get(group.id, {}).get(subject_of(wanted), (0, 0))
        wait_ns = min(RETRY_MAX_NS, SECOND_NS << count - 1) if count else 0
        return now.mono_ns - last_ns >= wait_ns

    def _tried(self, group: Group, wanted: Wanted, now: Now) -> None:
        tries = self._tries.setdefault(group.id, {})
        count = tries.get(subject_of(wanted), (0, 0))[0]
        tries[subject_of(wanted)] = (count + 1, now.mono_ns)
        if count == TRIES_ALARM:
            self._alarm(group, f"tries for the {count + 1}th time: {subject_of(wanted)}")

    def _done(self, group: Group, wanted: Wanted, now: Now) -> Iterator[Event]:
        if isinstance(wanted, Cancel):
            yield from cancelled(wanted.order, now)
        elif isinstance(wanted, Shrink):
            yield from shrunk(wanted, now)
        elif isinstance(wanted, Release):
            yield released(group, wanted, now.wall_ns)
        elif not isinstance(wanted, Tell):
            order = continued(group, wanted, self._highest.get(group.id, 0), now)
            yield OrderCreated(now.wall_ns, group.id, order)

    def _alarm(self, group: Group, what: str) -> None:
        self.alarms.append(f"group {group.id} of {group.plan.strategy} {what}"[:TEXT_MAX])
