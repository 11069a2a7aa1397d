"""Price steps: what the broker says of them, what is configured, and the prices next to others."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.events import InstrumentDescribed, PriceStep
from tapewire.common.instruments import Instrument
from tapewire.common.price_steps import Steps, is_on_step, nearest, step_at, steps_of

D = Decimal
ES = Instrument(symbol="ESZ6", sec_type="FUT", min_tick=D("0.25"))
VIX: Steps = (PriceStep(D(0), D("0.05")), PriceStep(D(3), D("0.10")))


def told(min_tick: str, steps: Steps = ()) -> InstrumentDescribed:
    return InstrumentDescribed(
        1, "ESZ6", 1, "FUT", "CME", "USD", "", D(50), D(min_tick), price_steps=steps
    )


def test_the_brokers_market_rule_counts_before_what_is_configured():
    assert steps_of(ES, told("0.05", VIX)) == VIX
    assert steps_of(ES, told("0.5")) == (PriceStep(D(0), D("0.5")),)
    assert steps_of(ES, told("0")) == steps_of(ES) == (PriceStep(D(0), D("0.25")),)


@pytest.mark.parametrize(
    ("price", "step"),
    [("0", "0.05"), ("2.99", "0.05"), ("3", "0.10"), ("100", "0.10"), ("-5", "0.10")],
)
def test_a_price_has_the_step_of_its_own_size(price: str, step: str):
    assert step_at(D(price), VIX) == D(step)


def test_below_the_lowest_step_none_is_known_and_nothing_is_off():
    from_one = (PriceStep(D(1), D("0.01")),)
    assert step_at(D("0.5"), from_one) is None
    assert is_on_step(D("0.123"), D("0.123"), from_one)


@pytest.mark.parametrize(
    ("price", "low", "high"),
    [
        ("1.64", "1.60", "1.65"),
        ("2.98", "2.95", "3"),
        ("3.05", "3.0", "3.1"),
        ("-3.05", "-3.1", "-3.0"),
        ("0.01", "0", "0.05"),
    ],
)
def test_the_nearest_prices_are_those_of_the_steps_around(price: str, low: str, high: str):
    assert nearest(D(price), VIX) == (D(low), D(high))


def test_a_step_that_begins_between_two_of_the_lower_ones_has_its_first_price_named():
    odd = (PriceStep(D(0), D("0.4")), PriceStep(D(1), D("0.5")))
    assert nearest(D("0.9"), odd) == (D("0.8"), D(1))
    assert nearest(D("1.1"), odd) == (D(1), D("1.5"))


PRICES = st.decimals(-20, 20, places=3)
STEPS = st.sampled_from([D("0.01"), D("0.05"), D("0.25"), D("0.3"), D(1)])


@given(PRICES, st.lists(st.tuples(st.decimals(0, 10, places=2), STEPS), max_size=4), STEPS)
def test_nothing_that_there_is_lies_nearer_than_the_nearest(price, more, first):
    edges = {edge: step for edge, step in more if edge}
    steps = (PriceStep(D(0), first), *(PriceStep(e, edges[e]) for e in sorted(edges)))
    low, high = nearest(price, steps)
    assert low <= price <= high
    assert is_on_step(low, low, steps)
    assert is_on_step(high, high, steps)
    between = (D(n) / 1000 for n in range(int(low * 1000) + 1, int(high * 1000)))
    assert not any(is_on_step(one, one, steps) for one in between)
