"""Sizing: how much to trade, never more than was meant and never more than can be paid."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tapewire.strategy import sizing

D = Decimal
SIZED = [
    lambda **more: sizing.fixed(100, 50, **more),
    lambda **more: sizing.percent_of_equity(100_000, 10, 50, **more),
    lambda **more: sizing.risk_per_trade(100_000, 1, 50, 45, **more),
    lambda **more: sizing.volatility(100_000, 1, 50, 4, **more),
]
"""Each on an account of 100,000 and a price of 50."""


@pytest.mark.parametrize(("size", "quantity"), [*zip(SIZED, (100, 200, 200, 250), strict=True)])
def test_each_has_its_formula(size, quantity):
    assert size() == quantity


def test_a_stop_above_the_price_risks_as_much_as_one_below():
    assert sizing.risk_per_trade(100_000, 1, 50, 55) == 200


def test_a_contract_counts_with_its_multiplier():
    assert sizing.percent_of_equity(1_000_000, 50, 5000, multiplier=50) == 2
    assert sizing.risk_per_trade(1_000_000, 1, 5000, 4980, multiplier=50, unit_cost=13_000) == 10
    assert sizing.volatility(1_000_000, 1, 5000, "40.5", multiplier=50) == 4


@pytest.mark.parametrize("size", SIZED)
def test_it_is_rounded_down_to_whole_lots(size):
    assert size(lot=30) % 30 == 0
    assert size() - 30 < size(lot=30) <= size()
    assert size(lot=10_000) == 0


@pytest.mark.parametrize("size", SIZED)
def test_it_is_never_more_than_buying_power_allows(size):
    assert size(buying_power=4_999) == 99
    assert size(buying_power=4_999, unit_cost=10) == min(499, size())
    assert size(buying_power=-5) == 0
    assert size(buying_power=None) == size()


def test_what_is_fixed_needs_no_price_where_nothing_bounds_it():
    assert sizing.fixed("10.5") == 10
    assert sizing.fixed("0.0125", lot="0.001") == D("0.012")


@pytest.mark.parametrize(
    "size",
    [
        lambda equity: sizing.percent_of_equity(equity, 10, 50),
        lambda equity: sizing.risk_per_trade(equity, 1, 50, 45),
        lambda equity: sizing.volatility(equity, 1, 50, 4),
    ],
)
@pytest.mark.parametrize("equity", [None, 0, -1])
def test_without_equity_there_is_nothing_to_trade(size, equity):
    assert size(equity) == 0


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (lambda: sizing.risk_per_trade(1, 1, 50, "50.0"), "stop is 50.0, which is the price"),
        (lambda: sizing.percent_of_equity(1, -1, 50), "percent is -1; it must be 0 or more"),
        (lambda: sizing.percent_of_equity(1, 1, 0), "price is 0; it must be above 0"),
        (lambda: sizing.volatility(1, 1, 50, 0), "deviation is 0; it must be above 0"),
        (lambda: sizing.volatility(float("nan"), 1, 50, 1), "equity is nan; it must be a number"),
        (lambda: sizing.fixed(1, lot=0), "lot is 0; it must be above 0"),
        (lambda: sizing.fixed(-1), "quantity is -1; it must be 0 or more"),
        (lambda: sizing.fixed("many"), "quantity is 'many'; it must be a number"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_name(size, message):
    with pytest.raises(ValueError, match=message.split(";")[0]):
        size()


AMOUNTS = some.decimals(min_value="0.01", max_value="1E9", places=2)
PERCENTS = some.decimals(min_value=0, max_value=100, places=3)
LOTS = some.sampled_from([D(text) for text in ("1E-8", "0.001", "1", "100")])
MULTIPLIERS = some.sampled_from([D(1), D("0.1"), D(50)])


@given(AMOUNTS, PERCENTS, AMOUNTS, AMOUNTS, AMOUNTS, LOTS, MULTIPLIERS)
def test_no_bound_is_ever_passed_and_one_more_lot_would_pass_it(
    equity, percent, price, stop, power, lot, multiplier
):
    more = {"lot": lot, "multiplier": multiplier, "buying_power": power}
    part = equity * percent / 100
    sized = [
        (sizing.percent_of_equity(equity, percent, price, **more), price),
        (sizing.volatility(equity, percent, price, stop, **more), stop),
    ]
    if stop != price:
        risked = sizing.risk_per_trade(equity, percent, price, stop, **more)
        sized.append((risked, abs(price - stop)))
    for quantity, unit in sized:
        assert quantity >= 0
        assert quantity % lot == 0
        assert quantity * unit * multiplier <= part
        assert quantity * price * multiplier <= power
        larger = quantity + lot
        assert larger * unit * multiplier > part or larger * price * multiplier > power
