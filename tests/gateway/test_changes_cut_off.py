"""Changes of live orders whose answer is out: never sent again, and what became of them."""

from decimal import Decimal

import pytest

from tapewire.common.events import CancelOrder
from tapewire.simulator.protocol import messages
from tests.gateway.desk import ACCOUNT, T0, Desk, change, execution_of, names, open_order


@pytest.fixture
def desk() -> Desk:
    return Desk()


def remaining(desk: Desk) -> Decimal:
    return desk.gateway.orders.intents["s-1/1"].remaining


def changed(desk: Desk, end: str, quantity: int = 15) -> tuple[Desk, object]:
    """A change that was sent, and then the connection or the process ended; connected again."""
    order = desk.rest()
    desk.modify(change(quantity=quantity, limit="150"))
    desk.flush()
    if end == "restart":
        desk = Desk(desk.journal, connect=False)
    else:
        desk.lose()
    desk.pass_s(1)
    desk.connect()
    return desk, order


@pytest.mark.parametrize("end", ["restart", "lost connection"])
def test_a_change_that_was_cut_off_is_never_sent_again(desk: Desk, end: str):
    desk, order = changed(desk, end)
    desk.written.clear()
    desk.answer_snapshot(open_order(157, ACCOUNT, order))
    assert remaining(desk) == 15
    assert desk.modify(change(quantity=15, limit="150")).accepted
    desk.flush()
    assert desk.placed() == []


@pytest.mark.parametrize("end", ["restart", "lost connection"])
@pytest.mark.parametrize("came", [True, False])
def test_what_became_of_a_change_is_seen_once_tws_had_time_to_settle(
    desk: Desk, end: str, *, came: bool
):
    desk, order = changed(desk, end)
    desk.answer_snapshot(open_order(157, ACCOUNT, order))
    assert remaining(desk) == 15
    if came:
        order.quantity = Decimal(15)
    desk.pass_s(2)
    desk.pass_s(0.1)
    assert [fields[0] for fields in desk.flush()] == ["5", "7", "99"]
    news = desk.answer_snapshot(open_order(157, ACCOUNT, order))
    assert names(news) == ["OrderModified" if came else "OrderModifyRejected"]
    assert remaining(desk) == (15 if came else 10)
    assert desk.modify(change("s-3", limit="151")).accepted


@pytest.mark.parametrize(("quantity", "event"), [(15, "OrderModifyRejected"), (5, "OrderModified")])
def test_an_order_that_filled_while_away_tells_by_its_executions_which_terms_it_had(
    desk: Desk, quantity: int, event: str
):
    desk, order = changed(desk, "restart", quantity)
    desk.answer_snapshot(open_order(157, ACCOUNT, order))
    filled = min(quantity, 10)
    assert names(desk.fill(order, filled, "0001.01")) == ["Fill"]
    desk.pass_s(2)
    desk.pass_s(0.1)
    desk.flush()
    one = execution_of(order, filled, "0001.01")
    news = desk.answer_snapshot(messages.execution(157, 1, ACCOUNT, one))
    assert names(news) == [event, "OrderFilled"]


@pytest.mark.parametrize("queued", [True, False])
def test_a_change_of_while_the_lists_were_told_is_not_given_up(desk: Desk, *, queued: bool):
    order = desk.rest()
    desk.pass_s(10)
    desk.gateway._begin_snapshot(desk.now_ns)
    if queued:
        desk.flush()
    desk.modify(change(quantity=15, limit="150"))
    if queued:
        desk.gateway.outbox._rate_max = 1  # all of this second's budget is spent
        listed = [open_order(157, ACCOUNT, order)]
        assert desk.gateway.release(desk.now_ns)[0] == b""
        news = desk.hear(*listed, messages.open_order_end(), messages.execution_end(1))
        news += desk.hear(messages.completed_orders_end()) + desk.tick()
    else:
        news = desk.answer_snapshot(open_order(157, ACCOUNT, order))
    assert (news, remaining(desk)) == ([], 15)


def test_a_change_that_stays_without_an_answer_is_asked_about(desk: Desk):
    order = desk.rest()
    desk.pass_s(10)
    desk.modify(change(quantity=15, limit="150"))
    desk.flush()
    assert desk.pass_s(1.9) == []
    desk.pass_s(0.2)
    assert [fields[0] for fields in desk.flush()] == ["5", "7", "99"]
    order.quantity = Decimal(15)
    assert names(desk.answer_snapshot(open_order(157, ACCOUNT, order))) == ["OrderModified"]


def test_a_queued_change_is_rejected_when_the_connection_ends_and_a_sent_one_is_not(desk: Desk):
    desk.rest()
    desk.modify(change(quantity=15, limit="150"))
    assert names(desk.lose()) == ["OrderModifyRejected", "ConnectionLost"]
    assert remaining(desk) == 10


def test_a_cancel_takes_a_queued_change_with_it(desk: Desk):
    desk.rest()
    desk.modify(change(quantity=15, limit="150"))
    _, events = desk.gateway.cancel(CancelOrder("s-1/1", T0, "s-3"), T0)
    assert names(events) == ["OrderModifyRejected"]
    assert [fields[0] for fields in desk.flush()] == ["4"]


def test_a_restart_gives_the_same_terms_from_the_journal(desk: Desk):
    order = desk.rest()
    desk.modify(change(quantity=15, limit="150"))
    desk.flush()
    desk.opened(order, quantity=Decimal(15))
    desk.modify(change("s-3", 20, "149"))
    desk.flush()
    intent = Desk(desk.journal, connect=False).gateway.orders.intents["s-1/1"]
    assert (intent.terms, intent.remaining) == ((Decimal(15), Decimal(150)), 20)
    assert intent.change == change("s-3", 20, "149")
