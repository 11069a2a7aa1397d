"""What clients ask about the account: orders, executions, positions, values."""

from decimal import Decimal

from tapewire.simulator.exchange.account import Books
from tapewire.simulator.exchange.contracts import Contracts
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.order_handler import NO_CONTRACT, Desk
from tapewire.simulator.exchange.orders import ZERO, Execution
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.messages import NO_ID
from tapewire.simulator.protocol.order_messages import completed_order, open_order
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.requests import (
    AccountSummary,
    AccountUpdates,
    AccountUpdatesMulti,
    CancelPositions,
    CompletedOrders,
    ContractDetails,
    Executions,
    OpenOrders,
    Positions,
)
from tapewire.simulator.protocol.session import Session
from tapewire.simulator.settings import SimulatorSettings

CENT = Decimal("0.01")
NS_PER_DAY = 86_400_000_000_000


class Reports:
    """Answers from the books; `filled` sends what watchers of positions are owed."""

    def __init__(
        self,
        settings: SimulatorSettings,
        contracts: Contracts,
        exchange: Exchange,
        books: Books,
        outbox: Outbox,
    ) -> None:
        self._account = settings.account
        self._currency = settings.currency
        self._contracts = contracts
        self._exchange = exchange
        self._books = books
        self._outbox = outbox
        self._position_watchers: dict[int, Session] = {}
        self._account_watchers: dict[int, Session] = {}

    def forget(self, conn: int) -> None:
        """End what a connection watches."""
        self._position_watchers.pop(conn, None)
        self._account_watchers.pop(conn, None)

    def filled(self, execution: Execution) -> None:
        """Send the changed position to everyone who watches."""
        holding = self._books.holdings[execution.order.instrument.symbol]
        for session in self._position_watchers.values():
            self._outbox.send(session, messages.position(self._account, holding))
        mark = self._exchange.books[holding.instrument.symbol].mark()
        for session in self._account_watchers.values():
            fields = messages.portfolio_value(self._account, holding, mark)
            self._outbox.send(session, fields)

    def contract_details(self, session: Session, request: ContractDetails) -> None:
        """Answer reqContractDetails with every instrument that fits."""
        found = self._contracts.find(request.contract)
        if not found:
            self._outbox.error(session, 200, NO_CONTRACT, request.req_id)
            return
        for one in found:
            fields = messages.contract_details(session.version, request.req_id, one)
            self._outbox.send(session, fields)
        self._outbox.send(session, messages.contract_details_end(request.req_id))

    def open_orders(self, session: Session, request: OpenOrders) -> None:
        """Answer reqOpenOrders and reqAllOpenOrders."""
        for order in self._exchange.open_orders():
            if request.everyone or order.client_id == session.client_id:
                self._outbox.send(session, open_order(session.version, self._account, order))
                self._outbox.send(session, messages.order_status(order))
        self._outbox.send(session, messages.open_order_end())

    def completed_orders(self, session: Session, _request: CompletedOrders) -> None:
        """Answer reqCompletedOrders with everyone's finished orders."""
        for order in self._exchange.orders.values():
            if not order.is_open:
                fields = completed_order(session.version, self._account, order)
                self._outbox.send(session, fields)
        self._outbox.send(session, messages.completed_orders_end())

    def executions(self, session: Session, request: Executions, desk: Desk) -> None:
        """The day's executions that match, each with its commission; the day is UTC's."""
        midnight_ns = self._outbox.now_ns // NS_PER_DAY * NS_PER_DAY
        for one, realised in desk.executions:
            if one.ts_ns >= midnight_ns and _matches(one, request, self._account):
                fields = messages.execution(session.version, request.req_id, self._account, one)
                self._outbox.send(session, fields)
                self._outbox.send(session, messages.commission_report(one, realised))
        self._outbox.send(session, messages.execution_end(request.req_id))

    def positions(self, session: Session, _request: Positions) -> None:
        """Answer reqPositions and send each later change."""
        for holding in self._books.held():
            if holding.quantity:
                self._outbox.send(session, messages.position(self._account, holding))
        self._outbox.send(session, messages.position_end())
        self._position_watchers[session.conn] = session

    def cancel_positions(self, session: Session, _request: CancelPositions) -> None:
        """Stop sending changes of positions."""
        self._position_watchers.pop(session.conn, None)

    def account_updates(self, session: Session, request: AccountUpdates) -> None:
        """Answer reqAccountUpdates and send each later change of a holding."""
        if not request.subscribe:
            self._account_watchers.pop(session.conn, None)
            return
        if not self._is_ours(session, NO_ID, request.account):
            return
        send = self._outbox.send
        for value in self._values():
            send(session, messages.account_value(self._account, value))
        for holding in self._books.held():
            mark = self._mark(holding.instrument.symbol)
            send(session, messages.portfolio_value(self._account, holding, mark))
        send(session, messages.account_time(self._outbox.now_ns))
        send(session, messages.account_download_end(self._account))
        self._account_watchers[session.conn] = session

    def account_updates_multi(self, session: Session, request: AccountUpdatesMulti) -> None:
        """Answer reqAccountUpdatesMulti, once."""
        if not self._is_ours(session, request.req_id, request.account):
            return
        for value in self._values():
            fields = messages.account_update_multi(
                request.req_id, self._account, request.model, value
            )
            self._outbox.send(session, fields)
        self._outbox.send(session, messages.account_update_multi_end(request.req_id))

    def account_summary(self, session: Session, request: AccountSummary) -> None:
        """Answer reqAccountSummary with the tags it names, once."""
        wanted = {tag.strip() for tag in request.tags.split(",")}
        for value in self._values():
            if value[0] in wanted:
                fields = messages.account_summary(request.req_id, self._account, value)
                self._outbox.send(session, fields)
        self._outbox.send(session, messages.account_summary_end(request.req_id))

    def _values(self) -> list[messages.Value]:
        """The account's values as (key, value, currency); nothing here is on margin."""
        held = [(one, self._mark(one.instrument.symbol)) for one in self._books.held()]
        net = self._books.cash + sum((self._books.value(*pair) for pair in held), ZERO)
        gross = sum((one.exposure(mark) for one, mark in held), ZERO)
        amounts = {
            "NetLiquidation": net,
            "EquityWithLoanValue": net,
            "TotalCashValue": self._books.cash,
            "SettledCash": self._books.cash,
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
            ("AccountCode", self._account, ""),
            ("AccountReady", "true", ""),
            ("AccountType", "INDIVIDUAL", ""),
        ]
        return values + [
            (key, format(amount.quantize(CENT), "f"), self._currency)
            for key, amount in amounts.items()
        ]

    def _mark(self, symbol: str) -> Decimal | None:
        return self._exchange.books[symbol].mark()

    def _is_ours(self, session: Session, req_id: int, account: str) -> bool:
        if account in ("", self._account):
            return True
        text = f"Error validating request.-'bN' : cause - Invalid account code {account!r}."
        self._outbox.error(session, 321, text, req_id)
        return False


def _matches(one: Execution, request: Executions, account: str) -> bool:
    instrument, side = one.order.instrument, {"BOT": "BUY", "SLD": "SELL"}.get(request.side)
    return (
        request.client_id in (0, one.order.client_id)
        and request.account in ("", account)
        and request.symbol in ("", instrument.symbol)
        and request.sec_type in ("", instrument.sec_type)
        and request.exchange in ("", instrument.exchange)
        and (side or request.side) in ("", one.order.action)
        and _stamp(request.since) <= messages.clock_text(one.ts_ns)[:17]
    )


def _stamp(since: str) -> str:
    """`yyyymmdd-hh:mm:ss`, as clients write it, in the way TWS writes times."""
    return " ".join(since.replace("-", " ").split())[:17]
