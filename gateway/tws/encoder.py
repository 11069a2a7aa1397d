"""ibapi's request encoders without its socket: a request in, its bytes out."""

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.decoder import Decoder
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.wrapper import EWrapper

from tapewire.common.config.tws_address import IDENTIFY
from tapewire.common.events import OrderTerms, SubmitOrder
from tapewire.common.instruments import Instrument
from tapewire.gateway.tws.framing import frame

Kind = tuple[int, str, str, str, str, bool]
"""What makes two orders differ in more than the marked fields: contract, type, time in force."""
Template = tuple[list[str], list[tuple[int, str]]]
"""A request's fields, and the places of the marks in them."""

MARK_ID = "(id)"
MARK_SIDE = "(side)"
MARK_QUANTITY = "(quantity)"
MARK_LIMIT = "(limit)"
MARK_STOP = "(stop)"
MARK_ACCOUNT = "(account)"
MARK_REFERENCE = "(reference)"
MARKS = frozenset({
    MARK_ID, MARK_SIDE, MARK_QUANTITY, MARK_LIMIT, MARK_STOP, MARK_ACCOUNT, MARK_REFERENCE,
})  # fmt: skip
UNSUPPORTED = ("trail", "good_till_ns", "group")
"""Terms that are not put into TWS's words yet; an order that has one is denied, not changed."""


class _Capture:
    """Stands where ibapi expects its socket."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def sendMsg(self, message: bytes) -> None:  # noqa: N802 - ibapi's name
        self.sent.append(message)

    def isConnected(self) -> bool:  # noqa: N802 - ibapi's name
        return True


class RequestEncoder:
    """Every request the gateway makes, framed, at the version that was agreed on."""

    def __init__(self, client_id: int, server_version: int) -> None:
        self._capture = _Capture()
        self._client = EClient(EWrapper())
        self._client.conn = self._capture
        self._client.clientId = client_id
        self._client.serverVersion_ = server_version
        self._client.decoder = Decoder(self._client.wrapper, server_version)
        self._client.setConnState(EClient.CONNECTED)
        self._templates: dict[Kind, Template] = {}

    def start_api(self) -> bytes:
        """The first request of a session; nothing may go before it."""
        self._client.startApi()
        return self._taken()

    def current_time(self) -> bytes:
        """Ask for TWS's time."""
        self._client.reqCurrentTime()
        return self._taken()

    def identify(self) -> bytes:
        """Ask the group's simulator for its nonce; TWS knows no such request."""
        return frame(f"{IDENTIFY}\0".encode())

    def place_order(self, order_id: str, order: SubmitOrder, contract: Contract) -> bytes:
        """A new order that carries the intent's id as its reference.

        ibapi takes 50 us to encode one; so it encodes one of a kind, and the others are that one
        with the few fields replaced that differ from order to order. Raises ValueError for terms
        that cannot be put into TWS's words.
        """
        terms = order.terms
        for name in UNSUPPORTED:
            if getattr(terms, name):
                raise ValueError(f"terms.{name} is not sent to TWS by this version; leave it out")
        kind = (
            contract.conId, contract.symbol, contract.localSymbol,
            terms.type, terms.time_in_force, terms.outside_hours,
        )  # fmt: skip
        if kind not in self._templates:
            self._templates[kind] = self._template(terms, contract)
        fields, marks = self._templates[kind]
        values = {
            MARK_ID: order_id,
            MARK_SIDE: terms.side,
            MARK_QUANTITY: format(terms.quantity, "f"),
            MARK_LIMIT: "" if terms.limit is None else format(terms.limit, "f"),
            MARK_STOP: "" if terms.stop is None else format(terms.stop, "f"),
            MARK_ACCOUNT: order.account,
            MARK_REFERENCE: order.intent_id,
        }
        if not all(value.isascii() and value.isprintable() for value in values.values()):
            raise ValueError(f"intent {order.intent_id!r} is not plain ASCII, all that TWS takes")
        fields = fields.copy()
        for place, mark in marks:
            fields[place] = values[mark]
        return frame("\0".join(fields).encode())

    def _template(self, terms: OrderTerms, contract: Contract) -> Template:
        """One order as ibapi encodes it, with marks in the fields that differ."""
        request = Order()
        request.action = MARK_SIDE
        request.totalQuantity = MARK_QUANTITY
        request.orderType = terms.type
        if terms.limit is not None:
            request.lmtPrice = MARK_LIMIT
        if terms.stop is not None:
            request.auxPrice = MARK_STOP
        request.tif = terms.time_in_force
        request.outsideRth = terms.outside_hours
        request.account = MARK_ACCOUNT
        request.orderRef = MARK_REFERENCE
        request.eTradeOnly = False  # ibapi sets both, and TWS then refuses the order
        request.firmQuoteOnly = False
        self._client.placeOrder(MARK_ID, contract, request)
        fields = self._taken()[4:].decode().split("\0")
        return fields, [(place, f) for place, f in enumerate(fields) if f in MARKS]

    def cancel_order(self, order_id: int) -> bytes:
        """Cancel one order of this client."""
        self._client.cancelOrder(order_id)
        return self._taken()

    def global_cancel(self) -> bytes:
        """Cancel every order of the account."""
        self._client.reqGlobalCancel()
        return self._taken()

    def market_data(self, request_id: int, contract: Contract) -> bytes:
        """Top of book of a contract."""
        self._client.reqMktData(request_id, contract, "", False, False, [])
        return self._taken()

    def tick_by_tick(self, request_id: int, contract: Contract, kind: str) -> bytes:
        """Every change of a contract: `BidAsk` or `AllLast`."""
        self._client.reqTickByTickData(request_id, contract, kind, 0, False)
        return self._taken()

    def contract_details(self, request_id: int, contract: Contract) -> bytes:
        """All that TWS knows of a contract."""
        self._client.reqContractDetails(request_id, contract)
        return self._taken()

    def positions(self) -> bytes:
        """The account's positions, now and on each change."""
        self._client.reqPositions()
        return self._taken()

    def open_orders(self) -> bytes:
        """This client's open orders."""
        self._client.reqOpenOrders()
        return self._taken()

    def all_open_orders(self) -> bytes:
        """The open orders of all clients, and those entered by hand."""
        self._client.reqAllOpenOrders()
        return self._taken()

    def executions(self, request_id: int) -> bytes:
        """Today's executions, of all clients."""
        self._client.reqExecutions(request_id, ExecutionFilter())
        return self._taken()

    def completed_orders(self) -> bytes:
        """Today's completed orders, of all clients."""
        self._client.reqCompletedOrders(False)
        return self._taken()

    def _taken(self) -> bytes:
        sent, self._capture.sent = b"".join(self._capture.sent), []
        if not sent:
            raise ValueError("ibapi refused to encode the request: a field is not plain ASCII")
        return sent


def contract_of(instrument: Instrument, con_id: int = 0) -> Contract:
    """The contract as TWS wants it described; by `con_id` alone where it is known."""
    contract = Contract()
    contract.conId = con_id or instrument.con_id
    contract.secType = instrument.sec_type
    contract.exchange = instrument.exchange
    contract.currency = instrument.currency
    if instrument.sec_type in ("FUT", "OPT"):
        contract.localSymbol = instrument.symbol
    else:
        contract.symbol = instrument.symbol
    return contract
