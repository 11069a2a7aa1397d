"""What TWS and the exchange check before they take an order.

TWS answers an invalid order with an error and nothing else. An order that is valid but that the
exchange does not take is rejected: error 201, and it ends Inactive.
"""

from decimal import Decimal
from typing import cast

from tapewire.common.events.base import Side
from tapewire.common.events.terms import TimeInForce
from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.account import Accounts
from tapewire.simulator.exchange.contracts import Contracts
from tapewire.simulator.exchange.orders import (
    ORDER_TYPES,
    TIMES_IN_FORCE,
    ZERO,
    Order,
    Terms,
)
from tapewire.simulator.protocol.requests import BadRequest, PlaceOrder, invalid

FRACTIONAL = ("CRYPTO", "CASH")
NO_CONTRACT = "No security definition has been found for the request"
NO_ACCOUNT = "You must specify an account."
OFF_TICK = "The price does not conform to the minimum price variation for this contract."

Identity = tuple[str, str, str, str, str, str]
"""Account, symbol, side, order type, time in force and reference: a modify must repeat them."""


class OrderChecks:
    """Makes orders of requests; every method raises BadRequest for an invalid request."""

    def __init__(self, contracts: Contracts, accounts: Accounts) -> None:
        self._contracts = contracts
        self._accounts = accounts

    def order(self, client_id: int, request: PlaceOrder) -> Order:
        """The order that a client asks for, not accepted by the exchange yet."""
        instrument = self._instrument(request)
        terms = terms_of(request, instrument)
        if request.side not in ("BUY", "SELL"):
            raise invalid(request.order_id, f"Invalid order action {request.side!r}.")
        return Order(
            client_id=client_id,
            order_id=request.order_id,
            order_ref=request.order_ref,
            account=self._account(request),
            instrument=instrument,
            side=cast(Side, request.side),
            quantity=terms.quantity,
            order_type=request.order_type,
            limit=terms.limit,
            stop=terms.stop,
            tif=cast(TimeInForce, request.tif),
            outside_rth=request.outside_rth,
        )

    def identity(self, request: PlaceOrder) -> Identity:
        """The identity of the order that a modify names; compare it with `identity_of`."""
        symbol, account = self._instrument(request).symbol, self._account(request)
        side, kind = request.side, request.order_type
        return (account, symbol, side, kind, request.tif, request.order_ref)

    def _instrument(self, request: PlaceOrder) -> Instrument:
        found = self._contracts.find(request.contract)
        if len(found) != 1:
            raise BadRequest(request.order_id, 200, NO_CONTRACT)
        if not request.contract.exchange:
            raise invalid(request.order_id, "Missing order exchange.")
        return found[0]

    def _account(self, request: PlaceOrder) -> str:
        account = self._accounts.resolve(request.account)
        if account:
            return account
        if not request.account:
            raise BadRequest(request.order_id, 435, NO_ACCOUNT)
        raise invalid(request.order_id, f"Invalid account code {request.account!r}.")


def identity_of(order: Order) -> Identity:
    """The terms of an order that a modify cannot replace."""
    symbol = order.instrument.symbol
    return (order.account, symbol, order.side, order.order_type, order.tif, order.order_ref)


def terms_of(request: PlaceOrder, instrument: Instrument) -> Terms:
    """The quantity and the prices that the order type has; raises BadRequest if they are unfit."""
    if request.quantity is None or request.quantity <= 0:
        raise invalid(request.order_id, "The order size must be above 0.")
    prices = {}
    for name in ORDER_TYPES.get(request.order_type, ()):
        price: Decimal | None = getattr(request, name)
        if price is None:
            raise invalid(request.order_id, f"Missing {name} price.")
        if price % instrument.min_tick:
            raise BadRequest(request.order_id, 110, OFF_TICK)
        prices[name] = price
    return Terms(request.quantity, **prices)


def rejection(request: PlaceOrder, instrument: Instrument) -> str:
    """Why the exchange rejects an order that is valid in itself; empty if it does not."""
    if request.unsupported:
        return f"{request.unsupported} is not simulated"
    if request.order_type not in ORDER_TYPES:
        expected = ", ".join(ORDER_TYPES)
        return f"order type {request.order_type} is not simulated, expected one of {expected}"
    if request.tif not in TIMES_IN_FORCE:
        expected = ", ".join(TIMES_IN_FORCE)
        return f"time in force {request.tif} is not simulated, expected one of {expected}"
    whole = (request.quantity or ZERO) % 1 == 0
    if not whole and instrument.sec_type not in FRACTIONAL:
        return f"a size of {request.quantity} is not a whole number"
    return ""
