"""The layout of placeOrder: a hundred fields, of which a plain order uses a dozen.

What an order asks for beyond that is read far enough to name it and then refused, so that
no order is ever worked as something simpler than its client meant.
"""

from tapewire.simulator.exchange.contracts import ContractQuery
from tapewire.simulator.protocol import requests as ask
from tapewire.simulator.protocol.requests import Fields, PlaceOrder


def place_order(read: Fields, version: int) -> PlaceOrder:
    """placeOrder (3) as sent at server versions 152 to 178."""
    order_id, contract = read.identity(), read.contract()
    read.skip(2)  # secIdType, secId
    action, quantity, order_type = read.text(), read.number(), read.text()
    limit, _stop = read.number(), read.number()
    tif, oca_group, account = read.text(), read.text(), read.text()
    read.skip(2)  # openClose, origin
    order_ref, transmit, parent_id = read.text(), read.flag(), read.integer()
    read.skip(4)  # blockOrder, sweepToFill, displaySize, triggerMethod
    outside_rth, _hidden = read.flag(), read.flag()
    _refuse_early(read, order_id, contract, order_type)
    read.skip(2)  # sharesAllocation, discretionaryAmt
    good_after = read.text()
    read.skip(5 if version < 177 else 4)  # goodTillDate, financial advisor
    read.skip(1 + 3 + 3)  # modelCode, short sale, ocaType, rule80A, settlingFirm
    all_or_none, min_quantity = read.flag(), read.number()
    read.skip(11)  # percentOffset ... overridePercentageConstraints
    _volatility(read)
    _scale(read, order_id)
    hedge = _hedge(read)
    read.skip(4)  # optOutSmartRouting, clearing, notHeld
    delta_neutral, algo = read.flag(), False
    if delta_neutral:
        read.skip(3)
    if read.text():  # algoStrategy
        algo = True
        read.skip(2 * read.integer())
    read.skip(1)  # algoId
    what_if = read.flag()
    read.skip(4)  # options, solicited, randomizeSize, randomizePrice
    if read.integer():
        raise ask.refused(order_id, "Order conditions are not simulated.")
    read.skip(7)  # adjusted order
    read.skip(3)  # extOperator, softDollarTier
    cash_quantity = read.number()
    read.skip(4 + 4)  # mifid, flags
    read.skip(_newer(version, contract, order_type))
    asked = {
        "ocaGroup": bool(oca_group),
        "parentId": parent_id != 0,
        "goodAfterTime": bool(good_after),
        "allOrNone": all_or_none,
        "minQty": bool(min_quantity),
        "cashQty": bool(cash_quantity),
        "hedgeType": hedge,
        "deltaNeutralContract": delta_neutral,
        "algoStrategy": algo,
        "transmit=False": not transmit,
    }
    return PlaceOrder(
        order_id=order_id,
        contract=contract,
        action=action,
        quantity=quantity,
        order_type=order_type,
        limit=limit,
        tif=tif or "DAY",
        account=account,
        order_ref=order_ref,
        transmit=transmit,
        outside_rth=outside_rth,
        what_if=what_if,
        unsupported=next((name for name, is_asked in asked.items() if is_asked), ""),
    )


def _refuse_early(read: Fields, order_id: int, contract: ContractQuery, order_type: str) -> None:
    """Orders whose further layout differs are refused before it is read."""
    if contract.sec_type == "BAG":
        raise ask.refused(order_id, "Combinations are not simulated.")
    if order_type.startswith("PEG"):
        raise ask.refused(order_id, f"Order type {order_type} is not simulated.")


def _volatility(read: Fields) -> None:
    read.skip(2)  # volatility, its type
    delta_neutral_type = read.text()
    read.skip(1)
    if delta_neutral_type:  # "None" counts: clients send back what openOrder told them
        read.skip(8)
    read.skip(4)  # continuousUpdate, referencePriceType, trailing


def _scale(read: Fields, order_id: int) -> None:
    read.skip(2)  # sizes of the levels
    if (read.number() or 0) > 0:
        raise ask.refused(order_id, "Scale orders are not simulated.")
    read.skip(3)  # scaleTable, active times


def _hedge(read: Fields) -> bool:
    hedged = bool(read.text())
    if hedged:
        read.skip(1)
    return hedged


def _newer(version: int, contract: ContractQuery, order_type: str) -> int:
    """How many fields server versions after 157 have appended."""
    steps = [158, 160, 162, 166, 169]  # duration, postToAts, autoCancelParent, override, time
    count = sum(version >= step for step in steps)
    if version >= 170 and contract.exchange == "IBKRATS":
        count += 1
    return count
