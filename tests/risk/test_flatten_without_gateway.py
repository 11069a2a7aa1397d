"""A flatten beside the orders of a gateway that is dead, whose end nobody reports."""

from decimal import Decimal

import pytest

from tapewire.common.events import OrderTerms
from tests.risk.flattening import LEASE_S, Run, closes
from tests.risk.orders import intended, order


@pytest.fixture
def run() -> Run:
    one = Run()
    one.hold(10)
    return one


def test_an_order_of_a_dead_gateway_is_over_when_the_broker_does_not_list_it(run: Run):
    run.apply(intended(order(side="SELL", quantity=10)))
    run.alive = run.acknowledged = False
    (close,) = closes(run.pass_s(LEASE_S + 4))
    assert close.terms == OrderTerms("SELL", Decimal(10))
    run.filled(run.taken(close))
    run.pass_s(3)
    assert run.flatten.phase == "DONE"


def test_but_not_by_a_list_that_may_be_older_than_what_it_wrote_last(run: Run):
    run.apply(intended(order(side="SELL", quantity=10)))
    run.alive = run.acknowledged = False
    assert closes(run.pass_s(LEASE_S + 1.5)) == []


def test_of_a_gateway_that_is_gone_only_an_execution_is_waited_for(run: Run):
    run.apply(intended(order(side="SELL", quantity=10)))
    run.alive = run.acknowledged = False
    assert closes(run.pass_s(0.5)) == [], "it is only silent so far"
    run.gone = True
    (close,) = closes(run.pass_s(2))
    assert close.terms == OrderTerms("SELL", Decimal(10))
    run.gone = False  # it was started again
    run.filled(run.taken(close))
    run.pass_s(3)
    assert run.flatten.phase == "DONE"


def test_a_stop_of_a_dead_gateway_that_has_just_filled_is_not_closed_again(run: Run):
    run.apply(intended(order(side="SELL", quantity=10)))
    run.alive, run.acknowledged, run.gone = False, False, True
    assert closes(run.pass_s(0.75)) == [], "the list of positions may be behind"
    run.hold(0)
    assert closes(run.pass_s(3)) == []
    assert run.flatten.phase == "DONE"


def test_flat_is_not_the_end_where_an_order_of_a_dead_gateway_may_have_just_filled(run: Run):
    run.hold(0)
    run.apply(intended(order(side="BUY", quantity=10)))
    run.alive, run.acknowledged, run.gone = False, False, True
    run.pass_s(0.75)
    assert run.flatten.phase != "DONE"
    run.hold(10)
    (close,) = closes(run.pass_s(3))
    assert close.terms == OrderTerms("SELL", Decimal(10))


def test_an_order_of_one_that_is_gone_is_waited_for_if_the_broker_lists_it(run: Run):
    run.apply(intended(order(side="SELL", quantity=10)))
    run.open = ("a/1",)
    run.alive, run.acknowledged, run.gone = False, False, True
    assert closes(run.pass_s(1)) == []
