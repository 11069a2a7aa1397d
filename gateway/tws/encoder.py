"""ibapi's request encoders without its socket: a request in, its bytes out."""

from datetime import UTC, datetime
from typing import Final

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.decoder import Decoder
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.wrapper import EWrapper

from tapewire.common import options, shorthands
from tapewire.common.amounts import text
from tapewire.common.config.tws_address import IDENTIFY
from tapewire.common.events import ORDER_TYPES, Oca, OrderTerms, SubmitOrder
from tapewire.common.instruments import Instrument
from tapewire.common.options import OptionTerms, root_of
from tapewire.gateway.tws.data_requests import DataRequests
from tapewire.gateway.tws.framing import frame
from tapewire.gateway.tws.order_ids import ORDER_ID_MAX
from tapewire.gateway.tws.query_requests import QueryRequests
from tapewire.gateway.tws.versions import (
    LIBRARY_VERSION,
    LOST,
    PLACE_ORDER,
    SENT,
    changes_at,
    lost,
    newer,
    order_offsets,
)

Kind = tuple[object, ...]
"""What two orders of one template have in common: contract, type, time in force, fields in use."""
Template = tuple[list[str], list[tuple[int, str]]]
"""A request's fields, and the places in them of what differs from order to order, by name."""

MARK: Final = "({})"
ORDER_ID: Final = "orderId"
OCA_TYPES: Final[dict[Oca, str]] = {"cancel": "1", "reduce": "2"}
"""TWS's kinds of OCA group. Both are "with block": one order of the group is at the market at a
time, so that two of them cannot fill at once. TWS's third kind, without that, is not offered."""


class _Capture:
    """Stands where ibapi expects its socket."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def sendMsg(self, message: bytes) -> None:  # noqa: N802 - ibapi's name
        self.sent.append(message)

    def isConnected(self) -> bool:  # noqa: N802 - ibapi's name
        return True


class RequestEncoder(DataRequests, QueryRequests):
    """Every request the gateway makes, framed, at the version that was agreed on."""

    def __init__(self, client_id: int, server_version: int) -> None:
        self._capture = _Capture()
        self._client = EClient(EWrapper())
        self._client.conn = self._capture
        self._client.clientId = client_id
        self._client.serverVersion_ = known = min(server_version, LIBRARY_VERSION)
        self._client.decoder = Decoder(self._client.wrapper, known)
        self._client.setConnState(EClient.CONNECTED)
        self._version = server_version
        self._changes = changes_at(SENT, server_version)
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

    def place_order(
        self,
        order_id: str,
        order: SubmitOrder,
        contract: Contract,
        *,
        parent_order_id: str = "",
        transmit: bool = True,
        what_if: bool = False,
    ) -> bytes:
        """A new order that carries the intent's id as its reference.

        `contract` is the combo's for an order with legs. `parent_order_id` is TWS's id of the order
        that must fill first. With `transmit` false TWS holds the order until one of its group is
        sent with it true; `what_if` asks what the order would do to the account, and places none.

        ibapi takes 50 us to encode one; so it encodes one of a kind, and the others are that one
        with the few fields replaced that differ from order to order. Raises ValueError for terms
        that cannot be put into TWS's words.
        """
        if int(order_id) > ORDER_ID_MAX:
            raise ValueError(
                f"order id {order_id} is above {ORDER_ID_MAX}, the last that TWS can take; choose"
                " another tws.client_id, or reset the API order ID sequence in TWS"
            )
        values = _values(order)
        if parent_order_id:
            values["parentId"] = parent_order_id
        if not transmit:
            values["transmit"] = "0"
        if what_if:
            values["whatIf"] = "1"
        if not all(value.isascii() and value.isprintable() for value in values.values()):
            raise ValueError(f"intent {order.intent_id!r} is not plain ASCII, all that TWS takes")
        terms = order.terms
        kind = (
            contract.conId, contract.symbol, contract.localSymbol, legs_of(contract),
            contract.lastTradeDateOrContractMonth, contract.strike, contract.right,
            terms.type, terms.time_in_force, terms.outside_hours, *values,
        )  # fmt: skip
        if kind not in self._templates:
            self._templates[kind] = self._template(terms, contract, list(values))
        fields, places = self._templates[kind]
        values[ORDER_ID] = order_id
        fields = fields.copy()
        for place, name in places:
            fields[place] = values[name]
        return frame("\0".join(fields).encode())

    def _template(self, terms: OrderTerms, contract: Contract, differ: list[str]) -> Template:
        """One order as ibapi encodes it, with marks in the fields that differ."""
        request = Order()
        request.orderType = terms.type
        request.tif = terms.time_in_force
        request.outsideRth = terms.outside_hours
        request.eTradeOnly = False  # ibapi sets both, and TWS then refuses the order
        request.firmQuoteOnly = False
        for name, value in ORDER_TYPES[terms.type].fixed.items():
            setattr(request, name, value)
        for name in differ:
            setattr(request, name, MARK.format(name))
        for name in lost(self._changes.get(PLACE_ORDER, ())):
            setattr(request, name, LOST)
        offsets = order_offsets(terms.type, contract.exchange, self._version)
        self._client.placeOrder(MARK.format(ORDER_ID), contract, request)
        fields = self._taken()[4:].decode().split("\0")
        fields[-1:] = [*offsets, ""]  # what follows the last NUL
        names = {MARK.format(name): name for name in (ORDER_ID, *differ)}
        places = [(place, names[field]) for place, field in enumerate(fields) if field in names]
        if len(places) != len(names):
            missing = sorted(set(names.values()) - {name for _, name in places})
            raise ValueError(f"TWS's version has no field for {', '.join(missing)}")
        return fields, places

    def cancel_order(self, order_id: int) -> bytes:
        """Cancel one order of this client."""
        self._client.cancelOrder(order_id)
        return self._taken()

    def global_cancel(self) -> bytes:
        """Cancel every order of the account."""
        self._client.reqGlobalCancel()
        return self._taken()

    def contract_details(self, request_id: int, contract: Contract) -> bytes:
        """All that TWS knows of a contract."""
        self._client.reqContractDetails(request_id, contract)
        return self._taken()

    def market_rule(self, rule: int) -> bytes:
        """The price steps of a market rule."""
        self._client.reqMarketRule(rule)
        return self._taken()

    def positions(self) -> bytes:
        """The account's positions, now and on each change."""
        self._client.reqPositions()
        return self._taken()

    def account_summary(self, request_id: int, tags: str) -> bytes:
        """Some values of all accounts, now and each three minutes those that have changed."""
        self._client.reqAccountSummary(request_id, "All", tags)
        return self._taken()

    def cancel_account_summary(self, request_id: int) -> bytes:
        """No more of those values."""
        self._client.cancelAccountSummary(request_id)
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
        sent, self._capture.sent = self._capture.sent, []
        if not sent:
            raise ValueError("ibapi refused to encode the request: a field is not plain ASCII")
        return b"".join(map(self._at_version, sent) if self._changes else sent)

    def _at_version(self, message: bytes) -> bytes:
        """A request of ibapi's newest version as the version that was agreed on has it."""
        *fields, end = message[4:].decode().split("\0")
        changed = newer(fields, self._changes.get(int(fields[0]), ()))
        return frame("\0".join([*changed, end]).encode())


def _values(order: SubmitOrder) -> dict[str, str]:
    """The fields of TWS's order that differ from order to order, with their texts."""
    terms = order.terms
    kind = ORDER_TYPES.get(terms.type)
    if kind is None:
        raise ValueError(f"order type {terms.type} is not known here; load it with orders.types")
    values = {
        "action": terms.side,
        "totalQuantity": format(terms.quantity, "f"),
        "account": order.account,
        "orderRef": order.intent_id,
    }
    if terms.has not in kind.accepted:
        raise ValueError(f"a {terms.type} order {kind.fault(terms.prices)}")
    for name, field in kind.fields.items():
        price = getattr(terms, name)
        if price is not None:
            values[field] = format(price, "f")
    if terms.good_till_ns is not None:
        values["goodTillDate"] = date_of(terms.good_till_ns)
    if terms.oca:
        values["ocaGroup"], values["ocaType"] = terms.group, OCA_TYPES[terms.oca]
    return values


def date_of(ts_ns: int) -> str:
    """A time as TWS takes it, which counts in seconds: the order ends no later than was asked."""
    return format(datetime.fromtimestamp(ts_ns // 1_000_000_000, UTC), "%Y%m%d %H:%M:%S UTC")


def legs_of(contract: Contract) -> tuple[tuple[int, int, str, str], ...]:
    """The legs of a combo as plain values; empty for any other contract."""
    legs = contract.comboLegs
    return (
        () if not legs else tuple((leg.conId, leg.ratio, leg.action, leg.exchange) for leg in legs)
    )


def contract_of(instrument: Instrument, con_id: int = 0) -> Contract:
    """The contract as TWS wants it described; by `con_id` alone where it is known."""
    contract = Contract()
    contract.conId = con_id or instrument.con_id
    contract.secType = instrument.sec_type
    contract.exchange = instrument.exchange
    contract.currency = instrument.currency
    terms, named = options.terms_of(instrument), shorthands.named(instrument)
    if named is not None:
        contract.symbol, contract.lastTradeDateOrContractMonth = named.root, named.expiry
    elif instrument.sec_type == "FUT" or (instrument.sec_type == options.OPTION and terms is None):
        contract.localSymbol = instrument.symbol
    elif terms is None:
        contract.symbol = instrument.symbol
    else:
        _describe_option(contract, instrument, terms)
    return contract


def _describe_option(contract: Contract, instrument: Instrument, terms: OptionTerms) -> None:
    """What an option is on. Of one that has no OCC name its own name need not be TWS's."""
    contract.symbol, contract.right = terms.underlying, terms.right
    contract.lastTradeDateOrContractMonth = f"{terms.expiry:%Y%m%d}"
    contract.strike = float(terms.strike)
    contract.multiplier = text(instrument.multiplier)
    if options.read_name(instrument.symbol) is not None:
        contract.localSymbol, contract.tradingClass = instrument.symbol, root_of(instrument)
