"""The simulated TWS: bytes and time in, bytes out. It opens no socket and reads no clock."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tapewire.common.amounts import text
from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.simulator import audit
from tapewire.simulator.exchange.account import Books
from tapewire.simulator.exchange.contracts import Contracts
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.order_handler import Desk
from tapewire.simulator.market.feed import Feed, Limits
from tapewire.simulator.market.replay_clock import Clockwork
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol import requests as ask
from tapewire.simulator.protocol.decoders import decode
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.pacing import Pace
from tapewire.simulator.protocol.session import Session, State
from tapewire.simulator.reports import Reports
from tapewire.simulator.settings import SimulatorSettings

FARMS = (
    (2104, "Market data farm connection is OK:simfarm"),
    (2106, "HMDS data farm connection is OK:simhmds"),
    (2158, "Sec-def data farm connection is OK:simsecdef"),
)


class TwsServer:
    """One TWS and its exchange. The caller owns sockets and time.

    Call `connected`, `received` and `closed` for what the sockets do and `tick` when
    `next_due_ns` says so; after each, send `take_output` and then close `take_closing`.
    `unsent_bytes` is the caller's to keep: how much output its sockets have not taken yet.
    At speed 0 the market waits while that is above `settings.unsent_max_bytes`.
    """

    def __init__(
        self,
        settings: SimulatorSettings,
        instruments: Sequence[Instrument],
        market: Iterator[Row],
    ) -> None:
        self.settings = settings
        self.unsent_bytes = 0
        self._contracts = Contracts(instruments)
        known = self._contracts.by_symbol
        self._outbox = Outbox()
        self._clockwork = Clockwork(settings, market)
        self._exchange = Exchange(known.values(), settings.first_perm_id)
        self._books = Books(known.values(), settings.cash)
        limits = Limits(settings.lines_max, settings.tick_by_tick_max)
        self._feed = Feed(self._contracts, self._outbox, limits)
        self._reports = Reports(
            settings, self._contracts, self._exchange, self._books, self._outbox
        )
        self._sessions: dict[int, Session] = {}
        self._serving: dict[int, Session] = {}  # by client id
        self._pace: dict[int, Pace] = {}
        self._desk = Desk(
            settings=settings,
            contracts=self._contracts,
            exchange=self._exchange,
            books=self._books,
            outbox=self._outbox,
            session_of=self._serving.get,
            filled=self._reports.filled,
        )
        self._handlers = self._make_handlers()
        self._rows = 0
        self._connections = 0

    @property
    def counters(self) -> dict[str, int]:
        """Totals since the start; `messages_sent` counts ticks (messages 1, 2 and 99) alone."""
        return {
            "messages_sent": self._feed.sent,
            "rows": self._rows,
            "connections": self._connections,
            "clients": len(self._serving),
            "orders": len(self._exchange.orders),
            "executions": len(self._desk.executions),
        }

    @property
    def market_over(self) -> bool:
        """The market has nothing more to say, now or ever."""
        return self._clockwork.is_over

    def connected(self, conn: int, now_ns: int) -> None:
        """A client has connected; `conn` is any number that no open connection has."""
        self._outbox.now_ns = now_ns
        self._outbox.open(conn)
        session = Session(conn, self.settings.server_version_max)
        self._sessions[conn] = session
        self._connections += 1
        if self.settings.rate_max_per_s:
            self._pace[conn] = Pace(self.settings.rate_max_per_s)
        self._note(audit.connection(now_ns, "opened", session))

    def received(self, conn: int, data: bytes, now_ns: int) -> None:
        """Bytes came in; whatever they are, other connections do not feel it."""
        session = self._sessions.get(conn)
        if session is None or session.is_closed:
            return
        self._outbox.now_ns = now_ns
        was = session.state
        requests = session.received(data)
        if was is State.HANDSHAKE and session.state is State.GREETED:
            self._greet(session)
        for fields in requests:
            if not session.is_closed:
                self._request(session, fields)
        if session.close_reason:
            self._outbox.close(session, session.close_reason)
            self._feed.forget(conn)  # or its output would never come to an end
            self._reports.forget(conn)

    def closed(self, conn: int, now_ns: int) -> None:
        """The connection is gone. Its orders stay."""
        session = self._sessions.pop(conn, None)
        if session is None:
            return
        self._outbox.now_ns = now_ns
        if self._serving.get(session.client_id) is session:
            del self._serving[session.client_id]
        self._pace.pop(conn, None)
        self._feed.forget(conn)
        self._reports.forget(conn)
        self._outbox.drop(conn)
        session.close("closed by the client")
        self._note(audit.connection(now_ns, "closed", session))

    def tick(self, now_ns: int) -> None:
        """Feed the market rows that are due, at most `settings.rows_max_per_tick` of them."""
        if self._is_held():
            return
        self._outbox.now_ns = now_ns
        before = self._feed.sent
        books, feed, exchange = self._exchange.books, self._feed, self._exchange
        for row in self._clockwork.take(now_ns, self.settings.rows_max_per_tick):
            self._rows += 1
            if row.symbol not in books:
                continue  # a file may hold more symbols than were asked for
            feed.apply(row, now_ns)
            executions = exchange.quote(row, now_ns)
            if executions:
                self._desk.report(executions)
        if sent := feed.sent - before:
            self._note(audit.market_data(now_ns, sent, feed.sent))

    def next_due_ns(self) -> int | None:
        """When `tick` has something to do; None: not before some input, or never."""
        return None if self._is_held() else self._clockwork.due_ns()

    def take_output(self) -> list[tuple[int, bytes]]:
        """What is to be sent since the last call: (conn, bytes)."""
        return self._outbox.take()

    def take_closing(self) -> list[int]:
        """Connections to close once their output is out."""
        return self._outbox.take_closing()

    def take_audit(self) -> list[audit.Line]:
        """Audit lines since the last call."""
        return self._outbox.take_audit()

    def books(self) -> dict[str, Any]:
        """The broker's truth, JSON-able: money and quantities as decimal text."""
        held = self._books.held()
        orders = list(self._exchange.orders.values())
        return {
            "positions": {one.instrument.symbol: text(one.quantity) for one in held},
            "average_price": {one.instrument.symbol: text(one.average_price) for one in held},
            "realised": {one.instrument.symbol: text(one.realised) for one in held},
            "commissions": {one.instrument.symbol: text(one.commission) for one in held},
            "cash": text(self._books.cash),
            "orders": len(orders),
            "orders_open": sum(one.is_open for one in orders),
            "orders_by_ref": _count_by_ref([one.order_ref for one in orders]),
            "executions": len(self._desk.executions),
            "exec_ids": [one.exec_id for one, _ in self._desk.executions],
            "messages_sent": self._feed.sent,
        }

    def _is_held(self) -> bool:
        return not self.settings.speed and self.unsent_bytes > self.settings.unsent_max_bytes

    def _greet(self, session: Session) -> None:
        stamp = messages.clock_text(self._outbox.now_ns)
        self._outbox.send(session, [str(session.version), stamp])

    def _request(self, session: Session, fields: list[str]) -> None:
        now_ns = self._outbox.now_ns
        self._note(audit.message(now_ns, "message_in", session, fields))
        if not self._within_pace(session):
            return
        try:
            request = decode(fields, session.version)
        except ask.BadRequest as bad:
            if session.state is State.SERVING:
                self._outbox.error(session, bad.code, bad.text, bad.req_id)
            return
        if isinstance(request, ask.StartApi):
            self._start(session, request)
        elif isinstance(request, ask.Identify):
            self._identify(session)
        elif session.state is State.SERVING:
            self._handlers[type(request)](session, request)

    def _identify(self, session: Session) -> None:
        """As a TWS, which knows no such request, nobody is answered before `startApi`."""
        if self.settings.nonce:
            self._outbox.send(session, messages.identity(self.settings.nonce))

    def _start(self, session: Session, request: ask.StartApi) -> None:
        if session.state is not State.GREETED:
            return
        if request.client_id in self._serving:
            text = "Unable to connect as the client id is already in use. "
            text += "Retry with a unique client id."
            self._outbox.error(session, 326, text)
            session.close(f"client id {request.client_id} is in use")
            return
        session.started(request.client_id)
        self._serving[request.client_id] = session
        self._note(audit.connection(self._outbox.now_ns, "started", session))
        self._managed_accounts(session, request)
        self._next_ids(session, request)
        for code, notice in FARMS:
            self._outbox.error(session, code, notice)

    def _make_handlers(self) -> dict[type[ask.Request], Callable[[Session, Any], None]]:
        reports, desk, feed = self._reports, self._desk, self._feed
        return {
            ask.MarketData: self._market_data,
            ask.CancelMarketData: feed.unsubscribe,
            ask.TickByTick: self._tick_by_tick,
            ask.CancelTickByTick: feed.unstream,
            ask.PlaceOrder: desk.place,
            ask.CancelOrder: desk.cancel,
            ask.GlobalCancel: lambda _session, _request: desk.cancel_all(),
            ask.OpenOrders: reports.open_orders,
            ask.CompletedOrders: reports.completed_orders,
            ask.Executions: lambda session, request: reports.executions(session, request, desk),
            ask.AccountUpdates: reports.account_updates,
            ask.AccountUpdatesMulti: reports.account_updates_multi,
            ask.AccountSummary: reports.account_summary,
            ask.Positions: reports.positions,
            ask.CancelPositions: reports.cancel_positions,
            ask.NextIds: self._next_ids,
            ask.ManagedAccounts: self._managed_accounts,
            ask.CurrentTime: self._current_time,
            ask.ContractDetails: reports.contract_details,
            ask.MarketDataType: _nothing,
            ask.Ignored: _nothing,
        }

    def _market_data(self, session: Session, request: ask.MarketData) -> None:
        self._clockwork.start(self._outbox.now_ns)
        self._feed.subscribe(session, request)

    def _tick_by_tick(self, session: Session, request: ask.TickByTick) -> None:
        self._clockwork.start(self._outbox.now_ns)
        self._feed.stream(session, request)

    def _next_ids(self, session: Session, _request: ask.Request) -> None:
        order_id = self._desk.next_order_id(session.client_id)
        self._outbox.send(session, messages.next_valid_id(order_id))

    def _managed_accounts(self, session: Session, _request: ask.Request) -> None:
        self._outbox.send(session, messages.managed_accounts(self.settings.account))

    def _current_time(self, session: Session, _request: ask.CurrentTime) -> None:
        self._outbox.send(session, messages.current_time(self._outbox.now_ns))

    def _within_pace(self, session: Session) -> bool:
        """Count the request; one too many a second is answered, the third such ends it."""
        pace = self._pace.get(session.conn)
        if pace is None or not (text := pace.count(self._outbox.now_ns)):
            return True
        self._outbox.error(session, 100, text)
        if pace.is_exhausted:
            session.close("too many requests a second")
        return not pace.is_exhausted

    def _note(self, line: audit.Line) -> None:
        self._outbox.audit.append(line)


def _nothing(_session: Session, _request: ask.Request) -> None:
    """The request is accepted, which is all it asks for."""


def _count_by_ref(refs: list[str]) -> dict[str, int]:
    """How many broker orders each orderRef has: above 1 an intent was sent twice."""
    counts: dict[str, int] = {}
    for ref in refs:
        if ref:
            counts[ref] = counts.get(ref, 0) + 1
    return counts
