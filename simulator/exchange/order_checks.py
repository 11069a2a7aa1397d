"""What TWS and the exchange check before they take an order.

TWS answers an invalid order with an error and nothing else. An order that is valid but that the
exchange does not take is rejected: error 201, and it ends Inactive.
"""

from typing import Final, cast

from tapewire.common.events.base import Side
from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.account import Accounts
from tapewire.simulator.exchange.combo_contracts import combo_of, legs_of
from tapewire.simulator.exchange.contracts import BAG, Contracts
from tapewire.simulator.exchange.links import OCA_TYPES, REDUCE_UNBLOCKED
from tapewire.simulator.exchange.order_types import KINDS, TIMES_IN_FORCE, TypeRules
from tapewire.simulator.exchange.orders import FRACTIONAL, ZERO, Leg, Order
from tapewire.simulator.exchange.terms import terms_of
from tapewire.simulator.exchange.triggers import METHODS, set_limit
from tapewire.simulator.protocol.requests import BadRequest, PlaceOrder, invalid

NO_ACCOUNT = "You must specify an account."
NOT_HERE = (387, "Unsupported order type for this exchange and security type.")
BAD_GTD = (334, "Invalid Good Till Date order")
OPENING: Final = frozenset({"MKT", "LMT"})
"""The order types that can be for the opening auction."""
COMBINED: Final = frozenset({"MKT", "LMT"})
"""The order types that a combo can have."""
FIXED: Final = (
    "legs", "account", "instrument", "side", "order_type", "tif", "order_ref", "outside_rth",
    "trigger_method", "good_after_ns", "good_till_ns",
)  # fmt: skip
"""What a modify must repeat as it was."""


class OrderChecks:
    """Makes orders of requests; every method raises BadRequest for an invalid request."""

    def __init__(self, contracts: Contracts, accounts: Accounts) -> None:
        self._contracts = contracts
        self._accounts = accounts

    def order(self, client_id: int, request: PlaceOrder) -> Order:
        """The order that a client asks for, not accepted by the exchange yet."""
        query, legs = request.contract, tuple[Leg, ...]()
        if query.sec_type == BAG:
            legs = legs_of(self._contracts, query, request.order_id)
        instrument = combo_of(query, legs) if legs else self._instrument(request)
        self._check_venue(request, instrument)
        terms = terms_of(request, instrument)
        if request.side not in ("BUY", "SELL"):
            raise invalid(request.order_id, f"Invalid order action {request.side!r}.")
        order = Order(
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
            trail=terms.trail,
            trail_percent=terms.trail_percent,
            limit_offset=terms.limit_offset,
            offset=terms.offset,
            asked=terms,
            legs=legs,
            tif=request.tif,
            outside_rth=request.outside_rth,
            trigger_method=request.trigger_method,
            good_after_ns=request.good_after_ns,
            good_till_ns=request.good_till_ns,
            transmit=request.transmit,
            oca_group=request.oca_group,
            oca_type=_oca_type(request),
        )
        set_limit(order)
        return order

    def _instrument(self, request: PlaceOrder) -> Instrument:
        found = self._contracts.find(request.contract)
        if len(found) != 1:
            raise BadRequest(request.order_id, 200, self._contracts.missing(request.contract))
        if not request.contract.exchange:
            raise invalid(request.order_id, "Missing order exchange.")
        return found[0]

    def _check_venue(self, request: PlaceOrder, instrument: Instrument) -> None:
        """Refuse what the market does not offer."""
        kind = KINDS.get(request.order_type)
        is_combo = instrument.sec_type == BAG
        offers = not is_combo or request.order_type in COMBINED
        if request.tif == "OPG":  # no auction is for combos
            offers = not is_combo and request.order_type in OPENING
        if kind is not None and kind.sec_types:
            offers = offers and instrument.sec_type in kind.sec_types
        if not offers:
            raise BadRequest(request.order_id, *NOT_HERE)
        if request.tif == "GTD" and request.good_till_ns is None:
            raise BadRequest(request.order_id, *BAD_GTD)

    def _account(self, request: PlaceOrder) -> str:
        account = self._accounts.resolve(request.account)
        if account:
            return account
        if not request.account:
            raise BadRequest(request.order_id, 435, NO_ACCOUNT)
        raise invalid(request.order_id, f"Invalid account code {request.account!r}.")


def _oca_type(request: PlaceOrder) -> int:
    """The type of its group; the default is TWS's."""
    return (request.oca_type or REDUCE_UNBLOCKED) if request.oca_group else 0


def is_same_order(one: Order, other: Order) -> bool:
    """Whether `other`, of a modify, differs in nothing but what that can replace. It may leave out
    the group."""
    is_same = all(getattr(one, name) == getattr(other, name) for name in FIXED)
    named = other.oca_group in ("", one.oca_group)
    return is_same and named and other.oca_type in (0, one.oca_type)


def rejection(request: PlaceOrder, instrument: Instrument) -> str:
    """Why the exchange rejects an order that is valid in itself; empty if it does not."""
    if request.unsupported:
        return f"{request.unsupported} is not simulated"
    if request.order_type not in KINDS:
        expected = ", ".join(KINDS)
        return f"order type {request.order_type} is not simulated, expected one of {expected}"
    if request.tif not in TIMES_IN_FORCE:
        expected = ", ".join(TIMES_IN_FORCE)
        return f"time in force {request.tif} is not simulated, expected one of {expected}"
    if stray := _stray(request):
        return stray
    whole = (request.quantity or ZERO) % 1 == 0
    if not whole and instrument.sec_type not in FRACTIONAL:
        return f"a size of {request.quantity} is not a whole number"
    return ""


def _stray(request: PlaceOrder) -> str:
    """An attribute that means nothing for such an order, with what it is for."""
    kind = KINDS[request.order_type]
    if request.oca_group and request.oca_type not in (0, *OCA_TYPES):
        return f"ocaType {request.oca_type} is unknown, expected one of 1, 2, 3"
    if request.good_till_ns is not None and request.tif != "GTD":
        return f"goodTillDate is for time in force GTD, and the order has {request.tif}"
    return _stray_trigger(request, kind) or _stray_price(request, kind)


def _stray_trigger(request: PlaceOrder, kind: TypeRules) -> str:
    if request.trigger_method not in METHODS:
        expected = ", ".join(map(str, METHODS))
        return f"triggerMethod {request.trigger_method} is unknown, expected one of {expected}"
    if request.trigger_method and not kind.has_trigger:
        return f"triggerMethod is for orders with a trigger, and a {request.order_type} has none"
    return ""


def _stray_price(request: PlaceOrder, kind: TypeRules) -> str:
    for name, given in (
        ("trailStopPrice", request.trail_stop),
        ("trailingPercent", request.trail_percent),
        ("lmtPriceOffset", request.limit_offset),
    ):
        if given and not kind.trails:
            return f"{name} is for trailing orders, and the order is {request.order_type}"
    if request.limit_offset and kind.limit == "no":
        return f"lmtPriceOffset is for TRAIL LIMIT, and the order is {request.order_type}"
    return ""
