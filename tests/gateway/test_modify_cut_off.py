"""Modifies of live orders whose answer is out: never sent again, and what became of them."""

from decimal import Decimal

import pytest

from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import (
    Bench,
    kinds,
    modify_order,
    names,
    remaining,
    submit,
    terms_of,
)
from tests.gateway.tws_messages import (
    SECOND,
    execution_message,
    execution_of,
    open_order_of,
    order_at_tws,
)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def changed(bench: Bench, end: str, quantity: int = 15) -> tuple[Bench, object]:
    """A change that was sent, and then the connection or the process ended; connected again."""
    order = bench.rest()
    bench.modify(modify_order(quantity=quantity, limit="150"))
    bench.flush()
    if end == "restart":
        bench = Bench(bench.journal, connect=False)
    else:
        bench.lose()
    bench.pass_s(1)
    bench.connect()
    return bench, order


@pytest.mark.parametrize("end", ["restart", "lost connection"])
def test_a_modify_that_was_cut_off_is_never_sent_again(bench: Bench, end: str):
    bench, order = changed(bench, end)
    bench.written.clear()
    bench.answer_snapshot(open_order_of(order))
    assert remaining(bench) == 15
    assert bench.modify(modify_order(quantity=15, limit="150")).accepted
    bench.flush()
    assert bench.placed() == []


@pytest.mark.parametrize("end", ["restart", "lost connection"])
@pytest.mark.parametrize("came", [True, False])
def test_what_became_of_a_modify_is_seen_once_tws_had_time_to_settle(
    bench: Bench, end: str, *, came: bool
):
    bench, order = changed(bench, end)
    bench.answer_snapshot(open_order_of(order))
    assert remaining(bench) == 15
    if came:
        order.quantity = Decimal(15)
    bench.pass_s(2)
    bench.pass_s(0.1)
    assert kinds(bench.flush()) == ["16", "7", "99"]
    news = bench.answer_snapshot(open_order_of(order))
    assert names(news) == ["OrderModified" if came else "OrderModifyRejected"]
    assert remaining(bench) == (15 if came else 10)
    assert bench.modify(modify_order("s-3", limit="151")).accepted


@pytest.mark.parametrize(("quantity", "event"), [(15, "OrderModifyRejected"), (5, "OrderModified")])
def test_an_order_that_filled_while_away_tells_by_its_executions_which_terms_it_had(
    bench: Bench, quantity: int, event: str
):
    bench, order = changed(bench, "restart", quantity)
    bench.answer_snapshot(open_order_of(order))
    filled = min(quantity, 10)
    assert names(bench.fill(order, filled, "0001.01")) == ["Fill"]
    bench.pass_s(2)
    bench.pass_s(0.1)
    bench.flush()
    one = execution_of(order, filled, "0001.01")
    news = bench.answer_snapshot(execution_message(one, 1))
    assert names(news) == [event, "OrderFilled"]


@pytest.mark.parametrize("queued", [True, False])
def test_a_modify_taken_while_the_lists_were_told_is_not_given_up(bench: Bench, *, queued: bool):
    order = bench.rest()
    bench.pass_s(10)
    bench.gateway.sync._begin_snapshot(bench.now)
    if queued:
        bench.flush()
    bench.modify(modify_order(quantity=15, limit="150"))
    if queued:
        bench.broker.outbox.pace._rate_max = 1  # all of this second's budget is spent
        listed = [open_order_of(order)]
        assert bench.gateway.release(bench.now)[0] == b""
        news = bench.receive(*listed, messages.open_order_end(), messages.execution_end(1))
        news += bench.receive(messages.completed_orders_end()) + bench.tick()
    else:
        news = bench.answer_snapshot(open_order_of(order))
    assert (news, remaining(bench)) == ([], 15)


def test_a_modify_that_stays_without_an_answer_is_asked_about(bench: Bench):
    order = bench.rest()
    bench.pass_s(10)
    bench.modify(modify_order(quantity=15, limit="150"))
    bench.flush()
    assert bench.pass_s(1.9) == []
    bench.pass_s(0.2)
    assert kinds(bench.flush()) == ["16", "7", "99"]
    order.quantity = Decimal(15)
    assert names(bench.answer_snapshot(open_order_of(order))) == ["OrderModified"]


def test_a_queued_modify_is_rejected_when_the_connection_ends_and_a_sent_one_is_not(bench: Bench):
    bench.rest()
    bench.modify(modify_order(quantity=15, limit="150"))
    assert names(bench.lose()) == ["OrderModifyRejected", "ConnectionLost"]
    assert remaining(bench) == 10


def two_modifies(bench: Bench, apart_s: float = 0) -> list[object]:
    """Two orders at TWS with a modify under way each."""
    orders = [bench.send(submit(intent_id, limit=150)) for intent_id in ("s-1/1", "t-1/1")]
    for order in orders:
        bench.opened(order)
    bench.pass_s(10)
    for order, name in zip(orders, ("m-1", "m-2"), strict=True):
        bench.modify(modify_order(name, 15, 150, intent_id=order.order_ref))
        bench.flush()
        bench.pass_s(apart_s)
    return orders


def test_all_that_waits_is_said_when_the_connection_ends(bench: Bench):
    bench.rest()
    bench.send(submit("t-1/1", limit=150))
    bench.opened(order_at_tws(submit("t-1/1", limit=150), 2))
    bench.submit(submit("u-1/1"))
    bench.modify(modify_order("m-1", 15, 150))
    bench.modify(modify_order("m-2", 15, 150, intent_id="t-1/1"))
    assert names(bench.lose()) == [
        "OrderDenied", "OrderModifyRejected", "OrderModifyRejected", "ConnectionLost",
    ]  # fmt: skip


def test_the_oldest_of_several_modifies_decides_when_they_are_asked_about(bench: Bench):
    two_modifies(bench, apart_s=1)
    assert bench.flush() == []
    bench.now += 1
    bench.tick()
    assert kinds(bench.flush()) == ["16", "7", "99"]


def test_executions_that_are_late_do_not_put_off_the_question_about_a_modify(bench: Bench):
    order, _ = two_modifies(bench)
    bench.pass_s(1.9)
    bench.opened(order, filled=Decimal(3))
    bench.pass_s(0.2)
    assert kinds(bench.flush()) == ["16", "7", "99"]


def test_several_modifies_are_settled_by_one_answer(bench: Bench):
    orders = two_modifies(bench)
    bench.pass_s(2)
    bench.pass_s(0.1)
    news = bench.answer_snapshot(*map(open_order_of, orders))
    assert names(news) == ["OrderModifyRejected", "OrderModifyRejected"]


def test_a_modify_that_was_written_just_in_the_time_to_settle_is_asked_about_again(bench: Bench):
    orders = two_modifies(bench)
    bench.now += 2 * SECOND
    bench.gateway.sync._begin_snapshot(bench.now)
    assert bench.answer_snapshot(*map(open_order_of, orders)) == []


def test_terms_that_are_neither_the_old_nor_the_new_reject_the_modify_and_hold(bench: Bench):
    bench, order = changed(bench, "lost connection")
    order.quantity = Decimal(12)
    bench.answer_snapshot(open_order_of(order))
    bench.pass_s(2)
    bench.pass_s(0.1)
    news = bench.answer_snapshot(open_order_of(order))
    assert names(news) == ["OrderModifyRejected", "OrderModified"]
    assert (news[1].modify_id, news[1].terms.quantity, remaining(bench)) == ("", 12, 12)


def test_a_cancel_takes_a_queued_modify_with_it(bench: Bench):
    bench.rest()
    bench.modify(modify_order(quantity=15, limit="150"))
    _, events = bench.cancel(name="s-3")
    assert names(events) == ["OrderModifyRejected"]
    assert kinds(bench.flush()) == ["4"]


def test_a_restart_gives_the_same_terms_from_the_journal(bench: Bench):
    order = bench.rest()
    bench.modify(modify_order(quantity=15, limit="150"))
    bench.flush()
    bench.opened(order, quantity=Decimal(15))
    bench.modify(modify_order("s-3", 20, "149"))
    bench.flush()
    intent = Bench(bench.journal, connect=False).gateway.orders["s-1/1"]
    assert (intent.terms, intent.remaining) == (terms_of("BUY", 15, 150), 20)
    assert intent.modify == modify_order("s-3", 20, "149")
