"""The gateway's core: one broker login. It decides; the adapter behind `Broker` speaks.

Reports and requests come in; events to be journaled, answers and what may be written go out. What
may be written is only handed over by `release`, which the service calls when the events are on
disk.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from tapewire.common.accounting.trading_days import TradingDays
from tapewire.common.clock import Now
from tapewire.common.events import (
    CancelAll,
    CancelOrder,
    CheckpointCompleted,
    Event,
    Fill,
    ListPositions,
    ModifyOrder,
    OrderAnswer,
    OrderCancelled,
    OrderIntended,
    OrderLost,
    OrderRejected,
    PositionReported,
    ProcessState,
    Reconcile,
    ReconciliationCompleted,
    ResolveOrder,
    RulesChanged,
    SubmitGroup,
    SubmitOrder,
    WhatIf,
    WhatIfAnswered,
)
from tapewire.common.instruments import Instrument
from tapewire.gateway import broker
from tapewire.gateway.broker import Broker, BrokerEvent
from tapewire.gateway.connection import Connection
from tapewire.gateway.facts import FACTS, Facts
from tapewire.gateway.orders import resolve
from tapewire.gateway.orders.account_listing import AccountListings
from tapewire.gateway.orders.admission import Gate
from tapewire.gateway.orders.entry import OrderEntry
from tapewire.gateway.orders.foreign import ForeignWatch
from tapewire.gateway.orders.former_client import FormerClient
from tapewire.gateway.orders.holdings import Holdings
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.orders.limits import NO_LIMITS, Ledger, Limits, OwnLimits
from tapewire.gateway.orders.listing import Listings
from tapewire.gateway.orders.outside import Outside
from tapewire.gateway.orders.positions import PositionLists
from tapewire.gateway.orders.reconciliation import Reconciler, alarms
from tapewire.gateway.orders.registry import Registry
from tapewire.gateway.orders.reports import OrderReports
from tapewire.gateway.orders.silence import unlisted
from tapewire.gateway.orders.synchroniser import Synchroniser
from tapewire.gateway.orders.unexplained import Unexplained
from tapewire.gateway.orders.waits import DEFAULT_WAITS, Waits
from tapewire.gateway.orders.what_if import WhatIfs
from tapewire.gateway.restart_window import RestartWindow

Command = (
    SubmitOrder | SubmitGroup | CancelOrder | CancelAll | ModifyOrder | ListPositions | ResolveOrder
    | WhatIf | Reconcile
)  # fmt: skip
Obeyed = tuple[OrderAnswer, list[Event]]
"""What a command led to: its answer, and the events, applied."""
USES_ORDER_ID: Final = frozenset({OrderIntended, CheckpointCompleted, WhatIfAnswered})
"""What says that an order id was used, which must not be used again."""
ENDED_BY_BROKER: Final = frozenset({OrderCancelled, OrderRejected, OrderLost})
ASLEEP_NS: Final = 1_000_000_000
"""Without a turn for longer than this, the process was stopped, or starved."""


class Gateway:
    """One login. `reduce_only` makes it the liquidation gateway: risk's own, no market data.

    `own_limits` are its own, whoever sends an order (see `gateway.orders.limits`).
    """

    def __init__(
        self,
        adapter: Broker,
        *,
        waits: Waits = DEFAULT_WAITS,
        reduce_only: bool = False,
        instruments: Iterable[Instrument] = (),
        own_limits: OwnLimits = NO_LIMITS,
        day_of: TradingDays | None = None,
        restarts: RestartWindow | None = None,
    ) -> None:
        self.broker, self.connection = adapter, Connection(restarts)
        self.holdings = Holdings()
        accounts = Ledger(instruments, self.holdings, day_of)
        self.registry = Registry(accounts)
        self.orders = self.registry.orders
        self.gate = Gate(waits.lease_ms, reduce_only=reduce_only, conflicts=self.orders.conflicts)
        self.gate.held_back = self.connection.held_back
        self.limits = Limits(accounts, own_limits)
        timeout_ms = waits.request_timeout_ms
        self.positions = PositionLists(self.holdings, adapter.query_positions, timeout_ms)
        self.unexplained = Unexplained(self.holdings, accounts.book)
        self.complaints: list[tuple[str, bytes]] = []
        self.facts = Facts(
            adapter, accounts.instruments, self.complaints, late_ms=timeout_ms, idle=reduce_only
        )
        self.limits.contradicted = self.facts.instruments.denial
        self.limits.described = self.facts.instruments.known
        self.reconciler = Reconciler(
            self.registry, self.positions, self.unexplained, waits.reconcile_minutes,
            instruments=instruments, values=lambda: self.facts.accounts.current, idle=reduce_only,
        )  # fmt: skip
        self.sync = Synchroniser(
            adapter, self.connection, self.registry, self.positions, self.unexplained,
            self.reconciler, None if reduce_only else self.facts.accounts.ask, waits,
            apply=self._applied,
        )  # fmt: skip
        self.entry = self._order_entry()
        self.what_ifs = WhatIfs(adapter, self._blocked)
        alone = AccountListings(self.holdings, self.orders.foreign, adapter, self._applied)
        self.listings = Listings(self.positions, adapter.query_all_orders, alone)
        ask_orders = self.listings.ask_orders
        self.foreign = ForeignWatch(self.orders.foreign, waits.open_orders_ms, ask_orders)
        self.reports = self._order_reports()
        self._outside = Outside(adapter, self.registry, self.complaints)
        self._former_client = FormerClient(self.registry, adapter.client_id)
        self.seen_mono_ns: int | None = None  # when this process had its last turn
        self._handlers = self._broker_handlers()
        self._list_for_groups = 0  # the number of the one that has the newest end of their orders
        self._obey = self._command_handlers()

    def _order_entry(self) -> OrderEntry:
        return OrderEntry(
            self.broker, self.registry, self.gate, self.holdings, self.limits,
            blocked=self._blocked,
            logged_out=lambda: "" if self.connection.is_logged_in else self.connection.reason,
            unsure=lambda now: self.positions.unsure or self.gate.behind(now),
            apply=self._applied,
        )  # fmt: skip

    def _order_reports(self) -> OrderReports:
        return OrderReports(
            self.broker, self.registry, self.sync, self.positions, self.foreign,
            complaints=self.complaints, errors=self.facts.errors, apply=self._applied,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"<Gateway {self.broker!r}, {len(self.orders.by_intent)} intents>"

    # ---- state ---------------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Take in an event of the own journal."""
        if type(event) is Fill:
            self.holdings.apply(event, self.registry.fill(event.exec_id))
            self.facts.accounts.traded()
        elif type(event) in FACTS:
            self.facts.apply(event)
        elif type(event) is PositionReported:
            self.holdings.apply(event)
        elif type(event) is ReconciliationCompleted:
            self.reconciler.apply(event)
        elif type(event) in USES_ORDER_ID and event.order_id:  # type: ignore[attr-defined]
            self.broker.used_order_id(event.order_id)  # type: ignore[attr-defined]
        self.registry.apply(event)
        if type(event) in ENDED_BY_BROKER:
            order = self.orders.get(event.intent_id)  # type: ignore[attr-defined]
            if order is not None and order.order.group_id:
                self._list_for_groups = self.positions.want()
        self.limits.note(event)

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values: what a replay of the journal must come to."""
        reported = {f"{a}/{s}": q for (a, s), q in self.holdings.reported.items()}
        own = {**self.registry.snapshot(), **self.reconciler.snapshot(), **self.facts.snapshot()}
        return {**own, "positions": reported}

    def restarted(self, now: Now) -> list[Event]:
        """After the journal was read: what was under way when this process died."""
        self.gate.woke(now)
        if not self.gate.reduce_only:  # the liquidation gateway must be able to close, whatever is
            self._former_client.look()
        reason = "the gateway restarted before the broker's answer was read"
        over = self.registry.modifies.over(self.registry.modifies.pending(), now.wall_ns)
        return self._applied([*over, *self.registry.unanswered(now.wall_ns, reason)])

    def on_risk(self, event: Event) -> None:
        """Risk's heartbeats, which are the lease, its decisions, and the rules in force."""
        if type(event) is RulesChanged:
            self.limits.take_over(event)
        if change := self.gate.on_risk(event):
            self.positions.doubt(change)

    def readiness(self) -> tuple[ProcessState, str]:
        """READY once connected, when all that the broker knows of orders is known here, and while
        the connection takes orders."""
        if halted := self._former_client.problem():
            return "HALTED", halted
        problem = self.connection.problem
        return ("WAITING", problem) if problem else ("READY", self.facts.instruments.fault)

    @property
    def is_up(self) -> bool:
        """Whether the broker session is there and takes orders, and its orders are known here."""
        return self.connection.state == "READY"

    def _blocked(self) -> str:
        """Why no order may go now; empty if it may."""
        return self._former_client.problem() or self.connection.blocked

    # ---- the broker ----------------------------------------------------------------------------

    def take(self, frames: list[bytes], now: Now) -> list[Event]:
        """What the adapter's descriptor brought. Raises `BrokerError` where it makes no sense:
        the service then closes the connection and calls `hung_up`."""
        self._note(now)
        events: list[Event] = []
        for report in self.broker.take(frames, now):
            try:
                events += self.on_report(report, now)
            except Exception as error:  # noqa: BLE001 - it must not take with it what is applied already
                unreadable = broker.Unreadable(f"{report!r:.300} raised {error!r:.200}")
                self.on_report(unreadable, now)
        return events

    def on_report(self, report: BrokerEvent, now: Now) -> list[Event]:
        """One thing that the broker reported: the events it amounts to, applied."""
        if self._outside.has(report):
            return self.reports.on_outside(report, now)
        self.sync.note(report)
        self.listings.note(report)
        handler = self._handlers.get(type(report))
        asked_ns = self.positions.asked_ns
        events: list[Event] = handler(report, now) if handler is not None else []
        # To the liquidation gateway all trading is foreign, and the gateway has the books.
        if events and not self.gate.reduce_only:
            self.unexplained.note(events, asked_ns, now)
        return events

    def hung_up(self, reason: str, now: Now) -> list[Event]:
        """The service closed the connection, because what came over it made no sense."""
        return self.on_report(self.broker.closed(reason), now)

    def _on_lost(self, report: broker.SessionLost, now: Now) -> list[Event]:
        """The connection is gone: queued orders never went, written ones may be anywhere."""
        self.listings.lost()
        self.foreign.lost()
        never_sent = "the connection to the broker was lost before it was sent"
        events = self._applied(self.entry.unsent(self.broker.withdraw(), never_sent, now))
        lost = self.sync.on_lost(report, now)
        unanswered = self.registry.unanswered(now.wall_ns, "the connection to the broker was lost")
        return events + self._applied([*unanswered, *self.what_ifs.lost(now)]) + lost

    def tick(self, now: Now) -> list[Event]:
        """Timed work: what the broker has to be asked again, and what its silence means."""
        self.connection.tick(self.broker.held(now), now)
        self._note(now)
        if self.sync.synchronised:
            self.foreign.tick(now)
        is_read = self.connection.is_logged_in and not self.connection.is_server_lost
        facts = self.facts.tick(now, reading=is_read, connected=self.sync.synchronised)
        events = [*self._applied(facts), *self.sync.tick(now)]
        for event in events:
            if lack := unlisted(event):
                self.complaints.append((lack, b""))
            self.complaints += [(alarm, b"") for alarm in alarms(event)]
        due = [*self.listings.tick(now), *self.what_ifs.tick(now)]
        return events + self._applied(due)

    # ---- requests ------------------------------------------------------------------------------

    def obey(self, command: Command, now: Now) -> Obeyed:
        """Take a command: its answer, and the events that it led to."""
        self._note(now)
        return self._obey[type(command)](command, now)

    def _command_handlers(self) -> Mapping[type[Command], Callable[[Any, Now], Obeyed]]:
        return {
            SubmitOrder: self._submit,
            SubmitGroup: self.entry.submit_group,
            ModifyOrder: self.entry.modify,
            CancelOrder: self._cancel,
            CancelAll: lambda _all, now: self.entry.cancel_all(now),
            ListPositions: self._list_positions,
            ResolveOrder: self._resolve,
            WhatIf: self.what_ifs.ask,
            Reconcile: self._reconcile,
        }

    def _submit(self, order: SubmitOrder, now: Now) -> Obeyed:
        if order.reduces_only:
            self.positions.need(self._list_for_groups, "since it ended an order of a group")
        return self.entry.submit(order, now)

    def _resolve(self, command: ResolveOrder, now: Now) -> Obeyed:
        """A person says what became of an order: its end, and positions are read again."""
        intent = self.orders.get(command.intent_id)
        reason = resolve.refusal(intent)
        if intent is None or reason:
            return OrderAnswer(command.intent_id, accepted=False, reason=reason), []
        self.positions.doubt("since an order was resolved by a person")
        resolved = self._applied([resolve.resolution(intent, command, now.wall_ns)])
        return OrderAnswer(command.intent_id, accepted=True), resolved

    def _list_positions(self, command: ListPositions, _now: Now) -> Obeyed:
        if reason := self.connection.blocked:
            return OrderAnswer(command.id, accepted=False, reason=reason), []
        self.listings.begin(command)
        return OrderAnswer(command.id, accepted=True), []

    def _reconcile(self, command: Reconcile, _now: Now) -> Obeyed:
        reason = self.connection.blocked
        if self.gate.reduce_only:
            reason = "only the gateway compares with the broker; the liquidation gateway closes"
        reason = reason or self.reconciler.request(command)
        return OrderAnswer(command.id, accepted=not reason, reason=reason), []

    def _cancel(self, command: CancelOrder, now: Now) -> Obeyed:
        answer, events = self.entry.cancel(command, now)
        intent = self.orders.get(command.intent_id)
        if answer.accepted and intent is not None and intent.live:
            self.sync.cancels.asked(intent, now)
        return answer, events

    def release(self, now: Now) -> tuple[bytes, list[Intent], list[Event]]:
        """What may be written to the broker at this moment; admission is asked once more.

        Returns with the bytes the intents whose orders are among them, and denials to be journaled.
        """
        self._note(now)
        data, intents, denied = self.entry.release(now)
        for intent in intents:
            self.sync.written(intent)
        return data, intents, denied

    # ---- what the broker reports ---------------------------------------------------------------

    def _broker_handlers(self) -> Mapping[type[BrokerEvent], Any]:
        return {
            broker.SessionProgress: self.sync.on_progress,
            broker.SessionReady: self.sync.on_ready,
            broker.SessionRefused: self.sync.on_refused,
            broker.SessionLost: self._on_lost,
            broker.ServerLost: self.sync.on_server_lost,
            broker.ServerRestored: self.sync.on_server_restored,
            broker.OrderReport: self.reports.on_order,
            broker.OrderReturned: self.reports.on_returned,
            broker.OrderError: self.reports.on_error,
            broker.ExecutionReport: self.reports.on_execution,
            broker.WhatIfReport: lambda report, now: self._applied(
                self.what_ifs.on_report(report, now)
            ),
            broker.CommissionReport: self.reports.on_commission,
            broker.PositionReport: self._on_position,
            broker.PositionsComplete: lambda _report, now: self._applied(
                self.positions.completed(now, self.broker.accounts)
            ),
            broker.AccountListed: self.listings.alone.completed,
            **self.facts.handlers,
            broker.QueryComplete: self.reports.on_query_complete,
            broker.Complaint: self._on_complaint,
            broker.Unreadable: self._on_unreadable,
        }

    def _on_position(self, report: broker.PositionReport, now: Now) -> list[Event]:
        key = (report.account, report.symbol)
        return self._applied(
            self.holdings.report(key, report.quantity, report.average_cost, now.wall_ns)
        )

    def _on_complaint(self, report: broker.Complaint, _now: Now) -> list[Event]:
        self.complaints.append((report.text, report.payload))
        return []

    def _on_unreadable(self, report: broker.Unreadable, now: Now) -> list[Event]:
        self.foreign.unreadable()
        return self._on_complaint(report, now)

    def _note(self, now: Now) -> None:
        """This process has its turn. After a while without one, any number of messages may wait
        unread: what they report has happened all the same."""
        before_ns, self.seen_mono_ns = self.seen_mono_ns, now.mono_ns
        if before_ns is not None and now.mono_ns - before_ns > ASLEEP_NS:
            self.positions.doubt("since this process woke up")
            self.gate.woke(now)

    def _applied(self, events: list[Event]) -> list[Event]:
        """Events as part of the state, with what ends because of them."""
        if not events:
            return events  # most reports amount to none, and so does the timed work of most turns
        for event in events:
            self.apply(event)
            self.limits.happened(event, self.seen_mono_ns or 0)
        ended = self.registry.ended(events)
        for event in ended:
            self.apply(event)
        return [*events, *ended]
