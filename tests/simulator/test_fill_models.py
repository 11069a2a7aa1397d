"""How orders fill with each model: slippage, the queue, partial fills, commissions, margins."""

from decimal import Decimal

import pytest

from tapewire.common.costs.slippage import slippage_of
from tapewire.common.costs.tariffs import tariffs_of
from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.simulator.exchange.account import Accounts
from tapewire.simulator.exchange.credit import Credit
from tapewire.simulator.exchange.fill_models import FillModels
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.orders import Leg, Order, Terms

D = Decimal
A = Instrument(symbol="A")
B = Instrument(symbol="B")
ES = Instrument(symbol="ESZ6", sec_type="FUT", multiplier=D(50), min_tick=D("0.25"))
DAY_S = 86_400


class Market:
    """An exchange with the models that are given."""

    def __init__(self, **models):
        self.exchange = Exchange([A, B, ES], models=FillModels(**models))
        self.second = 0

    def quote(self, bid, ask, bid_size="100", ask_size="100", symbol="A"):
        return self.row(symbol, bid, ask, bid_size, ask_size, None, None)

    def trade(self, price, size):
        return self.row("A", None, None, None, None, price, size)

    def row(self, symbol, *values):
        self.second += 1
        return fills(self.exchange.quote(Row(self.second, symbol, *values), self.second))

    def place(self, side, quantity, limit=None, instrument=A, now_s=0, **more):
        order = Order(
            client_id=1, order_id=1, order_ref="r", account="DU1", instrument=instrument,
            side=side, quantity=D(quantity), order_type="LMT" if limit else "MKT",
            limit=D(limit) if limit else None, tif="DAY", **more,
        )  # fmt: skip
        self.exchange.accept(order)
        return order, fills(self.exchange.work(order, now_s * 10**9))


def fills(executions):
    return [(str(one.shares), str(one.price)) for one in executions]


# ---- slippage ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "bought", "sold"),
    [("2 ticks", "10.04", "9.98"), ("0.005", "10.025", "9.995"), ("11 bp", "10.04", "9.98")],
)
def test_an_order_that_takes_trades_worse_than_the_quote(text, bought, sold):
    market = Market(slippage=slippage_of(text))
    market.quote("10.00", "10.02")
    assert market.place("BUY", 5)[1] == [("5", bought)]
    assert market.place("SELL", 5)[1] == [("5", sold)]


def test_slippage_ends_at_the_limit_and_a_resting_order_has_none():
    market = Market(slippage=slippage_of("3 ticks"))
    market.quote("10.00", "10.02")
    assert market.place("BUY", 5, "10.03")[1] == [("5", "10.03")]
    assert market.place("SELL", 5, "9.99")[1] == [("5", "9.99")]
    market.place("BUY", 5, "9.95")
    assert market.quote("9.90", "9.94") == [("5", "9.95")]


def test_a_share_is_not_sold_at_nothing_and_a_future_may_be():
    market = Market(slippage=slippage_of("5 ticks"))
    market.quote("0.03", "0.04")
    assert market.place("SELL", 5)[1] == [("5", "0.01")]
    market.quote("1.00", "1.25", symbol="ESZ6")
    assert market.place("SELL", 1, instrument=ES)[1] == [("1", "-0.25")]


def test_each_leg_of_a_combo_slips_and_its_limit_is_for_what_that_comes_to():
    market = Market(slippage=slippage_of("1 tick"))
    market.quote("10.00", "10.02")
    market.quote("5.00", "5.02", symbol="B")
    legs = (Leg(A, 1, "BUY", "SMART"), Leg(B, 1, "SELL", "SMART"))
    bag = Instrument(symbol="A,B", sec_type="BAG")
    _, done = market.place("BUY", 2, "5.03", instrument=bag, legs=legs)
    assert done == []
    _, done = market.place("BUY", 2, "5.04", instrument=bag, legs=legs)
    assert done == [("2", "10.03"), ("2", "4.99"), ("2", "5.04")]


# ---- size ----------------------------------------------------------------------------------------


def test_a_quote_fills_no_more_than_it_shows_unless_fills_are_whole():
    partly, wholly = Market(), Market(partial=False)
    for market in (partly, wholly):
        market.quote("10.00", "10.02", ask_size="30")
    assert partly.place("BUY", 50)[1] == [("30", "10.02")]
    assert wholly.place("BUY", 50)[1] == [("50", "10.02")]
    assert wholly.place("BUY", 50)[1] == [("50", "10.02")]
    assert wholly.exchange.can_fill(wholly.place("BUY", 500, "9.00")[0]) is False
    wholly.quote("10.00", "10.02", ask_size="0")
    assert wholly.place("BUY", 50)[1] == []  # nobody offers anything


# ---- the queue -----------------------------------------------------------------------------------


@pytest.fixture
def queue():
    market = Market(queue="shown")
    market.quote("10.00", "10.02", bid_size="100", ask_size="40")
    return market


def test_an_order_at_the_bid_fills_once_the_size_ahead_of_it_has_traded(queue):
    queue.place("BUY", 30, "10.00")
    assert queue.trade("10.00", "60") == []
    assert queue.trade("10.00", "50") == [("10", "10.00")]
    assert queue.trade("10.00", "50") == [("20", "10.00")]


def test_a_trade_through_its_limit_fills_it_up_to_the_size_of_the_trade(queue):
    queue.place("BUY", 30, "10.00")
    assert queue.trade("9.99", "20") == [("20", "10.00")]
    assert queue.trade("10.00", "20") == [("10", "10.00")]


def test_a_quote_at_its_limit_is_not_enough_while_somebody_is_ahead_and_one_beyond_is(queue):
    queue.place("BUY", 30, "10.00")
    assert queue.quote("10.00", "10.00") == []
    assert queue.quote("9.98", "9.99", ask_size="20") == [("20", "10.00")]


def test_nobody_is_ahead_of_a_better_price_than_the_quote(queue):
    queue.place("BUY", 30, "10.01")
    assert queue.trade("10.01", "20") == [("20", "10.01")]
    assert queue.quote("10.00", "10.01") == [("10", "10.01")]


def test_behind_the_quote_all_that_is_shown_when_it_comes_there_is_ahead(queue):
    queue.place("BUY", 30, "9.99")
    assert queue.trade("9.99", "500") == []
    queue.quote("9.99", "10.00", bid_size="80")
    queue.quote("9.99", "10.00", bid_size="20")  # what others cancel may be behind it
    assert queue.trade("9.99", "80") == []
    assert queue.trade("9.99", "30") == [("30", "9.99")]


def test_nobody_is_ahead_once_the_quote_is_behind_the_order(queue):
    queue.place("BUY", 30, "10.00")
    queue.quote("9.99", "10.01")
    assert queue.trade("10.00", "10") == [("10", "10.00")]
    assert queue.quote("9.99", "10.00") == [("20", "10.00")]


def test_a_trade_fills_own_orders_one_after_the_other(queue):
    queue.place("SELL", 30, "10.02")
    queue.place("SELL", 30, "10.02")
    assert queue.trade("10.02", "80") == [("30", "10.02"), ("10", "10.02")]
    assert queue.trade("10.03", "5") == [("5", "10.02")]


def test_a_smaller_order_keeps_its_place_and_a_larger_or_dearer_one_loses_it(queue):
    for terms, ahead in (
        (Terms(D(20), D("10.00")), D(40)),
        (Terms(D(40), D("10.00")), D(100)),
        (Terms(D(30), D("9.99")), None),
    ):
        order, _ = queue.place("BUY", 30, "10.00")
        queue.trade("10.00", "60")
        queue.exchange.modify(order, terms, 9)
        assert order.ahead == ahead
        queue.exchange.cancel(order, "", 9)


def test_without_queues_a_trade_at_the_limit_fills_nothing_and_the_quote_does():
    market = Market()
    market.quote("10.00", "10.02")
    market.place("BUY", 30, "10.00")
    assert market.trade("9.99", "500") == []
    assert market.quote("10.00", "10.00", ask_size="30") == [("30", "10.00")]


# ---- commissions ---------------------------------------------------------------------------------


def paid(market, *orders):
    market.quote("20.00", "20.00", "9999", "9999")
    market.quote("5000", "5000", "9999", "9999", symbol="ESZ6")
    return [str(market.place("BUY", n, instrument=i, now_s=s)[0].commission) for n, i, s in orders]


@pytest.mark.parametrize(
    ("text", "costs"),
    [
        ("ib", ["1.00", "2.15"]),
        ("none", ["0", "0"]),
        ("0.03 per share, min 2", ["3.00", "2.15"]),
        ("0.85 per contract", ["1.00", "0.85"]),
        ("0.1 %", ["2.00000", "250.000"]),
        ("3 per order", ["3", "3"]),
        ("0.1 per share, max 0.2 %", ["4.000", "2.15"]),
    ],
)
def test_a_tariff_is_for_the_contracts_it_names_and_ibs_prices_for_the_others(text, costs):
    market = Market(tariffs=tariffs_of(text))
    found = paid(market, (100, A, 0), (1, ES, 0))
    assert [D(one) for one in found] == [D(one) for one in costs]


def test_tiers_count_what_the_account_has_traded_in_the_month():
    market = Market(tariffs=tariffs_of("0.03 per share to 150, 0.01 per share"))
    found = paid(market, (100, A, 0), (100, A, 9 * DAY_S), (100, A, 40 * DAY_S))
    assert found == ["3.00", "2.00", "3.00"]
    market = Market(tariffs=tariffs_of("1 % to 1000, 0.5 %"))
    assert [D(one) for one in paid(market, (40, A, 0), (40, A, 0))] == [8, 2 + 3]


def test_a_fee_per_order_is_paid_once_however_many_executions_it_has():
    market = Market(tariffs=tariffs_of("3 per order"))
    market.quote("10.00", "10.02", ask_size="10")
    order, _ = market.place("BUY", 30)
    market.quote("10.00", "10.02", ask_size="20")
    assert (order.filled, order.commission) == (30, 3)


# ---- margins -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("margin", "bought"), [("ib", 199), ("cash", 99), ("none", 10**6)])
def test_an_account_can_afford_what_its_margin_model_says(margin, bought):
    market = Market(margin=margin)
    market.quote("100", "100")
    accounts = Accounts(["DU1"], [A], D(9_990), "USD", margin)
    credit = Credit(market.exchange, accounts, "USD")
    affordable = market.place("BUY", bought, "1.00")[0]
    assert credit.refusal(affordable) == ""
    affordable.quantity += 1
    refusal = credit.refusal(affordable)
    assert ("EQUITY WITH LOAN VALUE [9990.00 USD] MUST EXCEED" in refusal) == (margin != "none")
