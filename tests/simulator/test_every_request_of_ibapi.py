"""Every request that ibapi 9.81.1 offers, found by introspection, is answered in memory, and ibapi
reads each answer to its end."""

import inspect

import pytest
from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.decoder import Decoder
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.scanner import ScannerSubscription
from ibapi.wrapper import EWrapper

from tapewire.common.options import instrument_of
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.protocol.answered import ANSWERED
from tests.simulator.conftest import AAPL
from tests.simulator.test_messages import Heard
from tests.simulator.test_requests import Wire

CALL = instrument_of("AAPL  281215C00150000")
REQUEST_ID = 77
NONE_OF_ITS_OWN = {
    "connect", "disconnect", "isConnected", "keyboardInterrupt", "keyboardInterruptHard",
    "logRequest", "msgLoopRec", "msgLoopTmo", "reset", "run", "sendMsg", "serverVersion",
    "setConnState", "setConnectionOptions", "startApi", "twsConnectionTime", "connectionClosed",
    "verifyAndAuthRequest", "verifyRequest",
}  # fmt: skip
"""Methods of EClient that send no request, or none unless a client connects in another way."""


def methods():
    found = inspect.getmembers(EClient, inspect.isfunction)
    return [name for name, _ in found if not name.startswith("_") and name not in NONE_OF_ITS_OWN]


def a_contract(**changes):
    contract = Contract()
    contract.symbol, contract.secType = "AAPL", "STK"
    contract.exchange, contract.currency = "SMART", "USD"
    for name, value in changes.items():
        setattr(contract, name, value)
    return contract


def an_order():
    order = Order()
    order.action, order.orderType, order.totalQuantity, order.lmtPrice = "BUY", "LMT", 1, 1.0
    return order


def a_scan():
    scan = ScannerSubscription()
    scan.instrument, scan.locationCode, scan.scanCode = "STK", "STK.US", "TOP_PERC_GAIN"
    return scan


GIVEN = {
    "account": "DU1234567", "acctCode": "DU1234567", "apiData": "", "apiOnly": False,
    "articleId": "SIM$3e800000000", "barSize": 5, "barSizeSetting": "1 min",
    "bboExchange": "9c0001", "conId": 1000, "conid": 1000, "contract": a_contract(), "cxml": "",
    "durationStr": "3600 S", "endDateTime": "", "execFilter": ExecutionFilter(), "faData": 1,
    "formatDate": 2, "genericTickList": "165,221,233,236,292", "groupId": 1, "groupName": "All",
    "keepUpToDate": False, "marketDataType": 3, "marketRuleId": 26, "numRows": 5,
    "numberOfTicks": 10, "order": an_order(), "orderId": REQUEST_ID, "pattern": "A",
    "providerCode": "SIM", "providerCodes": "SIM", "reqId": REQUEST_ID, "snapshot": False,
    "startDateTime": "20231114-22:00:00", "subscription": a_scan(), "tags": "NetLiquidation",
    "tickType": "AllLast", "tickerId": REQUEST_ID, "timePeriod": "1 day", "totalResults": 10,
    "underlyingConId": 1000, "underlyingSecType": "STK", "underlyingSymbol": "AAPL",
    "volatility": 0.2, "whatToShow": "TRADES", "modelCode": "", "futFopExchange": "",
    "optionPrice": 20.0, "underPrice": 160.0, "contractInfo": "1000@SMART",
}  # fmt: skip
OF_OPTIONS = ("calculateImpliedVolatility", "calculateOptionPrice", "exerciseOptions")
SILENT = {
    "cancelAccountSummary", "cancelAccountUpdatesMulti", "cancelCalculateImpliedVolatility",
    "cancelCalculateOptionPrice", "cancelFundamentalData", "cancelHeadTimeStamp",
    "cancelHistogramData", "cancelNewsBulletins", "cancelPnL", "cancelPnLSingle",
    "cancelPositions", "cancelPositionsMulti", "reqAutoOpenOrders", "reqGlobalCancel",
    "reqMarketDataType", "setServerLogLevel", "unsubscribeFromGroupEvents",
}  # fmt: skip
"""Requests that have no answer where there is nothing to end."""
LATER = {"reqMktDepth", "reqRealTimeBars"}
"""Requests whose first answer comes with time."""


def encoded(name):
    """What ibapi sends for a method."""
    client = EClient(EWrapper())
    client.conn, client.serverVersion_, client.clientId = Wire(), 157, 4
    client.setConnState(EClient.CONNECTED)
    arguments = []
    for parameter in list(inspect.signature(getattr(EClient, name)).parameters.values())[1:]:
        value = GIVEN.get(parameter.name)
        if parameter.name == "contract" and name in OF_OPTIONS:
            value = a_contract(conId=1001)
        if value is None:
            value = [] if "Options" in parameter.name or "list" in str(parameter) else 1
        arguments.append(value)
    getattr(client, name)(*arguments)
    return client.conn.sent


def read_to_the_end(fields):
    """ibapi reads a message, and nothing of it is left."""
    decoder = Decoder(Heard(), 157)
    handler = decoder.msgId2handleInfo[int(fields[0])]
    left = iter([field.encode() for field in fields])
    if handler.processMeth is None:
        decoder.interpret(list(left))
    else:
        handler.processMeth(decoder, left)
        assert list(left) == [], fields


def test_the_table_has_every_request_of_ibapi():
    assert len(methods()) > 70
    assert set(methods()) <= ANSWERED.keys()


@pytest.mark.parametrize("name", methods())
def test_a_request_of_ibapi_is_answered_and_ibapi_reads_the_answer(make_tws, name):
    tws = make_tws(SyntheticMarket([AAPL, CALL], 1, 10), instruments=[AAPL, CALL])
    client = tws.client()
    for fields in encoded(name):
        client.send(*fields)
    messages = client.read()
    assert bool(messages) == (name not in SILENT | LATER)
    for _ in range(12):
        tws.pass_s()
    messages += client.read()
    assert messages or name not in LATER
    for fields in messages:
        read_to_the_end(fields)
    errors = [fields for fields in messages if fields[0] == "4"]
    assert all(fields[3] != "320" for fields in errors), errors
    assert all(fields[2] == str(REQUEST_ID) for fields in errors if name not in NO_ID), errors


NO_ID = {"reqMarketRule", "verifyMessage", "verifyAndAuthMessage"}
"""Requests without an id of their own."""


NASTY = ("", "-1", "x", "nan", "1E20", "0.00000000000000000001", "999999999999999999",
         "-999999999999999999", "2147483647", "99999 Y", "99991231 23:59:59", "SCHEDULE", "1001",
         "é")  # fmt: skip


def test_no_field_of_any_request_can_break_the_simulator(make_tws):
    tws = make_tws(SyntheticMarket([AAPL, CALL], 1, 2), instruments=[AAPL, CALL])
    client = tws.client()
    for number, fields in enumerate(fields for name in methods() for fields in encoded(name)):
        for place in range(1, len(fields)):
            changed = [*fields]
            changed[place] = NASTY[(number + place) % len(NASTY)]
            client.send(*changed)
        tws.pass_s()
    client.read()
    client.send(49, 1)
    assert len(client.read(49)) == 1
