"""Orders whose answer is out when the connection ends, and what resolves them."""

from itertools import pairwise

import pytest

from tapewire.common.clock import Now
from tapewire.common.events import (
    OrderLost,
    OrderUnknown,
)
from tapewire.gateway.orders.silence import NOT_NAMED, TAG_ALONE
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


def look(bench: Bench, *listed: list[str]) -> None:
    """Ask TWS, which lists `listed`."""
    bench.gateway.sync._begin_snapshot(bench.now)
    bench.answer_snapshot(*listed)


def test_an_unknown_order_is_resolved_by_the_open_orders(bench: Bench):
    order = unknown(bench)
    news = bench.answer_snapshot(open_order_of(order))
    assert names(news) == ["OrderAccepted", "ConnectionUp"]


def test_an_unknown_order_is_resolved_by_the_executions(bench: Bench):
    order = unknown(bench)
    one = execution_of(order, 10, "0001.01")
    news = bench.answer_snapshot(execution_message(one, 1))
    assert names(news) == ["OrderAccepted", "Fill", "OrderFilled", "ConnectionUp"]


def test_an_order_whose_permanent_id_is_known_is_settled_by_the_completed_orders(bench: Bench):
    order = bench.rest()
    bench.lose()
    bench.connect()
    order.status = "Cancelled"
    news = bench.answer_snapshot(completed_order_of(order))
    assert names(news) == ["OrderCancelled", "ConnectionUp"]


def test_a_completed_order_without_more_than_our_tag_leaves_the_order_unknown(bench: Bench):
    order = unknown(bench)
    order.status = "Cancelled"
    assert names(bench.answer_snapshot(completed_order_of(order))) == ["ConnectionUp"]
    bench.pass_s(2)
    assert bench.answer_snapshot(completed_order_of(order)) == []
    assert (bench.state(), bench.intent().remaining) == ("UNKNOWN", 10)


def test_an_unknown_order_is_lost_after_three_clean_looks_over_a_minute(bench: Bench):
    unknown(bench)
    assert names(bench.answer_snapshot()) == ["ConnectionUp"]
    assert bench.gateway.readiness() == ("READY", "")
    assert bench.wait_s(61) == []
    assert bench.state() == "UNKNOWN"
    news = bench.wait_s(10)
    assert news == [OrderLost(news[0].ts_ns, ACCOUNT, "s-1/1", NOT_NAMED)]
    assert bench.placed() == ["1"]


def test_looks_for_other_reasons_do_not_put_off_the_end_of_the_minute(bench: Bench):
    """A strategy cancels the order each second: each refusal is a reason to look."""
    unknown(bench)
    bench.answer_snapshot()
    bench.wait_s(2)
    for _ in range(20):
        bench.pass_s(1)
        look(bench)
    assert bench.state() == "UNKNOWN"
    assert names(bench.wait_s(45)) == ["OrderLost"]


def test_two_looks_an_hour_apart_lose_no_order(bench: Bench):
    unknown(bench)
    bench.answer_snapshot()
    for _ in range(2):
        bench.now += 3600 * SECOND
        look(bench)
    assert bench.state() == "UNKNOWN"
    look(bench)
    assert bench.state() == "LOST"


def test_a_new_connection_begins_the_looks_anew(bench: Bench):
    unknown(bench)
    bench.answer_snapshot()
    bench.wait_s(40)
    bench.lose()
    bench.connect()
    bench.answer_snapshot()
    assert bench.wait_s(60) == []
    assert bench.state() == "UNKNOWN"
    assert names(bench.wait_s(10)) == ["OrderLost"]


def test_a_list_that_names_the_order_begins_the_looks_anew(bench: Bench):
    order = bench.rest()
    bench.pass_s(10)
    for listed in ([], [], [open_order_of(order)], [], []):
        bench.now += 40 * SECOND
        look(bench, *listed)
    assert bench.state() == "ACCEPTED"
    bench.now += 40 * SECOND
    look(bench)
    assert bench.state() == "LOST"


@pytest.mark.parametrize("by_s", [-3600, 3600])
def test_looks_go_by_the_monotonic_clock(bench: Bench, by_s: int):
    unknown(bench)
    bench.now = Now(bench.now.wall_ns + by_s * SECOND, bench.now.mono_ns)
    assert names(bench.answer_snapshot()) == ["ConnectionUp"]
    assert bench.wait_s(60) == []
    assert names(bench.wait_s(10)) == ["OrderLost"]


def test_what_stays_unknown_is_looked_at_in_growing_distances_and_for_ever(bench: Bench):
    order = unknown(bench)
    order.status = "Cancelled"
    bench.answer_snapshot()
    looks: list[int] = []
    for second in range(3600):
        bench.pass_s(1)
        if any(fields[0] == "7" for fields in bench.flush()):
            looks.append(second)
            bench.receive(messages.open_order_end(), messages.execution_end(1))  # and no third end
    distances = [after - before for before, after in pairwise(looks)]
    assert distances == sorted(distances)
    assert distances[0] < 20
    assert 300 <= distances[-1] <= 320
    assert bench.state() == "UNKNOWN"


# ---- an order that is written and not answered --------------------------------------------------


def test_an_order_that_tws_swallowed_is_asked_about_and_unknown_then(bench: Bench):
    bench.send(submit())
    bench.pass_s(4.9)
    assert bench.flush() == []
    bench.pass_s(0.1)
    assert kinds(bench.flush())[1:] == ["7", "99"]
    reason = "the broker did not answer within 5000 ms, and lists no such order"
    assert bench.answer_snapshot() == [OrderUnknown(bench.now.wall_ns, ACCOUNT, "s-1/1", reason)]
    assert bench.gateway.readiness() == ("READY", "")
    assert bench.intent().remaining == 10
    assert bench.wait_s(50) == []
    assert names(bench.wait_s(30)) == ["OrderLost"]


def test_an_order_without_an_answer_that_tws_lists_is_accepted(bench: Bench):
    order = bench.send(submit())
    assert names(bench.wait_s(6, open_order_of(order))) == ["OrderAccepted"]
    assert bench.gateway.sync.quiet


def test_a_tws_that_lists_nothing_to_the_end_leaves_the_order_unknown(bench: Bench):
    bench.send(submit())
    for _ in range(20):
        bench.pass_s(1)
        bench.flush()
    assert names(bench.journal[-1:]) == ["OrderUnknown"]
    assert "did not list its orders to the end" in bench.journal[-1].reason


def test_an_answer_in_time_asks_nothing(bench: Bench):
    bench.opened(bench.send(submit()))
    bench.pass_s(60)
    assert bench.flush() == []


def test_an_unknown_order_that_is_answered_late_is_accepted(bench: Bench):
    order = bench.send(submit())
    assert names(bench.wait_s(6)) == ["OrderUnknown"]
    assert names(bench.opened(order)) == ["OrderAccepted"]


def test_an_execution_does_not_show_that_the_rest_of_the_order_still_works(bench: Bench):
    order = bench.rest()
    bench.fill(order, 4, "0001.01")
    bench.lose()
    bench.pass_s(1)
    bench.connect()
    listed = execution_message(execution_of(order, 4, "0001.01"), 1)
    bench.answer_snapshot(listed)
    assert names(bench.wait_s(70, listed)) == ["OrderLost"]
    assert (bench.intent().filled, bench.intent().remaining) == (4, 0)


def test_an_order_that_tws_does_not_know_when_it_is_cancelled_is_lost_in_the_end(bench: Bench):
    order = bench.rest()
    bench.pass_s(10)
    bench.cancel()
    bench.flush()
    assert names(bench.error(order.order_id, 10147)) == ["OrderCancelRejected"]
    assert names(bench.wait_s(70)) == ["OrderLost"]


def test_what_is_cancelled_again_and_again_does_not_have_tws_list_its_day_each_time(bench: Bench):
    order = bench.rest()
    bench.pass_s(10)
    looks = []
    bench.broker.query = lambda: looks.append(bench.now)
    for _ in range(5):
        bench.cancel()
        bench.flush()
        bench.error(order.order_id, 10147)
        bench.pass_s(1)
        bench.answer_snapshot()
    assert 1 <= len(looks) <= 2


def test_neither_does_what_tws_lists_as_open_each_time_and_will_not_cancel(bench: Bench):
    order = bench.rest()
    bench.pass_s(10)
    looks = []
    ask = bench.broker.query
    bench.broker.query = lambda: (looks.append(bench.now.mono_ns), ask())[1]
    for _ in range(120):
        bench.cancel()
        bench.flush()
        bench.error(order.order_id, 10148)
        bench.wait_s(1, open_order_of(order))
    assert bench.state() == "ACCEPTED"
    assert 2 <= len(looks) <= 14


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


def test_an_order_sent_just_in_the_time_to_settle_is_not_in_doubt(bench: Bench):
    bench.pass_s(10)
    bench.send(submit())
    bench.pass_s(2)
    look(bench)
    assert bench.gateway.sync.quiet
    bench.now += 1
    look(bench)
    assert not bench.gateway.sync.quiet


def test_lists_without_an_end_are_asked_for_again_but_not_at_once(bench: Bench):
    unknown(bench)
    bench.flush()
    bench.list_positions()
    bench.pass_s(11)
    bench.pass_s(1.9)
    assert bench.flush() == []
    bench.pass_s(0.1)
    assert kinds(bench.flush()) == ["16", "7", "99"]


def test_an_order_sent_while_the_lists_were_told_is_not_lost(bench: Bench):
    bench.pass_s(10)
    bench.gateway.sync._begin_snapshot(bench.now)
    bench.send(submit())
    bench.now += SECOND
    assert "OrderLost" not in names(bench.answer_snapshot())


def test_an_order_whose_rejection_was_not_heard_is_unknown_though_its_tag_is_listed(bench: Bench):
    """TWS has it among its completed orders, where an order has its tag and no ids of ours."""
    order = bench.send(submit())
    order.status = "Inactive"
    assert names(bench.wait_s(6, completed_order_of(order))) == ["OrderUnknown"]
    assert bench.journal[-1].reason == TAG_ALONE
    assert bench.wait_s(200, completed_order_of(order)) == []
    assert (bench.state(), bench.intent().remaining) == ("UNKNOWN", 10), "it may have been filled"


def test_the_same_is_asked_again_where_the_time_to_answer_was_not_over(bench: Bench):
    order = bench.send(submit())
    order.status = "Inactive"
    bench.receive(messages.error(157, -1, 1100, "Connectivity has been lost."))
    bench.pass_s(1)
    bench.receive(messages.error(157, -1, 1102, "Connectivity has been restored."))
    bench.answer_snapshot(completed_order_of(order))
    assert bench.state() == "INTENDED"
    assert names(bench.wait_s(20, completed_order_of(order))) == ["OrderUnknown"]
