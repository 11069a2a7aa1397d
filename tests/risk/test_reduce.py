"""Reducing a position to what a rule allows: how far, in whose place, and after what."""

from decimal import Decimal

import pytest

from tapewire.common.events import Control, FlattenCompleted, FlattenStarted, Scope, Trade
from tapewire.common.roles import LIQUIDATION
from tests.risk.orders import NOW, SECOND, T0, book, entry, held, intended, monitor, order, turns
from tests.risk.test_enforcement import kinds, over, passed


def flattens(events) -> list[tuple[Scope, int]]:
    """The flattens that were begun, and what each leaves."""
    return [(e.scope, int(e.keep)) for e in events if isinstance(e, FlattenStarted)]


AAPL_OF_DU1 = Scope("DU1", symbol="AAPL")


def test_a_reduce_leaves_what_the_rule_allows_and_trading_goes_on():
    one = over("reduce")
    events = one.check(NOW)
    assert kinds(events) == ["RiskViolation", "RiskHalted", "FlattenStarted"]
    assert flattens(events) == [(AAPL_OF_DU1, 5)]
    again = monitor(rules=one.rules, journal=events)
    assert again.flatten is not None
    assert again.flatten.keep == 5, "a restart goes on as far, and no further"
    one.on_broker(held(5))
    one.on_broker(held(5), LIQUIDATION)
    done, _ = turns(one, NOW + SECOND)
    assert done == [FlattenCompleted(done[0].ts_ns, AAPL_OF_DU1, keep=Decimal(5))]
    assert kinds(passed(one, 8)) == ["LockOutEnded"]
    assert (one.halts, one.flatten) == ({}, None)


def test_a_reduce_begins_again_only_if_more_than_that_is_held():
    one = over("reduce")
    one.on_broker(intended(order("a", "BUY", 9)))
    one.check(NOW)
    one.on_broker(held(5))
    one.on_broker(held(5), LIQUIDATION)
    one.apply(FlattenCompleted(T0, AAPL_OF_DU1, keep=Decimal(5)))
    assert passed(one, 1) == [], "an order that could add to it works still"
    one.on_broker(held(7))
    one.on_broker(held(7), LIQUIDATION)
    assert flattens(passed(one, 2)) == [(AAPL_OF_DU1, 5)]


def test_a_person_who_flattens_what_is_being_reduced_has_it_all_closed():
    one = over("reduce")
    one.check(NOW)
    reply, events = one.control(Control(T0, "flatten", "all", AAPL_OF_DU1, "ann"), NOW)
    assert (reply.ok, flattens(events)) == (True, [(AAPL_OF_DU1, 0)])
    assert one.flatten is not None
    assert one.flatten.keep == 0


def test_a_reduce_does_not_take_the_place_of_a_flatten():
    one = over("reduce")
    one.control(Control(T0, "flatten", "all", AAPL_OF_DU1, "ann"), NOW)
    assert flattens(one.check(NOW)) == []
    assert one.flatten is not None
    assert one.flatten.keep == 0


def test_a_close_beside_a_reduce_is_the_stronger_one():
    assert flattens(over(("reduce", "close")).check(NOW)) == [(AAPL_OF_DU1, 0)]


def test_a_limit_of_an_account_reduces_its_largest_position_beside_the_others():
    one = monitor(rules=book(entry("MaxContracts", enforcement="reduce", limit=10)))
    one.on_broker(held(-9, "MSFT"))
    one.on_broker(held(4))
    one.on_broker(intended(order("a", "BUY", 50)))
    assert flattens(one.check(NOW)) == [(Scope("DU1", symbol="MSFT"), 6)]


@pytest.mark.parametrize(
    ("rule", "limits"),
    [
        ("MaxContracts", {"limit": 10}),
        ("MaxNotional", {"gross": 1000, "confirm_ms": 0, "confirm_marks": 0}),
    ],
)
def test_where_orders_are_too_much_and_what_is_held_is_not_they_go_and_exits_elsewhere_stay(
    rule: str, limits: dict[str, int]
):
    one = monitor(rules=book(entry(rule, enforcement="reduce", **limits)))
    one.on_ticks([Trade(symbol, T0, 100.0, 1.0) for symbol in ("AAPL", "MSFT")], NOW)
    one.on_broker(held(9))
    one.on_broker(intended(order("stop", "SELL", 9)))
    one.on_broker(intended(order("a", "BUY", 50, symbol="MSFT")))
    assert flattens(one.check(NOW)) == [(Scope("DU1", symbol="MSFT"), 0)]


def test_a_reduce_waits_for_the_flatten_of_another_position():
    one = over("reduce")
    one.control(Control(T0, "flatten", "all", Scope("DU1", symbol="MSFT"), "ann"), NOW)
    assert flattens(one.check(NOW)) == []
    one.apply(FlattenCompleted(T0, Scope("DU1", symbol="MSFT")))
    assert flattens(passed(one, 1)) == [(AAPL_OF_DU1, 5)]


@pytest.mark.parametrize(("enforcement", "left"), [("reduce", 2), ("close", 0)])
@pytest.mark.parametrize("is_restarted", [False, True])
def test_while_the_largest_position_is_closed_in_parts_no_other_one_has_its_turn(
    enforcement: str, left: int, is_restarted: bool
):
    """Another one is the largest for a moment, and the limit holds once the first is done."""
    rules = book(entry("MaxContracts", enforcement=enforcement, limit=10))
    one = monitor(rules=rules)
    one.on_broker(held(30))
    one.on_broker(held(8, "MSFT"))
    events = one.check(NOW)
    assert flattens(events) == [(AAPL_OF_DU1, left)]
    if is_restarted:
        one = monitor(rules=rules, journal=events)
        one.on_broker(held(8, "MSFT"))
    one.on_broker(held(7))
    passed(one, 1)
    one.on_broker(held(left))
    one.apply(FlattenCompleted(T0, AAPL_OF_DU1, keep=Decimal(left)))
    assert flattens(passed(one, 2)) == []


def test_a_close_that_waits_is_not_forgotten_for_a_reduce_of_the_same_position():
    reduce, close = entry(enforcement="reduce", limit=5), entry(enforcement="close", limit=7)
    one = monitor(rules=book(reduce, close))
    one.on_broker(held(8))
    one.control(Control(T0, "flatten", "all", Scope("DU1", symbol="MSFT"), "ann"), NOW)
    one.check(NOW)
    one.on_broker(held(6))
    passed(one, 1)
    one.apply(FlattenCompleted(T0, Scope("DU1", symbol="MSFT")))
    assert flattens(passed(one, 2)) == [(AAPL_OF_DU1, 0)]


def test_a_reduce_goes_on_while_prices_move_and_what_they_ask_for_beyond_it_comes_next():
    """Each new price makes what is allowed smaller: to start over each time would close nothing."""
    rule = entry("MaxNotional", enforcement="reduce", gross=1000, confirm_ms=0, confirm_marks=0)
    one = monitor(rules=book(rule))
    one.on_broker(held(20))
    one.on_ticks([Trade("AAPL", T0, 100.0, 1.0)], NOW)
    assert flattens(one.check(NOW, timer=True)) == [(AAPL_OF_DU1, 10)]
    for number in range(1, 20):
        one.on_ticks([Trade("AAPL", T0 + number, 100.0 + number, 1.0)], NOW)
        assert one.check(NOW + number) == []
    one.on_broker(held(10))
    one.apply(FlattenCompleted(T0, AAPL_OF_DU1, keep=Decimal(10)))
    assert flattens(passed(one, 1)) == [(AAPL_OF_DU1, 8)]
