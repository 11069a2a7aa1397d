"""Every attribute of an order is honoured, or rejects the order by its name."""

import dataclasses
import math

import ib_async
import pytest
from ib_async.client import Client
from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.order import Order
from ibapi.wrapper import EWrapper

from tapewire.simulator.protocol.decoders import decode
from tapewire.simulator.protocol.order_attributes import HONOURED, VACUOUS
from tapewire.simulator.protocol.requests import BadRequest
from tests.simulator.test_requests import Wire

STOCK = ib_async.Stock("AAPL", "SMART", "USD")
PARTS = {
    "conditions": [ib_async.TimeCondition()],
    "softDollarTier": ib_async.SoftDollarTier("Name", "value"),
    "orderComboLegs": [ib_async.OrderComboLeg(1.0)],
}
TIMES = ("goodAfterTime", "goodTillDate")
AS_THEIR_TIER = {"softDollarTier": "softDollarTierName"}
NEVER_SENT = {
    # beside the order, or what TWS reports, or what openOrder has for a client to read
    "orderId", "clientId", "permId", "basisPoints", "basisPointsType", "filledQuantity",
    "autoCancelDate",
    "refFuturesConId", "shareholder", "imbalanceOnly", "routeMarketableToBbo", "parentPermId",
    # sent only with combinations
    "orderComboLegs", "smartComboRoutingParams",
    # sent only with scale, volatility and condition orders, which are rejected by those
    "scalePriceAdjustInterval", "scaleProfitOffset", "scaleAutoReset", "scaleInitPosition",
    "scaleInitFillQty", "scaleRandomPercent", "scalePriceAdjustValue", "volatility",
    "deltaNeutralConId", "deltaNeutralSettlingFirm", "deltaNeutralClearingAccount",
    "deltaNeutralClearingIntent", "deltaNeutralOpenClose", "deltaNeutralShortSale",
    "deltaNeutralShortSaleSlot", "deltaNeutralDesignatedLocation", "conditionsIgnoreRth",
    "conditionsCancelOrder", "algoParams", "hedgeParam",
    # sent only to IBKRATS and with types that are rejected
    "minTradeQty", "minCompeteSize", "competeAgainstBestOffset", "midOffsetAtWhole",
    "midOffsetAtHalf", "referenceContractId", "peggedChangeAmount", "isPeggedChangeAmountDecrease",
    "referenceChangeAmount", "referenceExchangeId",
}  # fmt: skip
NOT_AT = {
    157: {
        "duration", "postToAts", "autoCancelParent", "advancedErrorOverride", "manualOrderTime",
    },
    178: {"faProfile"},
}  # fmt: skip
"""What is not sent at a server version."""


def value_for(field):
    """A value that a plain order does not have."""
    if field.name in PARTS:
        return PARTS[field.name]
    if field.name in TIMES:
        return "20301231 12:00:00 UTC"
    kind = str(field.type)
    if "TagValue" in kind:
        return [ib_async.TagValue("tag", "value")]
    if "bool" in kind:
        return not field.default
    return "text" if kind == "str" else 7


def fields_of(order, version):
    """placeOrder as ib_async writes it."""
    client, sent = Client(None), []
    client.connState, client.sendMsg = Client.CONNECTED, sent.append
    client.serverVersion = lambda: version
    client.placeOrder(7, STOCK, order)
    return sent[0].split("\0")[:-1]


def an_order(**changes):
    order = ib_async.LimitOrder("BUY", 10, 100.25)
    for name, value in changes.items():
        setattr(order, name, value)
    return order


@pytest.mark.parametrize("version", [157, 178])
@pytest.mark.parametrize("field", dataclasses.fields(ib_async.Order), ids=lambda one: one.name)
def test_an_attribute_is_honoured_or_rejects_the_order_by_its_name(field, version):
    name = field.name
    order = an_order(**{name: value_for(field)})
    fields = fields_of(order, version)
    if fields == fields_of(an_order(), version):
        assert name in NEVER_SENT | NOT_AT[version]
        return
    try:
        refusal = decode(fields, version).unsupported
    except BadRequest as bad:
        refusal = bad.text
    if name in HONOURED | VACUOUS.keys():
        assert refusal == ""
    else:
        assert AS_THEIR_TIER.get(name, name) in refusal


@pytest.mark.parametrize("version", [157, 178])
def test_a_plain_order_of_ib_async_asks_for_nothing_that_is_not_simulated(version):
    assert decode(fields_of(an_order(), version), version).unsupported == ""


def ibapi_fields_of(**changes):
    """placeOrder at server version 157 as ibapi writes it."""
    client = EClient(EWrapper())
    client.conn, client.serverVersion_, client.clientId = Wire(), 157, 4
    client.setConnState(EClient.CONNECTED)
    order = Order()
    order.action, order.totalQuantity, order.orderType, order.lmtPrice = "BUY", 10, "LMT", 1.0
    for name, value in changes.items():
        setattr(order, name, value)
    contract = Contract()
    contract.symbol, contract.secType, contract.exchange = "AAPL", "STK", "SMART"
    client.placeOrder(7, contract, order)
    return client.conn.sent[0]


def other_than(name, default):
    """A value that ibapi's plain order does not have."""
    if name in TIMES:
        return "20301231 12:00:00 UTC"
    if isinstance(default, bool):
        return not default
    if default is None:
        return [ib_async.TagValue("tag", "value")]
    return 7 if isinstance(default, int | float) else "text"


IBAPI = {
    name: value
    for name, value in vars(Order()).items()
    if name not in ("conditions", "softDollarTier", "orderMiscOptions")
}
"""The attributes of ibapi's order, without those that need objects of its own."""


def test_a_plain_order_of_ibapi_asks_for_nothing_that_is_not_simulated():
    assert decode(ibapi_fields_of(), 157).unsupported == ""


@pytest.mark.parametrize("name", IBAPI)
def test_an_attribute_of_ibapi_is_honoured_or_rejects_the_order_by_its_name(name):
    fields = ibapi_fields_of(**{name: other_than(name, IBAPI[name])})
    if fields == ibapi_fields_of():
        assert name in NEVER_SENT | NOT_AT[157]
        return
    try:
        refusal = decode(fields, 157).unsupported
    except BadRequest as bad:
        refusal = bad.text
    if name in HONOURED | VACUOUS.keys():
        assert refusal == ""
    else:
        assert name in refusal


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"hidden": 1}, "hidden is not simulated"),
        ({"displaySize": 10}, "displaySize is not simulated"),
        ({"minQty": 5}, "minQty is not simulated"),
        ({"allOrNone": 1}, "allOrNone is not simulated"),
        ({"goodTillDate": "20301231 12:00:00"}, "goodTillDate is for time in force GTD"),
        ({"trailStopPrice": 9}, "trailStopPrice is for trailing orders"),
        ({"trailingPercent": 2}, "trailingPercent is for trailing orders"),
        ({"lmtPriceOffset": 1}, "lmtPriceOffset is for trailing orders"),
        ({"triggerMethod": 2}, "triggerMethod is for orders with a trigger"),
        ({"triggerMethod": 5, "stop": 9}, "triggerMethod 5 is unknown"),
    ],
)
def test_the_rejection_names_the_attribute(make_tws, more, says):
    client = make_tws().client()
    client.place(1, **more)
    error = client.read(4)[-1]
    assert (error[3], says in error[4]) == ("201", True), error


@pytest.mark.parametrize("unset", ["", 0, "0.0", math.inf])
def test_what_means_unset_is_not_asked_for(make_tws, unset):
    client = make_tws().client()
    unset = "1.7976931348623157E+308" if unset == math.inf else unset
    client.place(1, limit=9, minQty=unset, cashQty=unset, discretionaryAmt=unset, volatility=unset)
    assert [one[94] for one in client.read(5)] == ["Submitted"]
