"""DuplicateOrder and SelfMatch: orders that are one too many, or meet each other."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.clock import Now
from tapewire.common.errors import ConfigError
from tapewire.common.events import (
    EVERYTHING,
    ComboLeg,
    ModifyOrder,
    OrderCancelled,
    OrderDenied,
    OrderModifyIntended,
    OrderTerms,
    Scope,
    SubmitOrder,
)
from tapewire.risk.monitor import RiskMonitor
from tests.risk.orders import (
    NOW,
    SECOND,
    T0,
    book,
    denial,
    entry,
    fill,
    foreign,
    hold,
    intended,
    monitor,
    order,
)

MS = 1_000_000
LEGS = (ComboLeg("AAPL", 1, "BUY"), ComboLeg("MSFT", 1, "SELL"))
COMBO = {"symbol": "AAPL - MSFT", "legs": LEGS}


def ruled(name: str, scope: Scope = EVERYTHING, **parameters: object) -> RiskMonitor:
    return monitor(rules=book(entry(name, scope=scope, **parameters)))


def wanted(
    intent_id: str, side: str = "BUY", limit: object = None, quantity: int = 10, **more: object
) -> SubmitOrder:
    prices = {"type": "MKT" if limit is None else "LMT", "limit": limit and Decimal(str(limit))}
    given = {name: more.pop(name) for name in ("type", "stop", "trail") if name in more}
    terms = OrderTerms(side, Decimal(quantity), **{**prices, **given})
    return replace(order(intent_id, **more), terms=terms)


# ---- DuplicateOrder ------------------------------------------------------------------------------


@pytest.mark.parametrize(("later_ms", "passes"), [(0, False), (999, False), (1000, True)])
def test_the_same_order_again_within_the_time_is_denied(later_ms: int, passes: bool):
    one = ruled("DuplicateOrder", within_ms=1000)
    one.on_broker(intended(wanted("a/1", limit=100)))
    again = wanted("a/2", limit=100)
    assert (denial(one, again, NOW + later_ms * MS) == "") == passes
    assert denial(one, again) == (
        "DuplicateOrder: BUY 10 LMT limit 100 AAPL is the same as a/1, less than 1000 ms ago"
    )


DIFFERENT = {
    "account": {"account": "DU2"},
    "strategy": {"strategy": "other"},
    "symbol": {"symbol": "MSFT"},
    "side": {"side": "SELL"},
    "quantity": {"quantity": 11},
    "price": {"limit": 101},
    "type": {"limit": None},
    "legs": COMBO,
}


@pytest.mark.parametrize("difference", DIFFERENT.values(), ids=DIFFERENT)
def test_an_order_that_differs_in_anything_is_none(difference: dict):
    one = ruled("DuplicateOrder")
    one.on_broker(intended(wanted("a/1", limit=100)))
    assert denial(one, wanted("a/2", **{"limit": 100, **difference})) == ""


def test_an_order_that_is_over_counts_and_one_that_was_denied_does_not():
    one = ruled("DuplicateOrder")
    one.on_broker(intended(wanted("a/1")))
    one.on_broker(OrderCancelled(T0, "DU1", "a/1"))
    assert denial(one, wanted("a/2")) != ""
    one = ruled("DuplicateOrder")
    one.on_broker(intended(wanted("a/1")))
    one.on_broker(OrderDenied(T0, "DU1", "s", "gateway", "no", intent_id="a/1"))
    assert denial(one, wanted("a/2")) == ""


def test_the_first_of_two_may_be_written_and_modified():
    one = ruled("DuplicateOrder")
    for intent_id in ("a/1", "a/2"):
        one.on_broker(intended(wanted(intent_id)))
    assert denial(one, wanted("a/1")) == ""


def test_orders_of_one_group_may_be_alike_and_those_of_two_may_not():
    one = ruled("DuplicateOrder")
    one.on_broker(intended(wanted("g/1", group_id="g")))
    assert denial(one, wanted("g/2", group_id="g")) == ""
    assert denial(one, wanted("h/1", group_id="h")) != ""


def test_an_exit_may_come_twice_and_a_combo_not():
    one = ruled("DuplicateOrder")
    hold(one, 20)
    one.on_broker(intended(wanted("a/1", "SELL")))
    assert denial(one, wanted("a/2", "SELL")) == ""
    one.on_broker(intended(wanted("c/1", **COMBO)))
    assert denial(one, wanted("c/2", **COMBO)) != ""


def test_it_is_asked_about_its_scope_alone():
    one = ruled("DuplicateOrder", Scope("DU2"))
    one.on_broker(intended(wanted("a/1")))
    assert denial(one, wanted("a/2")) == ""


def test_a_clock_that_was_set_back_makes_old_orders_no_duplicates():
    one = ruled("DuplicateOrder")
    one.on_broker(intended(wanted("a/1")))
    back = Now(T0 - 3600 * SECOND, NOW.mono_ns + SECOND)
    assert denial(one, wanted("a/2"), back) == ""


def test_a_time_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="DuplicateOrder within_ms is 0; must be above 0"):
        ruled("DuplicateOrder", within_ms=0)


# ---- SelfMatch -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "limit", "passes"),
    [
        ("BUY", 99, True),
        ("BUY", 100, False),
        ("BUY", 101, False),
        ("BUY", None, False),
        ("SELL", 99, True),
        ("SELL", 100, True),
    ],
)
def test_limits_that_cross_are_denied(side: str, limit: object, passes: bool):
    one = ruled("SelfMatch")
    one.on_broker(intended(wanted("w/1", "SELL", 100)))
    assert (denial(one, wanted("a", side, limit)) == "") == passes


@pytest.mark.parametrize(("limit", "passes"), [(101, True), (100, False), (99, False)])
def test_a_sale_may_not_meet_a_bid(limit: int, passes: bool):
    one = ruled("SelfMatch")
    one.on_broker(intended(wanted("w/1", "BUY", 100)))
    assert (denial(one, wanted("a", "SELL", limit)) == "") == passes


def test_a_denial_names_both_orders():
    one = ruled("SelfMatch")
    one.on_broker(intended(wanted("w/1", "SELL", 100)))
    assert denial(one, wanted("a", "BUY", 100)) == (
        "SelfMatch: BUY 10 LMT limit 100 AAPL could trade against SELL 10 LMT limit 100, w/1, of"
        " the same account"
    )


def test_an_order_at_market_that_works_still_meets_everything():
    one = ruled("SelfMatch")
    one.on_broker(intended(wanted("w/1", "SELL")))
    assert denial(one, wanted("a", "BUY", 1)) != ""


def test_another_account_s_and_another_symbol_s_orders_meet_nobody_here():
    one = ruled("SelfMatch")
    one.on_broker(intended(wanted("w/1", "SELL", 100, account="DU2")))
    one.on_broker(intended(wanted("w/2", "SELL", 100, symbol="MSFT")))
    assert denial(one, wanted("a", "BUY")) == ""
    scoped = ruled("SelfMatch", Scope(symbol="MSFT"))
    scoped.on_broker(intended(wanted("w/1", "SELL", 100)))
    assert denial(scoped, wanted("a", "BUY")) == ""


def test_both_prices_of_an_order_that_is_being_modified_count():
    one = ruled("SelfMatch")
    one.on_broker(intended(wanted("w/1", "SELL", 100)))
    lower = ModifyOrder("m", T0, "w/1", wanted("w/1", "SELL", 95).terms, T0 + SECOND)
    one.on_broker(OrderModifyIntended(T0, "DU1", lower))
    assert denial(one, wanted("a", "BUY", 95)) != ""
    assert denial(one, wanted("a", "BUY", 94)) == ""
    view = one.view.at(NOW, without=one.accounts.orders["w/1"])
    assert one.rules.denial(wanted("w/1", "SELL", 90), view) == "", "it does not meet itself"


@pytest.mark.parametrize(
    "stop", [{"type": "STP", "stop": Decimal(95)}, {"type": "TRAIL", "trail": Decimal(1)}]
)
def test_an_order_that_waits_for_its_stop_is_not_compared(stop: dict):
    one = ruled("SelfMatch")
    one.on_broker(intended(wanted("w/1", "SELL", **stop)))
    assert denial(one, wanted("a", "BUY")) == ""
    one.on_broker(intended(wanted("w/2", "BUY", 100)))
    assert denial(one, wanted("b", "SELL", **stop)) == ""


def test_orders_of_one_group_and_children_that_are_held_back_do_not_meet():
    one = ruled("SelfMatch")
    one.on_broker(intended(wanted("g/1", "BUY", group_id="g")))
    one.on_broker(intended(wanted("g/2", "SELL", 105, group_id="g", parent_id="g/1")))
    assert denial(one, wanted("g/1", "BUY", group_id="g")) == ""
    assert denial(one, wanted("a", "BUY")) == "", "the target waits for its entry"
    one.on_broker(fill(wanted("g/1", "BUY"), 10, "e1"))
    assert denial(one, wanted("a", "BUY")) != ""


def test_a_foreign_order_whose_terms_are_not_known_could_have_any_price():
    one = ruled("SelfMatch")
    one.on_broker(foreign(1, 10, side="SELL"))
    assert "SELL 10 of somebody else" in denial(one, wanted("a", "BUY", 1))
    assert denial(one, wanted("a", "SELL", 1)) == ""


def test_a_foreign_order_whose_terms_are_known_is_compared_like_any():
    one = ruled("SelfMatch")
    one.on_broker(foreign(1, 10, side="SELL", terms=wanted("x", "SELL", 100).terms))
    stop = wanted("x", "SELL", type="STP", stop=Decimal(1)).terms
    one.on_broker(foreign(2, 10, side="SELL", terms=stop))
    assert denial(one, wanted("a", "BUY", 99)) == ""
    assert denial(one, wanted("a", "BUY", 100)) != ""


def test_an_exit_is_never_denied():
    one = ruled("SelfMatch")
    hold(one, 10)
    one.on_broker(intended(wanted("w/1", "BUY", 100)))
    assert denial(one, wanted("a", "SELL")) == ""
    assert denial(one, wanted("a", "SELL", quantity=11)) != ""


def test_combos_are_compared_with_combos_of_the_same_legs():
    one = ruled("SelfMatch")
    one.on_broker(intended(wanted("w/1", "SELL", "-2", **COMBO)))
    assert denial(one, wanted("a", "BUY", "-2", **COMBO)) != ""
    assert denial(one, wanted("a", "BUY", "-2.01", **COMBO)) == ""
    assert denial(one, wanted("a", "BUY", symbol="AAPL")) == ""
