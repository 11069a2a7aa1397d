"""openOrder and completedOrder: the two long messages that tell an order in full.

Both have some hundred fields, of which this TWS uses thirty. What it does not use carries
the value that a real TWS sends for a plain stock order.
"""

from tapewire.common.amounts import text
from tapewire.simulator.exchange.orders import Order
from tapewire.simulator.protocol.messages import (
    UNSET_DOUBLE,
    UNSET_INTEGER,
    Fields,
    clock_text,
    contract,
)


def open_order(version: int, account: str, order: Order, with_commission: bool = False) -> Fields:
    """openOrder (5): 128 fields at server version 157, 136 at 176."""
    state = [
        "0",  # whatIf
        order.status,
        *[UNSET_DOUBLE] * 9,  # margins
        text(order.commission) if with_commission else UNSET_DOUBLE,
        UNSET_DOUBLE,  # minCommission
        UNSET_DOUBLE,  # maxCommission
        order.instrument.currency if with_commission else "",
        "",  # warningText
    ]
    return _open_order(version, account, order, state)


def what_if(version: int, account: str, order: Order, commission: str | None) -> Fields:
    """openOrder of an order that is only asked about; None is the first of the two answers."""
    margins = [UNSET_DOUBLE] * 9 if commission is None else ["0.0"] * 9
    costs = ["", "", "", ""] if commission is None else ["", commission, commission, ""]
    if commission is not None:
        costs[3] = order.instrument.currency
    return _open_order(version, account, order, ["1", "PreSubmitted", *margins, *costs, ""])


def completed_order(version: int, account: str, order: Order) -> Fields:
    """completedOrder (101): no order id in it, permId and orderRef are what names it."""
    return [
        "101",
        *contract(order.instrument, right="?"),
        *_basics(account, order),
        str(order.perm_id),
        *_handling(order),
        *_advisor(version),
        *["", "", "", ""],  # modelCode, goodTillDate, rule80A, percentOffset
        *["", "0", "", "-1"],  # settlingFirm, shortSaleSlot, designatedLocation, exemptCode
        *["", "", "", "", ""],  # startingPrice ... stockRangeUpper
        *[UNSET_INTEGER, "0", "0", ""],  # displaySize, sweepToFill, allOrNone, minQty
        *["3", "0", "", "0"],  # ocaType, triggerMethod, volatility, volatilityType
        *["None", "", "0", "0", "0", ""],  # deltaNeutralOrderType, its price, four more
        *["0", "0", "", ""],  # continuousUpdate ... trailingPercent
        *_combination(),
        *["", "IB", "0", "0"],  # clearingAccount, clearingIntent, notHeld, deltaNeutral
        *["", "0", order.status, "0", "0"],  # algo, solicited, status, randomizeSize, ...Price
        "0",  # conditions
        *["", "", "", "0", "0"],  # trailStop, limit offset, cashQty, autoPrice, omsContainer
        *["", text(order.filled), "", "0", ""],  # autoCancelDate, filled, refFutures, ...
        *["0", "0", "0"],  # imbalanceOnly, routeMarketableToBbo, parentPermId
        clock_text(order.done_ns),
        _completed_status(order),
        *(["", "", "", "", ""] if version >= 170 else []),
    ]


def _completed_status(order: Order) -> str:
    if order.status == "Filled":
        return f"Filled Size: {text(order.filled)}"
    return order.reason


def _open_order(version: int, account: str, order: Order, state: Fields) -> Fields:
    return [
        "5",
        str(order.order_id),
        *contract(order.instrument, right="?"),
        *_basics(account, order),
        str(order.client_id),
        str(order.perm_id),
        *_handling(order),
        f"{order.perm_id}.0/{account}/{text(order.quantity)}",  # sharesAllocation
        *_advisor(version),
        *["", "", "", ""],  # modelCode, goodTillDate, rule80A, percentOffset
        *["", "0", "", "-1", "0"],  # settlingFirm ... exemptCode, auctionStrategy
        *["", "", "", "", ""],  # startingPrice ... stockRangeUpper
        *[UNSET_INTEGER, "0", "0", "0", ""],  # displaySize, block, sweepToFill, allOrNone, minQty
        *["3", "0", "0", ""],  # ocaType, eTradeOnly, firmQuoteOnly, nbboPriceCap
        *["0", "0", "", "0"],  # parentId, triggerMethod, volatility, volatilityType
        *["None", "", "0", "", "", "", "?", "0", "0", ""],  # deltaNeutral...
        *["0", "0", "", ""],  # continuousUpdate, referencePriceType, trailStop, trailingPercent
        *["", ""],  # basisPoints, basisPointsType
        *_combination(),
        *["0", "", "IB", "0", "0"],  # optOut, clearing..., notHeld, deltaNeutral
        *["", "0"],  # algoStrategy, solicited
        *state,
        *["0", "0", "0"],  # randomizeSize, randomizePrice, conditions
        *["None", *[UNSET_DOUBLE] * 6, "0"],  # adjusted order
        *["", "", "", "0"],  # softDollarTier, cashQty
        *["1", "0", "0", "0"],  # autoPriceForHedge, omsContainer, upToLimitPrice, priceMgmtAlgo
        *_newer(version),
    ]


def _basics(account: str, order: Order) -> Fields:
    return [
        order.action,
        text(order.quantity),
        order.order_type,
        "0.0" if order.limit is None else text(order.limit),
        "0.0",  # auxPrice
        order.tif,
        "",  # ocaGroup
        account,
        "",  # openClose
        "0",  # origin
        order.order_ref,
    ]


def _handling(order: Order) -> Fields:
    return ["1" if order.outside_rth else "0", "0", "0", ""]  # ..., hidden, discretionary, after


def _advisor(version: int) -> Fields:
    return ["", "", ""] if version >= 177 else ["", "", "", ""]  # faProfile went away


def _combination() -> Fields:
    """Combination legs, scale and hedge, all unused."""
    return ["", "0", "0", "0", UNSET_INTEGER, UNSET_INTEGER, "", ""]


def _newer(version: int) -> Fields:
    fields: Fields = []
    if version >= 159:
        fields += [""]  # duration
    if version >= 160:
        fields += [""]  # postToAts
    if version >= 162:
        fields += ["0"]  # autoCancelParent
    if version >= 170:
        fields += ["", "", "", "", ""]
    return fields
