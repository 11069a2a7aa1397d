"""What the Gateway is asked about orders."""

import re
from decimal import Decimal
from typing import Final

from tapewire.common import roles
from tapewire.common.events import SubmitOrder
from tapewire.gateway.projectx.words import (
    NUMBERS,
    OF_KIND,
    PRICES,
    TIMES_IN_FORCE,
    TYPES,
    Json,
)

PLACE = "/Order/place"
MODIFY = "/Order/modify"
CANCEL = "/Order/cancel"
UNPLACED: Final = {
    "TRAIL": (
        "a trailing stop: ProjectX takes the price at which one starts, in place of its distance"
        " from the market; place a stop, and modify it as the market moves"
    ),
    "STP LMT": (
        "a stop-limit: ProjectX's reference does not have it among the order types that it places;"
        " place a stop, or a limit order once the market is at your stop"
    ),
}
"""Types that the Gateway shows, and that are not placed there, with the reason."""
PLACED: Final = tuple(name for name in TYPES if name not in UNPLACED)
ALONE: Final = "ProjectX's adapter places each order by itself, not in groups"
TAG: Final = re.compile(r"\b(custom)?tags?\b", re.IGNORECASE)
"""In the Gateway's words for a second order of a tag: the first one is there."""


def place(order: SubmitOrder, contract_id: str) -> Json:
    """The body of a new order, under its intent's id: the Gateway takes a tag once per account, so
    no second order of this intent can ever be.

    ValueError for what it has no terms for. The Gateway has no time in force: an order lives until
    it is cancelled. So one that may rest must be GTC, but for those of risk, which cancels what it
    closes with after some seconds.
    """
    terms = order.terms
    _require_known(order)
    if terms.time_in_force == "DAY" and terms.type != "MKT" and order.strategy != roles.RISK:
        raise ValueError(
            f"a {terms.type} order of the day; an order at ProjectX lives until it is cancelled, so"
            " it would outlive the day. Give it the time in force GTC, and cancel it yourself"
        )
    return {
        "accountId": int(order.account),
        "contractId": contract_id,
        "type": TYPES[terms.type],
        "side": NUMBERS[terms.side],
        "size": _whole(terms.quantity),
        "customTag": order.intent_id,
        **_prices(order),
    }


def modify(order_id: str, order: SubmitOrder) -> Json:
    """The body of new terms for an order."""
    _require_known(order)
    return {
        "accountId": int(order.account),
        "orderId": int(order_id),
        "size": _whole(order.terms.quantity),
        **_prices(order),
    }


def _whole(quantity: Decimal) -> int:
    if (size := int(quantity)) != quantity:
        raise ValueError(f"quantity {quantity:f}; ProjectX trades whole contracts")
    return size


def _require_known(order: SubmitOrder) -> None:
    terms = order.terms
    if terms.type not in TYPES or order.legs:
        kind = "a combo" if order.legs else f"order type {terms.type}"
        raise ValueError(f"{kind} is not one of ProjectX's: {', '.join(PLACED)} are")
    if terms.type in UNPLACED:
        raise ValueError(UNPLACED[terms.type])
    if terms.time_in_force not in TIMES_IN_FORCE:
        raise ValueError(
            f"time in force {terms.time_in_force}; an order at ProjectX lives until it is cancelled"
        )
    if terms.oca or order.parent_id:
        raise ValueError(ALONE)


def _prices(order: SubmitOrder) -> dict[str, float]:
    prices = order.terms.prices
    return {PRICES[name]: _exact(prices[name]) for name in OF_KIND[order.terms.type]}


def _exact(price: Decimal) -> float:
    """A price as a number of JSON; ValueError for one that such a number cannot have exactly."""
    found = float(price)
    if Decimal(repr(found)) != price:
        raise ValueError(f"price {price:f} has too many digits")
    return found
