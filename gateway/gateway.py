"""The gateway's core: one broker login. It decides; the adapter behind `Broker` speaks.

Reports and requests come in; events to be journaled, answers and what may be written go out. What
may be written is only handed over by `release`, which the service calls when the events are on
disk.

Becoming synchronised
---------------------
After a connection the gateway is not READY before it knows what the broker knows: positions, open
orders, executions and completed orders are asked for, and `connection.up` follows when all were
listed, or after 10 s (an end may never come; then the answer is not used to call anything LOST).
While the broker's side has lost its own server, nothing that it reports is believed, and the same
round begins again when it has it back.
"""

from collections.abc import Mapping
from typing import Any, Final

from tapewire.common.clock import Now
from tapewire.common.events import (
    CancelAll,
    CancelOrder,
    ConnectionLost,
    ConnectionUp,
    Event,
    Fill,
    ModifyOrder,
    OrderAnswer,
    OrderIntended,
    OrderLost,
    ProcessState,
    SubmitOrder,
)
from tapewire.gateway import broker
from tapewire.gateway.broker import Broker, BrokerEvent
from tapewire.gateway.orders.admission import Gate
from tapewire.gateway.orders.entry import OrderEntry
from tapewire.gateway.orders.holdings import Holdings
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.orders.registry import Registry
from tapewire.gateway.orders.snapshot import Snapshot

EXECUTIONS_LATE_NS: Final = 1_000_000_000


class Gateway:
    """One login. `reduce_only` makes it the liquidation gateway: risk's own, no market data.

    `settle_ms` is how long the broker has to read what an earlier connection left in its socket
    before an order it does not name counts as lost.
    """

    def __init__(
        self,
        adapter: Broker,
        *,
        lease_ms: int = 3000,
        settle_ms: int = 2000,
        reduce_only: bool = False,
    ) -> None:
        self.broker = adapter
        self.registry = Registry()
        self.orders = self.registry.orders
        self.gate = Gate(lease_ms, reduce_only=reduce_only)
        self.holdings = Holdings()
        self.entry = OrderEntry(
            adapter, self.registry, self.gate, self.holdings,
            blocked=lambda: "" if self.synchronised else self.problem,
            logged_out=lambda: "" if self._ready else self.problem,
            apply=self._applied,
        )  # fmt: skip
        self.synchronised = False
        self.problem = "not connected to the broker yet"
        self.complaints: list[tuple[str, bytes]] = []
        self._version = 0
        self._ready = False  # logged in, whether or not all is known yet
        self._snapshot: Snapshot | None = None
        self._orders_listed = False  # on this connection
        self._server_lost = False  # what the broker reports now is worth nothing
        self._connected_mono_ns = 0
        self._settle_ns = settle_ms * 1_000_000
        self._next_snapshot_mono_ns: int | None = None
        self._last_snapshot_mono_ns = 0
        self._handlers = self._broker_handlers()

    def __repr__(self) -> str:
        return f"<Gateway {self.broker!r}, {len(self.orders.by_intent)} intents>"

    # ---- state ---------------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Take in an event of the own journal."""
        if isinstance(event, Fill):
            self.holdings.apply(event, self.registry.corrected(event.exec_id))
        else:
            self.holdings.apply(event)
        if isinstance(event, OrderIntended) and event.order_id:
            self.broker.used_order_id(event.order_id)
        self.registry.apply(event)

    def snapshot(self) -> dict[str, Any]:
        """The durable state as plain values: what a replay of the journal must come to."""
        reported = {f"{a}/{s}": q for (a, s), q in self.holdings.reported.items()}
        return {**self.registry.snapshot(), "positions": reported}

    def restarted(self, now: Now) -> list[Event]:
        """After the journal was read: what was under way when this process died."""
        reason = "the gateway restarted before the broker's answer was read"
        return self._applied(self.registry.unanswered(now.wall_ns, reason))

    def on_risk(self, event: Event) -> None:
        """Risk's heartbeats, which are the lease, and its decisions."""
        self.gate.on_risk(event)

    def readiness(self) -> tuple[ProcessState, str]:
        """READY once connected, when all that the broker knows of orders is known here."""
        return ("READY", "") if self.synchronised else ("WAITING", self.problem)

    @property
    def orders_reported(self) -> bool:
        """Whether the broker has listed its open orders on the present connection."""
        return self.synchronised and self._orders_listed

    # ---- the broker ----------------------------------------------------------------------------

    def take(self, frames: list[bytes], now: Now) -> list[Event]:
        """What the adapter's descriptor brought. Raises `BrokerError` where it makes no sense:
        the service then closes the connection and calls `hung_up`."""
        events: list[Event] = []
        for report in self.broker.take(frames, now):
            try:
                events += self.on_report(report, now)
            except Exception as error:  # noqa: BLE001 - it must not take with it what is applied already
                self.complaints.append((f"{report!r:.300} raised {error!r:.200}", b""))
        return events

    def on_report(self, report: BrokerEvent, now: Now) -> list[Event]:
        """One thing that the broker reported: the events it amounts to, applied."""
        if self._snapshot is not None:
            self._snapshot.note(report)
        handler = self._handlers.get(type(report))
        return handler(report, now) if handler is not None else []

    def hung_up(self, reason: str, now: Now) -> list[Event]:
        """The service closed the connection, because what came over it made no sense."""
        return self.on_report(self.broker.closed(reason), now)

    def _on_lost(self, report: broker.SessionLost, now: Now) -> list[Event]:
        """The connection is gone: queued orders never went, written ones may be anywhere."""
        never_sent = "the connection to the broker was lost before it was sent"
        events = self._applied(self.entry.unsent(self.broker.withdraw(), never_sent, now))
        was_up, self.synchronised, self._ready = self.synchronised, False, False
        self._snapshot, self._next_snapshot_mono_ns, self._server_lost = None, None, False
        self.holdings.forget_question()
        self.registry.modifies.disconnected()
        self._orders_listed, self.problem = False, report.reason
        unanswered = self.registry.unanswered(now.wall_ns, "the connection to the broker was lost")
        events += self._applied(unanswered)
        if was_up:
            events.append(ConnectionLost(now.wall_ns, report.reason))
        return events

    def tick(self, now: Now) -> list[Event]:
        """Timed work: a snapshot that is due, or one that will not end."""
        events: list[Event] = []
        if self._server_lost:
            return events
        snapshot = self._snapshot
        if snapshot is not None and (snapshot.complete or snapshot.timed_out(now)):
            events += self._conclude(snapshot, now)
        self._ask_about_modifies()
        due_ns = self._next_snapshot_mono_ns
        if due_ns is not None and now.mono_ns >= due_ns and self._snapshot is None and self._ready:
            self._begin_snapshot(now)
        return events

    # ---- requests ------------------------------------------------------------------------------

    def obey(
        self, command: SubmitOrder | CancelOrder | CancelAll | ModifyOrder, now: Now
    ) -> tuple[OrderAnswer, list[Event]]:
        """Take a command: its answer, and the events that it led to."""
        if isinstance(command, SubmitOrder):
            return self.entry.submit(command, now)
        if isinstance(command, ModifyOrder):
            return self.entry.modify(command, now)
        if isinstance(command, CancelOrder):
            return self.entry.cancel(command, now)
        return self.entry.cancel_all(now)

    def release(self, now: Now) -> tuple[bytes, list[Intent], list[Event]]:
        """What may be written to the broker at this moment; admission is asked once more.

        Gives with the bytes the intents whose orders are among them, and denials to be journaled.
        """
        return self.entry.release(now)

    # ---- what the broker reports ---------------------------------------------------------------

    def _broker_handlers(self) -> Mapping[type[BrokerEvent], Any]:
        return {
            broker.SessionProgress: self._on_progress,
            broker.SessionReady: self._on_ready,
            broker.SessionRefused: self._on_refused,
            broker.SessionLost: self._on_lost,
            broker.ServerLost: self._on_server_lost,
            broker.ServerRestored: self._on_server_restored,
            broker.OrderReport: self._on_order,
            broker.OrderError: self._on_order_error,
            broker.ExecutionReport: lambda report, now: self._applied(
                self.registry.on_execution(report, now.wall_ns)
            ),
            broker.CommissionReport: lambda report, now: self._applied(
                self.registry.on_commission(report, now.wall_ns)
            ),
            broker.PositionReport: self._on_position,
            broker.PositionsComplete: lambda _report, now: self._applied(
                self.holdings.report_complete(now.wall_ns)
            ),
            broker.QueryComplete: self._on_query_complete,
            broker.Complaint: self._on_complaint,
        }

    def _on_progress(self, report: broker.SessionProgress, now: Now) -> list[Event]:
        self.problem, self._connected_mono_ns = report.waiting_for, now.mono_ns
        return []

    def _on_ready(self, report: broker.SessionReady, now: Now) -> list[Event]:
        self._ready, self._version = True, report.version
        if self._snapshot is None and not self.synchronised and not self._server_lost:
            self._start(now)
        return []

    def _on_refused(self, report: broker.SessionRefused, _now: Now) -> list[Event]:
        self._ready = self.synchronised = False
        self._snapshot, self.problem = None, report.reason
        return []

    def _on_server_lost(self, report: broker.ServerLost, _now: Now) -> list[Event]:
        self.synchronised, self.problem = False, report.reason
        self._server_lost, self._snapshot, self._next_snapshot_mono_ns = True, None, None
        self._orders_listed = False
        self.registry.modifies.disconnected()
        return []

    def _on_server_restored(self, _report: broker.ServerRestored, now: Now) -> list[Event]:
        self._server_lost = False
        self._connected_mono_ns = now.mono_ns  # it reads its server's orders again: let that settle
        if self._ready:
            self._start(now)
        return []

    def _on_order(self, report: broker.OrderReport, now: Now) -> list[Event]:
        """Executions are the truth: they are asked for where more is claimed than they show."""
        intent = self.registry.by_order_id(report.order_id)
        claimed = report.filled
        if intent is not None and claimed is not None and claimed > intent.filled:
            self._next_snapshot_mono_ns = (
                self._next_snapshot_mono_ns or now.mono_ns + EXECUTIONS_LATE_NS
            )
        return self._applied(self.registry.on_order(report, now))

    def _on_order_error(self, error: broker.OrderError, now: Now) -> list[Event]:
        if self.registry.by_order_id(error.order_id) is None:
            text = f"the broker's error {error.code} on order {error.order_id}: {error.text}"
            self.complaints.append((text, b""))
        return self._applied(self.registry.on_error(error, now.wall_ns))

    def _on_position(self, report: broker.PositionReport, now: Now) -> list[Event]:
        key = (report.account, report.symbol)
        return self._applied(
            self.holdings.report(key, report.quantity, report.average_cost, now.wall_ns)
        )

    def _on_query_complete(self, report: broker.QueryComplete, _now: Now) -> list[Event]:
        self._orders_listed |= report.query == "open_orders" and not self._server_lost
        return []

    def _on_complaint(self, report: broker.Complaint, _now: Now) -> list[Event]:
        self.complaints.append((report.text, report.payload))
        return []

    # ---- snapshots -----------------------------------------------------------------------------

    def _start(self, now: Now) -> None:
        """Ask for all that is needed before trading."""
        self.problem = "waiting for the broker to report its orders and executions"
        self.holdings.asked()
        self.broker.start()
        self._begin_snapshot(now)

    def _begin_snapshot(self, now: Now) -> None:
        self._snapshot, self._next_snapshot_mono_ns = Snapshot(now), None
        self._last_snapshot_mono_ns = now.mono_ns
        self.broker.query()

    def _ask_about_modifies(self) -> None:
        """A modify whose answer is late: the broker is asked for the order's terms, once it had
        time to settle."""
        oldest_ns = self.registry.modifies.oldest_mono_ns()
        if oldest_ns is None or not self.synchronised or self._snapshot is not None:
            return
        since_ns = max(oldest_ns, self._last_snapshot_mono_ns, self._connected_mono_ns)
        due_ns = since_ns + self._settle_ns + 1
        self._next_snapshot_mono_ns = min(self._next_snapshot_mono_ns or due_ns, due_ns)

    def _conclude(self, snapshot: Snapshot, now: Now) -> list[Event]:
        """The snapshot is over: what it did not name is lost, if the broker had time to settle."""
        self._snapshot = None
        events: list[Event] = []
        missing = self.registry.missing(snapshot.seen)
        begun_ns = snapshot.begun.mono_ns
        written_before_ns = begun_ns - self._settle_ns
        settled = begun_ns - self._connected_mono_ns >= self._settle_ns
        if missing and snapshot.complete and settled:
            reason = "the broker does not know the order, after it answered every query"
            events += [
                OrderLost(now.wall_ns, intent.order.account, intent.intent_id, reason)
                for intent in missing
                if intent.written is None or intent.written.mono_ns < written_before_ns
            ]
        elif missing:
            self._next_snapshot_mono_ns = (
                max(now.mono_ns, self._connected_mono_ns) + self._settle_ns
            )
        if snapshot.complete and settled:
            events += self.registry.modifies.settled(snapshot, written_before_ns, now.wall_ns)
        self._applied(events)
        if not self.synchronised:
            self.synchronised, self.problem = True, ""
            accounts = tuple(self.broker.accounts)
            events.append(ConnectionUp(now.wall_ns, self._version, accounts))
        return events

    def _applied(self, events: list[Event]) -> list[Event]:
        for event in events:
            self.apply(event)
        return events
