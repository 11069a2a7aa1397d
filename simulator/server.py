"""The simulated TWS: takes bytes and time, returns bytes. It opens no socket, reads no clock."""

from collections.abc import Iterator, Sequence
from typing import Any

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.simulator import audit
from tapewire.simulator.account_reports import AccountReports
from tapewire.simulator.answers.compose import Sources, answers_from
from tapewire.simulator.answers.family import Answers, Handler
from tapewire.simulator.answers.profit import ProfitAnswers
from tapewire.simulator.answers.watchers import Watchers
from tapewire.simulator.exchange.contracts import Contracts
from tapewire.simulator.exchange.hours import Hours
from tapewire.simulator.exchange.keeping import BrokerState, instruments_of
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.order_handler import OrderHandler
from tapewire.simulator.faults.engine import Faults
from tapewire.simulator.faults.tws import Parts, Tws
from tapewire.simulator.faults.wiring import FaultyOutbox, FaultyReports
from tapewire.simulator.market.feed import Feed, Limits
from tapewire.simulator.market.history import history_of
from tapewire.simulator.market.open_market import OpenMarket
from tapewire.simulator.market.replay_clock import ReplayClock
from tapewire.simulator.order_requests import answering, order_handlers
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol import requests as ask
from tapewire.simulator.protocol.decoders import decode
from tapewire.simulator.protocol.order_reports import TwsOrderReports
from tapewire.simulator.protocol.pacing import Pace
from tapewire.simulator.protocol.session import Session, State
from tapewire.simulator.reports import Reports
from tapewire.simulator.settings import SimulatorSettings, accounts_of

FARMS = (
    (2104, "Market data farm connection is OK:simfarm"),
    (2106, "HMDS data farm connection is OK:simhmds"),
    (2158, "Sec-def data farm connection is OK:simsecdef"),
)


class TwsServer:
    """One TWS and its exchange. The caller owns sockets and time.

    Call `connected`, `received` and `closed` as the sockets demand, and `tick` at `next_due_ns`.
    After each call send `take_output`, then close the connections in `take_closing`. Set
    `unsent_bytes` to the output that the sockets have not accepted yet: at speed 0 the market
    waits while that is above `settings.unsent_max_bytes`.
    """

    def __init__(
        self,
        settings: SimulatorSettings,
        instruments: Sequence[Instrument],
        market: Iterator[Row],
    ) -> None:
        self.settings = settings
        self.unsent_bytes = 0
        self._contracts = Contracts(instruments, market if isinstance(market, OpenMarket) else None)
        listed = self._contracts.by_symbol.values()
        self._outbox = FaultyOutbox()
        self._clock = ReplayClock(settings, market)
        self._exchange = Exchange(listed, settings.first_perm_id, settings.models)
        self._accounts = accounts_of(settings, listed)
        limits = Limits(settings.lines_max, settings.tick_by_tick_max)
        self._history = history_of(market, self._clock, settings.speed)
        self._feed = Feed(self._contracts, self._outbox, limits, self._history, settings)
        hours = Hours(settings.opens, settings.closes)
        self._values = AccountReports(
            settings.currency, self._exchange, self._accounts, self._outbox
        )
        profit = ProfitAnswers(self._accounts, self._exchange, self._outbox)
        self._reports = Reports(
            self._contracts, self._exchange, self._accounts, self._outbox, self._values, hours,
            profit,
        )  # fmt: skip
        self._sessions: dict[int, Session] = {}
        self._serving: dict[int, Session] = {}  # by client id
        self._pace: dict[int, Pace] = {}
        self._order_handler = OrderHandler(
            first_order_id=settings.first_order_id,
            contracts=self._contracts,
            exchange=self._exchange,
            accounts=self._accounts,
            reports=FaultyReports(
                TwsOrderReports(self._outbox, self._serving.get, self._reports.filled),
                self._outbox,
            ),
            hours=hours,
            currency=settings.currency,
        )
        self._contracts.listeners += [
            self._exchange.add, self._accounts.add, self._feed.add, self._list_history,
        ]  # fmt: skip
        self._watchers = Watchers()
        self._answers = self._make_answers(hours, profit)
        self.faults = self._outbox.watcher = self._make_faults()
        self._handlers = {**self._make_handlers(), **self._answers.handlers}
        self._rows = 0
        self._connections = 0

    @property
    def counters(self) -> dict[str, int]:
        """Totals since the start; `messages_sent` counts only ticks (messages 1, 2, 21 and 99)."""
        return {
            "messages_sent": self._feed.sent,
            "rows": self._rows,
            "connections": self._connections,
            "clients": len(self._serving),
            "orders": len(self._exchange.orders),
            "executions": len(self._order_handler.executions),
        }

    def state(self, now_ns: int) -> BrokerState:
        """All that outlives this process: orders, executions, positions."""
        return self._order_handler.state(now_ns)

    def restore(self, state: BrokerState, now_ns: int) -> None:
        """Take back what an earlier run has kept; see `OrderHandler.restore`."""
        for instrument in instruments_of(state):
            self._contracts.resume(instrument)
        self._order_handler.restore(state, self._contracts.by_symbol, now_ns)

    @property
    def market_began_ns(self) -> int | None:
        """When somebody first asked for market data; None before that."""
        return self._clock.began_ns

    @property
    def market_over(self) -> bool:
        """Whether the market has ended."""
        return self._clock.is_over

    def connected(self, conn: int, now_ns: int) -> None:
        """A client connected; `conn` is a number that no other open connection has."""
        self._outbox.now_ns = now_ns
        self._outbox.open(conn)
        session = Session(conn, self.settings.server_version_max)
        self._sessions[conn] = session
        self._connections += 1
        if self.settings.rate_max_per_s:
            self._pace[conn] = Pace(self.settings.rate_max_per_s)
        self._note(audit.connection(now_ns, "opened", session))
        self.faults.opened(session)

    def received(self, conn: int, data: bytes, now_ns: int) -> None:
        """Bytes arrived. Whatever they are, they do not affect other connections."""
        session = self._sessions.get(conn)
        if session is None or session.is_closed:
            return
        self._outbox.now_ns = now_ns
        if self.faults.holds(conn, data):
            return
        was = session.state
        requests = session.received(data)
        if was is State.HANDSHAKE and session.state is State.GREETED:
            self._greet(session)
        for fields in requests:
            if not session.is_closed:
                self._request(session, fields)
        if session.close_reason:
            self._outbox.close(session, session.close_reason)
            self._forget(conn)  # otherwise its output would never end

    def closed(self, conn: int, now_ns: int) -> None:
        """The connection is closed. Its orders stay open."""
        session = self._sessions.get(conn)
        if session is None:
            return
        self._outbox.now_ns = now_ns
        if self.faults.holds_close(conn, session):
            return
        del self._sessions[conn]
        if self._serving.get(session.client_id) is session:
            del self._serving[session.client_id]
        self._pace.pop(conn, None)
        self._forget(conn)
        self._outbox.drop(conn)
        session.close("closed by the client")
        self._note(audit.connection(now_ns, "closed", session))

    def tick(self, now_ns: int) -> None:
        """Feed the market rows that are due, at most `settings.rows_max_per_tick` of them."""
        self._outbox.now_ns = now_ns
        self._pass_deadlines(now_ns)
        if not self._is_held():
            self._feed_rows(now_ns)
        self._values.pass_time()
        self._answers.pass_time(is_cut_off=self.faults.is_cut_off)
        self.faults.passed()

    def _pass_deadlines(self, now_ns: int) -> None:
        """What orders wait for, each after the rows that were due by then."""
        orders = self._order_handler
        while (due_ns := orders.due_ns()) is not None and due_ns <= now_ns:
            if not self._is_held():
                self._feed_rows(due_ns)
            orders.pass_time(due_ns)

    def _feed_rows(self, now_ns: int) -> None:
        before, rows = self._feed.sent, self._rows
        books, orders, take = self._exchange.books, self._order_handler, self._history.take
        is_cut_off = self.faults.is_cut_off
        apply = self._feed.keep if is_cut_off else self._feed.apply
        watched = () if is_cut_off else self._watchers.by_symbol
        for row in self._clock.take(now_ns, self.settings.rows_max_per_tick):
            self._rows += 1
            if row.symbol not in books:
                continue  # a file may have other symbols too
            take(row, now_ns)
            apply(row, now_ns)
            orders.apply(row, now_ns)
            if row.symbol in watched:
                self._watchers.show(row)
        if self._rows > rows:
            self._values.moved()
        if sent := self._feed.sent - before:
            self._note(audit.market_data(now_ns, sent, self._feed.sent))

    def finish(self, now_ns: int) -> None:
        """No row will follow; see `OrderHandler.finish`."""
        self._outbox.now_ns = now_ns
        self._order_handler.finish(now_ns)

    def next_due_ns(self) -> int | None:
        """When to call `tick` next; None: after the next input, or never."""
        market_ns = None if self._is_held() else self._clock.due_ns()
        due = (
            market_ns,
            self.faults.due_ns(),
            self._values.due_ns(),
            self._answers.due_ns(),
            self._order_handler.due_ns(),
        )
        return min((one for one in due if one is not None), default=None)

    def take_output(self) -> list[tuple[int, bytes]]:
        """The output since the last call: (conn, bytes)."""
        return self._outbox.take()

    def take_closing(self) -> list[int]:
        """Connections to close once their output is sent."""
        return self._outbox.take_closing()

    def is_reset(self, conn: int) -> bool:
        """Whether a connection of `take_closing` ends by a reset: send it nothing more."""
        session = self._sessions.get(conn)
        return session is not None and session.is_reset

    def take_audit(self) -> list[audit.Line]:
        """Audit lines since the last call."""
        return self._outbox.take_audit()

    def books(self) -> dict[str, Any]:
        """What the broker has, in JSON values: money and quantities as decimal text."""
        return {**self._order_handler.books(), "messages_sent": self._feed.sent}

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
        with answering(session, self._outbox):
            self._serve(session, decode(fields, session.version))
        self.faults.served()

    def _serve(self, session: Session, request: ask.Request) -> None:
        if isinstance(request, ask.StartApi):
            self._start(session, request)
        elif isinstance(request, ask.Identify):
            self._identify(session)
        elif session.state is State.SERVING and not self.faults.serves(session, request):
            self._handlers[type(request)](session, request)

    def _identify(self, session: Session) -> None:
        """Answer with the nonce. Without one this is silent, like a TWS before `startApi`."""
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

    def _make_answers(self, hours: Hours, profit: ProfitAnswers) -> Answers:
        sources = Sources(
            contracts=self._contracts,
            exchange=self._exchange,
            accounts=self._accounts,
            feed=self._feed,
            history=self._history,
            hours=hours,
            profit=profit,
            reports=self._reports,
            watchers=self._watchers,
            outbox=self._outbox,
        )
        return answers_from(sources, is_paced=bool(self.settings.rate_max_per_s))

    def _list_history(self, instrument: Instrument) -> None:
        self._history.add(instrument.symbol, self._outbox.now_ns)

    def _forget(self, conn: int) -> None:
        """End a connection's subscriptions."""
        self._reports.forget(conn)
        self._answers.forget(conn)

    def _make_faults(self) -> Faults:
        parts = Parts(
            outbox=self._outbox,
            contracts=self._contracts,
            exchange=self._exchange,
            accounts=self._accounts,
            feed=self._feed,
            orders=self._order_handler,
            reports=self._reports,
            answers=self._answers,
            serving=self._serving,
        )
        return Faults(Tws(parts), self, self.settings.fault_seed)

    def _make_handlers(self) -> dict[type[ask.Request], Handler]:
        reports, orders = self._reports, self._order_handler
        values = self._values
        return {
            **order_handlers(orders, self._outbox),
            ask.OpenOrders: reports.open_orders,
            ask.CompletedOrders: reports.completed_orders,
            ask.Executions: lambda session, request: reports.executions(session, request, orders),
            ask.AccountUpdates: values.updates,
            ask.AccountUpdatesMulti: values.updates_multi,
            ask.CancelAccountUpdatesMulti: values.cancel_multi,
            ask.AccountSummary: values.summary,
            ask.CancelAccountSummary: values.cancel_summary,
            ask.Positions: reports.positions,
            ask.CancelPositions: reports.cancel_positions,
            ask.NextIds: self._next_ids,
            ask.ManagedAccounts: self._managed_accounts,
            ask.CurrentTime: self._current_time,
            ask.ContractDetails: reports.contract_details,
            ask.OptionChains: reports.option_chains,
            ask.MarketRule: reports.market_rule,
            ask.Ignored: _nothing,
        }

    def _next_ids(self, session: Session, _request: ask.Request) -> None:
        order_id = self._order_handler.next_order_id(session.client_id)
        self._outbox.send(session, messages.next_valid_id(order_id))

    def _managed_accounts(self, session: Session, _request: ask.Request) -> None:
        accounts = ",".join(self.settings.accounts)
        self._outbox.send(session, messages.managed_accounts(accounts))

    def _current_time(self, session: Session, _request: ask.CurrentTime) -> None:
        self._outbox.send(session, messages.current_time(self._outbox.now_ns))

    def _within_pace(self, session: Session) -> bool:
        """Count the request. One above the limit gets an error; the third closes the connection."""
        pace = self._pace.get(session.conn)
        if pace is None or not (text := pace.count(self._outbox.now_ns)):
            return True
        self._outbox.error(session, 100, text)
        if pace.is_exhausted:
            session.close("too many requests per second")
        return not pace.is_exhausted

    def _note(self, line: audit.Line) -> None:
        self._outbox.audit.append(line)


def _nothing(_session: Session, _request: ask.Request) -> None:
    """Accept a request that has no answer."""
