"""openOrder and completedOrder: the two long messages that report an order in full.

Both have more than a hundred fields, of which this TWS uses thirty. A field that it does not use
carries the value that a real TWS sends for a plain stock order.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from tapewire.common.amounts import text
from tapewire.simulator.exchange.credit import Impact
from tapewire.simulator.exchange.orders import ZERO, Order
from tapewire.simulator.protocol.combo_fields import apart, described, leg_prices, legs
from tapewire.simulator.protocol.layout import Field, Layout, constants
from tapewire.simulator.protocol.messages import (
    UNSET_DOUBLE,
    UNSET_INTEGER,
    Fields,
    class_text,
    clock_text,
    multiplier_text,
    optional_price_text,
    price_text,
    strike_text,
    time_text,
    underlying_text,
)

Section = tuple[Field, ...]


class Estimate(NamedTuple):
    """The numbers of a what-if order."""

    commission: str
    impact: Impact


class Report(NamedTuple):
    """What a message is about: an order, and the numbers of its order state."""

    order: Order
    status: str
    what_if: str = "0"
    commission: str = UNSET_DOUBLE
    commission_range: str = UNSET_DOUBLE  # lowest and highest
    currency: str = ""
    impact: Impact | None = None


def open_order(version: int, order: Order, with_commission: bool = False) -> Fields:
    """openOrder (5): 128 fields at server version 157, 136 at 176."""
    report = Report(order, order.status)
    if with_commission:
        cost, currency = text(order.commission), order.instrument.currency
        report = report._replace(commission=cost, currency=currency)
    return apart(order, OPEN_ORDER.write(report, version))


def what_if(version: int, order: Order, estimate: Estimate | None = None) -> Fields:
    """openOrder of a what-if order; without an `estimate` it is the first of its two answers."""
    report = Report(order, "PreSubmitted", "1", commission="", commission_range="")
    if estimate is not None:
        report = report._replace(
            commission_range=estimate.commission,
            currency=order.instrument.currency,
            impact=estimate.impact,
        )
    return apart(order, OPEN_ORDER.write(report, version))


def completed_order(version: int, order: Order) -> Fields:
    """completedOrder (101): it has no order id; permId and orderRef name the order."""
    return apart(order, COMPLETED_ORDER.write(Report(order, order.status), version))


def _allocation(report: Report) -> str:
    order = report.order
    return f"{order.perm_id}.0/{order.account}/{text(order.quantity)}"


def _completed_status(report: Report) -> str:
    order = report.order
    return f"Filled Size: {text(order.filled)}" if order.status == "Filled" else order.reason


def _money(report: Report, amount_of: Callable[[Impact], Decimal]) -> str:
    return UNSET_DOUBLE if report.impact is None else text(amount_of(report.impact))


def _unset_or(price: Decimal | None) -> str:
    return UNSET_DOUBLE if price is None else text(price)


CONTRACT: Section = (
    Field("conId", lambda of: str(of.order.instrument.con_id)),
    Field("symbol", lambda of: underlying_text(of.order.instrument)),
    Field("secType", lambda of: of.order.instrument.sec_type),
    Field("lastTradeDateOrContractMonth", lambda of: of.order.instrument.expiry),
    Field("strike", lambda of: strike_text(of.order.instrument)),
    Field("right", lambda of: of.order.instrument.right or "?"),
    Field("multiplier", lambda of: multiplier_text(of.order.instrument)),
    Field("exchange", lambda of: of.order.instrument.exchange),
    Field("currency", lambda of: of.order.instrument.currency),
    Field("localSymbol", lambda of: of.order.instrument.symbol),
    Field("tradingClass", lambda of: class_text(of.order.instrument)),
)
TERMS: Section = (
    Field("action", lambda of: of.order.side),
    Field("totalQuantity", lambda of: text(of.order.quantity)),
    Field("orderType", lambda of: of.order.order_type),
    Field("lmtPrice", lambda of: price_text(of.order.limit)),
    Field("auxPrice", lambda of: price_text(of.order.aux_price)),
    Field("tif", lambda of: of.order.tif),
    Field("ocaGroup", lambda of: of.order.oca_group),
    Field("account", lambda of: of.order.account),
    Field("openClose", ""),
    Field("origin", "0"),
    Field("orderRef", lambda of: of.order.order_ref),
)
HANDLING: Section = (
    Field("outsideRth", lambda of: "1" if of.order.outside_rth else "0"),
    Field("hidden", "0"),
    Field("discretionaryAmt", "0"),
    Field("goodAfterTime", lambda of: time_text(of.order.good_after_ns)),
)
ADVISOR: Section = (
    *constants("", "faGroup faMethod faPercentage"),
    Field("faProfile", "", until=177),
    Field("modelCode", ""),
    Field("goodTillDate", lambda of: time_text(of.order.good_till_ns)),
    *constants("", "rule80A percentOffset"),
    Field("settlingFirm", ""),
    Field("shortSaleSlot", "0"),
    Field("designatedLocation", ""),
    Field("exemptCode", "-1"),
)
REFERENCE_PRICES: Section = tuple(
    constants("", "startingPrice stockRefPrice delta stockRangeLower stockRangeUpper")
)
TRAILING: Section = (
    Field("trailStopPrice", lambda of: optional_price_text(of.order.trail_stop)),
    Field("trailingPercent", lambda of: optional_price_text(of.order.trail_percent)),
)
SCALE_AND_HEDGE: Section = (
    Field("comboLegsDescrip", lambda of: described(of.order)),
    Field("comboLegs", lambda of: legs(of.order)),
    Field("orderComboLegs", lambda of: leg_prices(of.order)),
    Field("smartComboRoutingParams", "0"),
    *constants(UNSET_INTEGER, "scaleInitLevelSize scaleSubsLevelSize"),
    *constants("", "scalePriceIncrement hedgeType"),
)
ORDER_STATE: Section = (
    Field("whatIf", lambda of: of.what_if),
    Field("status", lambda of: of.status),
    Field("initMarginBefore", lambda of: _money(of, lambda i: i.before.initial)),
    Field("maintMarginBefore", lambda of: _money(of, lambda i: i.before.maintenance)),
    Field("equityWithLoanBefore", lambda of: _money(of, lambda i: i.equity)),
    Field("initMarginChange", lambda of: _money(of, lambda i: i.after.initial - i.before.initial)),
    Field(
        "maintMarginChange",
        lambda of: _money(of, lambda i: i.after.maintenance - i.before.maintenance),
    ),
    Field("equityWithLoanChange", lambda of: _money(of, lambda _i: ZERO)),
    Field("initMarginAfter", lambda of: _money(of, lambda i: i.after.initial)),
    Field("maintMarginAfter", lambda of: _money(of, lambda i: i.after.maintenance)),
    Field("equityWithLoanAfter", lambda of: _money(of, lambda i: i.equity)),
    Field("commission", lambda of: of.commission),
    Field("minCommission", lambda of: of.commission_range),
    Field("maxCommission", lambda of: of.commission_range),
    Field("commissionCurrency", lambda of: of.currency),
    Field("warningText", lambda of: of.impact.warning if of.impact else ""),
)
OPEN_ORDER = Layout(
    Field("messageId", "5"),
    Field("orderId", lambda of: str(of.order.order_id)),
    *CONTRACT,
    *TERMS,
    Field("clientId", lambda of: str(of.order.client_id)),
    Field("permId", lambda of: str(of.order.perm_id)),
    *HANDLING,
    Field("sharesAllocation", _allocation),
    *ADVISOR,
    Field("auctionStrategy", "0"),
    *REFERENCE_PRICES,
    Field("displaySize", UNSET_INTEGER),
    *constants("0", "blockOrder sweepToFill allOrNone"),
    Field("minQty", ""),
    Field("ocaType", lambda of: str(of.order.oca_type or 3)),
    *constants("0", "eTradeOnly firmQuoteOnly"),
    Field("nbboPriceCap", ""),
    Field("parentId", lambda of: str(of.order.parent_id)),
    Field("triggerMethod", lambda of: str(of.order.trigger_method)),
    Field("volatility", ""),
    Field("volatilityType", "0"),
    Field("deltaNeutralOrderType", "None"),
    Field("deltaNeutralAuxPrice", ""),
    Field("deltaNeutralConId", "0"),
    *constants("", "deltaNeutralSettlingFirm deltaNeutralClearingAccount"),
    Field("deltaNeutralClearingIntent", ""),
    Field("deltaNeutralOpenClose", "?"),
    *constants("0", "deltaNeutralShortSale deltaNeutralShortSaleSlot"),
    Field("deltaNeutralDesignatedLocation", ""),
    *constants("0", "continuousUpdate referencePriceType"),
    *TRAILING,
    *constants("", "basisPoints basisPointsType"),
    *SCALE_AND_HEDGE,
    Field("optOutSmartRouting", "0"),
    Field("clearingAccount", ""),
    Field("clearingIntent", "IB"),
    *constants("0", "notHeld deltaNeutralContract"),
    Field("algoStrategy", ""),
    Field("solicited", "0"),
    *ORDER_STATE,
    *constants("0", "randomizeSize randomizePrice conditions"),
    Field("adjustedOrderType", "None"),
    Field("triggerPrice", UNSET_DOUBLE),
    Field("stopPrice", lambda of: _unset_or(of.order.trail_stop)),  # clients take the last one
    Field("limitPriceOffset", lambda of: _unset_or(of.order.limit_offset)),
    *constants(UNSET_DOUBLE, "adjustedStopPrice adjustedStopLimitPrice adjustedTrailingAmount"),
    Field("adjustableTrailingUnit", "0"),
    *constants("", "softDollarTierName softDollarTierValue softDollarTierDisplayName"),
    Field("cashQty", "0"),
    Field("dontUseAutoPriceForHedge", "1"),
    *constants("0", "isOmsContainer discretionaryUpToLimitPrice usePriceMgmtAlgo"),
    Field("duration", "", since=158),
    Field("postToAts", "", since=160),
    Field("autoCancelParent", "0", since=162),
    Field("minTradeQty", "", since=170),
    Field("minCompeteSize", "", since=170),
    Field("competeAgainstBestOffset", "", since=170),
    Field("midOffsetAtWhole", "", since=170),
    Field("midOffsetAtHalf", "", since=170),
)
COMPLETED_ORDER = Layout(
    Field("messageId", "101"),
    *CONTRACT,
    *TERMS,
    Field("permId", lambda of: str(of.order.perm_id)),
    *HANDLING,
    *ADVISOR,
    *REFERENCE_PRICES,
    Field("displaySize", UNSET_INTEGER),
    *constants("0", "sweepToFill allOrNone"),
    Field("minQty", ""),
    Field("ocaType", lambda of: str(of.order.oca_type or 3)),
    Field("triggerMethod", lambda of: str(of.order.trigger_method)),
    Field("volatility", ""),
    Field("volatilityType", "0"),
    Field("deltaNeutralOrderType", "None"),
    Field("deltaNeutralAuxPrice", ""),
    *constants("0", "deltaNeutralConId deltaNeutralShortSale deltaNeutralShortSaleSlot"),
    Field("deltaNeutralDesignatedLocation", ""),
    *constants("0", "continuousUpdate referencePriceType"),
    *TRAILING,
    *SCALE_AND_HEDGE,
    Field("clearingAccount", ""),
    Field("clearingIntent", "IB"),
    *constants("0", "notHeld deltaNeutralContract"),
    Field("algoStrategy", ""),
    Field("solicited", "0"),
    Field("status", lambda of: of.status),
    *constants("0", "randomizeSize randomizePrice conditions"),
    Field("stopPrice", lambda of: optional_price_text(of.order.trail_stop)),
    Field("limitPriceOffset", lambda of: optional_price_text(of.order.limit_offset)),
    Field("cashQty", ""),
    *constants("0", "dontUseAutoPriceForHedge isOmsContainer"),
    Field("autoCancelDate", ""),
    Field("filledQuantity", lambda of: text(of.order.filled)),
    Field("refFuturesConId", ""),
    Field("autoCancelParent", "0"),
    Field("shareholder", ""),
    *constants("0", "imbalanceOnly routeMarketableToBbo"),
    Field("parentPermId", lambda of: str(of.order.parent.perm_id if of.order.parent else 0)),
    Field("completedTime", lambda of: clock_text(of.order.done_ns)),
    Field("completedStatus", _completed_status),
    Field("minTradeQty", "", since=170),
    Field("minCompeteSize", "", since=170),
    Field("competeAgainstBestOffset", "", since=170),
    Field("midOffsetAtWhole", "", since=170),
    Field("midOffsetAtHalf", "", since=170),
)
