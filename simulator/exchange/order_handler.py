"""The order desk: clients' order requests to the exchange, and what became of them back.

What is said, and in which order, is what a real TWS was seen to say: for a fill execDetails,
openOrder and orderStatus, openOrder with the commission once all is filled, commissionReport.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Literal, cast

from tapewire.common.amounts import text
from tapewire.common.instruments import Instrument
from tapewire.simulator import audit
from tapewire.simulator.exchange.account import Books
from tapewire.simulator.exchange.contracts import Contracts
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.orders import ZERO, Execution, Order, commission_of
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.order_messages import open_order, what_if
from tapewire.simulator.protocol.outbox import Outbox
from tapewire.simulator.protocol.requests import CancelOrder, PlaceOrder
from tapewire.simulator.protocol.session import Session
from tapewire.simulator.settings import SimulatorSettings

FRACTIONAL = ("CRYPTO", "CASH")
NO_CONTRACT = "No security definition has been found for the request"
OFF_TICK = "The price does not conform to the minimum price variation for this contract."
BY_CLIENT = "Cancelled by Trader"


class Refusal(Exception):
    """A request that is answered with an error and nothing else."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Desk:
    """Places, changes and cancels orders, and reports every execution to its client.

    `session_of` finds the connection that a client id has now; orders outlive it.
    `filled` is called after each execution, for those who watch positions.
    """

    def __init__(
        self,
        *,
        settings: SimulatorSettings,
        contracts: Contracts,
        exchange: Exchange,
        books: Books,
        outbox: Outbox,
        session_of: Callable[[int], Session | None],
        filled: Callable[[Execution], None],
    ) -> None:
        self._settings = settings
        self._contracts = contracts
        self._exchange = exchange
        self._books = books
        self._outbox = outbox
        self._session_of = session_of
        self._filled = filled
        self._by_client: dict[tuple[int, int], Order] = {}
        self._highest: dict[int, int] = {}
        self.executions: list[tuple[Execution, Decimal | None]] = []  # with what each realised

    def next_order_id(self, client_id: int) -> int:
        """The lowest id that this client may use: above all that it ever used."""
        return max(self._settings.first_order_id, self._highest.get(client_id, 0) + 1)

    def place(self, session: Session, request: PlaceOrder) -> None:
        """Answer placeOrder: a new order, new terms for one, or a what-if."""
        try:
            self._place(session, request)
        except Refusal as refusal:
            self._outbox.error(session, refusal.code, refusal.text, request.order_id)

    def _place(self, session: Session, request: PlaceOrder) -> None:
        known = self._by_client.get((session.client_id, request.order_id))
        if known is not None and not request.what_if:
            self._modify(known, request)
            return
        if not request.what_if and request.order_id <= self._highest.get(session.client_id, 0):
            raise Refusal(103, "Duplicate order id")
        instrument = self._instrument(request)
        order = self._order(session.client_id, request, instrument)
        if request.what_if:
            self._what_if(session, request, order)
            return
        self._highest[session.client_id] = request.order_id
        self._by_client[session.client_id, request.order_id] = order
        reason = _rejection(request, instrument)
        self._exchange.accept(order)
        if reason:
            self._reject(session, order, reason)
            return
        order.status = "PreSubmitted" if order.limit is None else "Submitted"
        self._note(audit.order(self._outbox.now_ns, "placed", order))
        self._tell(order)
        self._work(order, self._exchange.work(order, self._outbox.now_ns))

    def cancel(self, session: Session, request: CancelOrder) -> None:
        """Answer cancelOrder."""
        order = self._by_client.get((session.client_id, request.order_id))
        order_id = request.order_id
        if order is None:
            text = f"OrderId {order_id} that needs to be cancelled is not found."
            self._outbox.error(session, 10147, text, order_id)
        elif not order.is_open:
            text = f"OrderId {order_id} that needs to be cancelled cannot be cancelled, "
            self._outbox.error(session, 10148, f"{text}state: {order.status}.", order_id)
        else:
            self._cancel(order, BY_CLIENT)

    def cancel_all(self) -> None:
        """Cancel every open order of every client."""
        for order in self._exchange.open_orders():
            self._cancel(order, BY_CLIENT)

    def report(self, executions: list[Execution]) -> None:
        """Book executions and tell their clients."""
        for execution in executions:
            self._report(execution)

    def _report(self, execution: Execution) -> None:
        order = execution.order
        realised = self._books.fill(
            order.instrument.symbol, execution.signed, execution.price, execution.commission
        )
        self.executions.append((execution, realised))
        self._note(audit.execution(execution))
        session = self._session_of(order.client_id)
        if session is not None:
            account = self._settings.account
            fields = messages.execution(session.version, messages.NO_ID, account, execution)
            self._outbox.send(session, fields)
        self._tell(order)
        if session is not None and not order.remaining:
            fields = open_order(session.version, self._settings.account, order, True)
            self._outbox.send(session, fields)
        self._note(audit.commission(execution, realised))
        if session is not None:
            self._outbox.send(session, messages.commission_report(execution, realised))
        self._filled(execution)

    def _work(self, order: Order, executions: list[Execution]) -> None:
        self.report(executions)
        if order.tif == "IOC" and order.is_open:
            self._cancel(order, "Cancelled by System: immediate or cancel")

    def _modify(self, order: Order, request: PlaceOrder) -> None:
        instrument = self._instrument(request)
        if order.status in ("Inactive", "Cancelled"):
            code = 103 if order.status == "Inactive" else 135
            text = "Duplicate order id" if code == 103 else "Can't find order with id ="
            raise Refusal(code, text if code == 103 else f"{text} {order.order_id}")
        if order.status == "Filled" or (request.quantity or ZERO) <= order.filled:
            raise Refusal(104, "Cannot modify a filled order.")
        found = (instrument.symbol, request.action, request.order_type, request.tif)
        was = (order.instrument.symbol, order.action, order.order_type, order.tif)
        if found != was or request.order_ref != order.order_ref or request.unsupported:
            raise Refusal(105, "Order being modified does not match original order")
        quantity, limit = _terms(request, instrument)
        if reason := _rejection(request, instrument):
            raise Refusal(105, f"Order being modified does not match original order. {reason}")
        executions = self._exchange.modify(order, quantity, limit, self._outbox.now_ns)
        self._note(audit.order(self._outbox.now_ns, "modified", order))
        if not executions:
            self._tell(order)
        self._work(order, executions)

    def _what_if(self, session: Session, request: PlaceOrder, order: Order) -> None:
        if not request.transmit:
            raise Refusal(413, "What-if order should have the transmit flag set to true.")
        mark = self._exchange.books[order.instrument.symbol].mark() or ZERO
        order.filled, order.notional = order.quantity, order.quantity * (order.limit or mark)
        cost = text(commission_of(order))
        order.filled, order.notional = ZERO, ZERO
        for commission in (None, cost):
            fields = what_if(session.version, self._settings.account, order, commission)
            self._outbox.send(session, fields)

    def _reject(self, session: Session, order: Order, reason: str) -> None:
        order.status, order.reason = "Inactive", f"Rejected by System:{reason}"
        order.done_ns = self._outbox.now_ns
        self._note(audit.order(self._outbox.now_ns, "rejected", order))
        self._outbox.error(session, 201, f"Order rejected - reason:{reason}", order.order_id)
        self._tell(order)

    def _cancel(self, order: Order, reason: str) -> None:
        self._exchange.cancel(order, reason, self._outbox.now_ns)
        self._note(audit.status(self._outbox.now_ns, order))
        session = self._session_of(order.client_id)
        if session is not None:
            self._outbox.send(session, messages.order_status(order))
            self._outbox.error(session, 202, "Order Canceled - reason:", order.order_id)

    def _tell(self, order: Order) -> None:
        """openOrder and orderStatus to the client, if it is there, and to the audit."""
        self._note(audit.status(self._outbox.now_ns, order))
        session = self._session_of(order.client_id)
        if session is not None:
            fields = open_order(session.version, self._settings.account, order)
            self._outbox.send(session, fields)
            self._outbox.send(session, messages.order_status(order))

    def _instrument(self, request: PlaceOrder) -> Instrument:
        found = self._contracts.find(request.contract)
        if len(found) != 1:
            raise Refusal(200, NO_CONTRACT)
        if not request.contract.exchange:
            raise Refusal(321, _invalid("Missing order exchange."))
        return found[0]

    def _order(self, client_id: int, request: PlaceOrder, instrument: Instrument) -> Order:
        quantity, limit = _terms(request, instrument)
        if request.action not in ("BUY", "SELL"):
            raise Refusal(321, _invalid(f"Invalid order action {request.action!r}."))
        if request.account not in ("", self._settings.account):
            raise Refusal(321, _invalid(f"Invalid account code {request.account!r}."))
        return Order(
            client_id=client_id,
            order_id=request.order_id,
            order_ref=request.order_ref,
            instrument=instrument,
            action=cast(Literal["BUY", "SELL"], request.action),
            quantity=quantity,
            order_type=cast(Literal["MKT", "LMT"], request.order_type),
            limit=limit,
            tif=cast(Literal["DAY", "GTC", "IOC"], request.tif),
            outside_rth=request.outside_rth,
        )

    def _note(self, line: audit.Line) -> None:
        self._outbox.audit.append(line)


def _terms(request: PlaceOrder, instrument: Instrument) -> tuple[Decimal, Decimal | None]:
    """Quantity and limit as they are allowed to be, or Refusal."""
    if request.quantity is None or request.quantity <= 0:
        raise Refusal(321, _invalid("The order size must be above 0."))
    if request.order_type != "LMT":
        return request.quantity, None
    if request.limit is None:
        raise Refusal(321, _invalid("Missing limit price."))
    if request.limit % instrument.min_tick:
        raise Refusal(110, OFF_TICK)
    return request.quantity, request.limit


def _rejection(request: PlaceOrder, instrument: Instrument) -> str:
    """Why the exchange does not take an order that reads well; blank if it does."""
    if request.unsupported:
        return f"{request.unsupported} is not simulated"
    if request.order_type not in ("MKT", "LMT"):
        return f"order type {request.order_type} is not simulated, expected MKT or LMT"
    if request.tif not in ("DAY", "GTC", "IOC"):
        return f"time in force {request.tif} is not simulated, expected DAY, GTC or IOC"
    whole = (request.quantity or ZERO) % 1 == 0
    if not whole and instrument.sec_type not in FRACTIONAL:
        return f"a size of {request.quantity} is not a whole number"
    return ""


def _invalid(cause: str) -> str:
    return f"Error validating request.-'bN' : cause - {cause}"
