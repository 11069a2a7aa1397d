"""The layout of placeOrder: more than a hundred fields, of which a plain order uses a dozen.

An order that asks for something that is not simulated is read far enough to name it and is then
rejected. No order is ever worked as something simpler than its client meant.
"""

import msgspec

from tapewire.simulator.exchange.contracts import BAG, ContractQuery, LegQuery
from tapewire.simulator.protocol import requests as ask
from tapewire.simulator.protocol.layout import Field, Layout, unused
from tapewire.simulator.protocol.order_attributes import unsupported
from tapewire.simulator.protocol.requests import Fields, PlaceOrder
from tapewire.simulator.protocol.times import moment

GUARANTEED = ("NonGuaranteed", "0")
OFFSETS_SINCE = 170  # fields of orders to IBKRATS, and of orders that are pegged


def place_order(fields: Fields, version: int) -> PlaceOrder:
    """placeOrder (3) as sent at server versions 152 to 178."""
    found = PLACE_ORDER.read(fields, version)
    if version >= OFFSETS_SINCE:
        found |= _pegged_offsets(fields, found["contract"].exchange, found["orderType"])
    return PlaceOrder(
        order_id=found["orderId"],
        contract=_with_legs(found["contract"], found["comboLegs"]),
        side=found["action"],
        quantity=found["totalQuantity"],
        order_type=found["orderType"],
        limit=found["lmtPrice"],
        aux=found["auxPrice"],
        tif=found["tif"] or "DAY",
        account=found["account"],
        order_ref=found["orderRef"],
        transmit=found["transmit"],
        outside_rth=found["outsideRth"],
        what_if=found["whatIf"],
        trail_stop=found["trailStopPrice"],
        trail_percent=found["trailingPercent"],
        limit_offset=found["lmtPriceOffset"],
        trigger_method=found["triggerMethod"],
        good_after_ns=found["goodAfterTime"],
        good_till_ns=found["goodTillDate"],
        parent_id=found["parentId"],
        oca_group=found["ocaGroup"],
        oca_type=found["ocaType"],
        unsupported=unsupported(found),
    )


def _with_legs(contract: ContractQuery, legs: tuple[LegQuery, ...]) -> ContractQuery:
    return msgspec.structs.replace(contract, legs=legs) if legs else contract


def _pegged_offsets(fields: Fields, exchange: str, order_type: str) -> dict[str, str]:
    names = ["minTradeQty"] if exchange == "IBKRATS" else []
    if order_type in ("PEG BEST", "PEGBEST"):  # followed by two more for some of its values
        raise ask.invalid(fields.req_id, f"Order type {order_type} is not simulated.")
    if order_type in ("PEG MID", "PEGMID"):
        names += ["midOffsetAtWhole", "midOffsetAtHalf"]
    return {name: fields.text() for name in names}


def _contract(fields: Fields) -> ContractQuery:
    contract = fields.contract()
    fields.is_combo = contract.sec_type == BAG
    return contract


def _combo_legs(fields: Fields) -> tuple[LegQuery, ...]:
    """The legs of a combo; no other contract has this field."""
    # openClose, shortSaleSlot, designatedLocation, exemptCode
    return fields.legs(more=4) if fields.is_combo else ()


def _leg_prices(fields: Fields) -> bool:
    """Whether a leg of a combo has a price of its own."""
    prices = [fields.number() for _ in range(_count(fields))]
    return any(price is not None for price in prices)


def _combo_routing(fields: Fields) -> str:
    """What is asked for beyond a guaranteed combo, of which all legs trade or none."""
    asked = [(fields.text(), fields.text()) for _ in range(_count(fields))]
    return next((f"{tag}={value}" for tag, value in asked if (tag, value) != GUARANTEED), "")


def _count(fields: Fields) -> int:
    return fields.count_of_legs() if fields.is_combo else 0


def _order_type(fields: Fields) -> str:
    order_type = fields.text()
    if order_type in ("PEG BENCH", "PEGBENCH"):  # its further layout differs
        raise ask.invalid(fields.req_id, f"Order type {order_type} is not simulated.")
    return order_type


def _whole(fields: Fields) -> int:
    """A whole number; 0 where it is unset."""
    return int(fields.number() or 0)


def _delta_neutral_price(fields: Fields) -> str:
    """The price, and eight fields more if the order type before it was not empty.

    "None" counts as a type: clients send back what openOrder reported to them.
    """
    has_type = bool(fields.last())
    price = fields.text()
    fields.skip(8 if has_type else 0)
    return price


def _scale_increment(fields: Fields) -> None:
    if (fields.number() or 0) > 0:
        raise ask.invalid(fields.req_id, "Scale orders are not simulated (scalePriceIncrement).")


def _hedge_type(fields: Fields) -> str:
    hedge = fields.text()
    if hedge:
        fields.skip(1)  # hedgeParam
    return hedge


def _delta_neutral_contract(fields: Fields) -> bool:
    is_given = fields.flag()
    if is_given:
        fields.skip(3)  # conId, delta, price
    return is_given


def _algo_strategy(fields: Fields) -> str:
    algo = fields.text()
    if algo:
        fields.skip(2 * fields.integer())  # names and values
    return algo


def _conditions(fields: Fields) -> None:
    if fields.integer():
        raise ask.invalid(fields.req_id, "Order conditions are not simulated (conditions).")


PLACE_ORDER = Layout(
    Field("orderId", Fields.identity),
    Field("contract", _contract),  # twelve fields
    *unused("secIdType secId"),
    Field("action", Fields.text),
    Field("totalQuantity", Fields.number),
    Field("orderType", _order_type),
    Field("lmtPrice", Fields.number),
    Field("auxPrice", Fields.number),
    Field("tif", Fields.text),
    Field("ocaGroup", Fields.text),
    Field("account", Fields.text),
    *unused("openClose origin"),
    Field("orderRef", Fields.text),
    Field("transmit", Fields.flag),
    Field("parentId", _whole),
    *unused("blockOrder sweepToFill displaySize"),
    Field("triggerMethod", _whole),
    Field("outsideRth", Fields.flag),
    *unused("hidden"),
    Field("comboLegs", _combo_legs),
    Field("orderComboLegs", _leg_prices),
    Field("smartComboRoutingParams", _combo_routing),
    *unused("sharesAllocation discretionaryAmt"),
    Field("goodAfterTime", moment),
    Field("goodTillDate", moment),
    *unused("faGroup faMethod faPercentage"),
    *unused("faProfile", until=177),
    *unused("modelCode shortSaleSlot designatedLocation exemptCode"),
    Field("ocaType", _whole),
    *unused("rule80A settlingFirm allOrNone minQty"),
    *unused("percentOffset eTradeOnly firmQuoteOnly nbboPriceCap auctionStrategy startingPrice"),
    *unused("stockRefPrice delta stockRangeLower stockRangeUpper overridePercentageConstraints"),
    *unused("volatility volatilityType deltaNeutralOrderType"),
    Field("deltaNeutralAuxPrice", _delta_neutral_price),
    *unused("continuousUpdate referencePriceType"),
    Field("trailStopPrice", Fields.number),
    Field("trailingPercent", Fields.number),
    *unused("scaleInitLevelSize scaleSubsLevelSize"),
    Field("scalePriceIncrement", _scale_increment),
    *unused("scaleTable activeStartTime activeStopTime"),
    Field("hedgeType", _hedge_type),
    *unused("optOutSmartRouting clearingAccount clearingIntent notHeld"),
    Field("deltaNeutralContract", _delta_neutral_contract),
    Field("algoStrategy", _algo_strategy),
    *unused("algoId"),
    Field("whatIf", Fields.flag),
    *unused("orderMiscOptions solicited randomizeSize randomizePrice"),
    Field("conditions", _conditions),
    *unused("adjustedOrderType triggerPrice"),
    Field("lmtPriceOffset", Fields.number),
    *unused("adjustedStopPrice adjustedStopLimitPrice"),
    *unused("adjustedTrailingAmount adjustableTrailingUnit"),
    *unused("extOperator softDollarTierName softDollarTierValue"),
    *unused("cashQty"),
    *unused("mifid2DecisionMaker mifid2DecisionAlgo mifid2ExecutionTrader mifid2ExecutionAlgo"),
    *unused("dontUseAutoPriceForHedge isOmsContainer discretionaryUpToLimitPrice"),
    *unused("usePriceMgmtAlgo"),
    *unused("duration", since=158),
    *unused("postToAts", since=160),
    *unused("autoCancelParent", since=162),
    *unused("advancedErrorOverride", since=166),
    *unused("manualOrderTime", since=169),
)
