"""IB's own client, ibapi 9.81.1, unmodified with its own threads, over real sockets."""

import threading

import pytest
from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.wrapper import EWrapper


class App(EWrapper, EClient):
    """Keeps what it hears by callback name."""

    def __init__(self, port, client_id):
        EWrapper.__init__(self)
        EClient.__init__(self, self)
        self.heard = []
        self.connect("127.0.0.1", port, client_id)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def of(self, name):
        return [arguments for kind, arguments in list(self.heard) if kind == name]

    def stop(self):
        self.disconnect()
        self.thread.join(5)
        assert not self.thread.is_alive()


def _keep(name):
    def callback(self, *arguments):
        self.heard.append((name, arguments))

    return callback


HEARD = """
nextValidId managedAccounts error tickPrice tickSize contractDetails contractDetailsEnd
openOrder orderStatus execDetails commissionReport position positionEnd openOrderEnd
completedOrder completedOrdersEnd execDetailsEnd tickByTickBidAsk tickSnapshotEnd
accountSummary accountSummaryEnd updateAccountValue accountDownloadEnd currentTime
"""
for _name in HEARD.split():
    setattr(App, _name, _keep(_name))


@pytest.fixture
def simulator(run_simulator):
    return run_simulator("--symbols", "AAPL", "--rate", "1000")


@pytest.fixture
def app(simulator, wait_until):
    app = App(simulator.port, 5)
    wait_until(lambda: app.of("nextValidId"))
    yield app
    app.stop()


@pytest.fixture
def stock():
    contract = Contract()
    contract.symbol, contract.secType = "AAPL", "STK"
    contract.exchange, contract.currency = "SMART", "USD"
    return contract


@pytest.fixture
def quoted(app, stock, wait_until):
    app.reqMktData(1, stock, "", False, False, [])
    wait_until(lambda: len(app.of("tickPrice")) > 20)
    return {kind: price for _, kind, price, _ in app.of("tickPrice")}


def an_order(action, quantity, limit=None, ref=""):
    order = Order()
    order.action, order.totalQuantity, order.orderRef = action, quantity, ref
    order.orderType = "MKT" if limit is None else "LMT"
    if limit is not None:
        order.lmtPrice = limit
    return order


def test_it_connects_and_asks_about_contract_and_time(app, stock, wait_until):
    assert app.of("nextValidId") == [(1,)]
    app.reqContractDetails(2, stock)
    app.reqCurrentTime()
    wait_until(lambda: app.of("contractDetailsEnd") and app.of("currentTime"))
    ((_, details),) = app.of("contractDetails")
    assert (details.contract.conId, details.minTick) == (1000, 0.01)


def test_ticks_flow_and_make_sense(quoted, app):
    assert 0 < quoted[1] < quoted[2] * 1.01
    assert {kind for _, kind, *_ in app.of("tickPrice")} == {1, 2, 4, 6, 7, 9, 14}


def test_tick_by_tick_flows(app, stock, wait_until):
    app.reqTickByTickData(3, stock, "BidAsk", 0, False)
    wait_until(lambda: len(app.of("tickByTickBidAsk")) > 10)
    assert all(bid < ask for _, _, bid, ask, *_ in app.of("tickByTickBidAsk"))


def test_a_snapshot_ends(app, stock, quoted, wait_until):
    app.reqMktData(4, stock, "", True, False, [])
    wait_until(lambda: app.of("tickSnapshotEnd") == [(4,)])


def test_a_market_order_fills_with_commission_and_position(app, stock, quoted, wait_until):
    app.placeOrder(1, stock, an_order("BUY", 300, ref="mine"))
    app.reqPositions()
    wait_until(lambda: any(one[1:3] == ("Filled", 300) for one in app.of("orderStatus")))
    wait_until(lambda: len(app.of("commissionReport")) == len(app.of("execDetails")))
    executions = [execution for _, _, execution in app.of("execDetails")]
    assert sum(one.shares for one in executions) == 300
    assert {one.orderRef for one in executions} == {"mine"}
    assert sum(one.commission for (one,) in app.of("commissionReport")) == pytest.approx(1.5)
    wait_until(lambda: [one[2] for one in app.of("position")][-1:] == [300])


def test_a_limit_order_rests_and_is_cancelled(app, stock, wait_until):
    app.placeOrder(1, stock, an_order("BUY", 100, limit=1.5))
    wait_until(lambda: any(one[1] == "Submitted" for one in app.of("orderStatus")))
    app.cancelOrder(1)
    wait_until(lambda: any(one[:2] == (1, 202) for one in app.of("error")))
    assert app.of("orderStatus")[-1][1] == "Cancelled"


def test_orders_and_executions_can_be_asked_for(app, stock, quoted, wait_until):
    app.placeOrder(1, stock, an_order("BUY", 10, ref="done"))
    app.placeOrder(2, stock, an_order("BUY", 10, limit=1.0, ref="open"))
    known = {(1, "Filled"), (2, "Submitted")}
    wait_until(lambda: known <= {(one[0], one[1]) for one in app.of("orderStatus")})
    app.heard.clear()
    app.reqAllOpenOrders()
    app.reqCompletedOrders(False)
    app.reqExecutions(7, ExecutionFilter())
    app.reqAccountUpdates(True, "")
    app.reqAccountSummary(8, "All", "NetLiquidation")
    ends = ("openOrderEnd", "completedOrdersEnd", "execDetailsEnd", "accountDownloadEnd")
    wait_until(lambda: all(app.of(end) for end in (*ends, "accountSummaryEnd")))
    assert [order.orderRef for _, _, order, _ in app.of("openOrder")] == ["open"]
    assert [order.orderRef for _, order, _ in app.of("completedOrder")] == ["done"]
    assert [req_id for req_id, *_ in app.of("execDetails")] == [7]


def test_a_client_id_in_use_is_refused(simulator, app, wait_until):
    second = App(simulator.port, 5)
    wait_until(lambda: any(one[1] == 326 for one in second.of("error")))
    second.stop()
    app.reqCurrentTime()
    wait_until(lambda: app.of("currentTime"))
