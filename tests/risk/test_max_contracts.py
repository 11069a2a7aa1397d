"""MaxContracts: no combination of fills may end beyond the limit."""

from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.events import signed
from tapewire.risk.rules import Exposure, MaxContracts
from tapewire.risk.rules.base import exposure_of
from tests.risk.desk import order

LIMIT = 20
sides = st.sampled_from(["BUY", "SELL"])
wishes = st.lists(st.tuples(sides, st.integers(1, 30)), max_size=7)


@given(st.integers(-LIMIT, LIMIT), wishes)
def test_whatever_fills_of_what_was_allowed_the_position_stays_within_the_limit(held, wanted):
    rule, working = MaxContracts(Decimal(LIMIT)), []
    for n, (action, quantity) in enumerate(wanted):
        one = order(f"i{n}", action, quantity)
        exposure = exposure_of("AAPL", Decimal(held), [(o, o.quantity) for o in working])
        if not rule.refusal(one, exposure):
            working.append(one)
    changes = [int(signed(o.action, o.quantity)) for o in working]
    for count in range(len(changes) + 1):
        for some in combinations(changes, count):
            assert abs(held + sum(some)) <= LIMIT


@given(st.integers(-200, 200), st.integers(1, 200))
def test_an_order_that_reduces_passes_however_large_the_position(held: int, quantity: int):
    action = "SELL" if held > 0 else "BUY"
    allowed = not MaxContracts(Decimal(LIMIT)).refusal(
        order("a", action, quantity), Exposure(Decimal(held))
    )
    if quantity <= abs(held):
        assert allowed
    assert allowed == (quantity - abs(held) <= LIMIT)


@given(st.integers(-30, 30), st.integers(-30, 30), sides, st.integers(1, 30))
def test_both_the_fills_and_the_brokers_word_must_stay_within(filled, reported, action, quantity):
    exposure = Exposure(Decimal(filled), reported=Decimal(reported))
    if not MaxContracts(Decimal(LIMIT)).refusal(order("a", action, quantity), exposure):
        for held in (filled, reported):
            after = held + int(signed(action, Decimal(quantity)))
            assert (after if action == "BUY" else -after) <= LIMIT


def test_the_limit_itself_is_allowed_and_the_sentence_says_what_was_found():
    rule = MaxContracts(Decimal(LIMIT))
    assert rule.refusal(order("a", "BUY", 20), Exposure()) == ""
    assert rule.refusal(order("a", "SELL", 21), Exposure()) == (
        "MaxContracts: AAPL could get 21 short with this order, the limit is 20"
    )


@pytest.mark.parametrize(
    ("exposure", "is_broken"),
    [
        (Exposure(Decimal(20)), False),
        (Exposure(Decimal(21)), True),
        (Exposure(Decimal(-21)), True),
        (Exposure(Decimal(15), buying=Decimal(6)), True),
        (Exposure(Decimal(-15), selling=Decimal(6)), True),
        (Exposure(Decimal(15), selling=Decimal(30)), False),
        (Exposure(reported=Decimal(21)), True),
        (Exposure(reported=Decimal(-21)), True),
        # a position that was told before its fill is not counted twice
        (Exposure(buying=Decimal(20), reported=Decimal(20)), False),
    ],
)
def test_a_violation_is_what_is_or_could_get_beyond_the_limit(exposure, is_broken: bool):
    assert bool(MaxContracts(Decimal(LIMIT)).violation("AAPL", exposure)) == is_broken


def test_a_limit_that_is_none_is_refused():
    with pytest.raises(ValueError, match="MaxContracts limit is 0, must be above 0"):
        MaxContracts(Decimal(0))


def test_orders_of_other_symbols_are_not_counted():
    working = [(order("a", symbol="MSFT"), Decimal(10)), (order("b"), Decimal(4))]
    assert exposure_of("AAPL", Decimal(1), working) == Exposure(Decimal(1), Decimal(4))
