"""Answers to questions about the accounts: orders, executions, positions, values."""

from decimal import Decimal

from tapewire.simulator.exchange.account import Accounts, Holding
from tapewire.simulator.exchange.contracts import Contracts
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.order_checks import NO_CONTRACT
from tapewire.simulator.exchange.order_handler import OrderHandler
from tapewire.simulator.exchange.orders import ZERO, Execution
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.messages import NO_ID
from tapewire.simulator.protocol.order_messages import completed_order, open_order
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.requests import (
    AccountSummary,
    AccountUpdates,
    AccountUpdatesMulti,
    BadRequest,
    CancelPositions,
    CompletedOrders,
    ContractDetails,
    Executions,
    OpenOrders,
    Positions,
    invalid,
)
from tapewire.simulator.protocol.session import Session
from tapewire.simulator.settings import SimulatorSettings

CENT = Decimal("0.01")
NS_PER_DAY = 86_400_000_000_000


class Reports:
    """Answers requests from the books; `filled` sends what subscribers to positions get.

    A message about a position or a value names its account. Positions and summaries are of all
    accounts; a client can subscribe to the updates of one account at a time.
    """

    def __init__(
        self,
        settings: SimulatorSettings,
        contracts: Contracts,
        exchange: Exchange,
        accounts: Accounts,
        outbox: Outbox,
    ) -> None:
        self._currency = settings.currency
        self._contracts = contracts
        self._exchange = exchange
        self._accounts = accounts
        self._outbox = outbox
        self._position_subscribers: dict[int, Session] = {}
        self._account_subscribers: dict[int, tuple[Session, str]] = {}

    def forget(self, conn: int) -> None:
        """End a connection's subscriptions."""
        self._position_subscribers.pop(conn, None)
        self._account_subscribers.pop(conn, None)

    def filled(self, execution: Execution) -> None:
        """Send the changed position to all subscribers."""
        self.moved(execution.order.account, execution.order.instrument.symbol)

    def moved(self, account: str, symbol: str) -> None:
        """Send a position to all subscribers."""
        holding = self._accounts.books[account].holdings[symbol]
        for session in self._position_subscribers.values():
            self._outbox.send(session, messages.position(account, holding))
        for session, wanted in self._account_subscribers.values():
            if wanted == account:
                self._send_portfolio(session, account, holding)

    def contract_details(self, session: Session, request: ContractDetails) -> None:
        """Answer reqContractDetails with every instrument that matches."""
        found = self._contracts.find(request.contract)
        if not found:
            raise BadRequest(request.req_id, 200, NO_CONTRACT)
        for one in found:
            fields = messages.contract_details(session.version, request.req_id, one)
            self._outbox.send(session, fields)
        self._outbox.send(session, messages.contract_details_end(request.req_id))

    def open_orders(self, session: Session, request: OpenOrders) -> None:
        """Answer reqOpenOrders and reqAllOpenOrders."""
        for order in self._exchange.open_orders():
            if request.everyone or order.client_id == session.client_id:
                self._outbox.send(session, open_order(session.version, order))
                self._outbox.send(session, messages.order_status(order))
        self._outbox.send(session, messages.open_order_end())

    def completed_orders(self, session: Session, _request: CompletedOrders) -> None:
        """Answer reqCompletedOrders with the finished orders of all clients."""
        for order in self._exchange.orders.values():
            if not order.is_open:
                self._outbox.send(session, completed_order(session.version, order))
        self._outbox.send(session, messages.completed_orders_end())

    def executions(self, session: Session, request: Executions, orders: OrderHandler) -> None:
        """Answer reqExecutions with the matching executions of the (UTC) day."""
        midnight_ns = self._outbox.now_ns // NS_PER_DAY * NS_PER_DAY
        for one, realised in orders.executions:
            if one.ts_ns >= midnight_ns and _matches(one, request):
                fields = messages.execution(session.version, request.req_id, one)
                self._outbox.send(session, fields)
                self._outbox.send(session, messages.commission_report(one, realised))
        self._outbox.send(session, messages.execution_end(request.req_id))

    def positions(self, session: Session, _request: Positions) -> None:
        """Answer reqPositions with the positions of all accounts, and send each later change."""
        for account, books in self._accounts.books.items():
            for holding in books.held():
                if holding.quantity:
                    self._outbox.send(session, messages.position(account, holding))
        self._outbox.send(session, messages.position_end())
        self._position_subscribers[session.conn] = session

    def cancel_positions(self, session: Session, _request: CancelPositions) -> None:
        """Stop sending changes of positions."""
        self._position_subscribers.pop(session.conn, None)

    def account_updates(self, session: Session, request: AccountUpdates) -> None:
        """Answer reqAccountUpdates, and send each later change of a holding of that account."""
        if not request.subscribe:
            self._account_subscribers.pop(session.conn, None)
            return
        account, send = self._account(NO_ID, request.account), self._outbox.send
        for value in self._values(account):
            send(session, messages.account_value(account, value))
        for holding in self._accounts.books[account].held():
            self._send_portfolio(session, account, holding)
        send(session, messages.account_time(self._outbox.now_ns))
        send(session, messages.account_download_end(account))
        self._account_subscribers[session.conn] = (session, account)

    def account_updates_multi(self, session: Session, request: AccountUpdatesMulti) -> None:
        """Answer reqAccountUpdatesMulti, once, for one account or for all of them."""
        req_id, model = request.req_id, request.model
        accounts = list(self._accounts.books)
        if request.account:
            accounts = [self._account(req_id, request.account)]
        for account in accounts:
            for value in self._values(account):
                fields = messages.account_update_multi(req_id, account, model, value)
                self._outbox.send(session, fields)
        self._outbox.send(session, messages.account_update_multi_end(req_id))

    def account_summary(self, session: Session, request: AccountSummary) -> None:
        """Answer reqAccountSummary, once, with the requested tags of all accounts."""
        wanted = {tag.strip() for tag in request.tags.split(",")}
        for account in self._accounts.books:
            for value in self._values(account):
                if value[0] in wanted:
                    fields = messages.account_summary(request.req_id, account, value)
                    self._outbox.send(session, fields)
        self._outbox.send(session, messages.account_summary_end(request.req_id))

    def _send_portfolio(self, session: Session, account: str, holding: Holding) -> None:
        mark = self._mark(holding.instrument.symbol)
        self._outbox.send(session, messages.portfolio_value(account, holding, mark))

    def _values(self, account: str) -> list[messages.Value]:
        """An account's values as (key, value, currency); nothing here is on margin."""
        books = self._accounts.books[account]
        held = [(one, self._mark(one.instrument.symbol)) for one in books.held()]
        net = books.cash + sum((books.value(*pair) for pair in held), ZERO)
        gross = sum((one.exposure(mark) for one, mark in held), ZERO)
        amounts = {
            "NetLiquidation": net,
            "EquityWithLoanValue": net,
            "TotalCashValue": books.cash,
            "SettledCash": books.cash,
            "AccruedCash": ZERO,
            "AvailableFunds": net,
            "ExcessLiquidity": net,
            "BuyingPower": net * 4,
            "GrossPositionValue": gross,
            "InitMarginReq": ZERO,
            "MaintMarginReq": ZERO,
            "RealizedPnL": sum((one.realised for one, _ in held), ZERO),
            "UnrealizedPnL": sum((one.unrealised(mark) for one, mark in held), ZERO),
        }
        values = [
            ("AccountCode", account, ""),
            ("AccountReady", "true", ""),
            ("AccountType", "INDIVIDUAL", ""),
        ]
        return values + [
            (key, format(amount.quantize(CENT), "f"), self._currency)
            for key, amount in amounts.items()
        ]

    def _mark(self, symbol: str) -> Decimal | None:
        return self._exchange.books[symbol].mark()

    def _account(self, req_id: int, name: str) -> str:
        """The account that a request means; raises BadRequest if it means none."""
        account = self._accounts.resolve(name)
        if not account:
            raise invalid(req_id, f"Invalid account code {name!r}.")
        return account


def _matches(one: Execution, request: Executions) -> bool:
    instrument, side = one.order.instrument, {"BOT": "BUY", "SLD": "SELL"}.get(request.side)
    return (
        request.client_id in (0, one.order.client_id)
        and request.account in ("", one.order.account)
        and request.symbol in ("", instrument.symbol)
        and request.sec_type in ("", instrument.sec_type)
        and request.exchange in ("", instrument.exchange)
        and (side or request.side) in ("", one.order.side)
        and _stamp(request.since) <= messages.clock_text(one.ts_ns)[:17]
    )


def _stamp(since: str) -> str:
    """`yyyymmdd-hh:mm:ss`, as clients write it, in the way TWS writes times."""
    return " ".join(since.replace("-", " ").split())[:17]
