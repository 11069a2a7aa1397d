"""Combos at risk: rules see each leg, and a flatten of one leg's symbol ends the combo."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.events import (
    CancelOrder,
    ComboLeg,
    ForeignOrderReported,
    OrderCancelled,
    OrderConflict,
    OrderTerms,
    RiskHalted,
    Scope,
    SubmitOrder,
)
from tapewire.common.roles import GATEWAY
from tapewire.risk.rules import Rule, View
from tests.risk.flattening import Run, closes
from tests.risk.orders import NOW, T0, book, entry, fill, intended, monitor, order

LEGS = (ComboLeg("AAPL", 1, "BUY"), ComboLeg("MSFT", 2, "SELL"))
NAME = "AAPL - 2 MSFT"
PLACES = {("DU1", "AAPL"), ("DU1", "MSFT")}


def combo(side: str = "BUY", quantity: int = 10, **more: object) -> SubmitOrder:
    return order("c/1", side, quantity, symbol=NAME, legs=LEGS, **more)


def foreign(remaining: int) -> ForeignOrderReported:
    names = ("0", "", "55", "")
    return ForeignOrderReported(
        T0, "DU1", NAME, "BUY", Decimal(10), Decimal(remaining), *names, LEGS
    )


# ---- rules ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", [intended(combo(quantity=11)), foreign(11)])
def test_a_combo_breaks_a_limit_where_a_leg_does(event: object):
    one = monitor(20)
    one.check(NOW)
    one.on_broker(event)
    (halted,) = [event for event in one.check(NOW) if isinstance(event, RiskHalted)]
    assert "MSFT is or could get 22 contracts, the limit is 20" in halted.reason
    assert one.accounts.keys() == PLACES


def test_the_limit_of_an_account_adds_up_what_the_legs_could_come_to():
    one = monitor(rules=book(entry("MaxContracts", limit=29)))
    one.on_broker(intended(combo()))
    halted = [event for event in one.check(NOW, timer=True) if isinstance(event, RiskHalted)]
    assert "the account has or could get 30 contracts" in halted[0].reason


class NoMsft(Rule):
    """A rule of somebody's own, that knows nothing of combos."""

    def denial(self, wanted: SubmitOrder, view: View) -> str:
        return "no MSFT" if wanted.symbol == "MSFT" and wanted.terms.quantity == 20 else ""


@pytest.mark.parametrize(
    ("scope", "reason"),
    [(Scope(), "no MSFT"), (Scope(symbol="MSFT"), "no MSFT"), (Scope(symbol="AAPL"), "")],
)
def test_a_rule_of_your_own_is_asked_about_each_leg_that_it_is_about(scope: Scope, reason: str):
    one = monitor(rules=[NoMsft(Rule.Parameters(), scope)])
    assert one.rules.denial(combo(), one.view.at(NOW)) == reason
    assert one.rules.denial(order("d/1", quantity=20, symbol="GOOG"), one.view.at(NOW)) == ""


# ---- conflicts -----------------------------------------------------------------------------------


def test_the_conflict_of_a_combo_halts_its_account():
    one = monitor()
    one.check(NOW)
    one.on_broker(OrderConflict(T0, "DU1", "", "c/1", "9001", "an order has its tag"))
    halted = [event for event in one.check(NOW) if isinstance(event, RiskHalted)]
    assert halted[0].scope == Scope("DU1")


# ---- a flatten -----------------------------------------------------------------------------------


@pytest.fixture
def run() -> Run:
    one = Run(Scope(symbol="AAPL"))
    one.hold(10)
    one.apply(intended(combo("SELL", 4)), source=GATEWAY)
    one.open = ("c/1",)
    return one


def test_a_flatten_of_one_leg_s_symbol_cancels_the_combo_and_waits_for_its_end(run: Run):
    asked = run.pass_s(2)
    assert {one.intent_id for one in asked if isinstance(one, CancelOrder)} == {"c/1"}
    assert closes(asked) == []
    run.apply(OrderCancelled(T0, "DU1", "c/1"), source=GATEWAY)
    run.open = ()
    (close,) = closes(run.pass_s(2))
    assert close.terms == OrderTerms("SELL", Decimal(10))


def test_beside_a_combo_that_survives_its_cancels_it_closes_only_the_rest(run: Run):
    (close,) = closes(run.pass_s(8))
    assert close.terms == OrderTerms("SELL", Decimal(6))


def test_what_one_leg_has_filled_may_not_be_sold_by_it_any_more(run: Run):
    leg = replace(combo("SELL", 4), symbol="AAPL", legs=())
    run.apply(fill(leg, 3, "e1"), source=GATEWAY)
    run.hold(7)
    (close,) = closes(run.pass_s(8))
    assert close.terms == OrderTerms("SELL", Decimal(6))


def test_a_flatten_of_another_symbol_leaves_the_combo_alone():
    one = Run(Scope(symbol="GOOG"))
    one.apply(intended(combo()), source=GATEWAY)
    one.open = ("c/1",)
    assert one.pass_s(8) == []
    assert one.flatten.phase == "DONE"
