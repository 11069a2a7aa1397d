"""Every request that ib_async offers, found by introspection, is answered by a simulator."""

import inspect
import re
import time
from datetime import UTC, datetime, timedelta

import ib_async
import pytest

from tapewire.simulator.protocol.answered import ANSWERED
from tests.simulator.conftest import Running
from tests.simulator.ib_async_client import connect

REQUEST = re.compile(r"(req|cancel|calculate|exercise|get|place|qualify|replace|request|whatIf)")
EXPIRY = datetime.now(UTC).date() + timedelta(days=60)
OPTION = f"AAPL  {EXPIRY:%y%m%d}C00100000"
STOCK = ib_async.Stock("AAPL", "SMART", "USD", conId=1000)
CALL = ib_async.Contract(localSymbol=OPTION, secType="OPT", exchange="SMART", conId=1001)
WAIT_MAX_S = 8


def methods():
    """The names of all methods of IB that send a request and, if they wait, wait for its answer."""
    found = inspect.getmembers(ib_async.IB, inspect.isfunction)
    return [name for name, _ in found if REQUEST.match(name) and not name.endswith("Async")]


ARGUMENTS = {
    "account": "DU1234567", "allMessages": True, "apiOnly": False, "acctCode": "DU1234567",
    "articleId": "SIM$3e800000000",
    "bAutoBind": False, "barSize": 5, "barSizeSetting": "1 min", "bboExchange": "9c0001",
    "conId": 1000, "contract": STOCK, "xml": "<a/>", "data": ib_async.WshEventData(conId=1000),
    "durationStr": "3600 S", "endDateTime": "", "exerciseAction": 1, "exerciseQuantity": 1,
    "faDataType": 1, "formatDate": 2, "futFopExchange": "", "marketDataType": 1,
    "marketRuleId": 26, "modelCode": "", "numDays": 2, "numberOfTicks": 10, "optionPrice": 12.5,
    "override": 0, "pattern": "AA", "period": "1 day", "providerCode": "SIM",
    "providerCodes": "SIM", "reportType": "ReportSnapshot", "startDateTime": "",
    "tickType": "AllLast", "totalResults": 10, "underPrice": 100.0, "underlyingConId": 1000,
    "underlyingSecType": "STK", "underlyingSymbol": "AAPL", "useRTH": False, "useRth": False,
    "volatility": 0.3, "whatToShow": "TRADES",
    "subscription": ib_async.ScannerSubscription(
        instrument="STK", locationCode="STK.US", scanCode="MOST_ACTIVE"
    ),
}  # fmt: skip
"""What the methods' parameters are given, by their names."""


def own_arguments(ib, done):
    """What single methods are given instead. `done` has what earlier ones returned."""
    order = ib_async.LimitOrder("BUY", 1, 1.0)
    return {
        "calculateImpliedVolatility": {"contract": CALL},
        "calculateOptionPrice": {"contract": CALL},
        "cancelHistoricalData": {"bars": done.get("kept")},
        "cancelOrder": {"order": getattr(done.get("placeOrder"), "order", None)},
        "cancelRealTimeBars": {"bars": done.get("reqRealTimeBars")},
        "cancelScannerSubscription": {"dataList": done.get("reqScannerSubscription")},
        "exerciseOptions": {"contract": CALL},
        "placeOrder": {"order": order},
        "reqHistoricalNews": {"endDateTime": ""},
        "reqHistoricalTicks": {"endDateTime": datetime.now(UTC)},
        "whatIfOrder": {"order": order},
    }


SEQUENCE = ("getWshMetaData", "reqWshMetaData", "placeOrder", "reqMarketDataType", "reqMktData",
            "reqTickByTickData", "reqMktDepth", "reqRealTimeBars", "reqPnL", "reqPnLSingle",
            "reqScannerSubscription", "reqNewsBulletins")  # fmt: skip
LAST = "cancel"
"""Cancels go last, so that there is something for them to end."""
REFUSED = {"reqFundamentalData": 10358}
"""What TWS answers with an error."""
SILENT = {
    "exerciseOptions", "replaceFA", "reqAutoOpenOrders", "reqGlobalCancel", "reqMarketDataType",
    "reqWshEventData", "reqWshMetaData", "reqNewsBulletins", "reqAccountSummary",
    "reqAccountUpdates", "reqAccountUpdatesMulti",
}  # fmt: skip
"""Methods that return nothing; what they lead to is looked at below."""


@pytest.fixture(scope="module")
def simulator():
    running = Running("--symbols", f"AAPL,{OPTION}", "--rate", "500")
    yield running
    running.stop()


def call(ib, name, done):
    own = own_arguments(ib, done).get(name, {})
    arguments = []
    for one in inspect.signature(getattr(ib, name)).parameters.values():
        if one.kind is one.VAR_POSITIONAL:
            arguments.append(STOCK)
        elif one.default is not one.empty and one.name not in own:
            break
        else:
            arguments.append({**ARGUMENTS, **own}[one.name])
    return getattr(ib, name)(*arguments)


def ordered():
    names = methods()
    first = [name for name in SEQUENCE if name in names]
    rest = [one for one in names if one not in first]
    return first + sorted(rest, key=lambda one: one.startswith(LAST))


@pytest.fixture(scope="module")
def outcomes(simulator):
    """What each method returned, or the code of the error that it raised; and all errors."""
    ib = connect(simulator, 7)
    ib.RequestTimeout, ib.RaiseRequestErrors = WAIT_MAX_S, True
    errors, done = [], {}
    ib.errorEvent += lambda req_id, code, text, contract: errors.append((req_id, code))
    done["kept"] = ib.reqHistoricalData(STOCK, "", "600 S", "1 min", "TRADES", False, 2, True)
    for name in ordered():
        if name == "reqGlobalCancel" or (name.startswith(LAST) and "shown" not in done):
            done["shown"] = streamed(ib, done)
        try:
            done[name] = call(ib, name, done)
        except ib_async.RequestError as error:
            done[name] = error.code
    ib.sleep(0.2)
    is_connected = ib.isConnected()
    ib.disconnect()
    return {"done": done, "errors": errors, "is_connected": is_connected}


def streamed(ib, done):
    """What the subscriptions bring within some seconds."""
    deadline = time.monotonic() + WAIT_MAX_S
    ticker = done["reqMktData"]

    def shown():
        return {
            "reqMktData": ticker.hasBidAsk(),
            "reqMktDepth": bool(ticker.domBids and ticker.domAsks),
            "reqTickByTickData": bool(ticker.tickByTicks),
            "reqRealTimeBars": len(done["reqRealTimeBars"]) >= 1,
            "reqPnL": done["reqPnL"].dailyPnL == 0,
            "reqPnLSingle": done["reqPnLSingle"].position == 0,
            "reqScannerSubscription": len(done["reqScannerSubscription"]) == 1,
            "reqNewsBulletins": len(ib.newsBulletins()) == 1,
            "placeOrder": done["placeOrder"].orderStatus.status == "Submitted",
        }

    while not all(shown().values()) and time.monotonic() < deadline:
        ib.sleep(0.05)
    return shown()


EMPTY = {
    "reqAllOpenOrders", "reqCompletedOrders", "reqExecutions", "reqOpenOrders", "reqPositions",
    "reqRealTimeBars", "reqUserInfo",
}  # fmt: skip
"""Methods that may return something empty, and bars that fill later."""


def test_the_table_has_every_request_of_ib_async():
    assert len(methods()) > 60
    assert set(methods()) <= ANSWERED.keys()


@pytest.mark.parametrize("name", methods())
def test_a_request_of_ib_async_is_answered(outcomes, name):
    found = outcomes["done"][name]
    if name in REFUSED:
        assert found == REFUSED[name]
    elif name in SILENT or name.startswith("cancel"):
        assert found in (None, True) or name == "cancelOrder"
    else:
        assert found is not None
        assert not isinstance(found, int)
        assert name in EMPTY or found not in ([], "")


def test_subscriptions_bring_what_was_asked_for(outcomes):
    shown = outcomes["done"]["shown"]
    assert [name for name, is_there in shown.items() if not is_there] == []


def test_what_ib_async_asked_for_was_understood(outcomes):
    assert outcomes["is_connected"]
    codes = {code for _, code in outcomes["errors"]}
    assert 320 not in codes
