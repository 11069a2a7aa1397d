"""The endpoints for orders and positions: what is asked, put into the exchange's terms."""

from decimal import Decimal
from typing import Final

from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.contracts import ContractQuery
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.order_handler import OrderHandler
from tapewire.simulator.exchange.orders import Order
from tapewire.simulator.projectx import answers
from tapewire.simulator.projectx.answers import Refusal, done
from tapewire.simulator.projectx.listing import Listing
from tapewire.simulator.projectx.records import Records
from tapewire.simulator.projectx.words import (
    BUY,
    JOIN_ASK,
    JOIN_BID,
    LIMIT,
    MARKET,
    SELL,
    STOP,
    STOP_LIMIT,
    TRAILING_STOP,
    TYPES,
    Json,
    exact,
    whole,
)
from tapewire.simulator.protocol.requests import BadRequest, CancelOrder, PlaceOrder

CLIENT: Final = 0
"""The exchange's client that all orders are placed under: the Gateway knows accounts alone."""
NEEDS: Final = {
    LIMIT: ("limitPrice",),
    STOP_LIMIT: ("limitPrice", "stopPrice"),
    STOP: ("stopPrice",),
    TRAILING_STOP: ("trailPrice",),
}
"""The prices that an order of each type must have; other types have none."""
UNSUPPORTED: Final = ("linkedOrderId", "stopLossBracket", "takeProfitBracket")
TAG_TAKEN: Final = "Custom tag is already in use: it must be unique across the account."


class Trading:
    """Places, changes and cancels orders of all accounts. `now_ns` is the time of what is asked.

    Every method raises Refusal where the answer is that it cannot be done.
    """

    def __init__(
        self, listing: Listing, exchange: Exchange, orders: OrderHandler, records: Records
    ) -> None:
        self.now_ns = 0
        self._listing = listing
        self._exchange = exchange
        self._orders = orders
        self._records = records
        self._tags: set[tuple[str, str]] = set()

    def place(self, asked: Json) -> Json:
        """`/Order/place`."""
        account = self.account_of(asked)
        instrument = self.instrument_of(asked, answers.CONTRACT_NOT_FOUND)
        tag = str(asked.get("customTag") or "")
        if (account, tag) in self._tags:
            raise Refusal(answers.ORDER_REJECTED, TAG_TAKEN)
        for name in UNSUPPORTED:
            if asked.get(name):
                text = f"{name} is not simulated: place each order by itself."
                raise Refusal(answers.ORDER_REJECTED, text)
        order = self._enter(self._request(asked, account, instrument, tag))
        if tag:
            self._tags.add((account, tag))
        return done(orderId=order.perm_id)

    def cancel(self, asked: Json) -> Json:
        """`/Order/cancel`."""
        order = self.order_of(asked)
        try:
            self._orders.cancel(CLIENT, CancelOrder(order.order_id), self.now_ns)
        except BadRequest as bad:
            raise Refusal(answers.CHANGE_REJECTED, bad.text) from bad
        return done()

    def modify(self, asked: Json) -> Json:
        """`/Order/modify`: what is not given stays as it is."""
        order = self.order_of(asked)
        if not order.is_open:
            text = f"Order is not open: it is {order.status.lower()}."
            raise Refusal(answers.CHANGE_REJECTED, text)
        request = _request_of(order)
        given = {
            "quantity": exact(asked.get("size")),
            "limit": exact(asked.get("limitPrice")),
            "aux": exact(asked.get("trailPrice" if order.kind.trails else "stopPrice")),
        }
        changes = {name: value for name, value in given.items() if value is not None}
        if not changes:
            raise Refusal(answers.CHANGE_REJECTED, "Nothing of the order is to be changed.")
        fields = {name: getattr(request, name) for name in request.__struct_fields__}
        try:
            self._orders.place(CLIENT, PlaceOrder(**{**fields, **changes}), self.now_ns)
        except BadRequest as bad:
            raise Refusal(answers.CHANGE_REJECTED, bad.text) from bad
        return done()

    def close(self, asked: Json) -> Json:
        """`/Position/closeContract`: a market order for all of a position."""
        account, held = self._held(asked)
        return self._reduce(asked, account, abs(held), held, answers.CLOSING_REJECTED)

    def close_partly(self, asked: Json) -> Json:
        """`/Position/partialCloseContract`: a market order for `size` of it."""
        account, held = self._held(asked)
        size = exact(asked.get("size"))
        if size is None or not 0 < size <= abs(held):
            text = f"The size must be 1 to {abs(held)}."
            raise Refusal(answers.INVALID_CLOSE_SIZE, text)
        return self._reduce(asked, account, size, held, answers.PARTIAL_CLOSING_REJECTED)

    # ---- what a request is about -----------------------------------------------------------------

    def account_of(self, asked: Json) -> str:
        """The account that a request names."""
        name = self._records.account_names.get(whole(asked, "accountId"))
        if name is None:
            raise Refusal(answers.ACCOUNT_NOT_FOUND, "Account not found.")
        return name

    def instrument_of(self, asked: Json, code: int) -> Instrument:
        """The instrument that a request names."""
        instrument = self._listing.find(asked.get("contractId"))
        if instrument is None:
            raise Refusal(code, "Contract not found.")
        return instrument

    def order_of(self, asked: Json) -> Order:
        """The order that a request names, if the account that it names has it."""
        account = self.account_of(asked)
        order = self._exchange.orders.get(whole(asked, "orderId"))
        if order is None or order.account != account:
            raise Refusal(answers.ORDER_NOT_FOUND, "Order not found.")
        return order

    # ---- inside ----------------------------------------------------------------------------------

    def _held(self, asked: Json) -> tuple[str, Decimal]:
        account = self.account_of(asked)
        instrument = self.instrument_of(asked, answers.CLOSING_CONTRACT_NOT_FOUND)
        held = self._records.held(account, instrument.symbol)
        if not held:
            raise Refusal(answers.POSITION_NOT_FOUND, "Position not found.")
        return account, held

    def _reduce(self, asked: Json, account: str, size: Decimal, held: Decimal, code: int) -> Json:
        instrument = self.instrument_of(asked, code)
        sell = {"type": MARKET, "side": SELL if held > 0 else BUY, "size": int(size)}
        try:
            order = self._enter(self._request(sell, account, instrument, ""))
        except Refusal as refusal:
            raise Refusal(code, str(refusal)) from refusal
        return done(orderId=order.perm_id)

    def _enter(self, request: PlaceOrder) -> Order:
        """Place an order; one that the exchange does not take is refused."""
        try:
            self._orders.place(CLIENT, request, self.now_ns)
        except BadRequest as bad:
            raise Refusal(answers.ORDER_REJECTED, bad.text) from bad
        order = self._orders.find(CLIENT, request.order_id)
        assert order is not None
        if order.status == "Inactive":
            raise Refusal(answers.ORDER_REJECTED, order.reason)
        return order

    def _request(self, asked: Json, account: str, instrument: Instrument, tag: str) -> PlaceOrder:
        kind, side, size = whole(asked, "type"), asked.get("side"), exact(asked.get("size"))
        if kind not in TYPES or side not in (BUY, SELL):
            raise Refusal(answers.ORDER_REJECTED, "Invalid order type or side.")
        if size is None or size <= 0 or size % 1:
            raise Refusal(answers.ORDER_REJECTED, "Invalid order size.")
        prices = {name: exact(asked.get(name)) for name in NEEDS.get(kind, ())}
        for name, price in prices.items():
            if price is None:
                raise Refusal(answers.ORDER_REJECTED, f"{name} is missing.")
        if kind in (JOIN_BID, JOIN_ASK):
            prices["limitPrice"] = self._quoted(instrument, kind)
        return PlaceOrder(
            order_id=self._orders.next_order_id(CLIENT),
            contract=_query_of(instrument),
            side="BUY" if side == BUY else "SELL",
            quantity=size,
            order_type=TYPES[kind],
            limit=prices.get("limitPrice"),
            aux=prices.get("stopPrice", prices.get("trailPrice")),
            tif="GTC",
            account=account,
            order_ref=tag,
            transmit=True,
            outside_rth=True,
            what_if=False,
        )

    def _quoted(self, instrument: Instrument, kind: int) -> Decimal:
        book = self._exchange.books[instrument.symbol]
        price = (book.bid if kind == JOIN_BID else book.ask).quoted()
        if price is None:
            raise Refusal(answers.ORDER_REJECTED, "There is no quote to join.")
        return price


def _query_of(instrument: Instrument) -> ContractQuery:
    return ContractQuery(
        instrument.con_id, instrument.symbol, instrument.sec_type, instrument.exchange,
        instrument.currency, "",
    )  # fmt: skip


def _request_of(order: Order) -> PlaceOrder:
    """The order as it would be asked for now."""
    terms = order.terms
    return PlaceOrder(
        order_id=order.order_id,
        contract=_query_of(order.instrument),
        side=order.side,
        quantity=terms.quantity,
        order_type=order.order_type,
        limit=terms.limit,
        aux=terms.trail if order.kind.trails else terms.stop,
        tif=order.tif,
        account=order.account,
        order_ref=order.order_ref,
        transmit=True,
        outside_rth=order.outside_rth,
        what_if=False,
        trail_stop=order.trail_stop,
    )
