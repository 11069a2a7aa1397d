"""Cancels: before, while and after an order is at TWS, and when there is no session."""

import pytest

from tapewire.common.events import (
    OrderDenied,
)
from tests.gateway.tws_bench import Bench, kinds, names, submit
from tests.gateway.tws_messages import ACCOUNT, T0, managed_accounts


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_cancel_names_the_orders_id(bench: Bench):
    order = bench.send(submit())
    bench.opened(order)
    answer, events = bench.cancel()
    assert (answer.accepted, events) == (True, [])
    assert bench.flush() == [["4", "1", "1"]]


def test_an_order_cancelled_before_its_turn_never_goes(bench: Bench):
    # A cancel goes first: it would reach TWS before the order, and the order would then work.
    bench.submit(submit())
    answer, events = bench.cancel()
    assert answer.accepted
    reason = "it was cancelled before it was sent"
    assert events == [OrderDenied(T0, ACCOUNT, "s", "gateway", reason, intent_id="s-1/1")]
    assert bench.flush() == []


def test_cancel_all_takes_what_waits_with_it(bench: Bench):
    bench.submit(submit("a/1"))
    bench.submit(submit("b/1"))
    answer, events = bench.cancel_all()
    assert (answer.accepted, names(events)) == (True, ["OrderDenied", "OrderDenied"])
    assert kinds(bench.flush()) == ["58"]


def test_a_cancel_of_what_is_not_live_is_answered_so(bench: Bench):
    bench.fill(bench.send(submit()), 10, "0001.01")
    answer, _ = bench.cancel()
    assert (answer.accepted, answer.reason) == (False, "no live order with this id")
    assert bench.flush() == []


def test_an_order_that_comes_after_its_cancel_is_denied(bench: Bench):
    answer, (denied,) = bench.cancel(name="s-2")
    assert (answer.intent_id, answer.accepted) == ("s-2", True)
    reason = "it was cancelled before it arrived"
    assert denied == OrderDenied(T0, "", "", "gateway", reason, intent_id="s-1/1")
    assert not bench.submit(submit()).accepted
    assert bench.flush() == []
    after = Bench([denied])
    assert not after.submit(submit()).accepted


def test_the_answer_to_a_cancel_names_the_cancel_so_that_it_is_not_taken_for_the_orders(
    bench: Bench,
):
    bench.send(submit())
    bench.lose("gone")
    answer, _ = bench.cancel(name="s-2")
    assert (answer.intent_id, answer.accepted) == ("s-2", False)


def test_cancels_are_taken_while_the_orders_are_still_read(bench: Bench):
    order = bench.rest()
    bench.lose()
    bench.connect()
    assert bench.gateway.readiness()[0] == "WAITING"
    assert bench.cancel()[0].accepted
    assert bench.cancel_all()[0].accepted
    assert bench.flush() == [["58", "1"], ["4", "1", str(order.order_id)]]


def test_cancels_are_taken_while_tws_has_lost_its_server(bench: Bench):
    bench.rest()
    bench.error(-1, 1100)
    assert bench.cancel()[0].accepted


def test_cancels_are_denied_until_tws_has_started_the_api(bench: Bench):
    """Its accounts alone are not enough: it ignores requests without a word."""
    bench.rest()
    bench.lose()
    bench.start()
    bench.receive(managed_accounts(ACCOUNT))
    waiting = "waiting for TWS to start the API"
    assert bench.cancel()[0].reason == bench.cancel_all()[0].reason == waiting
    assert bench.flush() == []


def test_cancels_are_denied_on_a_login_that_is_refused(bench: Bench):
    bench.rest()
    bench.receive(managed_accounts("U1234567"))
    assert "not a paper account" in bench.cancel()[0].reason
    assert "not a paper account" in bench.cancel_all()[0].reason
    assert bench.flush() == []


def test_cancels_are_denied_while_tws_is_not_there(bench: Bench):
    bench.send(submit())
    bench.lose("gone")
    assert bench.cancel()[0].reason == "gone"
    assert bench.cancel_all()[0].reason == "gone"
