"""The TWS adapter: one TWS login behind the broker port, in bytes.

Bytes go in and come out as broker events; commands go in and come out as bytes, paced, and only
after the gateway's core was asked once more. No socket is opened here.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tapewire.common import roles
from tapewire.common.clock import Now
from tapewire.common.events import InstrumentDescribed, SubmitOrder
from tapewire.common.instruments import Instrument
from tapewire.common.runtime.metrics import Histogram
from tapewire.gateway import broker
from tapewire.gateway.broker import (
    CLOSED,
    DATA,
    OPENED,
    BrokerEvent,
    Released,
    Verdict,
)
from tapewire.gateway.outbox import Outbox
from tapewire.gateway.tws import messages as tws
from tapewire.gateway.tws.account_summary import AccountSummary
from tapewire.gateway.tws.attempt import Attempt
from tapewire.gateway.tws.contracts import Contracts
from tapewire.gateway.tws.describing import Describing
from tapewire.gateway.tws.error_messages import ErrorMessages
from tapewire.gateway.tws.line_limits import LineLimits
from tapewire.gateway.tws.lines import Lines
from tapewire.gateway.tws.market_data import MarketData
from tapewire.gateway.tws.market_port import MarketPort
from tapewire.gateway.tws.order_ids import EXECUTIONS_REQUEST_ID, PROPOSED_MAX, free_order_id
from tapewire.gateway.tws.order_lists import OrderLists
from tapewire.gateway.tws.placing import Placing
from tapewire.gateway.tws.pulse import Pulse
from tapewire.gateway.tws.queries import TwsQueries
from tapewire.gateway.tws.reconnect import Reconnect
from tapewire.gateway.tws.reports import (
    completed_report,
    execution_report,
    open_order_report,
    status_report,
)
from tapewire.gateway.tws.session import SessionError, TwsSession
from tapewire.gateway.tws.throttle import Throttle
from tapewire.gateway.tws.what_if import WhatIfOrders

Reader = Callable[[Any], Iterable[BrokerEvent]]
"""Reads one kind of message."""


class TwsBroker(MarketPort):
    """One TWS login; satisfies `gateway.broker.Broker`.

    With `closes_all` it learns the contract of whatever the login holds, and trades that as well.
    `refuses` says why a login's accounts must not be traded on, "" if they may be. `flushed` is
    whether the socket has taken all that was written. `limits`, `delayed` and `depth_rows` are
    about market data (see `gateway.tws.lines`).
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        *,
        client_id: int,
        rate_max_per_s: int = 50,
        probe_after_ms: int = 1000,
        hang_up_after_ms: int = 10_000,
        handshake_timeout_ms: int = 60_000,
        reconnect: Reconnect | None = None,
        limits: LineLimits | None = None,
        delayed: bool = True,
        depth_rows: int = 10,
        closes_all: bool = False,
        refuses: Callable[[tuple[str, ...]], str] = lambda _accounts: "",
    ) -> None:
        self.market = MarketData()
        self.session = TwsSession(client_id, self.market, refuses)
        self.reconnect = reconnect or Reconnect("", 500, 500)
        self.attempt = Attempt(self.session, self.reconnect, handshake_timeout_ms)
        self.contracts = Contracts(instruments)
        self.placing = Placing(self.session, self.contracts)
        self.what_ifs = WhatIfOrders(self.placing)
        self.outbox: Outbox[bytes] = Outbox(rate_max_per_s)
        self.account_summary = AccountSummary(self.session, self.outbox)
        self.describing = Describing(self.session, self.contracts, self.outbox)
        self.queries = TwsQueries(self.session, self.contracts, self.outbox)
        self.lines = Lines(
            self.session,
            self.market,
            self.contracts,
            self.outbox,
            limits,
            delayed=delayed,
            depth_rows=depth_rows,
        )
        self._order_ids: set[int] = set()
        self.throttle = Throttle(self.outbox, self.describing, self.account_summary, self.lines)
        self.errors = ErrorMessages(
            self.attempt, self.market, self.contracts, self.lines, self.describing,
            self.account_summary, self.what_ifs, self.queries, self.throttle, self._order_ids,
        )  # fmt: skip
        self.pulse = Pulse(probe_after_ms, hang_up_after_ms)
        self.flushed: Callable[[], bool] = lambda: True
        self._order_lists = OrderLists()
        self._order_id_max = 0
        self.requests = 0  # written, but for the questions of the pulse
        self._closes_all = closes_all
        self._readers = self._message_readers()

    def __repr__(self) -> str:
        return repr(self.session)

    @property
    def client_id(self) -> str:
        """See `Broker.client_id`."""
        return str(self.session.client_id)

    @property
    def accounts(self) -> Collection[str]:
        """The login's accounts."""
        return self.session.accounts

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return len(self.outbox)

    @property
    def waits(self) -> Mapping[str, Histogram]:
        """See `Broker.waits`."""
        return self.outbox.waits

    # ---- what comes in -------------------------------------------------------------------------

    def take(self, frames: list[bytes], now: Now) -> list[BrokerEvent]:
        """See `Broker.take`; the frames are those of `TwsSocket`."""
        if frames[0] == OPENED:
            return [self._opened(*(frame.decode() for frame in frames[1:]), now=now)]
        if frames[0] == CLOSED:
            return [self.closed(frames[1].decode(errors="replace"))]
        if frames[0] != DATA:
            return []
        self.pulse.received(now.mono_ns)
        was_up, events = self.session.state == "UP", list[BrokerEvent]()
        messages = self._messages(frames[1], now)
        self.pulse.answering(self.session.answer_bytes, now.mono_ns)
        for message in messages:
            if type(message) is tws.CurrentTime:
                self.outbox.pace.proved(now.mono_ns)
                self.pulse.answered()
                continue
            try:
                events += self._readers.get(type(message), self._session)(message)
            except Exception as error:  # noqa: BLE001 - it must not take with it what came before and after
                events.append(broker.Unreadable(f"{message!r:.300} raised {error!r:.200}"))
        if not was_up and self.session.state == "UP":
            self.attempt.logged_in(now)
        if self.errors.connectivity.is_back(self.market.messages, now.mono_ns):
            events.append(broker.ServerRestored())
        return events

    def _messages(self, data: bytes, now: Now) -> list[tws.TwsMessage]:
        """What came over the connection; a peer that cannot be spoken with is refused."""
        try:
            return self.session.received(data, now.wall_ns)
        except SessionError as error:
            self.attempt.refused(str(error))
            raise

    def overdue(self, now: Now) -> str:
        """See `Broker.overdue`: a login must come to its end, and afterwards TWS has to answer."""
        late = self.attempt.overdue(now) or self.pulse.overdue(now.mono_ns)
        return late or self.errors.connectivity.overdue(now.mono_ns)

    def held(self, now: Now) -> str:
        """See `Broker.held`."""
        return self.pulse.problem(now.mono_ns)

    def _opened(self, nonce: str = "", peer: str = "", *, now: Now) -> BrokerEvent:
        """Connected; with a `nonce` the peer must be the group's simulator."""
        self.outbox.pace.closed(now.mono_ns)
        self.pulse.received(now.mono_ns)
        return self.attempt.opened(nonce, peer, now)

    def closed(self, reason: str) -> BrokerEvent:
        """The connection is gone, whoever ended it. Orders stay queued: the core withdraws them,
        for it has to say of each that it never went."""
        self._order_lists.closed()
        self.what_ifs.closed()
        self.account_summary.closed()
        self.describing.closed()
        self.queries.closed()
        self.contracts.disconnected()
        self.lines.closed()
        self.outbox.forget_requests()
        self.pulse.closed()
        self.errors.closed()
        return self.attempt.ended(reason)

    def _message_readers(self) -> Mapping[type[tws.TwsMessage], Reader]:
        """What a message amounts to, by its kind; all that is not here is about the session."""
        return {
            tws.OpenOrder: lambda m: self._of_order(m, open_order_report(m, self.contracts)),
            tws.OrderStatus: lambda m: self._of_order(m, status_report(m)),
            tws.CompletedOrder: lambda m: self._of_order(m, completed_report(m)),
            tws.Execution: lambda m: (
                execution_report(m, self.contracts, self._account(m.account)),
            ),
            tws.CommissionReported: lambda m: (
                broker.CommissionReport(m.exec_id, m.amount, m.currency),
            ),
            tws.WhatIfEstimate: self.what_ifs.estimate,
            tws.PositionReported: self._position,
            tws.PositionsEnd: lambda _: (broker.PositionsComplete(),),
            tws.OpenOrdersEnd: lambda _: (self._order_lists.ended(),),
            tws.ExecutionsEnd: lambda _: (broker.QueryComplete("executions"),),
            tws.NextValidId: self._next_id,
            tws.CompletedOrdersEnd: lambda _: (broker.QueryComplete("completed_orders"),),
            tws.AccountValue: self.account_summary.events_of,
            tws.AccountSummaryEnd: self.account_summary.events_of,
            tws.TwsError: self.errors.read,
            **self.queries.readers(self.describing.found),
            tws.MarketRule: self.describing.ruled,
            tws.Undecodable: lambda m: (
                broker.Unreadable(f"TWS sent a message that cannot be read: {m.reason}", m.payload),
            ),
        }

    def _of_order(
        self, message: tws.OpenOrder | tws.OrderStatus | tws.CompletedOrder, report: BrokerEvent
    ) -> Iterable[BrokerEvent]:
        self.placing.reported(message)
        return (report,)

    def _position(self, message: tws.PositionReported) -> Iterator[BrokerEvent]:
        symbol = self.contracts.symbol_of(message)
        if self._closes_all and message.quantity:
            self.describing.holding(symbol, message.con_id)
        account = self._account(message.account)
        yield broker.PositionReport(account, symbol, message.quantity, message.average_cost)

    def _account(self, named: str) -> str:
        """The account that TWS names; where it names none, the login's, if it has only one."""
        return named or (next(iter(self.accounts)) if len(self.accounts) == 1 else "")

    def _next_id(self, message: tws.NextValidId) -> Iterator[BrokerEvent]:
        if message.order_id > max(PROPOSED_MAX, self._order_id_max + 1):
            yield broker.Complaint(
                f"TWS proposes order id {message.order_id}, which leaves hardly any to other"
                " orders; it is not taken: reset the API order ID sequence in TWS, or choose"
                " another tws.client_id, if TWS rejects orders with 103 now"
            )
        yield from self._session(message)

    def _session(self, message: tws.TwsMessage) -> Iterator[BrokerEvent]:
        if isinstance(message, tws.IdentityAsked):
            self.outbox.request(self.session.encode.identify())
        elif isinstance(message, tws.SessionStarted):
            self.outbox.request(self.session.encode.start_api())
            yield broker.SessionProgress("waiting for TWS to start the API")
        elif self.session.refusal:
            yield self.attempt.refused(self.session.refusal)
        elif self.session.state == "UP":
            yield broker.SessionReady(self.session.accounts, self.session.server_version)

    def trades(self, symbol: str) -> bool:
        """See `Broker.trades`."""
        return symbol in self.contracts.instruments or self.contracts.holds(symbol)

    # ---- what goes out -------------------------------------------------------------------------

    def start(self) -> None:
        """See `Broker.start`."""
        self.describing.start()
        self.query_positions()

    def descriptions(self, now: Now) -> list[InstrumentDescribed]:
        """See `Broker.descriptions`."""
        return self.describing.take(now)

    def query_positions(self) -> bool:
        """See `Broker.query_positions`."""
        self.outbox.request(self.session.encode.positions())
        return False

    def list_account(self, name: str, account: str) -> bool:
        """See `Broker.list_account`."""
        return False

    def query_accounts(self) -> None:
        """See `Broker.query_accounts`."""
        self.account_summary.ask()

    def query_all_orders(self) -> bool:
        """See `Broker.query_all_orders`. Where the last list has not come, TWS may not read."""
        self.pulse.wanted |= self._order_lists.is_unanswered
        self._order_lists.asked("all_orders")
        self.outbox.request(self.session.encode.all_open_orders())
        return False

    def query(self) -> None:
        """See `Broker.query`."""
        encode = self.session.encode
        self._order_lists.asked("open_orders")
        self.outbox.request(encode.all_open_orders())
        self.outbox.request(encode.executions(EXECUTIONS_REQUEST_ID))
        self.outbox.request(encode.completed_orders())
        self.lines.subscribe()  # behind the questions that trading waits for

    def give_up_query(self) -> None:
        """See `Broker.give_up_query`. A list may never end; whoever reads answers a question."""
        self.pulse.wanted = True
        self._order_lists.give_up()

    def new_order_id(self) -> str:
        """An id that this client never used, whatever TWS believes after its restart."""
        proposed = self.session.next_valid_id or 1
        if proposed > PROPOSED_MAX:
            proposed = 1
        return str(free_order_id(max(proposed, self._order_id_max + 1)))

    def used_order_id(self, order_id: str) -> None:
        """See `Broker.used_order_id`."""
        self._order_ids.add(int(order_id))
        self._order_id_max = max(self._order_id_max, int(order_id))

    def submit(
        self,
        order_id: str,
        order: SubmitOrder,
        parent_order_id: str = "",
        *,
        transmit: bool = True,
    ) -> None:
        """See `Broker.submit`."""
        placed = self.placing.new(order_id, order, parent_order_id, transmit=transmit)
        self.outbox.order(placed, order.intent_id, closes=order.strategy == roles.RISK)

    def what_if(self, order_id: str, order: SubmitOrder) -> None:
        """See `Broker.what_if`. TWS takes it for an order, so its id is used up."""
        self.outbox.request(self.what_ifs.ask(order_id, order))
        self._order_id_max = max(self._order_id_max, int(order_id))

    def join(self, name: str, intents: Sequence[str]) -> None:
        """See `Broker.join`."""
        self.outbox.join(name, intents)

    def modify(
        self, order_id: str, order: SubmitOrder, modify_id: str, parent_order_id: str = ""
    ) -> None:
        """See `Broker.modify`: TWS takes a modify as the order again, under its own id."""
        modified = self.placing.modified(order_id, order, parent_order_id)
        self.outbox.order(modified, modify_id, closes=order.strategy == roles.RISK)

    def cancel(self, order_id: str) -> None:
        """See `Broker.cancel`."""
        self.outbox.cancel(self.session.encode.cancel_order(int(order_id)))

    def cancel_all(self) -> None:
        """See `Broker.cancel_all`."""
        self.outbox.cancel_everything(self.session.encode.global_cancel())

    def withdraw(self, name: str | None = None) -> list[str]:
        """See `Broker.withdraw`."""
        return self.outbox.withdraw(name)

    def release(self, now: Now, verdict: Callable[[str], Verdict]) -> Released:
        """See `Broker.release`. The handshake's greeting goes alone: nothing may go before it.

        What the socket has not taken yet would lie in this process, past any recall. So nothing
        more is released before it is gone, and nothing at all to a login that is refused.
        """
        if greeting := self.attempt.take_greeting():
            return Released(greeting, [])
        if self.session.refusal or not self.flushed():
            self.outbox.hold(now.mono_ns, verdict)
            return Released(b"", [])
        is_up = self.session.state == "UP"
        if is_up:
            self.throttle.tick(now.mono_ns)
        self.lines.open_due(now.mono_ns)
        if is_up and self.pulse.in_doubt(now.mono_ns):
            self.outbox.hold(now.mono_ns, verdict)
            return Released(b"" if self.pulse.asked else self._question(now), [])
        requests, names = self.outbox.release(now.mono_ns, verdict)
        self.requests += len(requests)
        is_wanted = self.outbox.pace.wants_question(now.mono_ns, self.pulse.wanted)
        if is_up and is_wanted and not self.pulse.asked:
            requests.append(self._question(now))
        return Released(b"".join(requests), names)

    def _question(self, now: Now) -> bytes:
        """Ask for TWS's time: the answer shows that it has read all that was written before."""
        self.pulse.ask(now.mono_ns)
        self.outbox.pace.asked(now.mono_ns)
        return self.session.encode.current_time()
