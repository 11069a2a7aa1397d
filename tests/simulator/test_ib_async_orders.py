"""Every order type, by a client nobody here wrote: ib_async, unmodified, over real sockets."""

from datetime import UTC, datetime, timedelta

import ib_async
import pytest

from tests.simulator.ib_async_client import connect, quoted, stock

__all__ = ["quoted", "stock"]


@pytest.fixture
def ib(run_simulator):
    close = f"{datetime.now(UTC) + timedelta(hours=6):%H:%M:%S}"
    simulator = run_simulator("--symbols", "AAPL,MSFT", "--rate", "2000", "--closes", close)
    client = connect(simulator, 3)
    yield client
    client.disconnect()


def order(kind, side, quantity, **more):
    return ib_async.Order(orderType=kind, action=side, totalQuantity=quantity, **more)


def test_each_type_of_order_fills(ib, stock, quoted, wait_until):
    price = quoted.last
    low, high = round(price * 0.9, 2), round(price * 1.1, 2)
    trades = [
        ib.placeOrder(stock, one)
        for one in (
            ib_async.LimitOrder(
                "BUY", 10, high, tif="FOK"
            ),  # first, while the quote shows all of its size
            ib_async.StopLimitOrder("BUY", 10, high, low),
            order("MIT", "BUY", 10, auxPrice=high),
            order("LIT", "BUY", 10, auxPrice=high, lmtPrice=high),
            order("TRAIL", "SELL", 10, auxPrice=0.01),
            order("TRAIL", "SELL", 10, trailingPercent=0.01),
            order("TRAIL LIMIT", "SELL", 10, auxPrice=0.01, lmtPriceOffset=5.0),
            order("PEG MID", "BUY", 10),
            ib_async.MarketOrder("BUY", 10, tif="GTC"),
        )
    ]
    wait_until(lambda: all(one.isDone() for one in trades), ib.sleep)
    assert [(one.order.orderType, one.orderStatus.status) for one in trades] == [
        (one.order.orderType, "Filled") for one in trades
    ]


def test_orders_for_the_close_wait_for_it(ib, stock, quoted, wait_until):
    trades = [
        ib.placeOrder(stock, one)
        for one in (order("MOC", "SELL", 10), order("LOC", "BUY", 10, lmtPrice=1000.0))
    ]
    wait_until(lambda: {one.orderStatus.status for one in trades} == {"PreSubmitted"}, ib.sleep)
    ib.reqGlobalCancel()
    wait_until(lambda: all(one.isDone() for one in trades), ib.sleep)
    assert [one.fills for one in trades] == [[], []]


def test_a_trailing_stop_is_found_where_it_is_now(ib, stock, quoted, wait_until):
    trade = ib.placeOrder(stock, order("TRAIL", "SELL", 10, auxPrice=5.0, tif="GTC"))
    wait_until(lambda: trade.orderStatus.status == "PreSubmitted", ib.sleep)
    other = ib_async.IB()  # a client keeps what it sent itself
    other.connect("127.0.0.1", ib.client.port, 4, raiseSyncErrors=True)
    found = other.reqAllOpenOrders()[0].order
    other.disconnect()
    assert (found.orderType, found.auxPrice, found.tif) == ("TRAIL", 5.0, "GTC")
    assert quoted.last - 6 < found.trailStopPrice < quoted.last


def test_an_order_that_was_listed_can_be_sent_back_with_another_price(
    ib, stock, quoted, wait_until
):
    trade = ib.placeOrder(stock, ib_async.StopOrder("SELL", 10, round(quoted.last * 0.5, 2)))
    wait_until(lambda: trade.orderStatus.status == "PreSubmitted", ib.sleep)
    (listed,) = ib.reqOpenOrders()
    listed.order.auxPrice = lower = round(quoted.last * 0.4, 2)
    ib.placeOrder(stock, listed.order)
    wait_until(lambda: ib.reqOpenOrders()[0].order.auxPrice == lower, ib.sleep)


def test_a_good_till_date_order_ends(ib, stock, quoted, wait_until):
    end = datetime.now(UTC) + timedelta(seconds=3)
    trade = ib.placeOrder(
        stock,
        ib_async.LimitOrder("BUY", 10, 1.0, tif="GTD", goodTillDate=f"{end:%Y%m%d %H:%M:%S UTC}"),
    )
    wait_until(trade.isDone, ib.sleep)
    assert trade.orderStatus.status == "Cancelled"
    assert datetime.now(UTC) >= end.replace(microsecond=0)


def test_a_bracket_order_takes_its_profit_and_cancels_its_stop(ib, stock, quoted, wait_until):
    price = quoted.last
    bracket = ib.bracketOrder(
        "BUY", 100, round(price * 1.1, 2), round(price * 0.9, 2), round(price * 0.5, 2)
    )
    trades = [ib.placeOrder(stock, one) for one in bracket]
    wait_until(lambda: all(one.isDone() for one in trades), ib.sleep)
    assert [one.orderStatus.status for one in trades] == ["Filled", "Filled", "Cancelled"]
    wait_until(lambda: not any(one.position for one in ib.positions()), ib.sleep)


def test_a_bracket_orders_children_are_held_and_go_with_their_parent(ib, stock, quoted, wait_until):
    bracket = ib.bracketOrder("BUY", 100, 1.0, 2.0, 0.5)
    parent, profit, loss = [ib.placeOrder(stock, one) for one in bracket]
    wait_until(lambda: loss.orderStatus.status == "PreSubmitted", ib.sleep)
    assert parent.orderStatus.status == "Submitted"
    assert (profit.orderStatus.whyHeld, loss.orderStatus.whyHeld) == ("child", "child,trigger")
    ib.cancelOrder(bracket.parent)
    wait_until(lambda: loss.isDone() and profit.isDone(), ib.sleep)
    assert {one.orderStatus.status for one in (parent, profit, loss)} == {"Cancelled"}


def test_one_cancels_all(ib, stock, quoted, wait_until):
    price = quoted.last
    orders = [
        ib_async.LimitOrder("BUY", 100, round(price * factor, 2)) for factor in (0.5, 0.6, 1.1)
    ]
    orders = ib.oneCancelsAll(orders, "first-come", 1)
    trades = [ib.placeOrder(stock, one) for one in orders]
    wait_until(lambda: all(one.isDone() for one in trades), ib.sleep)
    assert [one.orderStatus.status for one in trades] == ["Cancelled", "Cancelled", "Filled"]


def test_one_reduces_all(ib, stock, quoted, wait_until):
    low = round(quoted.last * 0.5, 2)
    orders = [ib_async.LimitOrder("BUY", size, low) for size in (400, 200)]
    first, second = [
        ib.placeOrder(stock, one) for one in ib.oneCancelsAll(orders, "share-alike", 2)
    ]
    wait_until(lambda: second.orderStatus.status == "Submitted", ib.sleep)
    first.order.lmtPrice = round(quoted.last * 1.1, 2)
    ib.placeOrder(stock, first.order)
    wait_until(lambda: first.isDone() and second.isDone(), ib.sleep)
    assert (first.orderStatus.status, second.orderStatus.status) == ("Filled", "Cancelled")


def test_a_what_if_order_tells_margin_and_commission(ib, stock, quoted):
    state = ib.whatIfOrder(stock, ib_async.MarketOrder("BUY", 1000))
    half = 1000 * quoted.last / 2
    assert float(state.initMarginChange) == pytest.approx(half, rel=0.02)
    assert float(state.maintMarginChange) == pytest.approx(half / 2, rel=0.02)
    assert float(state.equityWithLoanAfter) == pytest.approx(1_000_000, rel=0.01)
    assert (state.maxCommission, ib.reqAllOpenOrders()) == (5, [])


def test_an_order_beyond_the_buying_power_is_rejected(ib, stock, quoted, wait_until):
    trade = ib.placeOrder(stock, ib_async.MarketOrder("BUY", 1_000_000))
    wait_until(trade.isDone, ib.sleep)
    assert trade.orderStatus.status == "Inactive"
    assert any("MUST EXCEED THE INITIAL MARGIN" in one.message for one in trade.log)


def test_a_combo_order_fills_all_its_legs(ib, stock, quoted, wait_until):
    other = ib_async.Stock("MSFT", "SMART", "USD")
    ib.qualifyContracts(other)
    ticker = ib.reqMktData(other)
    wait_until(ticker.hasBidAsk, ib.sleep)
    combo = ib_async.Contract(
        secType="BAG", symbol="AAPL,MSFT", exchange="SMART", currency="USD",
        comboLegs=[
            ib_async.ComboLeg(conId=stock.conId, ratio=1, action="BUY", exchange="SMART"),
            ib_async.ComboLeg(conId=other.conId, ratio=2, action="SELL", exchange="SMART"),
        ],
    )  # fmt: skip
    trade = ib.placeOrder(combo, ib_async.MarketOrder("BUY", 10))
    wait_until(trade.isDone, ib.sleep)
    assert trade.orderStatus.status == "Filled"
    shares = dict.fromkeys(("STK", "BAG"), 0)
    for fill in trade.fills:
        shares[fill.contract.secType] += fill.execution.shares
    assert shares == {"STK": 30, "BAG": 10}
    wait_until(lambda: len(ib.positions()) == 2, ib.sleep)
    assert {one.contract.symbol: one.position for one in ib.positions()} == {
        "AAPL": 10,
        "MSFT": -20,
    }


def test_a_combo_that_works_is_listed_with_its_legs(ib, stock, wait_until):
    other = ib_async.Stock("MSFT", "SMART", "USD")
    ib.qualifyContracts(other)
    legs = [
        ib_async.ComboLeg(conId=one.conId, ratio=1, action=action, exchange="SMART")
        for one, action in ((stock, "BUY"), (other, "SELL"))
    ]
    combo = ib_async.Bag(symbol="AAPL", exchange="SMART", currency="USD", comboLegs=legs)
    trade = ib.placeOrder(combo, ib_async.LimitOrder("BUY", 10, -5000.0, tif="GTC"))
    wait_until(lambda: trade.orderStatus.status == "Submitted", ib.sleep)
    other_client = ib_async.IB()
    other_client.connect("127.0.0.1", ib.client.port, 4, raiseSyncErrors=True)
    found = other_client.reqAllOpenOrders()[0].contract
    other_client.disconnect()
    assert [(leg.conId, leg.ratio, leg.action) for leg in found.comboLegs] == [
        (stock.conId, 1, "BUY"), (other.conId, 1, "SELL")
    ]  # fmt: skip
    ib.cancelOrder(trade.order)
    wait_until(trade.isDone, ib.sleep)


def test_an_attribute_that_is_not_simulated_is_rejected_by_its_name(ib, stock, wait_until):
    trade = ib.placeOrder(stock, ib_async.LimitOrder("BUY", 10, 1.0, hidden=True))
    wait_until(trade.isDone, ib.sleep)
    assert any("hidden is not simulated" in one.message for one in trade.log)
