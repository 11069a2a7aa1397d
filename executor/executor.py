"""The executor's core: a signal becomes one intent, or a denial, and is followed to its end.

Exactly once
------------
Three things together make a signal one order and no more:

*   The intent's id is made from the signal's, so a signal that is sent again is an intent that is
    known here and at the gateway.
*   The gateway takes an intent once. Asking it again is harmless, so an order without an answer is
    asked for until there is one.
*   What this process does not know after a crash, the gateway's journal says: at each start all of
    it that matters is read again, and an order in it that is missing in the own journal is adopted.
*   What a checkpoint left out (see `common.retention`) had expired by a time that it states. A
    signal that expired by then is not traded, whatever the clock says.

So an order may be sent to the gateway before it is written down here.

State
-----
The state is a fold of journaled events: the own journal's and the gateways'. `apply` takes in the
own ones; `on_broker` takes in a gateway's and decides what of it is news for the own journal. After
a start the gateways' journals are read again, and orders go once more through their states. Nothing
of that is news: `caught_up` ends it, and emits what is.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.accounting.lifecycle import state_after
from tapewire.common.accounting.trading_days import TradingDays
from tapewire.common.clock import Now
from tapewire.common.events import (
    AnySignal,
    CheckpointCompleted,
    CircuitChanged,
    ConnectionUp,
    Event,
    Fill,
    GroupCreated,
    GroupIntended,
    GroupSignal,
    GroupStateChanged,
    ModifyOrder,
    OrderAnswer,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderIntended,
    OrderStateChanged,
    PositionReported,
    Signal,
    SubmitGroup,
    SubmitOrder,
    WhatIfAnswered,
)
from tapewire.common.events.expiry import has_expired
from tapewire.common.instruments import Instrument
from tapewire.common.logins import ONLY, Logins
from tapewire.common.unanswered import Unanswered
from tapewire.executor.admission import Admission
from tapewire.executor.answers import denied, intent_of, state_changed
from tapewire.executor.confidence import INDIFFERENT, Confidence
from tapewire.executor.groups.intake import created, denial_of, sized
from tapewire.executor.groups.keeper import GroupKeeper
from tapewire.executor.groups.plans import group_fault, plan_of
from tapewire.executor.order_requests import OWN, Command, OrderRequests
from tapewire.executor.orders import ExecutorOrder, Ledger
from tapewire.executor.places import Places
from tapewire.executor.what_if import WhatIfs
from tapewire.risk.rules import RuleBook

WANTS_ORDERS: Final = (Signal, GroupSignal)  # other signals are about orders that there are


class Executor:
    """Decides what becomes of signals. `rules` are asked before an order goes; `confidence` says
    what that of a strategy's signals means."""

    def __init__(
        self,
        rules: RuleBook,
        instruments: Iterable[Instrument],
        *,
        retry_ms: int = 500,
        confidence: Callable[[str], Confidence] = lambda _strategy: INDIFFERENT,
        day_of: TradingDays | None = None,
        what_if: bool = False,
        logins: Logins = ONLY,
    ) -> None:
        self.instruments = {i.symbol: i for i in instruments}
        self.ledger = Ledger(self.instruments.values(), day_of)
        self.admission = Admission(rules, self.instruments, self.ledger)
        self.places = Places(logins)
        self.live = False
        self.signals_denied = 0  # those that had expired included
        self.what_ifs = WhatIfs() if what_if else None
        self._confidence = confidence
        self._answered: set[str] = set()
        self._circuits: dict[str, str] = {}  # the newest change of each, by its name
        self._expired_ns = 0  # signals that expired by then may have been answered
        self._unanswered = Unanswered(retry_ms * 1_000_000)  # commands, by intent or request
        self.keeper = GroupKeeper(self.ledger, self._applied)
        self.requests = OrderRequests(
            self.ledger.orders, self._answered, self._unanswered, self.admission.rule_denial,
            self._verdict,
        )  # fmt: skip
        self._before: Mapping[type[Event], Callable[[Any, Now], list[Event]]] = {
            OrderIntended: self._adopt,
            OrderDenied: self._on_denied,
            GroupIntended: self._adopt_group,
            WhatIfAnswered: self._on_estimate,
        }  # what comes of a gateway's event before the ledger has it

    @property
    def rests(self) -> bool:
        """Whether orders that live work, unasked for anything, and nothing waits for an answer."""
        working = all(
            one.state == "ACCEPTED" and one.cancel_request is None and one.modify_request is None
            for one in self.ledger.orders.live()
        )
        return self.live and working and not self._unanswered and self.keeper.rests

    def __repr__(self) -> str:
        orders = len(self.ledger.orders.by_intent)
        return f"<Executor {orders} orders, {len(self._answered)} signals>"

    # ---- state ---------------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Take in an event of the own journal, now or when it is read again."""
        order = self.ledger.apply(event)
        if type(event) is OrderStateChanged:  # the most of them, and nothing to a group
            if order is not None and not order.live:
                order.cancel_request = None
                self._unanswered.answered(event.intent_id)
            return
        self.keeper.apply(event)
        if type(event) is OrderCreated:
            self._answered.add(event.signal_id)
            self._unanswered.add(self.keeper.sent_as(event.order))
            self.admission.note(event)
        elif type(event) is GroupStateChanged:
            self._answered.update(filter(None, (event.signal_id,)))
        elif isinstance(event, CheckpointCompleted):
            self._expired_ns = max(self._expired_ns, event.expired_ns)
        elif isinstance(event, OWN):
            self._answered.add(event.signal_id)
            self.signals_denied += isinstance(event, OrderDenied | OrderExpired)
            self.requests.apply(event)
        elif type(event) is CircuitChanged:
            self._circuits[event.circuit] = event.id

    def on_circuit(self, change: CircuitChanged) -> list[Event]:
        """A strategy's circuit breaker has changed; it says so until it is known here."""
        known = self._circuits.get(change.circuit) == change.id
        return [] if known else self._applied([change])

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values: what a replay of the journals must come to."""
        return {
            **self.ledger.snapshot(),
            "groups": self.keeper.groups.snapshot(),
            "answered": sorted(self._answered),
        }

    # ---- signals -------------------------------------------------------------------------------

    def on_signal(self, signal: AnySignal, now: Now) -> tuple[Sequence[Event], list[Command]]:
        """The answer to a signal, and what to send; nothing for one that was answered.

        Ticks and the gateway's journal travel apart, so a first signal may overtake the event that
        names the login's account. It is not answered: its strategy sends it again. What a cancel or
        a modify asks for comes with `tick`.
        """
        if signal.id in self._answered:
            return [], []
        if has_expired(signal, now) or signal.expires_ns <= self._expired_ns:
            expired = OrderExpired(now.wall_ns, signal.account, signal.id, signal.strategy)
            return self._applied([expired]), []
        if not isinstance(signal, WANTS_ORDERS):
            of_group = self.keeper.on_signal(signal, now)
            return self._applied(of_group or self.requests.on_signal(signal, now)), []
        if not (signal.account or self.places.accounts):
            return [], []
        if isinstance(signal, GroupSignal):
            return self._on_group(signal, now)
        return self._on_order(signal, now)

    def _on_order(self, signal: Signal, now: Now) -> tuple[Sequence[Event], list[Command]]:
        account, no_account = self.places.account_of(signal)
        terms, unsure = self._confidence(signal.strategy).sized(
            signal, self.instruments.get(signal.symbol)
        )
        order = intent_of(signal, account, terms, now)
        reason = no_account or unsure or self.admission.denial(order, now)
        verdict = reason or self._verdict(signal, [order], now)
        if verdict is None:
            return [], []  # decided once the broker has said what the order would do
        if verdict:
            return self._applied([denied(signal, account, verdict, now)]), []
        created = OrderCreated(
            now.wall_ns, signal.id, order, signal.terms.quantity, signal.confidence,
            signal.trigger_price,
        )  # fmt: skip
        events = self._applied([created])
        self._unanswered.sent(order.intent_id, now.mono_ns)
        return events, [order]

    def _verdict(
        self,
        signal: AnySignal,
        orders: Sequence[SubmitOrder],
        now: Now,
        replaced: ExecutorOrder | None = None,
    ) -> str | None:
        """Why the broker or the account would not bear the orders of a signal; "" if they would, or
        if nobody is to ask; None while the broker is asked."""
        if self.what_ifs is None:
            return ""
        return self.what_ifs.verdict(signal, [
            order for order in orders
            if not (order.parent_id or order.reduces_only)
            and self.admission.adds_risk(order, replaced, now)
        ])  # fmt: skip

    def _decided(self, signal: AnySignal | None, now: Now) -> list[Event]:
        """A signal that was asked about is decided; `tick` has what is to be sent."""
        events, commands = self.on_signal(signal, now) if signal is not None else ([], [])
        for command in commands:
            if isinstance(command, SubmitOrder | SubmitGroup):
                name = command.id if isinstance(command, SubmitGroup) else command.intent_id
                self._unanswered.answered(name)
                self._unanswered.add(name)
        return list(events)

    def _on_group(self, signal: GroupSignal, now: Now) -> tuple[Sequence[Event], list[Command]]:
        """A group is taken as a whole, or denied as one."""
        account, reason = self.places.account_of(signal)
        confidence = self._confidence(signal.strategy)
        legs, unsure = sized(signal, confidence, self.instruments)
        wanted = replace(signal, legs=legs)
        reason = reason or unsure or group_fault(wanted)
        group = plan_of(wanted, account, now.wall_ns)
        if not reason:
            reason = denial_of(
                [*group.orders, *group.later],
                self.ledger,
                lambda order, known: self.admission.denial(order, now, known, group.orders),
            )
        verdict = reason or self._verdict(signal, group.orders, now)
        if verdict is None:
            return [], []
        if verdict:
            return self._applied([denied(wanted, account, verdict, now)]), []
        events = self._applied(created(group, signal.trigger_price, now.wall_ns))
        self._unanswered.sent(group.id, now.mono_ns)
        return events, [group]

    # ---- the gateway ---------------------------------------------------------------------------

    def on_broker(self, event: Event, now: Now, source: str = roles.GATEWAY) -> list[Event]:
        """An event of a gateway's journal: taken in, and what of it is news here."""
        if type(event) is ConnectionUp:
            self.places.connected(event, source)
        before = self._before.get(type(event))
        events = before(event, now) if before is not None else []
        order = self.ledger.apply(event, source)
        self.admission.note(event)
        if changes := self.requests.on_broker(event, now, live=self.live):
            events += self._applied(changes)
        if type(event) is Fill or type(event) is PositionReported:
            self.keeper.on_holding(event, now)
        if order is not None:
            self.keeper.news(order, now)
            events += self._news(order, now)
        return events

    def on_answer(self, answer: OrderAnswer, now: Now) -> Sequence[Event]:
        """The gateway answered for an intent: it need not be asked again.

        What it did comes from its journal, all but one thing: an intent that it had denied before
        this executor knew of it (an earlier one asked, and died) it denies without a new event.
        """
        if answer.intent_id in self.requests:
            return self._applied(self.requests.on_answer(answer, now))
        if self.what_ifs is not None and answer.intent_id in self.what_ifs:
            return self._decided(self.what_ifs.on_answer(answer), now)
        events: list[Event] = []
        for intent_id in self.keeper.sent_with(answer.intent_id):
            events += self._on_intent_answer(intent_id, answer, now)
        return events

    def _on_intent_answer(self, intent_id: str, answer: OrderAnswer, now: Now) -> list[Event]:
        order = self.ledger.orders.get(intent_id)
        if order is None:
            return []
        order.answered = True
        if answer.accepted:
            return []
        denied = OrderDenied(
            now.wall_ns, order.order.account, order.order.strategy, roles.GATEWAY, answer.reason,
            intent_id=intent_id,
        )  # fmt: skip
        state = state_after(order.state, denied)
        if state == order.state:
            return []
        self.keeper.news(order, now)
        return self._applied([state_changed(order, state, answer.reason, now)])

    def look_after_groups(self, now: Now) -> list[Event]:
        """What has become of groups, and what is done about it; `tick` has what is to be asked."""
        return self.keeper.tick(now) if self.live else []

    def tick(self, now: Now) -> list[Command]:
        """Commands whose answer is late, to be sent again whether or not the gateway has them."""
        late: list[Command] = []
        for name in self._unanswered.due(now.mono_ns):
            order, command = self._unanswered_command(name)
            if order is None or command is None:
                self._unanswered.answered(name)
                continue
            self._unanswered.sent(name, now.mono_ns)
            # One that is over may come back; and of its modify only the gateway knows the end.
            if order.live or isinstance(command, ModifyOrder):
                late.append(command)
        return late if self.what_ifs is None else [*late, *self.what_ifs.due(now)]

    def _unanswered_command(self, name: str) -> tuple[ExecutorOrder | None, Command | None]:
        """The order that a command is about, and the command, if it still needs an answer."""
        group = self.keeper.groups.get(name)
        order = self.ledger.orders.get(self.keeper.sent_with(name)[0])
        if order is None:
            return self.requests.unanswered(name)
        asks = order.state == "CREATED" and not order.answered
        command = order.order if group is None else group.plan
        return order, command if asks else None

    def caught_up(self, now: Now) -> list[Event]:
        """The gateways' journals are known to their ends: what the own one does not say yet."""
        if self.live:
            return []
        self.live = True
        for live_order in self.ledger.orders.live():
            self._unanswered.add(self.keeper.sent_as(live_order.order))
        events: list[Event] = []
        for order in list(self.ledger.orders.by_intent.values()):
            events += self._news(order, now)
            events += self._applied(self.requests.news(order, now))
        return events

    # ---- inside --------------------------------------------------------------------------------

    def _on_denied(self, event: OrderDenied, _now: Now) -> list[Event]:
        self.keeper.denied(event.intent_id)
        return []

    def _on_estimate(self, event: WhatIfAnswered, now: Now) -> list[Event]:
        decided = self.what_ifs.on_estimate(event) if self.what_ifs is not None else None
        return self._decided(decided, now)

    def _adopt(self, event: OrderIntended, now: Now) -> list[Event]:
        """An order that was sent before this process wrote it down: the gateway's word counts."""
        order = event.order
        if order.strategy == roles.RISK or order.intent_id in self.ledger.orders:
            return []
        signal_id = order.signal_id or order.intent_id
        return self._applied([OrderCreated(now.wall_ns, signal_id, order)])

    def _adopt_group(self, event: GroupIntended, now: Now) -> list[Event]:
        """As an order, a group that was sent before this process wrote it down."""
        group = event.group
        if group.id in self.keeper.groups:
            return []
        return self._applied([GroupCreated(now.wall_ns, group.id, group)])

    def _news(self, order: ExecutorOrder, now: Now) -> list[Event]:
        """What the own journal does not say yet about an order."""
        if not self.live or order.order.strategy == roles.RISK:
            return []
        if (order.state, order.filled) == (order.announced_state, order.announced_filled):
            return []
        return self._applied([state_changed(order, order.state, order.reason, now)])

    def _applied(self, events: Sequence[Event]) -> list[Event]:
        for event in events:
            self.apply(event)
        return list(events)
