"""Placing orders: an order of ours with its contract, as the bytes that TWS takes."""

from decimal import Decimal

from msgspec.structs import replace

from tapewire.common.events import ORDER_TYPES, SubmitOrder
from tapewire.gateway.tws.contracts import Contracts
from tapewire.gateway.tws.messages import CompletedOrder, OpenOrder, OrderStatus
from tapewire.gateway.tws.reports import ENDED
from tapewire.gateway.tws.session import TwsSession


class Placing:
    """Encodes new orders and modifies for one login.

    TWS takes a modify as the whole order again. The stop of a trailing order has moved since it was
    placed, and to send its first one again would take it back; so what TWS last reported of it is
    sent in its place.
    """

    def __init__(self, session: TwsSession, contracts: Contracts) -> None:
        self._session = session
        self._contracts = contracts
        self._trailing_stops: dict[int, Decimal] = {}

    @property
    def client_id(self) -> int:
        """The client that orders are placed under."""
        return self._session.client_id

    def reported(self, message: OpenOrder | OrderStatus | CompletedOrder) -> None:
        """TWS reports an order: where its trailing stop is by now."""
        if isinstance(message, CompletedOrder) or message.client_id != self._session.client_id:
            return
        if message.status in ENDED:
            self._trailing_stops.pop(message.order_id, None)
        elif isinstance(message, OpenOrder) and message.trailing_stop is not None:
            self._trailing_stops[message.order_id] = message.trailing_stop

    def new(
        self, order_id: str, order: SubmitOrder, parent_order_id: str, *, transmit: bool
    ) -> bytes:
        """A new order; ValueError where it cannot be put into TWS's words."""
        if order.parent_id and not parent_order_id:
            raise ValueError(f"its parent {order.parent_id} has no order at the broker")
        legs = order.legs
        contract = self._contracts.combo(legs) if legs else self._contracts.contract(order.symbol)
        return self._session.encode.place_order(
            order_id, order, contract, parent_order_id=parent_order_id, transmit=transmit
        )

    def asked(self, order_id: str, order: SubmitOrder) -> bytes:
        """A question what the order would do; ValueError as `new`. A group is not asked about, so
        the order stands alone."""
        contract = (
            self._contracts.combo(order.legs) if order.legs
            else self._contracts.contract(order.symbol)
        )  # fmt: skip
        return self._session.encode.place_order(order_id, order, contract, what_if=True)

    def modified(self, order_id: str, order: SubmitOrder, parent_order_id: str) -> bytes:
        """The order with its new terms; ValueError as `new`."""
        stop = self._trailing_stops.get(int(order_id))
        if stop is not None and ORDER_TYPES[order.terms.type].trails:
            order = replace(order, terms=replace(order.terms, stop=stop))
        return self.new(order_id, order, parent_order_id, transmit=True)
