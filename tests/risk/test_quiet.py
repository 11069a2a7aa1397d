"""While prices stay within the bounds that a rule gives, it finds nothing new."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tapewire.common.events import RuleStateChanged
from tests.risk.money import Account
from tests.risk.orders import entry

RULES = st.sampled_from([
    ("UnrealizedLoss", {"limit": 100}), ("UnrealizedProfit", {"limit": 70}),
    ("DailyRealizedLoss", {"limit": 150, "unrealised": True}),
    ("DailyRealizedProfit", {"limit": 150, "unrealised": True}),
    ("DailyRealizedLoss", {"limit": 150}),
    ("TrailingDrawdown", {"limit": 120, "start": 1_000}),
    ("MaxNotional", {"gross": 4_000}), ("MaxNotional", {"net": 2_500}),
    ("MaxNotional", {"gross": 9_000, "net": 2_000}),
])  # fmt: skip
SIZES = st.integers(-12, 12)
PRICES = st.integers(80, 120)
SHARES = st.lists(st.tuples(st.sampled_from(["AAPL", "MSFT"]), st.floats(-1, 1)), max_size=8)


def holding(rule, sizes, prices):
    name, limits = rule
    one = Account(entry(name, confirm_ms=0, confirm_marks=0, **limits))
    for symbol, size in sizes.items():
        one.price(100, symbol)
        if size:
            one.trade(size, 100, symbol=symbol)
    one.check()
    for symbol, price in prices.items():
        one.price(price, symbol)
    return one.later(1)


def quiet(one):
    (rule,) = one.rules.rules
    return rule.quiet_now(one.monitor.view.at(one.now))


def within(bounds, symbol, share, now):
    """A price between the present one and the bound on one side; 1 is the bound itself."""
    rises = [float(b.price) for b in bounds if b.symbol == symbol and b.is_rise]
    falls = [float(b.price) for b in bounds if b.symbol == symbol and not b.is_rise]
    edge = min([*rises, 3 * now]) if share > 0 else max([*falls, 0.01])
    return now + (edge - now) * abs(share) * 0.999


@given(rule=RULES, aapl=SIZES, msft=SIZES, first=PRICES, second=PRICES, moves=SHARES)
@settings(max_examples=150, deadline=None)
def test_no_price_within_the_bounds_breaks_anything(rule, aapl, msft, first, second, moves):
    prices = {"AAPL": float(first), "MSFT": float(second)}
    one = holding(rule, {"AAPL": aapl, "MSFT": msft}, prices)
    assume(all(isinstance(event, RuleStateChanged) for event in one.events))
    known, found = len(one.events), quiet(one)
    assume(found is not None)
    for symbol, share in moves:
        one.price(within(found.bounds, symbol, share, prices[symbol]), symbol).later(0.25)
    assert one.events[known:] == []


@pytest.mark.parametrize("held", [10, -10])
def test_a_single_position_may_lose_up_to_the_warning(held):
    one = holding(("UnrealizedLoss", {"limit": 100}), {"AAPL": held}, {"AAPL": 99 + held / 10})
    ((symbol, price, is_rise),) = quiet(one).bounds
    assert (symbol, price, is_rise) == ("AAPL", 100 - 80 / held, held < 0)


def test_what_depends_on_no_price_is_quiet_whatever_they_do():
    one = holding(("DailyRealizedLoss", {"limit": 100}), {"AAPL": 10}, {"AAPL": 50})
    assert quiet(one).bounds == ()


def test_where_a_price_is_missing_nobody_can_tell():
    one = Account(entry("UnrealizedLoss", limit=100)).trade(10, 100).check()
    assert quiet(one) is None


def test_a_new_highest_is_not_quiet():
    one = holding(("TrailingDrawdown", {"limit": 120, "start": 0}), {"AAPL": 10}, {"AAPL": 100})
    assert quiet(one.price(99).later(1)) is not None
    assert quiet(one.price(103).check()) is None
