"""Filled without an execution: TWS lists today's executions only, so an order needs another end."""

from decimal import Decimal

import pytest

from tapewire.common.events import OrderCancelled, OrderFilled
from tapewire.simulator.exchange.orders import Order
from tests.gateway.tws_bench import Bench, kinds, modify_order, names
from tests.gateway.tws_messages import completed_order_of, execution_message, execution_of


def overnight(executed: int = 0) -> tuple[Bench, Order]:
    """An order works, the connection is away over midnight, and the order is filled meanwhile."""
    bench = Bench()
    order = bench.rest()
    if executed:
        bench.fill(order, executed, "0001.01")
    bench.lose()
    bench.pass_s(10)
    bench.connect()
    order.status, order.filled = "Filled", order.quantity
    return bench, order


def lists(bench: Bench, order: Order) -> list[str]:
    """A few seconds pass, the gateway asks, and TWS answers with the completed order alone."""
    bench.pass_s(3)
    assert "99" in kinds(bench.flush())
    return names(bench.answer_snapshot(completed_order_of(order)))


@pytest.mark.parametrize("executed", [0, 4])
def test_it_ends_when_two_lists_agree_that_its_executions_are_not_listed(executed: int):
    bench, order = overnight(executed)
    assert names(bench.answer_snapshot(completed_order_of(order))) == ["ConnectionUp"]
    assert bench.state() == "ACCEPTED"
    assert lists(bench, order) == ["OrderFilled"]
    (filled,) = [event for event in bench.journal if isinstance(event, OrderFilled)]
    left = 10 - executed
    assert f"lists no executions of {left}, as it does of earlier days" in filled.reason
    assert (bench.state(), bench.intent().filled, bench.intent().remaining) == (
        "FILLED", executed, 0,
    )  # fmt: skip


def test_a_person_is_told_and_positions_are_read_again():
    bench, order = overnight()
    bench.answer_snapshot(completed_order_of(order))
    lists(bench, order)
    ((told, _payload),) = bench.gateway.complaints
    assert told.startswith("s-1/1 is FILLED: the broker reports it as filled and lists no")
    assert "the position is the broker's, and that of s lacks them" in told
    bench.pass_s(1)
    assert "61" in kinds(bench.flush())


def test_an_execution_that_comes_meanwhile_fills_it_as_ever():
    bench, order = overnight()
    one = execution_of(order, 10, "0001.01")
    news = bench.answer_snapshot(execution_message(one, 1), completed_order_of(order))
    assert names(news) == ["Fill", "OrderFilled", "ConnectionUp"]
    assert bench.gateway.complaints == []


@pytest.mark.parametrize("status", ["Cancelled", "Inactive"])
@pytest.mark.parametrize("executed", [0, 2])
def test_what_was_filled_before_the_rest_was_cancelled_is_missed_too(status: str, executed: int):
    bench, order = overnight(executed)
    order.status, order.filled = status, Decimal(4)
    assert names(bench.answer_snapshot(completed_order_of(order))) == ["ConnectionUp"]
    assert bench.state() == "ACCEPTED"
    assert lists(bench, order) == ["OrderCancelled"]
    (cancelled,) = [event for event in bench.journal if isinstance(event, OrderCancelled)]
    left = 4 - executed
    assert f"lists no executions of {left}, as it does of earlier days" in cancelled.reason
    ((told, _payload),) = bench.gateway.complaints
    assert told.startswith("s-1/1 is CANCELLED: the broker reports 4 of it as filled and lists no")
    bench.pass_s(1)
    assert "61" in kinds(bench.flush())


def test_an_execution_that_comes_behind_the_lists_leaves_nothing_to_miss():
    bench, order = overnight()
    order.status, order.filled = "Cancelled", Decimal(4)
    bench.answer_snapshot(completed_order_of(order))
    one = execution_message(execution_of(order, 4, "0001.01"), 1)
    bench.pass_s(3)
    assert names(bench.answer_snapshot(one, completed_order_of(order))) == [
        "Fill", "OrderCancelled",
    ]  # fmt: skip
    assert bench.gateway.complaints == []


def test_the_completed_order_is_not_asked_about_for_ever():
    bench, order = overnight()
    order.status, order.filled = "Cancelled", Decimal(4)
    bench.answer_snapshot(completed_order_of(order))
    lists(bench, order)
    bench.pass_s(3)
    bench.answer_snapshot(completed_order_of(order))
    bench.pass_s(30)
    assert "99" not in kinds(bench.flush())


def test_lists_that_do_not_end_prove_nothing():
    bench, order = overnight()
    bench.receive(completed_order_of(order))
    for _ in range(4):
        bench.pass_s(11)
        bench.flush()
        bench.receive(completed_order_of(order))
    assert bench.state() == "ACCEPTED"


def test_it_does_not_become_lost_the_next_day():
    bench, order = overnight()
    bench.answer_snapshot(completed_order_of(order))
    lists(bench, order)
    bench.lose()
    bench.connect()
    bench.answer_snapshot()
    for _ in range(20):
        bench.pass_s(10)
        bench.answer_snapshot()
    assert bench.state() == "FILLED"


@pytest.mark.parametrize(("quantity", "events"), [
    (5, ["OrderModified", "OrderFilled"]),
    (15, ["OrderModifyRejected", "OrderFilled"]),
])  # fmt: skip
def test_an_order_that_is_filled_once_its_modify_is_settled_lacks_nothing(
    quantity: int, events: list[str]
):
    """Until the modify is settled, the order could get the larger of both quantities."""
    bench = Bench()
    order = bench.rest()
    bench.modify(modify_order(quantity=quantity, limit="150"))
    bench.flush()
    bench.lose()
    bench.pass_s(1)
    bench.connect()
    filled = min(quantity, 10)
    order.quantity = order.filled = Decimal(filled)
    order.status = "Filled"
    one = execution_message(execution_of(order, filled, "0001.01"), 1)
    assert names(bench.answer_snapshot(one, completed_order_of(order))) == ["Fill", "ConnectionUp"]
    bench.pass_s(2)
    bench.pass_s(0.1)
    bench.flush()
    assert names(bench.answer_snapshot(one, completed_order_of(order))) == events
    assert bench.gateway.complaints == []
    assert (bench.state(), bench.intent().filled) == ("FILLED", filled)
