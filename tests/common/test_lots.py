"""First in, first out: what closes, at what cost; and how that differs from the average cost."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.accounting.book import Position
from tapewire.common.accounting.lots import Lots, holding

D = Decimal

CASES = {
    "the oldest is closed first": ([("1", "100"), ("1", "110"), ("-1", "120")], "1", "110", "20"),
    "a part of the oldest": ([("4", "100"), ("-1", "110")], "3", "100", "10"),
    "more than the oldest": ([("1", "100"), ("2", "110"), ("-2", "120")], "1", "110", "30"),
    "a short": ([("-1", "100"), ("-1", "90"), ("1", "80")], "-1", "90", "20"),
    "through zero": ([("2", "100"), ("-5", "110")], "-3", "110", "20"),
    "through zero from short": ([("-2", "100"), ("5", "90")], "3", "90", "20"),
    "closed": ([("2", "100"), ("-2", "95")], "0", "0", "-10"),
    "nothing": ([("2", "100"), ("0", "95")], "2", "100", "0"),
    "fractions": ([("0.5", "100"), ("-0.25", "104")], "0.25", "100", "1"),
}


@pytest.mark.parametrize(("trades", "quantity", "cost", "realised"), CASES.values(), ids=CASES)
def test_lots(trades: list[tuple[str, str]], quantity: str, cost: str, realised: str) -> None:
    lots, found = Lots(), D(0)
    for change, price in trades:
        found += lots.trade(D(change), D(price))
    assert (lots.quantity, lots.average_cost, found) == (D(quantity), D(cost), D(realised))


def test_a_multiplier_counts_in_what_is_realised() -> None:
    lots = Lots(D(50))
    lots.trade(D(1), D("5400"))
    assert lots.trade(D(-1), D("5400.25")) == D("12.50")


def test_the_method_decides() -> None:
    trades = [(D(1), D(100)), (D(1), D(110)), (D(-1), D(120))]
    found = {}
    for method in ("average", "fifo"):
        one = holding(method, "AAPL", D(1))
        found[method] = sum(one.trade(*trade) for trade in trades)
    assert found == {"average": D(15), "fifo": D(20)}


trades_of = st.lists(
    st.tuples(st.integers(-9, 9).filter(bool).map(D), st.integers(1, 50).map(D)), max_size=30
)


@given(trades_of)
def test_both_methods_agree_once_all_is_closed(trades: list[tuple[Decimal, Decimal]]) -> None:
    lots, average, by_lots = Lots(), Position("AAPL"), D(0)
    left = -sum((change for change, _ in trades), D(0))
    for change, price in [*trades, (left, D(25))]:
        by_lots += lots.trade(change, price)
        average.trade(change, price)
        assert lots.quantity == average.quantity
    assert abs(by_lots - average.realised) < D("1e-20")
    assert lots.average_cost == 0


@given(trades_of)
def test_what_was_earned_and_what_is_held_are_all_the_money_that_moved(
    trades: list[tuple[Decimal, Decimal]],
) -> None:
    lots, realised, paid = Lots(), D(0), D(0)
    for change, price in trades:
        realised += lots.trade(change, price)
        paid += change * price
    assert abs(realised + paid - lots.quantity * lots.average_cost) < D("1e-18")
