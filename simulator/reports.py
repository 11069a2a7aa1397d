"""Answers to questions about contracts, orders, executions and positions."""

from tapewire.simulator.account_reports import AccountReports
from tapewire.simulator.answers.profit import ProfitAnswers
from tapewire.simulator.exchange.account import Accounts
from tapewire.simulator.exchange.contracts import ContractQuery, Contracts
from tapewire.simulator.exchange.hours import Hours
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.order_handler import OrderHandler
from tapewire.simulator.exchange.orders import ZERO, Execution
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.messages import NO_ID
from tapewire.simulator.protocol.order_messages import completed_order, open_order
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.requests import (
    BadRequest,
    CancelPositions,
    CompletedOrders,
    ContractDetails,
    Executions,
    MarketRule,
    OpenOrders,
    OptionChains,
    Positions,
    invalid,
)
from tapewire.simulator.protocol.session import Session

NS_PER_DAY = 86_400_000_000_000


class Reports:
    """Answers requests from the books; `filled` sends what subscribers to positions get.

    A message about a position names its account. Positions are of all accounts. `values` answers
    for what the accounts are worth, `profit` for
    what they have made.
    """

    def __init__(
        self,
        contracts: Contracts,
        exchange: Exchange,
        accounts: Accounts,
        outbox: Outbox,
        values: AccountReports,
        hours: Hours,
        profit: ProfitAnswers,
    ) -> None:
        self._profit = profit
        self._hours = hours
        self._contracts = contracts
        self._exchange = exchange
        self._accounts = accounts
        self._outbox = outbox
        self._position_subscribers: dict[int, Session] = {}
        self._values = values

    def forget(self, conn: int) -> None:
        """End a connection's subscriptions."""
        self._position_subscribers.pop(conn, None)
        self._values.forget(conn)

    def filled(self, execution: Execution) -> None:
        """Send the changed position to all subscribers."""
        self.moved(execution.order.account, execution.order.instrument.symbol)

    def moved(self, account: str, symbol: str) -> None:
        """Send a position to all subscribers."""
        holding = self._accounts.books[account].holdings[symbol]
        for session in self._position_subscribers.values():
            self._outbox.send(session, messages.position(account, holding))
        self._values.position_changed(account, holding)
        self._profit.moved(account, holding)

    def contract_details(self, session: Session, request: ContractDetails) -> None:
        """Answer reqContractDetails with every instrument that matches."""
        found = self._contracts.find(request.contract)
        if not found:
            raise BadRequest(request.req_id, 200, self._contracts.missing(request.contract))
        for one in found:
            now_ns, rule = self._outbox.now_ns, self._contracts.market_rule_of(one)
            fields = messages.contract_details(
                session.version, request.req_id, one,
                rule, self._hours.trading(now_ns), self._hours.regular(now_ns),
                self._contracts.underlying_id(one),
            )  # fmt: skip
            self._outbox.send(session, fields)
        self._outbox.send(session, messages.contract_details_end(request.req_id))

    def option_chains(self, session: Session, request: OptionChains) -> None:
        """Answer reqSecDefOptParams with the chains of the underlying, in its classes."""
        about = ContractQuery(
            request.con_id, request.symbol, request.sec_type, request.exchange, "", ""
        )
        found = self._contracts.find(about)
        if len(found) != 1 or found[0].symbol != request.symbol:
            raise BadRequest(request.req_id, 200, self._contracts.missing(about))
        for chain in self._contracts.chains(request.symbol):
            fields = messages.option_chain(request.req_id, found[0].con_id, chain)
            self._outbox.send(session, fields)
        self._outbox.send(session, messages.option_chains_end(request.req_id))

    def market_rule(self, session: Session, request: MarketRule) -> None:
        """Answer reqMarketRule: here every price has the same step."""
        step = self._contracts.step_of(request.rule)
        if step is None:
            raise invalid(NO_ID, f"Invalid market rule id {request.rule}.")
        self._outbox.send(session, messages.market_rule(request.rule, [(ZERO, step)]))

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
                if not one.order.legs:
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


def _matches(one: Execution, request: Executions) -> bool:
    instrument, side = one.order.instrument, {"BOT": "BUY", "SLD": "SELL"}.get(request.side)
    return (
        request.client_id in (0, one.order.client_id)
        and request.account in ("", one.order.account)
        and request.symbol in ("", instrument.symbol, instrument.underlying)
        and request.sec_type in ("", instrument.sec_type)
        and request.exchange in ("", instrument.exchange)
        and (side or request.side) in ("", one.order.side)
        and _stamp(request.since) <= messages.clock_text(one.ts_ns)[:17]
    )


def _stamp(since: str) -> str:
    """`yyyymmdd-hh:mm:ss`, as clients write it, in the way TWS writes times."""
    return " ".join(since.replace("-", " ").split())[:17]
