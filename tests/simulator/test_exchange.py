"""Matching against the shown size of the quote."""

from decimal import Decimal

import pytest

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.orders import Order, Terms

D = Decimal

A = Instrument(symbol="A")
ES = Instrument(symbol="ES", sec_type="FUT", multiplier=D(50), min_tick=D("0.25"))
BTC = Instrument(symbol="BTC", sec_type="CRYPTO")


class Market:
    def __init__(self):
        self.exchange = Exchange([A, ES, BTC])
        self.now = 0

    def quote(self, bid, ask, bid_size="100", ask_size="100", symbol="A"):
        self.now += 1
        row = Row(self.now, symbol, bid, ask, bid_size, ask_size, None, None)
        return fills(self.exchange.quote(row, self.now))

    def trade(self, price, size="1"):
        self.now += 1
        return fills(self.exchange.quote(Row(self.now, "A", *[None] * 4, price, size), self.now))

    def triggered(self):
        """Stops that the market reached, worked as the order handler does it: their executions."""
        return [
            fills(self.exchange.work(order, self.now)) for order in self.exchange.triggered("A")
        ]

    def order(self, side, quantity, limit=None, stop=None, instrument=A, kind="", **more):
        order = Order(
            client_id=1,
            order_id=1,
            order_ref="r",
            account="DU1",
            instrument=instrument,
            side=side,
            quantity=D(quantity),
            order_type=kind or ("STP" if stop else "LMT" if limit else "MKT"),
            limit=D(limit) if limit else None,
            stop=D(stop) if stop else None,
            tif="DAY",
            **more,
        )
        self.exchange.accept(order)
        return order

    def place(self, *terms, **more):
        order = self.order(*terms, **more)
        return order, fills(self.exchange.work(order, self.now))


def fills(executions):
    return [(str(one.shares), str(one.price)) for one in executions]


@pytest.fixture
def market():
    market = Market()
    market.quote("9.98", "10.00", "50", "30")
    return market


def test_a_market_order_takes_the_opposite_price_up_to_the_shown_size(market):
    order, done = market.place("BUY", 100)
    assert done == [("30", "10.00")]
    assert (order.status, order.remaining) == ("Submitted", 70)


def test_the_rest_of_a_market_order_waits_for_the_next_quote(market):
    order, _ = market.place("SELL", 60)
    assert market.quote("9.90", "9.92", "25") == [("10", "9.90")]
    assert order.status == "Filled"


def test_taken_size_stays_taken_until_that_side_is_quoted_again(market):
    market.place("BUY", 30)
    _, done = market.place("BUY", 10)
    assert done == []
    assert market.quote("9.99", None, "80", None) == []
    assert market.quote(None, "10.00", None, "30") == [("10", "10.00")]


def test_a_size_alone_renews_its_side(market):
    market.place("BUY", 30)
    market.place("BUY", 5)
    assert market.quote(None, None, None, "40") == [("5", "10.00")]


def test_a_limit_that_is_met_on_arrival_gets_the_better_price(market):
    _, done = market.place("BUY", 10, "10.05")
    assert done == [("10", "10.00")]


def test_the_rest_of_a_limit_order_fills_at_its_own_limit(market):
    order, done = market.place("BUY", 50, "10.00")
    assert done == [("30", "10.00")]
    assert market.quote("9.90", "9.95") == [("20", "10.00")]
    assert order.average_price == D("10.00")


def test_a_resting_limit_is_not_filled_before_its_price_is_reached(market):
    order, done = market.place("SELL", 10, "10.01")
    assert done == []
    assert market.quote("10.00", "10.02") == []
    assert market.quote("10.01", "10.03") == [("10", "10.01")]
    assert order.status == "Filled"


def test_market_orders_go_first_then_the_better_limit_then_the_older_order(market):
    market.quote("9.98", "11.00", "50", "0")
    early, _ = market.place("BUY", 10, "10.00")
    late, _ = market.place("BUY", 10, "10.00")
    better, _ = market.place("BUY", 10, "10.50")
    at_market, _ = market.place("BUY", 10)
    market.quote(None, "9.99", None, "35")
    filled = [order.filled for order in (at_market, better, early, late)]
    assert filled == [10, 10, 10, 5]


def test_without_a_quote_nothing_trades():
    market = Market()
    order, done = market.place("BUY", 10)
    assert done == []
    assert order.status == "PreSubmitted"
    assert market.quote("5", None, "9", None) == []
    assert market.quote(None, "6", None, "9") == [("9", "6")]


def test_a_crossed_quote_is_matched_as_it_stands(market):
    market.quote("10.10", "10.00")
    assert market.place("SELL", 10, "10.05")[1] == [("10", "10.10")]


def test_a_cancelled_order_does_not_trade(market):
    order, _ = market.place("BUY", 10, "9.00")
    market.exchange.cancel(order, "by client", 5)
    assert market.quote("8.00", "8.10") == []
    assert (order.status, order.done_ns) == ("Cancelled", 5)


def test_a_changed_limit_meets_the_market_anew(market):
    order, _ = market.place("BUY", 10, "9.00")
    done = market.exchange.modify(order, Terms(D(10), D("10.02")), 1)
    assert fills(done) == [("10", "10.00")]


def test_a_smaller_quantity_keeps_its_place_and_a_changed_price_loses_it(market):
    market.quote("9", "11")
    orders = [market.place("BUY", 10, "10.00")[0] for _ in range(3)]
    market.exchange.modify(orders[0], Terms(D(5), D("10.00")), 1)
    market.exchange.modify(orders[1], Terms(D(10), D("9.99")), 1)
    market.exchange.modify(orders[1], Terms(D(10), D("10.00")), 1)
    market.quote(None, "10.00", None, "12")
    assert [order.filled for order in orders] == [5, 0, 7]


def test_a_held_stop_neither_trades_nor_hides_the_orders_that_can(market):
    held, done = market.place("BUY", 10, stop="10.50")
    behind, _ = market.place("BUY", 10, "9.00")
    assert done == []
    assert market.quote("8.90", "9.00") == [("10", "9.00")]
    assert (market.triggered(), held.filled, behind.filled) == ([], 0, 10)


@pytest.mark.parametrize(
    ("side", "stop", "trade", "expected"),
    [
        ("BUY", "10.05", "10.04", []),
        ("BUY", "10.05", "10.05", [[("10", "10.00")]]),
        ("BUY", "10.05", "10.06", [[("10", "10.00")]]),
        ("SELL", "9.90", "9.91", []),
        ("SELL", "9.90", "9.90", [[("10", "9.98")]]),
        ("SELL", "9.90", "9.80", [[("10", "9.98")]]),
    ],
)
def test_a_stop_triggers_at_its_price_or_beyond(market, side, stop, trade, expected):
    market.place(side, 10, stop=stop)
    market.trade(trade)
    assert market.triggered() == expected


def test_a_stop_triggers_once(market):
    market.place("BUY", 100, stop="10.05")
    market.trade("10.05")
    assert market.triggered() == [[("30", "10.00")]]
    assert market.trade("10.06") == []
    assert market.triggered() == []
    assert market.quote(None, "10.20", None, "70") == [("70", "10.20")]


def test_without_any_price_no_stop_triggers():
    market = Market()
    market.place("BUY", 10, stop="1")
    market.place("SELL", 10, stop="100")
    assert market.triggered() == []


def test_a_triggered_stop_queues_behind_market_orders_that_wait(market):
    market.quote("9.98", "11.00", "50", "0")
    stop, _ = market.place("BUY", 10, stop="10.05")
    waiting, _ = market.place("BUY", 10)
    market.trade("10.05")
    market.triggered()
    market.quote(None, "10.00", None, "15")
    assert (waiting.filled, stop.filled) == (10, 5)


def test_perm_ids_rise_and_execution_ids_are_unique(market):
    first, _ = market.place("BUY", 20)
    second, _ = market.place("BUY", 20)
    executions = market.exchange.quote(Row(9, "A", "9", "10", "1", "50", None, None), 9)
    assert second.perm_id == first.perm_id + 1
    assert [one.exec_id for one in executions] == [f"0000e0d5.{second.perm_id:08x}.00000002.01"]


def test_the_minimum_commission_is_paid_once_an_order():
    market = Market()
    market.quote("9", "10", "1", "100")
    order, _ = market.place("BUY", 300)
    costs = [order.commission]
    for _ in range(2):
        market.quote("9", "10", "1", "100")
        costs.append(order.commission)
    assert costs == [D("1.00"), D("1.00"), D("1.50")]


@pytest.mark.parametrize(
    ("instrument", "quantity", "cost"), [(ES, "2", "4.30"), (BTC, "0.5", "0.05")]
)
def test_futures_pay_by_contract_and_crypto_by_notional_in_cents(instrument, quantity, cost):
    market = Market()
    market.quote("49.75", "50.25", symbol=instrument.symbol)
    order, _ = market.place("BUY", quantity, instrument=instrument)
    assert order.commission == D(cost)
