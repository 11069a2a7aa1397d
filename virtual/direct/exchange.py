"""The exchange's side: one market, its books and its accounts, and the gateways attached to it.

It has the shape of the simulated TWS, for the world that carries what goes to and fro: the caller
owns connections and time, and hands over requests as objects where TWS gets bytes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from msgspec.structs import replace

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.gateway import broker
from tapewire.gateway.effects import Effect
from tapewire.gateway.tws.errors import order_error
from tapewire.simulator import audit
from tapewire.simulator.exchange.account import Mark
from tapewire.simulator.exchange.book import Book
from tapewire.simulator.exchange.contracts import Contracts
from tapewire.simulator.exchange.hours import Hours
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.order_handler import OrderHandler
from tapewire.simulator.exchange.reach import Reach, reaches
from tapewire.simulator.exchange.values import Refresh, account_values
from tapewire.simulator.market.history import History, KeepsHistory
from tapewire.simulator.market.replay_clock import ReplayClock
from tapewire.simulator.protocol.requests import BadRequest, CancelOrder, PlaceOrder
from tapewire.simulator.settings import SimulatorSettings, accounts_of
from tapewire.virtual.direct import reports
from tapewire.virtual.direct.clients import Client, Clients
from tapewire.virtual.direct.news import News
from tapewire.virtual.direct.order_reports import DirectOrderReports
from tapewire.virtual.direct.past import AskPast, PastAnswers
from tapewire.virtual.direct.reports import Report, Request


class DirectExchange:
    """The simulated exchange without TWS before it. See `TwsServer` for how it is to be called."""

    def __init__(
        self, settings: SimulatorSettings, instruments: Sequence[Instrument], market: Iterator[Row]
    ) -> None:
        self.settings = settings
        self._contracts = contracts = Contracts(instruments)
        self._hours = Hours(settings.opens, settings.closes)
        known = contracts.by_symbol
        self._clock = ReplayClock(settings, market)
        self._exchange = Exchange(known.values(), settings.first_perm_id, settings.models)
        self._accounts = accounts_of(settings, known.values())
        self._clients = Clients()
        self._refresh = Refresh()
        self._reports = DirectOrderReports(self._clients, self._accounts, self._refresh)
        self._orders = OrderHandler(
            first_order_id=settings.first_order_id,
            contracts=contracts,
            exchange=self._exchange,
            accounts=self._accounts,
            reports=self._reports,
            hours=self._hours,
            currency=settings.currency,
        )
        self.history: History | None = (
            market.history_on(self._clock) if isinstance(market, KeepsHistory) else None
        )
        self._readers: dict[str, list[Client]] = {symbol: [] for symbol in known}
        self._news = {symbol: News(one) for symbol, one in known.items()}
        self._rows = 0
        self._sent = 0
        self._connections = 0
        self._handlers = self._make_handlers()

    # ---- what the world calls --------------------------------------------------------------------

    @property
    def counters(self) -> dict[str, int]:
        """Totals since the start; `messages_sent` counts the rows that gateways were sent."""
        return {
            "messages_sent": self._sent,
            "rows": self._rows,
            "connections": self._connections,
            "clients": len(self._clients.serving),
            "orders": len(self._exchange.orders),
            "executions": len(self._orders.executions),
        }

    @property
    def market_began_ns(self) -> int | None:
        """When somebody first asked for market data; None before that."""
        return self._clock.began_ns

    @property
    def market_over(self) -> bool:
        """Whether the market has ended."""
        return self._clock.is_over

    def connected(self, conn: int, now_ns: int) -> None:
        """A gateway connected; `conn` is a number that no other open connection has."""
        self._reports.now_ns = now_ns
        self._clients.open(conn)
        self._connections += 1

    def received(self, conn: int, requests: Sequence[Request], now_ns: int) -> None:
        """Requests arrived, in order."""
        client = self._clients.connected.get(conn)
        if client is None:
            return
        self._reports.now_ns = now_ns
        for request in requests:
            self._handlers[type(request)](client, request)

    def closed(self, conn: int, now_ns: int) -> None:
        """The connection is closed. Its orders stay open."""
        client = self._clients.close(conn)
        if client is None:
            return
        self._reports.now_ns = now_ns
        for readers in self._readers.values():
            if client in readers:
                readers.remove(client)

    def tick(self, now_ns: int) -> None:
        """Hand out the rows that are due, and let orders meet them."""
        self._reports.now_ns = now_ns
        while (due_ns := self._orders.due_ns()) is not None and due_ns <= now_ns:
            self._feed_rows(due_ns)
            self._orders.pass_time(due_ns)
        self._feed_rows(now_ns)
        if self._refresh.take(now_ns):
            for client in self._clients.connected.values():
                if client.watches_accounts:
                    self._report_accounts(client)

    def _feed_rows(self, now_ns: int) -> None:
        before, readers_of, apply = self._rows, self._readers, self._orders.apply
        for row in self._clock.take(now_ns, self.settings.rows_max_per_tick):
            self._rows += 1
            readers = readers_of.get(row.symbol)
            if readers is None:
                continue  # a file may have other symbols too
            if self._news[row.symbol].take(row):
                self._sent += len(readers)
                for client in readers:
                    client.out.append(row)
            apply(row, now_ns)
        if self._rows > before:
            self._refresh.moved(now_ns)

    def next_due_ns(self) -> int | None:
        """When to call `tick` next; None: before the first `Watch`, and after the market's end,
        unless an order waits for a time, or somebody for account values."""
        due = (self._clock.due_ns(), self._orders.due_ns(), self._refresh.due_ns())
        return min((one for one in due if one is not None), default=None)

    def rests_until(self, forever_ns: int) -> int:
        """When something is to be done before rows, but for reports of accounts."""
        due_ns = self._orders.due_ns()
        return forever_ns if due_ns is None else due_ns

    @property
    def holds(self) -> bool:
        """Whether an account holds anything: without that its values stay as they are."""
        accounts = self._accounts.books.values()
        return any(held.quantity for books in accounts for held in books.held())

    @property
    def report_due_ns(self) -> int | None:
        """When values of accounts are to be sent if no price moves; None: not at all."""
        return self._refresh.due_ns()

    def reports_after(self, moved_ns: int, *, moved: bool = False) -> int:
        """When values of accounts are to be sent if a price moves at `moved_ns`; with `moved`, once
        all that was due before is done."""
        return self._refresh.behind(moved_ns) if moved else self._refresh.after(moved_ns)

    def valued(self, mark_of: Mark) -> Iterator[broker.AccountReport]:
        """The values of all accounts at these marks, as they are reported."""
        for account, books in self._accounts.books.items():
            values = account_values(books, mark_of)
            yield from reports.account_reports(account, values, self.settings.currency)

    def valued_by_now(self, values: Sequence[broker.AccountReport]) -> None:
        """These were the values of accounts by the last report that went by."""
        for client in self._clients.connected.values():
            if client.watches_accounts:
                list(client.news(values))

    def mark_of(self, symbol: str, row: Row | None = None) -> Decimal | None:
        """A symbol's mark; after a row with all that is shown of it, if there is one."""
        book = self._exchange.books[symbol]
        if row is not None:
            book = Book(book.instrument)
            book.take(row)
        return book.mark()

    def reaches(self) -> set[Reach]:
        """Which rows can mean anything to the orders that are open."""
        exchange = self._exchange
        has_queues = exchange.trading.has_queues
        return reaches(exchange.open_orders(), exchange.books, has_queues=has_queues)

    def finish(self, now_ns: int) -> None:
        """No row will follow; see `OrderHandler.finish`."""
        self._reports.now_ns = now_ns
        self._orders.finish(now_ns)

    def caught_up(
        self,
        rows: Iterable[Row],
        count: int,
        sent: Mapping[str, int],
        last_ns: int | None,
        now_ns: int,
    ) -> None:
        """So many rows went by, the last one at `last_ns`. No open order has waited for any of
        them, and no account held anything whose value was to be reported by now. `rows` is what
        they came to, one for each symbol, and `sent` how many of a symbol's were news."""
        self._reports.now_ns = now_ns
        for row in rows:
            self._exchange.books[row.symbol].take(row)
            self._news[row.symbol].take(row)
        self._rows += count
        for symbol, news in sent.items():
            self._sent += news * len(self._readers[symbol])
        self._refresh.caught_up(last_ns, now_ns)

    def market_moved(self) -> None:
        """The market goes on at another row."""
        self._clock.moved()

    def take_output(self) -> list[tuple[int, list[Report]]]:
        """What each connection is to be sent, since the last call."""
        return self._clients.take_output()

    def take_closing(self) -> list[int]:
        """Connections to close: never one from here."""
        return []

    def take_audit(self) -> list[audit.Line]:
        """What was done with orders, since the last call."""
        return self._reports.take_audit()

    def books(self) -> dict[str, Any]:
        """What the broker has; the same shape as the simulated TWS's."""
        return {**self._orders.books(), "messages_sent": self._sent}

    # ---- requests --------------------------------------------------------------------------------

    def _make_handlers(self) -> dict[type[Request], Callable[[Client, Any], None]]:
        return {
            reports.Login: self._login,
            reports.Place: partial(self._arrive, self._place),
            CancelOrder: partial(self._arrive, self._cancel),
            reports.AskTime: lambda client, _: client.out.append(reports.Time()),
            reports.CancelEverything: partial(self._arrive, self._cancel_everything),
            reports.WatchPositions: self._watch_positions,
            reports.Beside: lambda _client, _request: None,
            reports.Describe: self._describe,
            reports.WatchAccounts: self._watch_accounts,
            reports.UnwatchAccounts: self._unwatch_accounts,
            reports.AskOrders: self._list_orders,
            reports.AskAllOrders: self._list_all_orders,
            reports.Watch: self._watch,
            AskPast: self._ask_past,
            reports.Unwatch: lambda client, one: self._readers[one.symbol].remove(client),
        }

    def _arrive(self, do: Callable[[Client, Any], None], client: Client, request: Request) -> None:
        self._orders.arrive(self._reports.now_ns, lambda: do(client, request))

    def _ask_past(self, client: Client, request: AskPast) -> None:
        answers = PastAnswers(self._contracts, self._hours, self.history)
        client.out.append(answers.answer(request, self._reports.now_ns))

    def _login(self, client: Client, request: reports.Login) -> None:
        self._clients.login(client, request.client_id)
        next_order_id = self._orders.next_order_id(request.client_id)
        client.out.append(reports.Welcome(self.settings.accounts, next_order_id))

    def _trailed(self, client: Client, request: reports.Place) -> PlaceOrder:
        """What is asked for; a trailing stop that is modified stays where the market has moved it,
        as the TWS adapter sends it back."""
        known = self._orders.find(client.client_id, request.order.order_id)
        if known is None or known.trail_stop is None or request.order.what_if:
            return request.order
        return replace(request.order, trail_stop=known.trail_stop)

    def _place(self, client: Client, request: reports.Place) -> None:
        now_ns = self._reports.now_ns
        try:
            self._orders.place(client.client_id, self._trailed(client, request), now_ns)
        except BadRequest as bad:
            order_id = request.order.order_id
            client.out.append(
                broker.WhatIfReport(str(order_id), bad.text)
                if request.order.what_if
                else _refusal(client, bad, order_id, request.refused)
            )

    def _cancel(self, client: Client, request: CancelOrder) -> None:
        try:
            self._orders.cancel(client.client_id, request, self._reports.now_ns)
        except BadRequest as bad:
            client.out.append(_refusal(client, bad, request.order_id, "cancel_rejected"))

    def _cancel_everything(self, _client: Client, _request: reports.CancelEverything) -> None:
        self._orders.cancel_all(self._reports.now_ns)

    def _watch_positions(self, client: Client, _request: reports.WatchPositions) -> None:
        client.watches_positions = True
        for account, books in self._accounts.books.items():
            client.out += [
                reports.position_report(account, held) for held in books.held() if held.quantity
            ]
        client.out.append(broker.PositionsComplete())

    def _describe(self, client: Client, request: reports.Describe) -> None:
        now_ns, hours = self._reports.now_ns, self._hours
        trading, regular = hours.trading(now_ns), hours.regular(now_ns)
        for symbol in request.symbols:
            instrument = self._contracts.by_symbol[symbol]
            client.out.append(reports.description(instrument, now_ns, trading, regular))

    def _watch_accounts(self, client: Client, _request: reports.WatchAccounts) -> None:
        client.watches_accounts = True
        client.forget_values()
        self._refresh.start(self._reports.now_ns)
        self._report_accounts(client)
        client.out.append(broker.AccountsComplete())

    def _unwatch_accounts(self, client: Client, _request: reports.UnwatchAccounts) -> None:
        client.watches_accounts = False

    def _report_accounts(self, client: Client) -> None:
        client.out += client.news(self.valued(self.mark_of))

    def _list_all_orders(self, client: Client, _request: reports.AskAllOrders) -> None:
        client.out += [reports.order_report(order) for order in self._exchange.open_orders()]
        client.out.append(broker.QueryComplete("all_orders"))

    def _list_orders(self, client: Client, _request: reports.AskOrders) -> None:
        client.out += [reports.order_report(order) for order in self._exchange.open_orders()]
        client.out.append(broker.QueryComplete("open_orders"))
        for execution, _realised in self._orders.executions:
            if execution.order.legs:
                continue
            client.out.append(reports.execution_report(execution, listed=True))
            client.out.append(reports.commission_report(execution))
        client.out.append(broker.QueryComplete("executions"))
        for order in self._exchange.orders.values():
            if not order.is_open:
                client.out.append(reports.completed_report(order))
        client.out.append(broker.QueryComplete("completed_orders"))

    def _watch(self, client: Client, request: reports.Watch) -> None:
        self._clock.start(self._reports.now_ns)
        client.out.append(self._exchange.books[request.symbol].current(self._reports.now_ns))
        self._sent += 1
        self._readers[request.symbol].append(client)


def _refusal(client: Client, bad: BadRequest, order_id: int, effect: Effect) -> broker.OrderError:
    return order_error(str(order_id), bad.code, bad.text, effect, str(client.client_id))
