"""MaxContracts and MaxContractsPerInstrument: no combination of fills may end beyond the limit."""

from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.accounting.exposure import Exposure
from tapewire.common.errors import ConfigError
from tapewire.common.events import EVERYTHING, RiskViolation, Scope, Side, signed
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.rules import Rule
from tests.risk.orders import (
    NOW,
    book,
    denial,
    entry,
    fill,
    held,
    hold,
    intended,
    monitor,
    order,
)

LIMIT = 20
PER_INSTRUMENT, IN_ALL = "MaxContractsPerInstrument", "MaxContracts"
sides = st.sampled_from(["BUY", "SELL"])
wishes = st.lists(
    st.tuples(sides, st.integers(1, 30), st.sampled_from(["AAPL", "MSFT"])), max_size=6
)


def limited(name: str, limit: object = LIMIT, scope: Scope = EVERYTHING) -> RiskMonitor:
    """A monitor with one rule."""
    return monitor(rules=book(entry(name, scope=scope, limit=limit)))


def rule(name: str) -> Rule:
    return book(entry(name, limit=LIMIT)).rules[0]


# ---- before an order ----------------------------------------------------------------------------


@given(st.integers(-LIMIT, LIMIT), wishes)
def test_whatever_fills_of_what_was_allowed_each_position_stays_within_the_limit(
    position: int, wanted: list[tuple[Side, int, str]]
):
    one, working = limited(PER_INSTRUMENT), []
    hold(one, position)
    for n, (side, quantity, symbol) in enumerate(wanted):
        next_order = order(f"i{n}", side, quantity, symbol=symbol)
        if not denial(one, next_order):
            one.on_broker(intended(next_order))
            working.append(next_order)
    for symbol, start in (("AAPL", position), ("MSFT", 0)):
        changes = [
            int(signed(o.terms.side, o.terms.quantity)) for o in working if o.symbol == symbol
        ]
        for count in range(len(changes) + 1):
            for some in combinations(changes, count):
                assert abs(start + sum(some)) <= LIMIT


@given(st.integers(-LIMIT, LIMIT), wishes)
def test_whatever_fills_of_what_was_allowed_the_account_stays_within_the_limit(
    position: int, wanted: list[tuple[Side, int, str]]
):
    one, working = limited(IN_ALL), []
    hold(one, position)
    for n, (side, quantity, symbol) in enumerate(wanted):
        next_order = order(f"i{n}", side, quantity, symbol=symbol)
        if not denial(one, next_order):
            one.on_broker(intended(next_order))
            working.append(next_order)
    for count in range(len(working) + 1):
        for some in combinations(working, count):
            total = {"AAPL": position, "MSFT": 0}
            for filled in some:
                total[filled.symbol] += int(signed(filled.terms.side, filled.terms.quantity))
            assert sum(map(abs, total.values())) <= LIMIT


@pytest.mark.parametrize("name", [PER_INSTRUMENT, IN_ALL])
@given(st.integers(-200, 200), st.integers(1, 200))
def test_an_exit_passes_however_large_the_position(name: str, position: int, quantity: int):
    one = limited(name)
    hold(one, position)
    beyond_zero = quantity - abs(position)
    allowed = denial(one, order("a", "SELL" if position > 0 else "BUY", quantity)) == ""
    if beyond_zero <= 0:
        assert allowed
    room = LIMIT if name == PER_INSTRUMENT else max(LIMIT, abs(position))
    assert allowed == (beyond_zero <= room)


@given(st.integers(-30, 30), st.integers(-30, 30), sides, st.integers(1, 30))
def test_both_the_fills_and_the_brokers_word_must_stay_within(
    filled: int, reported: int, side: Side, quantity: int
):
    one = limited(PER_INSTRUMENT)
    if filled:
        one.on_broker(fill(order("x", "BUY" if filled > 0 else "SELL"), abs(filled), "e1"))
    one.on_broker(held(reported))
    if not denial(one, order("a", side, quantity)):
        for position in (filled, reported):
            after = position + int(signed(side, Decimal(quantity)))
            assert (after if side == "BUY" else -after) <= LIMIT


@pytest.mark.parametrize(("quantity", "passes"), [(19, True), (20, True), (21, False)])
@pytest.mark.parametrize("side", ["BUY", "SELL"])
@pytest.mark.parametrize("name", [PER_INSTRUMENT, IN_ALL])
def test_the_limit_itself_is_allowed_and_one_more_is_not(
    name: str, side: Side, quantity: int, passes: bool
):
    assert (denial(limited(name), order("a", side, quantity)) == "") == passes


def test_a_denial_says_what_was_found_and_what_is_allowed():
    assert denial(limited(PER_INSTRUMENT), order("a", "SELL", 21)) == (
        "MaxContractsPerInstrument: AAPL could get 21 short with this order, the limit is 20"
    )
    one = limited(IN_ALL)
    one.on_broker(held(-15, "MSFT"))
    assert denial(one, order("a", "BUY", 6)) == (
        "MaxContracts: the account could get 21 contracts with this order, the limit is 20"
    )


def test_long_and_short_positions_of_an_account_add_up():
    one = limited(IN_ALL)
    hold(one, 10)
    hold(one, -8, "MSFT")
    assert denial(one, order("a", "BUY", 2)) == ""
    assert denial(one, order("a", "BUY", 3)) != ""
    assert denial(one, order("a", "SELL", 3, symbol="MSFT")) != ""
    assert denial(one, order("a", "BUY", 16, symbol="MSFT")) == "", "-8 or +8, never both"


@pytest.mark.parametrize("name", [PER_INSTRUMENT, IN_ALL])
def test_another_account_has_a_limit_of_its_own(name: str):
    one = limited(name)
    hold(one, 20)
    assert denial(one, order("a", "BUY", 1)) != ""
    assert denial(one, order("a", "BUY", 20, account="DU2")) == ""


@pytest.mark.parametrize(
    ("scope", "wanted", "passes"),
    [
        (Scope("DU1"), {"account": "DU1"}, False),
        (Scope("DU1"), {"account": "DU2"}, True),
        (Scope(strategy="s"), {"strategy": "s"}, False),
        (Scope(strategy="s"), {"strategy": "other"}, True),
        (Scope(symbol="AAPL"), {"symbol": "AAPL"}, False),
        (Scope(symbol="AAPL"), {"symbol": "MSFT"}, True),
    ],
)
@pytest.mark.parametrize("name", [PER_INSTRUMENT, IN_ALL])
def test_a_rule_is_about_its_scope_alone(name: str, scope: Scope, wanted: dict, passes: bool):
    assert (denial(limited(name, scope=scope), order("a", "BUY", 21, **wanted)) == "") == passes


def test_a_symbol_outside_the_scope_does_not_count_in_the_accounts_total():
    one = limited(IN_ALL, scope=Scope(symbol="AAPL"))
    one.on_broker(held(50, "MSFT"))
    assert denial(one, order("a", "BUY", 20)) == ""
    assert one.check(NOW) == []


# ---- afterwards ---------------------------------------------------------------------------------

BEYOND = [
    (Exposure(Decimal(20)), False),
    (Exposure(Decimal(21)), True),
    (Exposure(Decimal(-21)), True),
    (Exposure(Decimal(15), buying=Decimal(6)), True),
    (Exposure(Decimal(-15), selling=Decimal(6)), True),
    (Exposure(Decimal(15), selling=Decimal(30)), False),
    (Exposure(reported=Decimal(21)), True),
    (Exposure(reported=Decimal(-21)), True),
    # a position that was reported before its fill is not counted twice
    (Exposure(buying=Decimal(20), reported=Decimal(20)), False),
]


@pytest.mark.parametrize(("exposure", "is_broken"), BEYOND)
@pytest.mark.parametrize("name", [PER_INSTRUMENT, IN_ALL])
def test_a_violation_is_what_is_or_could_get_beyond_the_limit(
    name: str, exposure: Exposure, is_broken: bool
):
    one = limited(name)
    if exposure.position:
        side: Side = "BUY" if exposure.position > 0 else "SELL"
        one.on_broker(fill(order("x", side), abs(int(exposure.position)), "e1"))
    if exposure.buying:
        one.on_broker(intended(order("b", "BUY", int(exposure.buying))))
    if exposure.selling:
        one.on_broker(intended(order("c", "SELL", int(exposure.selling))))
    if exposure.reported is not None:
        one.on_broker(held(int(exposure.reported)))
    assert any(isinstance(e, RiskViolation) for e in one.check(NOW)) == is_broken
    assert bool(one.rules.on_timer(one.view)) == is_broken


def test_an_accounts_total_beyond_the_limit_halts_that_account():
    one = limited(IN_ALL)
    one.check(NOW)
    for symbol, quantity in (("AAPL", 11), ("MSFT", -9)):
        one.on_broker(held(quantity, symbol))
        one.on_broker(held(quantity, symbol, account="DU2"))
    assert one.check(NOW) == []
    one.on_broker(held(-10, "MSFT", account="DU2"))
    violation, halted = one.check(NOW)
    assert violation.reason == "the account has or could get 21 contracts, the limit is 20"
    assert halted.scope == Scope("DU2")


@pytest.mark.parametrize("name", [PER_INSTRUMENT, IN_ALL])
@pytest.mark.parametrize("limit", [0, -1, "NaN", "Infinity"])
def test_a_limit_that_is_none_is_refused(name: str, limit: object):
    with pytest.raises(ConfigError, match=f"{name} limit is {limit}; it must be above 0"):
        limited(name, limit)


# ---- the exposure -------------------------------------------------------------------------------


def test_an_exposure_is_made_of_what_still_works_on_either_side():
    one = Exposure(Decimal(1), Decimal(4), Decimal(3), Decimal(2))
    assert (one.highest, one.lowest, one.worst, one.certain) == (6, -2, 6, 5)


amounts = st.integers(-50, 50).map(Decimal)
sizes = st.integers(0, 50).map(Decimal)


@given(amounts, sizes, sizes, st.none() | amounts)
def test_an_exposure_ends_where_either_position_and_all_that_works_on_a_side_ends(
    position: Decimal, buying: Decimal, selling: Decimal, reported: Decimal | None
):
    one = Exposure(position, buying, selling, reported)
    either = [position, position if reported is None else reported]
    assert (one.highest, one.lowest) == (max(either) + buying, min(either) - selling)
    assert one.worst == max(one.highest, -one.lowest)


@pytest.mark.parametrize(
    ("position", "reported", "side", "quantity", "reduces"),
    [
        (10, None, "SELL", 10, True),
        (10, None, "SELL", 11, False),
        (10, 6, "SELL", 6, True),
        (10, 6, "SELL", 7, False),
        (10, -1, "SELL", 1, False),
        (10, None, "BUY", 1, False),
        (-10, -8, "BUY", 8, True),
        (-10, -8, "BUY", 9, False),
        (-10, None, "SELL", 1, False),
        (0, None, "BUY", 1, False),
    ],
)
def test_an_order_reduces_what_both_the_fills_and_the_broker_say_is_held(
    position: int, reported: int | None, side: Side, quantity: int, reduces: bool
):
    known = None if reported is None else Decimal(reported)
    one = Exposure(Decimal(position), reported=known)
    assert one.reduced_by(order("a", side, quantity).terms) == reduces


def test_what_works_on_the_same_side_is_counted_before_an_order_reduces():
    assert Exposure(Decimal(10), selling=Decimal(4)).reduced_by(order("a", "SELL", 6).terms)
    assert not Exposure(Decimal(10), selling=Decimal(4)).reduced_by(order("a", "SELL", 7).terms)
    assert Exposure(Decimal(-10), buying=Decimal(4)).reduced_by(order("a", "BUY", 6).terms)
    assert not Exposure(Decimal(-10), buying=Decimal(4)).reduced_by(order("a", "BUY", 7).terms)
