"""A client nobody here wrote, ib_async, unmodified, over real sockets."""

import json

import ib_async
import pytest

from tests.simulator.ib_async_client import connect, quoted, stock

__all__ = ["quoted", "stock"]


@pytest.fixture
def simulator(run_simulator):
    return run_simulator("--symbols", "AAPL,ES:FUT:CME:50:0.25", "--rate", "2000")


@pytest.fixture
def ib(simulator):
    client = connect(simulator, 3)
    yield client
    client.disconnect()


def traded(ib, stock, order, wait_until):
    trade = ib.placeOrder(stock, order)
    wait_until(trade.isDone, ib.sleep)
    wait_until(lambda: all(one.commissionReport.execId for one in trade.fills), ib.sleep)
    return trade


def test_it_connects_and_qualifies_contracts(ib, stock):
    future = ib_async.Future("ES", exchange="CME", currency="USD")
    assert ib.qualifyContracts(future) == [future]
    assert (stock.conId, future.conId, future.multiplier) == (1000, 1001, "50")
    assert ib.managedAccounts() == ["DU1234567"]


def test_ticks_flow_and_make_sense(ib, quoted, wait_until):
    bids = set()

    def more():
        bids.add(quoted.bid)
        return len(bids) >= 5

    wait_until(more, ib.sleep)
    assert 0 < quoted.bid < quoted.ask
    assert quoted.bidSize > 0


def test_a_market_order_fills_with_commission_and_position(ib, stock, quoted, wait_until):
    order = ib_async.MarketOrder("BUY", 700, orderRef="mine")
    trade = traded(ib, stock, order, wait_until)
    assert trade.orderStatus.status == "Filled"
    assert sum(one.execution.shares for one in trade.fills) == 700
    assert sum(one.commissionReport.commission for one in trade.fills) == pytest.approx(3.5)
    assert {one.execution.orderRef for one in trade.fills} == {"mine"}
    wait_until(lambda: [one.position for one in ib.positions()] == [700], ib.sleep)


def test_a_limit_order_rests_is_changed_and_cancelled(ib, stock, quoted, wait_until):
    trade = ib.placeOrder(stock, ib_async.LimitOrder("BUY", 100, 1.5))
    wait_until(lambda: trade.orderStatus.status == "Submitted", ib.sleep)
    trade.order.lmtPrice = 2.0
    ib.placeOrder(stock, trade.order)
    wait_until(lambda: any(one.message == "Modified" for one in trade.log), ib.sleep)
    ib.cancelOrder(trade.order)
    wait_until(lambda: trade.orderStatus.status == "Cancelled", ib.sleep)


def test_a_limit_order_that_is_met_fills_no_worse(ib, stock, quoted, wait_until):
    limit = round(quoted.bid * 0.98, 2)
    trade = traded(ib, stock, ib_async.LimitOrder("SELL", 50, limit), wait_until)
    assert all(one.execution.price >= limit for one in trade.fills)


def test_a_price_off_the_tick_is_refused(ib, stock, wait_until):
    trade = ib.placeOrder(stock, ib_async.LimitOrder("BUY", 100, 1.505))
    wait_until(trade.isDone, ib.sleep)
    assert trade.log[-1].errorCode == 110


def test_a_stop_order_waits_is_modified_and_cancelled(simulator, ib, stock, quoted, wait_until):
    stop = round(quoted.last * 0.5, 2)
    trade = ib.placeOrder(stock, ib_async.StopOrder("SELL", 100, stop))
    wait_until(lambda: trade.orderStatus.status == "PreSubmitted", ib.sleep)
    lower = round(stop * 0.9, 2)
    trade.order.auxPrice = lower
    ib.placeOrder(stock, trade.order)
    other = connect(simulator, 4)
    wait_until(lambda: other.reqAllOpenOrders()[0].order.auxPrice == lower, ib.sleep)
    other.disconnect()
    assert trade.orderStatus.status == "PreSubmitted"
    ib.cancelOrder(trade.order)
    wait_until(lambda: trade.orderStatus.status == "Cancelled", ib.sleep)
    assert trade.fills == []


def test_a_stop_order_that_the_market_reaches_fills(ib, stock, quoted, wait_until):
    stop = round(quoted.last * 1.1, 2)  # a SELL stop above the market has been reached already
    trade = traded(ib, stock, ib_async.StopOrder("SELL", 100, stop), wait_until)
    assert [one.status for one in trade.log if one.status in ("PreSubmitted", "Submitted")][:2] == [
        "PreSubmitted", "Submitted",
    ]  # fmt: skip
    assert trade.orderStatus.status == "Filled"


def test_a_stop_price_off_the_tick_is_refused(ib, stock, wait_until):
    trade = ib.placeOrder(stock, ib_async.StopOrder("BUY", 100, 1000.505))
    wait_until(trade.isDone, ib.sleep)
    assert trade.log[-1].errorCode == 110


def test_two_accounts_hold_one_contract_each_on_its_own(run_simulator, wait_until):
    simulator = run_simulator("--symbols", "AAPL", "--rate", "500", "--accounts", "DU1,DU2")
    ib = connect(simulator, 1)
    stock = ib_async.Stock("AAPL", "SMART", "USD")
    ib.qualifyContracts(stock)
    ib.reqMktData(stock)
    for account, side in (("DU1", "BUY"), ("DU2", "SELL")):
        order = ib_async.MarketOrder(side, 10, account=account)
        trade = traded(ib, stock, order, wait_until)
        assert {one.execution.acctNumber for one in trade.fills} == {account}
    wait_until(lambda: len(ib.positions()) == 2, ib.sleep)
    positions = {one.account: one.position for one in ib.positions()}
    nameless = ib.placeOrder(stock, ib_async.MarketOrder("BUY", 1))
    wait_until(nameless.isDone, ib.sleep)
    accounts = ib.managedAccounts()
    ib.disconnect()
    assert accounts == ["DU1", "DU2"]
    assert positions == {"DU1": 10, "DU2": -10}
    assert nameless.log[-1].errorCode == 435


def test_a_new_connection_finds_what_the_last_one_did(simulator, ib, stock, quoted, wait_until):
    filled = traded(ib, stock, ib_async.MarketOrder("BUY", 10, orderRef="done"), wait_until)
    ib.placeOrder(stock, ib_async.LimitOrder("BUY", 1, 1.0, orderRef="open"))
    wait_until(lambda: len(ib.openTrades()) == 1, ib.sleep)
    ib.disconnect()
    again = connect(simulator, 3)
    try:
        assert [one.execution.permId for one in again.fills()] == [filled.order.permId]
        assert [one.order.orderRef for one in again.openTrades()] == ["open"]
        assert [one.order.orderRef for one in again.reqCompletedOrders(False)] == ["done"]
        assert again.client.getReqId() > filled.order.orderId
    finally:
        again.disconnect()


def test_what_if_tells_the_commission_and_places_nothing(ib, stock, quoted):
    state = ib.whatIfOrder(stock, ib_async.MarketOrder("BUY", 1000))
    assert state.maxCommission == 5
    assert ib.reqAllOpenOrders() == []


def test_the_account_is_told(ib, stock, quoted, wait_until):
    traded(ib, stock, ib_async.MarketOrder("BUY", 10), wait_until)
    summary = {one.tag: one.value for one in ib.accountSummary()}
    assert float(summary["NetLiquidation"]) == pytest.approx(1_000_000, rel=0.01)
    assert [one.position for one in ib.portfolio()] == [10]


@pytest.mark.parametrize("version", ["163", "170", "178"])
def test_it_trades_at_newer_server_versions_too(run_simulator, wait_until, version):
    simulator = run_simulator("--symbols", "AAPL", "--rate", "500", "--version-max", version)
    ib = connect(simulator, 1)
    stock = ib_async.Stock("AAPL", "SMART", "USD")
    ib.qualifyContracts(stock)
    ib.reqMktData(stock)
    trade = traded(ib, stock, ib_async.MarketOrder("BUY", 10, orderRef="r"), wait_until)
    (done,) = ib.reqCompletedOrders(False)
    ib.disconnect()
    assert ib.client.MaxClientVersion >= int(version)
    assert (trade.orderStatus.filled, done.order.orderRef) == (10, "r")


def test_stopping_writes_the_books_to_the_audit(run_simulator, tmp_path, wait_until):
    audit = tmp_path / "audit.jsonl"
    simulator = run_simulator("--symbols", "AAPL", "--rate", "500", "--audit", str(audit))
    ib = connect(simulator, 1)
    stock = ib_async.Stock("AAPL", "SMART", "USD")
    ib.qualifyContracts(stock)
    ib.reqMktData(stock)
    trade = traded(ib, stock, ib_async.MarketOrder("BUY", 10, orderRef="r"), wait_until)
    ib.disconnect()
    assert simulator.stop() == 0
    lines = [json.loads(line) for line in audit.read_text().splitlines()]
    executions = [line for line in lines if line["kind"] == "execution"]
    assert [line["exec_id"] for line in executions] == [one.execution.execId for one in trade.fills]
    assert lines[-1]["kind"] == "books"
    assert lines[-1]["accounts"]["DU1234567"]["positions"] == {"AAPL": "10"}
    assert [line["kind"] for line in lines].count("order") == 1
