"""What orders cost, after IB's price list."""

from decimal import Decimal

import pytest

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row
from tapewire.simulator.exchange.commissions import commission_for, product_of
from tapewire.simulator.exchange.matching import Exchange
from tapewire.simulator.exchange.orders import Order

D = Decimal


def instrument(symbol, sec_type="STK", **more):
    return Instrument(symbol=symbol, sec_type=sec_type, **more)


@pytest.mark.parametrize(
    ("shares", "price", "cost"),
    [
        (100, "50", "1.00"),  # the minimum
        (1000, "50", "5.00"),  # 0.005 per share
        (10_000, "0.20", "20.00"),  # 1 % of 2,000 is below 50.00
        (1, "50", "0.50"),  # 1 % of 50.00 is below the minimum
    ],
)
def test_a_stock_order_pays_per_share_with_a_minimum_and_at_most_one_percent(shares, price, cost):
    assert commission_for(instrument("AAPL"), D(shares), D(price)) == D(cost)


@pytest.mark.parametrize(
    ("symbol", "cost"),
    [
        ("ES", "2.15"), ("ESZ6", "2.15"), ("MESH7", "0.57"), ("FESX", "1.00"),
        ("FESX 20261218 M", "1.00"), ("CLF7", "2.25"),
    ],
)  # fmt: skip
def test_futures_pay_per_contract_by_product(symbol, cost):
    assert commission_for(instrument(symbol, "FUT"), D(3), D(5000)) == 3 * D(cost)


@pytest.mark.parametrize(
    ("symbol", "product"),
    [("ESZ6", "ES"), ("6EH27", "6E"), ("MES", "MES"), ("FESX DEC 26", "FESX")],
)
def test_a_future_s_product_is_its_local_symbol_without_the_expiry(symbol, product):
    assert product_of(symbol) == product


@pytest.mark.parametrize(
    ("contracts", "premium", "cost"),
    [
        (10, "1.20", "6.50"),
        (10, "0.10", "6.50"),
        (10, "0.09", "5.00"),
        (10, "0.04", "2.50"),
        (1, "0.04", "1.00"),
    ],
)
def test_options_pay_by_their_premium_with_a_minimum(contracts, premium, cost):
    option = instrument("AAPL  270115C00200000", "OPT", multiplier=D(100))
    assert commission_for(option, D(contracts), D(premium)) == D(cost)


def test_executions_of_one_order_add_up_to_its_commission():
    penny = instrument("PNY")
    exchange = Exchange([penny])
    order = Order(client_id=1, order_id=1, order_ref="", account="DU1", instrument=penny,
                  side="BUY", quantity=D(400), order_type="MKT", tif="DAY")  # fmt: skip
    exchange.accept(order)
    exchange.work(order, 0)
    charged = []
    for second in range(4):
        row = Row(second, "PNY", "0.10", "0.20", "100", "100", None, None)
        charged += [one.commission for one in exchange.quote(row, second)]
    assert charged == [D("0.2")] * 4  # 1 % of 20.00 each time, never the minimum
    assert order.commission == D("0.80")
