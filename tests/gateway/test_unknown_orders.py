"""Orders whose answer is out when the connection ends, and what resolves them."""

import pytest

from tapewire.common.clock import Now
from tapewire.common.events import (
    OrderLost,
    OrderUnknown,
)
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import Bench, kinds, names, submit
from tests.gateway.tws_messages import (
    ACCOUNT,
    SECOND,
    T0,
    completed_order_of,
    execution_message,
    execution_of,
    open_order_of,
)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def unknown(bench: Bench) -> object:
    """An order that was sent just before the connection broke; connected again."""
    order = bench.send(submit())
    assert bench.lose() == [
        OrderUnknown(T0, ACCOUNT, "s-1/1", "the connection to the broker was lost"),
        bench.journal[-1],
    ]
    bench.pass_s(1)
    bench.connect()
    return order


def test_an_unknown_order_is_resolved_by_the_open_orders(bench: Bench):
    order = unknown(bench)
    news = bench.answer_snapshot(open_order_of(order))
    assert names(news) == ["OrderAccepted", "ConnectionUp"]


def test_an_unknown_order_is_resolved_by_the_executions(bench: Bench):
    order = unknown(bench)
    one = execution_of(order, 10, "0001.01")
    news = bench.answer_snapshot(execution_message(one, 1))
    assert names(news) == ["OrderAccepted", "Fill", "OrderFilled", "ConnectionUp"]


@pytest.mark.parametrize(
    ("status", "events"),
    [("Cancelled", ["OrderAccepted", "OrderCancelled"]), ("Inactive", ["OrderRejected"])],
)
def test_an_unknown_order_is_resolved_by_the_completed_orders(bench: Bench, status, events):
    order = unknown(bench)
    order.status = status
    news = bench.answer_snapshot(completed_order_of(order))
    assert names(news) == [*events, "ConnectionUp"]


def test_an_unknown_order_is_lost_only_after_a_snapshot_that_settled(bench: Bench):
    unknown(bench)
    assert names(bench.answer_snapshot()) == ["ConnectionUp"]
    assert bench.state() == "UNKNOWN"
    bench.pass_s(1.9)
    assert bench.flush() == []
    bench.pass_s(0.1)
    assert kinds(bench.flush()) == ["5", "7", "99"]
    assert bench.answer_snapshot() == [
        OrderLost(
            bench.now.wall_ns,
            ACCOUNT,
            "s-1/1",
            "the broker does not know the order, after it answered every query",
        )
    ]
    assert bench.placed() == ["1"]


@pytest.mark.parametrize("by_s", [-3600, 3600])
def test_settling_goes_by_the_monotonic_clock(bench: Bench, by_s: int):
    unknown(bench)
    bench.now = Now(bench.now.wall_ns + by_s * SECOND, bench.now.mono_ns)
    assert names(bench.answer_snapshot()) == ["ConnectionUp"]
    bench.pass_s(1.9)
    assert bench.flush() == []
    bench.pass_s(0.1)
    assert names(bench.answer_snapshot()) == ["OrderLost"]
    assert bench.journal[-1].ts_ns == T0 + by_s * SECOND + 3 * SECOND


def test_an_unknown_order_stays_unknown_while_tws_does_not_end_its_lists(bench: Bench):
    unknown(bench)
    bench.receive(messages.open_order_end(), messages.completed_orders_end())
    for _ in range(30):
        bench.pass_s(5)
        bench.receive(messages.open_order_end(), messages.completed_orders_end())
    assert bench.state() == "UNKNOWN"
    assert bench.gateway.readiness() == ("READY", "")


def test_an_order_that_waits_for_its_turn_is_not_lost(bench: Bench):
    bench.pass_s(10)
    bench.broker.outbox.pace._rate_max = 1  # all of this second's budget goes to another order
    bench.send(submit("first/1"))
    bench.submit(submit("s-1/1"))
    bench.gateway.sync._begin_snapshot(bench.now)
    bench.receive(
        messages.open_order_end(), messages.execution_end(1), messages.completed_orders_end()
    )
    assert bench.tick() == []
    assert bench.state() == "INTENDED"


def test_an_order_sent_just_in_the_time_to_settle_is_not_lost(bench: Bench):
    bench.pass_s(10)
    bench.send(submit())
    bench.pass_s(2)
    bench.gateway.sync._begin_snapshot(bench.now)
    assert bench.answer_snapshot() == []
    bench.now += 1
    bench.gateway.sync._begin_snapshot(bench.now)
    assert names(bench.answer_snapshot()) == ["OrderLost"]


def test_lists_without_an_end_are_asked_for_again_but_not_at_once(bench: Bench):
    unknown(bench)
    bench.flush()
    bench.list_positions()
    bench.pass_s(11)
    bench.pass_s(1.9)
    assert bench.flush() == []
    bench.pass_s(0.1)
    assert kinds(bench.flush()) == ["5", "7", "99"]


def test_an_order_sent_while_the_lists_were_told_is_not_lost(bench: Bench):
    bench.pass_s(10)
    bench.gateway.sync._begin_snapshot(bench.now)
    bench.send(submit())
    bench.now += SECOND
    assert "OrderLost" not in names(bench.answer_snapshot())
