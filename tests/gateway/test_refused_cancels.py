"""An order that TWS refuses to cancel as over, and lists by its tag alone: when that ends it."""

from decimal import Decimal

import pytest

from tapewire.simulator.exchange.orders import Order
from tests.gateway.tws_bench import Bench, names, submit
from tests.gateway.tws_messages import (
    completed_order_of,
    execution_message,
    execution_of,
    open_order_of,
    order_at_tws,
)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def refused_as_over(bench: Bench, status: str = "Inactive", code: int = 10148) -> Order:
    """An order whose end was not heard, and that TWS has a cancel refused of."""
    order = bench.send(submit())
    order.status = status
    bench.wait_s(6, completed_order_of(order))
    assert bench.state() == "UNKNOWN"
    bench.cancel()
    bench.flush()
    bench.error(order.order_id, code)
    return order


@pytest.mark.parametrize(
    ("status", "end"), [("Inactive", "OrderRejected"), ("Cancelled", "OrderCancelled")]
)
def test_it_ends_when_tws_refuses_to_cancel_it_as_over_and_lists_it_as_unfilled_twice(
    bench: Bench, status: str, end: str
):
    """The refusal names the order by its own id, which the list does not."""
    order = refused_as_over(bench, status)
    bench.pass_s(1)
    assert bench.answer_snapshot(completed_order_of(order)) == []
    assert names(bench.wait_s(10, completed_order_of(order))) == [end]
    assert bench.intent().remaining == 0


def test_an_execution_that_comes_behind_the_first_of_these_lists_counts(bench: Bench):
    order = refused_as_over(bench)
    bench.pass_s(1)
    bench.answer_snapshot(completed_order_of(order))
    bench.receive(execution_message(execution_of(order, 10, "0001.01"), -1))
    bench.wait_s(10, completed_order_of(order))
    assert (bench.state(), bench.intent().filled) == ("FILLED", 10)


def test_but_not_when_the_refusal_says_that_tws_does_not_know_it(bench: Bench):
    order = refused_as_over(bench, code=10147)
    assert bench.wait_s(200, completed_order_of(order)) == []


def test_nor_when_tws_lists_one_with_its_tag_as_filled(bench: Bench):
    order = refused_as_over(bench)
    filled = order_at_tws(submit(), order.order_id, status="Filled")
    listed = completed_order_of(order), completed_order_of(filled)
    assert bench.wait_s(200, *listed) == []


def test_nor_when_a_part_of_it_was_filled_before_it_was_cancelled(bench: Bench):
    """Of a day whose executions are not listed any more: nobody would know of that part."""
    order = refused_as_over(bench, "Cancelled")
    order.filled = Decimal(2)
    assert bench.wait_s(200, completed_order_of(order)) == []
    assert bench.state() == "UNKNOWN"


def test_nor_when_no_list_shows_how_it_ended(bench: Bench):
    order = refused_as_over(bench)
    bench.wait_s(1, completed_order_of(order))
    assert "OrderRejected" not in names(bench.wait_s(50))


def test_nor_by_a_refusal_of_an_earlier_connection(bench: Bench):
    order = refused_as_over(bench)
    bench.lose()
    bench.connect()
    bench.answer_snapshot(completed_order_of(order))
    assert bench.wait_s(200, completed_order_of(order)) == []


def test_and_one_that_tws_lists_as_open_works_whatever_the_refusal_said(bench: Bench):
    order = refused_as_over(bench)
    working = order_at_tws(submit(), order.order_id, perm_id=9001)
    bench.wait_s(10, open_order_of(working), completed_order_of(order))
    assert bench.state() == "ACCEPTED"
