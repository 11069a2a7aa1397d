"""Requests, as two clients really send them."""

from decimal import Decimal

import ib_async
import pytest
from ibapi.client import EClient
from ibapi.common import UNSET_DOUBLE
from ibapi.contract import Contract
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.wrapper import EWrapper

from tapewire.simulator.protocol import requests as ask
from tapewire.simulator.protocol.decoders import decode

D = Decimal


class Wire:
    """A connection object that keeps what ibapi's encoders send."""

    def __init__(self):
        self.sent = []

    def isConnected(self):  # noqa: N802 - ibapi's name
        return True

    def sendMsg(self, message):  # noqa: N802 - ibapi's name
        self.sent.append(message[4:].decode().split("\0")[:-1])


@pytest.fixture
def ibapi_client():
    client = EClient(EWrapper())
    client.conn, client.serverVersion_, client.clientId = Wire(), 157, 4
    client.setConnState(EClient.CONNECTED)
    return client


@pytest.fixture
def stock():
    contract = Contract()
    contract.symbol, contract.secType, contract.exchange = "AAPL", "STK", "SMART"
    contract.currency = "USD"
    return contract


def an_order(**changes):
    order = Order()
    order.action, order.totalQuantity, order.orderType = "BUY", 10, "LMT"
    order.lmtPrice, order.orderRef = 100.25, "ref"
    for name, value in changes.items():
        setattr(order, name, value)
    return order


def test_an_order_from_ibapi_has_110_fields_and_reads_well(ibapi_client, stock):
    ibapi_client.placeOrder(7, stock, an_order(tif="GTC", outsideRth=True))
    (fields,) = ibapi_client.conn.sent
    request = decode(fields, 157)
    assert len(fields) == 110
    assert (request.order_id, request.side, request.quantity) == (7, "BUY", 10)
    assert (request.limit, request.tif, request.order_ref) == (D("100.25"), "GTC", "ref")
    assert (request.outside_rth, request.what_if, request.unsupported) == (True, False, "")
    assert request.contract.symbol == "AAPL"


@pytest.mark.parametrize("cut", [1, 50, 109])
def test_an_order_with_missing_fields_is_refused_by_its_id(ibapi_client, stock, cut):
    ibapi_client.placeOrder(7, stock, an_order())
    with pytest.raises(ask.BadRequest, match="ends after") as caught:
        decode(ibapi_client.conn.sent[0][:-cut], 157)
    assert (caught.value.req_id, caught.value.code) == (7 if cut < 109 else -1, 320)


def test_a_request_with_a_field_too_many_is_refused(ibapi_client, stock):
    ibapi_client.placeOrder(7, stock, an_order())
    with pytest.raises(ask.BadRequest, match="has 111 fields, expected 110"):
        decode([*ibapi_client.conn.sent[0], ""], 157)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"sweepToFill": True}, "sweepToFill"),
        ({"algoStrategy": "Twap", "algoParams": []}, "algoStrategy"),
        ({"hedgeType": "D", "hedgeParam": ""}, "hedgeType"),
        ({"hidden": True}, "hidden"),
        ({"allOrNone": True}, "allOrNone"),
        ({"minQty": 5}, "minQty"),
        ({"cashQty": 500}, "cashQty"),
        ({"displaySize": 4}, "displaySize"),
        ({"adjustedOrderType": "TRAIL"}, "adjustedOrderType"),
        ({"discretionaryAmt": 0.05}, "discretionaryAmt"),
    ],
)
def test_what_is_not_simulated_is_named(ibapi_client, stock, changes, name):
    ibapi_client.placeOrder(7, stock, an_order(**changes))
    assert decode(ibapi_client.conn.sent[0], 157).unsupported == name


def test_a_stop_order_from_ibapi_reads_well(ibapi_client, stock):
    stop = {"orderType": "STP", "lmtPrice": UNSET_DOUBLE, "auxPrice": 99.5}
    ibapi_client.placeOrder(7, stock, an_order(**stop, account="DU2"))
    request = decode(ibapi_client.conn.sent[0], 157)
    assert (request.order_type, request.limit, request.aux) == ("STP", None, D("99.5"))
    assert (request.account, request.unsupported) == ("DU2", "")


def test_an_order_that_echoes_what_open_order_told_still_reads_well(ibapi_client, stock):
    ibapi_client.placeOrder(
        7, stock, an_order(deltaNeutralOrderType="None", adjustedOrderType="None")
    )
    assert decode(ibapi_client.conn.sent[0], 157).unsupported == ""


@pytest.mark.parametrize(
    "text", ["", "1.7976931348623157E308", "1.7976931348623157e+308", "2147483647"]
)
def test_every_spelling_of_unset_is_none(text):
    assert ask.Fields(["3", text]).number() is None


@pytest.mark.parametrize("text", ["nan", "inf", "-Infinity", "1e999", "ten", "1E+400"])
def test_a_number_that_is_none_is_refused(text):
    with pytest.raises(ask.BadRequest, match="expected a number"):
        ask.Fields(["3", text]).number()


def test_the_simple_requests_of_ibapi_read_well(ibapi_client, stock):
    client = ibapi_client
    client.startApi()
    client.reqMktData(1, stock, "", True, False, [])
    client.cancelMktData(1)
    client.reqTickByTickData(2, stock, "BidAsk", 0, False)
    client.cancelTickByTickData(2)
    client.cancelOrder(7)
    client.reqOpenOrders()
    client.reqAllOpenOrders()
    client.reqAutoOpenOrders(True)
    client.reqGlobalCancel()
    client.reqIds(-1)
    client.reqAccountUpdates(True, "DU1")
    client.reqAccountSummary(3, "All", "NetLiquidation")
    client.cancelAccountSummary(3)
    client.reqPositions()
    client.cancelPositions()
    client.reqAccountUpdatesMulti(4, "DU1", "", True)
    client.cancelAccountUpdatesMulti(4)
    client.reqExecutions(5, ExecutionFilter())
    client.reqContractDetails(6, stock)
    client.reqMarketDataType(3)
    client.reqCurrentTime()
    client.reqManagedAccts()
    client.setServerLogLevel(5)
    client.reqCompletedOrders(True)
    read = [decode(fields, 157) for fields in client.conn.sent]
    assert len(read) == 25
    assert read[0] == ask.StartApi(4)
    assert read[1].snapshot
    assert read[3].kind == "BidAsk"
    assert read[11] == ask.AccountUpdates(True, "DU1")


@pytest.fixture
def ib_async_client():
    client = ib_async.IB().client
    client.sent = []
    client.connState = client.CONNECTED
    client.sendMsg = lambda text: client.sent.append(text.split("\0")[:-1])
    yield client
    client.connState = client.DISCONNECTED  # else its owner misses the socket when it goes


@pytest.mark.parametrize("version", [157, 160, 166, 170, 176, 177, 178])
def test_the_requests_of_ib_async_read_well_at_every_version(ib_async_client, version):
    client, stock = ib_async_client, ib_async.Stock("AAPL", "SMART", "USD")
    client._serverVersion = version
    client.placeOrder(7, stock, ib_async.LimitOrder("BUY", 10, 100.25, orderRef="ref"))
    client.cancelOrder(7)
    client.reqContractDetails(6, stock)
    client.reqMktData(1, stock, "", False, False, [])
    client.reqTickByTickData(2, stock, "AllLast", 0, True)
    placed, *others = [decode(fields, version) for fields in client.sent]
    assert (placed.limit, placed.order_ref, placed.unsupported) == (D("100.25"), "ref", "")
    assert [type(one).__name__ for one in others] == [
        "CancelOrder", "ContractDetails", "MarketData", "TickByTick",
    ]  # fmt: skip


@pytest.mark.parametrize("version", [157, 171, 173, 176, 178])
def test_the_newer_and_longer_requests_of_ib_async_read_well_at_every_version(
    ib_async_client, version
):
    client, stock = ib_async_client, ib_async.Stock("AAPL", "SMART", "USD")
    client._serverVersion = version
    legs = [ib_async.ComboLeg(1, 1, "BUY", "SMART"), ib_async.ComboLeg(2, 1, "SELL", "SMART")]
    spread = ib_async.Bag(symbol="AAPL", exchange="SMART", currency="USD", comboLegs=legs)
    client.reqHistoricalData(1, spread, "", "1 D", "1 min", "TRADES", 1, 1, False, [])
    client.reqWshEventData(2, ib_async.WshEventData(conId=1000))
    client.reqFundamentalData(3, stock, "ReportSnapshot", [])
    client.reqScannerSubscription(4, ib_async.ScannerSubscription(), [], [])
    client.exerciseOptions(5, stock, 1, 1, "", 0)
    client.reqMktDepth(6, stock, 5, True, [])
    read = [decode(fields, version) for fields in client.sent]
    assert [one.req_id for one in read] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("fields", [[], [""], ["x"], ["-1"], ["9" * 30], ["٣"]])
def test_an_unreadable_message_id_is_a_read_fault(fields):
    with pytest.raises(ask.BadRequest, match="Message id") as caught:
        decode(fields, 157)
    assert caught.value.code == 320


@pytest.mark.parametrize(("fields", "req_id"), [(["250", "7", "AAP"], 7), (["250"], -1)])
def test_an_unknown_request_is_answered_under_its_own_id(fields, req_id):
    with pytest.raises(ask.BadRequest, match="Message id 250 is not known") as caught:
        decode(fields, 157)
    assert (caught.value.req_id, caught.value.code) == (req_id, 321)


@pytest.mark.parametrize("text", ["", "2147483647", "9223372036854775807"])
def test_every_spelling_of_an_unset_integer_is_0_but_not_for_an_id(text):
    assert ask.Fields(["3", text]).integer() == 0
    with pytest.raises(ask.BadRequest, match="expected an integer"):
        ask.Fields(["3", ""]).identity()
