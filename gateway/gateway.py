"""The gateway's core: TWS's session, market data and orders in one, without a socket.

Bytes and requests come in; events to be journaled, answers and bytes for TWS go out. Bytes are
only handed over by `release`, which the shell calls when the events are on disk.
"""

from collections.abc import Iterable
from typing import Final

from tapewire.common.events import (
    CancelAll,
    CancelOrder,
    ConnectionLost,
    ConnectionUp,
    Event,
    Fill,
    FlattenCompleted,
    FlattenStarted,
    Heartbeat,
    ModifyOrder,
    OrderAnswer,
    OrderLost,
    ProcessState,
    RiskHalted,
    RiskResumed,
    SubmitOrder,
    Tick,
)
from tapewire.common.instruments import Instrument
from tapewire.gateway.orders import login as account
from tapewire.gateway.orders.admission import Gate
from tapewire.gateway.orders.entry import OrderDesk
from tapewire.gateway.orders.holdings import Holdings
from tapewire.gateway.orders.intent import Intent
from tapewire.gateway.orders.registry import Orders
from tapewire.gateway.orders.snapshot import Snapshot
from tapewire.gateway.tws import errors
from tapewire.gateway.tws import messages as tws
from tapewire.gateway.tws.contracts import Contracts
from tapewire.gateway.tws.lines import Lines
from tapewire.gateway.tws.market_data import MarketData
from tapewire.gateway.tws.pacing import Outbox
from tapewire.gateway.tws.session import TwsSession

DETAILS_REQUEST_ID: Final = 900_000_000
EXECUTIONS_REQUEST_ID: Final = 899_999_999
EXECUTIONS_LATE_NS: Final = 1_000_000_000
PROOF_LATE_NS: Final = 3_000_000_000  # the group's simulator answers within milliseconds


class Gateway:
    """One TWS login. `reduce_only` makes it the way out: risk's door, no market data.

    `settle_ms` is how long TWS has to read what an earlier connection left in its socket before
    an order it does not name counts as lost. A login whose accounts `mode` and `live_account` do
    not allow (see `tapewire.gateway.orders.login`) is never traded on, and nothing of it is cancelled.
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        *,
        client_id: int,
        rate_max_per_s: int = 50,
        lease_ms: int = 3000,
        settle_ms: int = 2000,
        reduce_only: bool = False,
        mode: account.Mode = "paper",
        live_account: str | None = None,
    ) -> None:
        self.market = MarketData()
        self.session = TwsSession(
            client_id, self.market, lambda accounts: account.refusal(accounts, mode, live_account)
        )
        self.orders = Orders(client_id)
        self.contracts = Contracts(instruments)
        self.gate = Gate(lease_ms, reduce_only=reduce_only)
        self.outbox = Outbox(rate_max_per_s)
        self.lines = Lines(self.session, self.market, self.contracts, self.outbox)
        self.holdings = Holdings()
        self.desk = OrderDesk(
            self.orders, self.outbox, self.gate, self.holdings, self.session, self.contracts,
            blocked=lambda: "" if self.synchronised else self.problem, apply=self._applied,
        )  # fmt: skip
        self.synchronised = False
        self.problem = "not connected to TWS yet"
        self.complaints: list[tuple[str, bytes]] = []
        self._snapshot: Snapshot | None = None
        self._cut_off = False  # TWS lost its own server: what it says now is worth nothing
        self._connected_ns = 0
        self._settle_ns = settle_ms * 1_000_000
        self._greeting = b""
        self._stranger = ""  # why the last peer was not taken for the group's simulator
        self._orders_listed = False  # on this connection
        self._last_word = ""  # why TWS is about to close, in its own words
        self._next_snapshot_ns: int | None = None
        self._last_snapshot_ns = 0

    def __repr__(self) -> str:
        return f"<Gateway {self.session!r}, {len(self.orders.intents)} intents>"

    # ---- state -------------------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Take in an event of the own journal."""
        if isinstance(event, Fill):
            self.holdings.apply(event, self.orders.counted(event.exec_id))
        else:
            self.holdings.apply(event)
        self.orders.apply(event)

    def restarted(self, now_ns: int) -> list[Event]:
        """After the journal was read: what was under way when this process died."""
        return self._applied(
            self.orders.unanswered(now_ns, "the gateway restarted before TWS's answer was read")
        )

    def on_risk(self, event: Event) -> None:
        """Risk's heartbeats, which are the lease, and its decisions.

        Only `risk.resumed` lifts a halt here: a heartbeat may be older than the halt.
        """
        if isinstance(event, Heartbeat):
            self.gate.beat = event
        elif isinstance(event, RiskHalted):
            self.gate.halted = True
        elif isinstance(event, RiskResumed):
            self.gate.halted = False
        elif isinstance(event, FlattenStarted | FlattenCompleted):
            self.gate.flattening = isinstance(event, FlattenStarted)

    def readiness(self) -> tuple[ProcessState, str]:
        """READY once TWS is connected and all that it knows of orders is known here."""
        return ("READY", "") if self.synchronised else ("WAITING", self.problem)

    @property
    def orders_reported(self) -> bool:
        """Whether TWS has listed its open orders on the present connection."""
        return self.synchronised and self._orders_listed

    # ---- the connection ----------------------------------------------------------------------

    def opened(self, now_ns: int, nonce: str = "", peer: str = "") -> None:
        """The socket to TWS is connected; with a `nonce` it must be the simulator at `peer`."""
        self._connected_ns = now_ns
        self._greeting = self.session.opened(nonce, peer)
        waiting = "waiting for TWS to answer the handshake"
        self.problem = (nonce and self._stranger) or waiting  # tried again, it may be the same one

    def overdue(self, now_ns: int) -> str:
        """Why to hang up: a peer that must be the group's simulator does not prove it in time."""
        if not self.session.unproven or now_ns - self._connected_ns <= PROOF_LATE_NS:
            return ""
        return f"it did not answer with its nonce within {PROOF_LATE_NS // 1_000_000_000} s"

    def closed(self, now_ns: int, reason: str) -> list[Event]:
        """The socket is gone: queued orders never went, sent ones may be anywhere."""
        never_sent = "the connection to TWS was lost before it was sent"
        events = self.desk.unsent(self.outbox.clear(), never_sent, now_ns)
        was_up, self.synchronised = self.synchronised, False
        self._snapshot, self._next_snapshot_ns, self._greeting = None, None, b""
        self._cut_off = False
        self.holdings.forget_question()
        self.lines.closed()
        self.orders.changes.disconnected()
        self.problem, self._last_word = self._last_word or reason, ""
        if self.session.unproven:
            self.problem = self.session.no_proof(reason)
        self._stranger = self.problem if self.session.unproven else ""
        self._orders_listed = False
        self.session.closed()
        self._applied(events)
        events += self._applied(self.orders.unanswered(now_ns, "the connection to TWS was lost"))
        if was_up:
            events.append(ConnectionLost(now_ns, reason))
        return events

    def received(self, data: bytes, now_ns: int) -> list[Event]:
        """Bytes of TWS. Raises `SessionError` or `FramingError`: the shell then closes."""
        events: list[Event] = []
        for message in self.session.received(data, now_ns):
            try:
                events += self._on_message(message, now_ns)
            except Exception as error:  # noqa: BLE001 - it must not take with it what is applied already
                self.complaints.append((f"{message!r:.300} raised {error!r:.200}", b""))
        return events

    def ticks(self) -> list[tuple[str, list[Tick]]]:
        """Ticks since the last call, by symbol."""
        return self.market.take()

    def want(self, symbol: str) -> bool:
        """Somebody reads `symbol`: open its market data line. False if it is not configured."""
        return self.lines.want(symbol)

    def tick(self, now_ns: int) -> list[Event]:
        """Timed work: a snapshot that is due, or one that will not end."""
        events: list[Event] = []
        if self._cut_off:
            return events
        snapshot = self._snapshot
        if snapshot is not None and (snapshot.complete or snapshot.timed_out(now_ns)):
            events += self._conclude(snapshot, now_ns)
        self._ask_about_changes()
        if (
            self._next_snapshot_ns is not None
            and now_ns >= self._next_snapshot_ns
            and self._snapshot is None
            and self.session.state == "UP"
        ):
            self._begin_snapshot(now_ns)
        return events

    # ---- requests ----------------------------------------------------------------------------

    def submit(self, order: SubmitOrder, now_ns: int) -> tuple[OrderAnswer, list[Event]]:
        """Take an order once: a repeated intent gets the answer that it got first."""
        return self.desk.submit(order, now_ns)

    def modify(self, change: ModifyOrder, now_ns: int) -> tuple[OrderAnswer, list[Event]]:
        """Take new terms for an order once: a repeated change gets the answer that it got first."""
        return self.desk.modify(change, now_ns)

    def cancel(self, command: CancelOrder, now_ns: int) -> tuple[OrderAnswer, list[Event]]:
        """Ask TWS to cancel an order; what became of it comes as an event."""
        return self.desk.cancel(command, now_ns)

    def cancel_all(self, command: CancelAll, now_ns: int) -> tuple[OrderAnswer, list[Event]]:
        """Ask TWS to cancel every order of the account; none that waits here goes any more."""
        return self.desk.cancel_all(now_ns)

    def release(self, now_ns: int) -> tuple[bytes, list[Intent], list[Event]]:
        """The bytes that may be written to TWS at this moment; admission is asked once more.

        Gives with them the intents whose orders are among them, and refusals to be journaled.
        """
        if self._greeting:
            greeting, self._greeting = self._greeting, b""
            return greeting, [], []
        return self.desk.release(now_ns)

    # ---- inside ------------------------------------------------------------------------------

    def _applied(self, events: list[Event]) -> list[Event]:
        for event in events:
            self.apply(event)
        return events

    def _on_message(self, message: tws.TwsMessage, now_ns: int) -> list[Event]:
        if self._snapshot is not None:
            self._snapshot.note(message)
        self._orders_listed |= isinstance(message, tws.OpenOrdersEnd) and not self._cut_off
        if isinstance(message, tws.IdentityAsked):
            self.outbox.request(self.session.encode.identify())
        elif isinstance(message, tws.SessionStarted):
            self.outbox.request(self.session.encode.start_api())
            self.problem = "waiting for TWS to start the API"
        elif isinstance(message, tws.NextValidId | tws.ManagedAccounts):
            if self.session.refusal:
                self.synchronised, self._snapshot = False, None
                self.problem = self.session.refusal
            starting = self._snapshot is None and not self.synchronised and not self._cut_off
            if self.session.state == "UP" and starting:
                self._start(now_ns)
        elif isinstance(message, tws.PositionReported):
            symbol = self.contracts.symbol_of(message)
            return self._applied(
                self.holdings.told(symbol, message.quantity, message.average_cost, now_ns)
            )
        elif isinstance(message, tws.PositionsEnd):
            return self._applied(self.holdings.all_told(now_ns))
        elif isinstance(message, tws.ContractFound):
            self.contracts.found(message)
        elif isinstance(message, tws.Undecodable):
            text = f"TWS sent what cannot be read: {message.reason}"
            self.complaints.append((text, message.payload))
        elif isinstance(message, tws.TwsError):
            self._on_notice(message, now_ns)
        elif isinstance(message, tws.OrderStatus):
            self._check_executions(message, now_ns)
        symbol = self.contracts.symbol_of(message) if isinstance(message, tws.Execution) else ""
        return self._applied(self.orders.on_tws(message, now_ns, symbol))

    def _on_notice(self, message: tws.TwsError, now_ns: int) -> None:
        if message.code == errors.CLIENT_ID_IN_USE:
            self._last_word = (
                f"TWS says that client id {self.session.client_id} is in use (326); trying again,"
                " it can stay taken for a while after a crash"
            )
        elif message.code in errors.CONNECTIVITY_LOST:
            self.synchronised, self.problem = False, f"TWS lost its server: {message.text}"
            self._cut_off, self._snapshot, self._next_snapshot_ns = True, None, None
            self._orders_listed = False
            self.orders.changes.disconnected()
        elif message.code in errors.CONNECTIVITY_RESTORED:
            if message.code == errors.DATA_LOST:
                self.market.close_all()
                self.lines.closed()
            self._cut_off = False
            self._connected_ns = now_ns  # it reads its server's orders anew: let that settle
            if self.session.state == "UP":
                self._start(now_ns)
        elif not (errors.is_notice(message.code) or self.orders.knows(message.request_id)):
            subject = self.contracts.about(message.request_id) or self.market.about(
                message.request_id
            )
            text = f"TWS error {message.code} on {subject or message.request_id}: {message.text}"
            self.complaints.append((text, b""))

    def _check_executions(self, message: tws.OrderStatus, now_ns: int) -> None:
        """Executions are the truth: ask for them where TWS reports more filled than they show."""
        intent = self.orders.by_order_id(message.order_id, message.client_id)
        if intent is not None and message.filled > intent.filled and not self._next_snapshot_ns:
            self._next_snapshot_ns = now_ns + EXECUTIONS_LATE_NS

    def _start(self, now_ns: int) -> None:
        """Ask for all that is needed before trading, then for market data."""
        self.problem = "waiting for TWS to tell its orders and executions"
        self.holdings.asked()
        encode = self.session.encode
        for n, symbol in enumerate(self.contracts.instruments):
            if symbol in self.contracts.unresolved():
                request_id = DETAILS_REQUEST_ID + n  # each symbol's own: a late answer finds it
                self.contracts.asked(request_id, symbol)
                contract = self.contracts.contract(symbol)
                self.outbox.request(encode.contract_details(request_id, contract))
        self.outbox.request(encode.positions())
        self._begin_snapshot(now_ns)
        self.lines.subscribe()

    def _begin_snapshot(self, now_ns: int) -> None:
        self._snapshot, self._next_snapshot_ns = Snapshot(now_ns), None
        self._last_snapshot_ns = now_ns
        encode = self.session.encode
        for request in (
            encode.open_orders(),
            encode.executions(EXECUTIONS_REQUEST_ID),
            encode.completed_orders(),
        ):
            self.outbox.request(request)

    def _ask_about_changes(self) -> None:
        """A change whose answer is late: TWS is asked for the order's terms, once it settled."""
        oldest_ns = self.orders.changes.oldest_ns()
        if oldest_ns is None or not self.synchronised or self._snapshot is not None:
            return
        since_ns = max(oldest_ns, self._last_snapshot_ns, self._connected_ns)
        due_ns = since_ns + self._settle_ns + 1
        self._next_snapshot_ns = min(self._next_snapshot_ns or due_ns, due_ns)

    def _conclude(self, snapshot: Snapshot, now_ns: int) -> list[Event]:
        """The snapshot is over: what it did not name is lost, if TWS had time to settle."""
        self._snapshot = None
        events: list[Event] = []
        missing = self.orders.missing(snapshot.seen)
        settled = snapshot.begun_ns - self._connected_ns >= self._settle_ns
        if missing and snapshot.complete and settled:
            events += [
                OrderLost(now_ns, i.order.intent_id, "TWS knows no such order after all was asked")
                for i in missing
                if i.sent_ns is None or i.sent_ns < snapshot.begun_ns - self._settle_ns
            ]
        elif missing:
            self._next_snapshot_ns = max(now_ns, self._connected_ns) + self._settle_ns
        if snapshot.complete and settled:
            sent_before_ns = snapshot.begun_ns - self._settle_ns
            events += self.orders.changes.settled(snapshot, sent_before_ns, now_ns)
        self._applied(events)
        if not self.synchronised:
            self.synchronised, self.problem = True, ""
            events.append(ConnectionUp(now_ns, self.session.server_version))
        return events
