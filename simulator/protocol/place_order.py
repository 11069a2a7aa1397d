"""The layout of placeOrder: more than a hundred fields, of which a plain order uses a dozen.

An order that asks for something that is not simulated is read far enough to name it and is then
rejected. No order is ever worked as something simpler than its client meant.
"""

from typing import Any

from tapewire.simulator.exchange.contracts import ContractQuery
from tapewire.simulator.protocol import requests as ask
from tapewire.simulator.protocol.layout import Field, Layout, unused
from tapewire.simulator.protocol.requests import Fields, PlaceOrder

IBKRATS_SINCE = 170  # orders to that destination have a field more


def place_order(fields: Fields, version: int) -> PlaceOrder:
    """placeOrder (3) as sent at server versions 152 to 178."""
    found = PLACE_ORDER.read(fields, version)
    if version >= IBKRATS_SINCE and found["contract"].exchange == "IBKRATS":
        fields.skip(1)  # minTradeQty
    return PlaceOrder(
        order_id=found["orderId"],
        contract=found["contract"],
        side=found["action"],
        quantity=found["totalQuantity"],
        order_type=found["orderType"],
        limit=found["lmtPrice"],
        stop=found["auxPrice"],
        tif=found["tif"] or "DAY",
        account=found["account"],
        order_ref=found["orderRef"],
        transmit=found["transmit"],
        outside_rth=found["outsideRth"],
        what_if=found["whatIf"],
        unsupported=_unsupported(found),
    )


def _unsupported(found: dict[str, Any]) -> str:
    """The first thing the order asks for that is not simulated; empty if there is none."""
    if not found["transmit"]:
        return "transmit=False"
    return next((name for name in NOT_SIMULATED if found[name]), "")


def _contract(fields: Fields) -> ContractQuery:
    contract = fields.contract()
    if contract.sec_type == "BAG":  # its further layout differs
        raise ask.invalid(fields.req_id, "Combinations are not simulated.")
    return contract


def _order_type(fields: Fields) -> str:
    order_type = fields.text()
    if order_type.startswith("PEG"):  # its further layout differs
        raise ask.invalid(fields.req_id, f"Order type {order_type} is not simulated.")
    return order_type


def _delta_neutral_price(fields: Fields) -> None:
    """The price, and eight fields more if the order type before it was not empty.

    "None" counts as a type: clients send back what openOrder reported to them.
    """
    has_type = bool(fields.last())
    fields.skip(9 if has_type else 1)


def _scale_increment(fields: Fields) -> None:
    if (fields.number() or 0) > 0:
        raise ask.invalid(fields.req_id, "Scale orders are not simulated.")


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
        raise ask.invalid(fields.req_id, "Order conditions are not simulated.")


def _adjusted_order_type(fields: Fields) -> str:
    """The type that a stop turns into; "None" is how openOrder reports that there is none."""
    return fields.text().removeprefix("None")


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
    Field("parentId", Fields.integer),
    *unused("blockOrder sweepToFill displaySize"),
    Field("triggerMethod", Fields.number),
    Field("outsideRth", Fields.flag),
    Field("hidden", Fields.flag),
    *unused("sharesAllocation"),
    Field("discretionaryAmt", Fields.number),
    Field("goodAfterTime", Fields.text),
    *unused("goodTillDate faGroup faMethod faPercentage"),
    *unused("faProfile", until=177),
    *unused("modelCode shortSaleSlot designatedLocation exemptCode ocaType rule80A settlingFirm"),
    Field("allOrNone", Fields.flag),
    Field("minQty", Fields.number),
    *unused("percentOffset eTradeOnly firmQuoteOnly nbboPriceCap auctionStrategy startingPrice"),
    *unused("stockRefPrice delta stockRangeLower stockRangeUpper overridePercentageConstraints"),
    *unused("volatility volatilityType deltaNeutralOrderType"),
    Field("deltaNeutralAuxPrice", _delta_neutral_price),
    *unused("continuousUpdate referencePriceType trailStopPrice trailingPercent"),
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
    Field("adjustedOrderType", _adjusted_order_type),
    *unused("triggerPrice lmtPriceOffset adjustedStopPrice adjustedStopLimitPrice"),
    *unused("adjustedTrailingAmount adjustableTrailingUnit"),
    *unused("extOperator softDollarTierName softDollarTierValue"),
    Field("cashQty", Fields.number),
    *unused("mifid2DecisionMaker mifid2DecisionAlgo mifid2ExecutionTrader mifid2ExecutionAlgo"),
    *unused("dontUseAutoPriceForHedge isOmsContainer discretionaryUpToLimitPrice"),
    *unused("usePriceMgmtAlgo"),
    *unused("duration", since=158),
    *unused("postToAts", since=160),
    *unused("autoCancelParent", since=162),
    *unused("advancedErrorOverride", since=166),
    *unused("manualOrderTime", since=169),
)
NOT_SIMULATED = (
    "ocaGroup", "parentId", "triggerMethod", "discretionaryAmt", "goodAfterTime", "allOrNone",
    "minQty", "cashQty", "hedgeType", "deltaNeutralContract", "algoStrategy", "adjustedOrderType",
)  # fmt: skip
"""Fields that must be unset or 0: an order that uses one of them is rejected."""
