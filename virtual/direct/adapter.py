"""The gateway's side: one login at a `DirectExchange`, behind the broker port."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.clock import Now
from tapewire.common.events import ORDER_TYPES, InstrumentDescribed, Oca, SubmitOrder, Tick
from tapewire.common.instruments import Instrument
from tapewire.common.runtime.metrics import Histogram
from tapewire.common.ticks.rows import Row
from tapewire.gateway import broker
from tapewire.gateway.broker import (
    CLOSED,
    DATA,
    OPENED,
    BrokerEvent,
    Released,
    Verdict,
)
from tapewire.gateway.market_feed import FeedNews, TicksAlone
from tapewire.gateway.outbox import Outbox, nothing_goes
from tapewire.gateway.query_port import Found, QueryPort, Refused
from tapewire.gateway.tws.order_lists import OrderLists
from tapewire.gateway.tws.pulse import Pulse
from tapewire.simulator.exchange.contracts import ContractQuery, LegQuery
from tapewire.simulator.protocol.requests import CancelOrder, PlaceOrder
from tapewire.virtual.direct import reports
from tapewire.virtual.direct.queries import DirectQueries
from tapewire.virtual.direct.reports import Report, Request
from tapewire.virtual.direct.ticks import Line, Shown

VERSION: Final = 1  # of the interface between adapter and exchange
ORDER_LISTS: Final[frozenset[broker.Query]] = frozenset({"open_orders", "all_orders"})
OCA_TYPES: Final[dict[Oca, int]] = {"": 0, "cancel": 1, "reduce": 2}


class DirectBroker(TicksAlone):
    """One login; satisfies `gateway.broker.Broker`.

    `send` hands requests over to whatever carries them to the exchange. Its reports come through
    `arrived`; the frame `DATA` then has them read.
    """

    def __init__(
        self,
        instruments: Iterable[Instrument],
        *,
        client_id: int,
        send: Callable[[list[Request]], bool],
        rate_max_per_s: int = 0,
        probe_after_ms: int = 5_000,
        hang_up_after_ms: int = 10_000,
    ) -> None:
        self.client_id = str(client_id)
        self.messages = self.requests = 0
        self.accounts: Collection[str] = ()
        self._instruments = {one.symbol: one for one in instruments}
        self._send = send
        self._inbox: list[Report] = []
        self._is_connected = False
        self._is_up = False
        self._outbox: Outbox[Request] = Outbox(rate_max_per_s)
        self.pulse = Pulse(probe_after_ms, hang_up_after_ms)
        self._order_lists = OrderLists()
        self._queries = DirectQueries(self._outbox.other, lambda: self._is_up)
        self.queries: QueryPort = self._queries
        self._next_order_id = 1
        self._lines: dict[str, Line] = {}
        self._touched: list[Line] = []  # those with ticks
        self._described: list[InstrumentDescribed] = []
        self._wanted: dict[str, bool] = {}  # with whether it is asked for
        self.watches_accounts = False
        """Whether values of accounts are asked for."""

    def __repr__(self) -> str:
        state = "up" if self._is_up else "down"
        return f"<DirectBroker, client {self.client_id}, {state}>"

    @property
    def waiting(self) -> int:
        """How many commands wait in the queue."""
        return len(self._outbox)

    @property
    def subscriptions(self) -> int:
        """How many market data subscriptions are open."""
        return len(self._lines)

    @property
    def waits(self) -> Mapping[str, Histogram]:
        """See `Broker.waits`."""
        return self._outbox.waits

    # ---- what comes in ---------------------------------------------------------------------------

    def arrived(self, items: list[Report]) -> None:
        """Reports reached this process; a frame of `DATA` follows."""
        self._inbox += items

    def take(self, frames: list[bytes], now: Now) -> list[BrokerEvent]:
        """See `Broker.take`."""
        if frames[0] == OPENED:
            self._is_connected = True
            self._outbox.pace.closed(now.mono_ns)
            self.pulse.received(now.mono_ns)
            self._outbox.forget_requests()
            self._outbox.request(reports.Login(int(self.client_id)))
            return [broker.SessionProgress("waiting for the exchange to answer the login")]
        if frames[0] == CLOSED:
            return [self.closed(frames[1].decode(errors="replace"))]
        if frames[0] != DATA:
            return []
        self.pulse.received(now.mono_ns)
        taken, self._inbox = self._inbox, []
        return list(self._events_of(taken, now))

    def overdue(self, now: Now) -> str:
        """See `Broker.overdue`."""
        return self.pulse.overdue(now.mono_ns)

    def held(self, now: Now) -> str:
        """See `Broker.held`."""
        return self.pulse.problem(now.mono_ns)

    def closed(self, reason: str) -> BrokerEvent:
        """See `Broker.closed`. Orders stay queued: the core withdraws them."""
        self._is_connected = self._is_up = self.watches_accounts = False
        self.pulse.closed()
        self._order_lists.closed()
        self._outbox.forget_requests()
        self._queries.closed()
        self._inbox = []
        self._wanted = dict.fromkeys(self._wanted, False)
        return broker.SessionLost(reason)

    def _events_of(self, items: list[Report], now: Now) -> Iterator[BrokerEvent]:
        for item in items:
            if isinstance(item, Row):
                if fault := self._apply(item, now.wall_ns):
                    yield broker.Complaint(fault)
            elif isinstance(item, reports.Time):
                self._outbox.pace.proved(now.mono_ns)
                self.pulse.answered()
            elif isinstance(item, broker.QueryComplete) and item.query in ORDER_LISTS:
                self._order_lists.ended()
                yield item
            elif isinstance(item, InstrumentDescribed):
                self._described.append(item)
            elif isinstance(item, Found | Refused):
                self._queries.arrived(item)
            elif isinstance(item, reports.Welcome):
                self._is_up, self.accounts = True, item.accounts
                self._next_order_id = max(self._next_order_id, item.next_order_id)
                yield broker.SessionReady(item.accounts, VERSION)
            else:
                yield item

    # ---- market data -----------------------------------------------------------------------------

    def _apply(self, row: Row, now_ns: int) -> str:
        """Make ticks of a row; why it is worth none, "" if it was read."""
        line, fault = self._lines[row.symbol], ""
        self.messages += 1
        was_taken = not line.ticks
        try:
            line.apply(row, now_ns)
        except ValueError as error:
            fault = f"the market of {row.symbol} has {error}"
        if was_taken and line.ticks:
            self._touched.append(line)
        return fault

    def reads(self, symbol: str) -> bool:
        """Whether the market of a symbol is asked for."""
        return symbol in self._lines

    def caught_up(self, symbol: str, count: int, bid: Shown, ask: Shown) -> None:
        """So many rows of a symbol went by, whose ticks are known; these are its sides now."""
        self.messages += count
        self._lines[symbol].caught_up(bid, ask)

    def probed(self, sent_ns: int, answered_ns: int) -> None:
        """The exchange was asked for its time, and has answered."""
        self._outbox.pace.asked(sent_ns)
        self._outbox.pace.proved(answered_ns)
        self.pulse.caught_up(answered_ns)

    def take_ticks(self) -> list[tuple[str, list[Tick]]]:
        """See `Broker.take_ticks`."""
        taken = [(line.symbol, line.ticks) for line in self._touched]
        for line in self._touched:
            line.ticks = []
        self._touched = []
        return taken

    def trades(self, symbol: str) -> bool:
        """See `Broker.trades`."""
        return symbol in self._instruments

    def want(self, symbol: str) -> bool:
        """See `Broker.want`."""
        if symbol not in self._instruments:
            return False
        self._wanted.setdefault(symbol, False)
        self._watch()
        return True

    def unwant(self, symbol: str) -> None:
        """See `Broker.unwant`."""
        if self._wanted.pop(symbol, False):
            self._outbox.request(reports.Unwatch(symbol))

    def reopen(self, symbol: str) -> None:
        """See `Broker.reopen`: a line to the exchange that is silent has nothing to carry."""

    def take_feed_news(self) -> list[FeedNews]:
        """See `Broker.take_feed_news`: the exchange refuses nobody."""
        return []

    def _watch(self) -> None:
        """Ask for the market of what is wanted and not asked for yet."""
        if not self._is_up:
            return
        for symbol, asked in self._wanted.items():
            if not asked:
                self._wanted[symbol] = True
                self._lines[symbol] = Line(self._instruments[symbol])
                self._outbox.market_data(reports.Watch(symbol))

    # ---- what goes out ---------------------------------------------------------------------------

    def start(self) -> None:
        """See `Broker.start`."""
        for symbol in self._instruments:
            self._outbox.request(reports.Describe((symbol,)))
        self.query_positions()

    def query_positions(self) -> bool:
        """See `Broker.query_positions`."""
        self._outbox.request(reports.WatchPositions())
        return False

    def list_account(self, name: str, account: str) -> bool:
        """See `Broker.list_account`."""
        return False

    def descriptions(self, now: Now) -> list[InstrumentDescribed]:
        """See `Broker.descriptions`."""
        taken, self._described = self._described, []
        return [replace(one, ts_ns=now.wall_ns) for one in taken]

    def query_accounts(self) -> None:
        """See `Broker.query_accounts`. Values that are watched are asked for in two messages, as
        TWS wants it: both count against the broker's limit."""
        if self.watches_accounts:
            self._outbox.request(reports.UnwatchAccounts())
        self.watches_accounts = True
        self._outbox.request(reports.WatchAccounts())

    def query_all_orders(self) -> bool:
        """See `Broker.query_all_orders`. A list that is missing is found out about as at TWS."""
        self.pulse.wanted |= self._order_lists.is_unanswered
        self._order_lists.asked("all_orders")
        self._outbox.request(reports.AskAllOrders())
        return False

    def query(self) -> None:
        """See `Broker.query`. TWS is asked in three messages, the last of which ends it."""
        self._order_lists.asked("open_orders")
        for _ in range(2):
            self._outbox.request(reports.Beside())
        self._outbox.request(reports.AskOrders())
        self._watch()

    def give_up_query(self) -> None:
        """See `Broker.give_up_query`: here each end says which list it is of."""
        self.pulse.wanted = True
        self._order_lists.give_up()

    def new_order_id(self) -> str:
        """See `Broker.new_order_id`; the adapter gives them, so a new order can be cancelled."""
        return str(self._next_order_id)

    def used_order_id(self, order_id: str) -> None:
        """See `Broker.used_order_id`."""
        self._next_order_id = max(self._next_order_id, int(order_id) + 1)

    def submit(
        self,
        order_id: str,
        order: SubmitOrder,
        parent_order_id: str = "",
        *,
        transmit: bool = True,
    ) -> None:
        """See `Broker.submit`."""
        placed = self._place(order_id, order, parent_order_id, transmit=transmit)
        closes = order.strategy == roles.RISK
        self._outbox.order(reports.Place(placed, "rejected"), order.intent_id, closes=closes)

    def join(self, name: str, intents: Sequence[str]) -> None:
        """See `Broker.join`."""
        self._outbox.join(name, intents)

    def modify(
        self, order_id: str, order: SubmitOrder, modify_id: str, parent_order_id: str = ""
    ) -> None:
        """See `Broker.modify`."""
        placed = self._place(order_id, order, parent_order_id)
        closes = order.strategy == roles.RISK
        self._outbox.order(reports.Place(placed, "modify_rejected"), modify_id, closes=closes)

    def cancel(self, order_id: str) -> None:
        """See `Broker.cancel`."""
        self._outbox.cancel(CancelOrder(int(order_id)))

    def cancel_all(self) -> None:
        """See `Broker.cancel_all`."""
        self._outbox.cancel_everything(reports.CancelEverything())

    def withdraw(self, name: str | None = None) -> list[str]:
        """See `Broker.withdraw`."""
        return self._outbox.withdraw(name)

    def release(self, now: Now, verdict: Callable[[str], Verdict]) -> Released:
        """See `Broker.release`. Orders wait until the exchange has answered the login."""
        if not self._is_connected:
            return Released(b"", [])
        if self._is_up and self.pulse.in_doubt(now.mono_ns):
            self._outbox.hold(now.mono_ns, verdict)
            if not self.pulse.asked:
                self._send([self._question(now)])
            return Released(b"", [])
        asked = verdict if self._is_up else nothing_goes
        requests, names = self._outbox.release(now.mono_ns, asked)
        self.requests += len(requests)
        is_wanted = self._outbox.pace.wants_question(now.mono_ns, self.pulse.wanted)
        if self._is_up and is_wanted and not self.pulse.asked:
            requests.append(self._question(now))
        if requests:
            self._send(requests)
        return Released(b"", names)

    def _question(self, now: Now) -> Request:
        self.pulse.ask(now.mono_ns)
        self._outbox.pace.asked(now.mono_ns)
        return reports.AskTime()

    def what_if(self, order_id: str, order: SubmitOrder) -> None:
        """See `Broker.what_if`."""
        asked = replace(self._place(order_id, order, ""), what_if=True)
        self._outbox.request(reports.Place(asked, "rejected"))
        self.used_order_id(order_id)

    def _contract(self, order: SubmitOrder) -> ContractQuery:
        first = self._instruments[order.legs[0].symbol if order.legs else order.symbol]
        legs = tuple(LegQuery(0, leg.ratio, leg.side, "", leg.symbol) for leg in order.legs)
        kind = "BAG" if legs else first.sec_type
        return ContractQuery(0, first.symbol, kind, first.exchange, first.currency, "", legs)

    def _place(
        self, order_id: str, order: SubmitOrder, parent_order_id: str, *, transmit: bool = True
    ) -> PlaceOrder:
        terms = order.terms
        kind = ORDER_TYPES.get(terms.type)
        prices = {kind.fields[name]: p for name, p in terms.prices.items()} if kind else {}
        return PlaceOrder(
            order_id=int(order_id),
            contract=self._contract(order),
            side=terms.side,
            quantity=terms.quantity,
            order_type=terms.type,
            limit=prices.get("lmtPrice"),
            aux=prices.get("auxPrice"),
            trail_stop=prices.get("trailStopPrice"),
            trail_percent=prices.get("trailingPercent"),
            limit_offset=prices.get("lmtPriceOffset"),
            good_till_ns=terms.good_till_ns,
            tif=terms.time_in_force,
            account=order.account,
            order_ref=order.intent_id,
            transmit=transmit,
            parent_id=int(parent_order_id or 0),
            oca_group=terms.group if terms.oca else "",
            oca_type=OCA_TYPES[terms.oca],
            outside_rth=terms.outside_hours,
            what_if=False,
        )
