"""Orders: every life that TWS gives an order, told by TWS's own messages."""

from decimal import Decimal

import pytest

from tapewire.common.events import (
    Commission,
    Fill,
    OrderAccepted,
    OrderCancelled,
    OrderCancelRejected,
    OrderFilled,
    OrderLost,
    OrderRejected,
    OrderUnknown,
)
from tapewire.simulator.protocol import messages
from tests.gateway.desk import (
    ACCOUNT,
    SECOND,
    T0,
    Desk,
    completed_order,
    execution_of,
    names,
    open_order,
    order_at_tws,
    submit,
)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_fill_as_tws_tells_it(desk: Desk):
    order = desk.send(submit())
    assert desk.opened(order, status="PreSubmitted") == [
        OrderAccepted(T0, "s-1/1", order.order_id, order.perm_id, T0)
    ]
    (fill, filled) = desk.fill(order, 10, "0001.01")
    assert isinstance(fill, Fill)
    assert (fill.intent_id, fill.strategy, fill.symbol) == ("s-1/1", "s", "AAPL")
    assert (fill.side, fill.quantity, fill.price) == ("BUY", Decimal(10), Decimal("150.25"))
    assert filled == OrderFilled(T0, "s-1/1")
    assert desk.opened(order, status="Filled", filled=Decimal(10)) == []
    one = execution_of(order, 10, "0001.01")
    assert desk.hear(messages.commission_report(one, None)) == [
        Commission(T0, "0001.01", Decimal(1), "USD")
    ]
    assert desk.state() == "FILLED"


def test_duplicates_of_every_message_change_nothing(desk: Desk):
    order = desk.send(submit())
    desk.opened(order)
    desk.fill(order, 4, "0001.01")
    one = execution_of(order, 4, "0001.01")
    desk.hear(messages.commission_report(one, None))
    before = list(desk.journal)
    desk.opened(order)
    desk.fill(order, 4, "0001.01")
    desk.hear(messages.commission_report(one, None))
    assert desk.journal == before
    assert desk.gateway.orders.intents["s-1/1"].remaining == 6


def test_an_order_that_fills_at_once_without_a_status_is_filled_by_its_executions(desk: Desk):
    order = desk.send(submit())
    assert names(desk.fill(order, 4, "0001.01")) == ["OrderAccepted", "Fill"]
    assert names(desk.fill(order, 6, "0002.01")) == ["Fill", "OrderFilled"]


def test_a_status_alone_does_not_fill_an_order(desk: Desk):
    order = desk.send(submit())
    assert names(desk.opened(order, status="Filled", filled=Decimal(10))) == ["OrderAccepted"]
    assert desk.state() == "ACCEPTED"


def test_a_status_of_more_than_the_executions_show_asks_for_them(desk: Desk):
    order = desk.send(submit())
    desk.opened(order, status="Filled", filled=Decimal(10))
    assert desk.flush() == []
    desk.pass_s(1)
    assert [fields[0] for fields in desk.flush()] == ["5", "7", "99"]


def test_rejected_is_error_201_then_inactive(desk: Desk):
    order = desk.send(submit())
    assert desk.error(order.order_id, 201, "Order rejected - reason:no") == [
        OrderRejected(T0, "s-1/1", 201, "Order rejected - reason:no")
    ]
    assert desk.opened(order, status="Inactive") == []
    assert desk.state() == "REJECTED"


def test_inactive_without_an_error_is_a_rejection(desk: Desk):
    order = desk.send(submit())
    assert names(desk.opened(order, status="Inactive")) == ["OrderRejected"]


def test_inactive_for_a_locate_is_not_final(desk: Desk):
    order = desk.send(submit())
    order.status = "Inactive"
    held = messages.order_status(order)
    held[10] = "locate"
    assert names(desk.hear(open_order(157, ACCOUNT, order), held)) == ["OrderAccepted"]
    assert desk.gateway.orders.intents["s-1/1"].remaining == 10
    assert names(desk.fill(order, 10, "0001.01")) == ["Fill", "OrderFilled"]


@pytest.mark.parametrize("code", [200, 103, 110, 201, 203, 321])
def test_an_error_on_an_order_that_was_not_accepted_is_a_rejection(desk: Desk, code: int):
    order = desk.send(submit())
    assert names(desk.error(order.order_id, code)) == ["OrderRejected"]


@pytest.mark.parametrize("code", [399, 404, 2109, 10349])
@pytest.mark.parametrize("accepted", [False, True])
def test_a_warning_leaves_the_order_alive(desk: Desk, code: int, accepted: bool):
    order = desk.send(submit())
    if accepted:
        desk.opened(order)
    assert desk.error(order.order_id, code) == []
    assert desk.gateway.orders.intents["s-1/1"].remaining == 10


@pytest.mark.parametrize("code", [104, 105, 135])
def test_a_refused_change_that_nobody_here_knows_leaves_the_order_alive(desk: Desk, code: int):
    order = desk.send(submit())
    desk.opened(order)
    assert desk.error(order.order_id, code) == []
    assert desk.state() == "ACCEPTED"


@pytest.mark.parametrize("code", [161, 10147, 10148])
def test_a_refused_cancel_is_told_and_leaves_the_order_alive(desk: Desk, code: int):
    order = desk.send(submit())
    desk.opened(order)
    assert desk.error(order.order_id, code) == [OrderCancelRejected(T0, "s-1/1", code, "text")]
    assert desk.state() == "ACCEPTED"


def test_cancelled_is_told_once_though_tws_says_it_twice(desk: Desk):
    order = desk.send(submit())
    desk.opened(order)
    assert names(desk.opened(order, status="Cancelled")) == ["OrderCancelled"]
    assert desk.error(order.order_id, 202, "Order Canceled - reason:") == []


def test_error_202_alone_is_a_cancel(desk: Desk):
    order = desk.send(submit())
    desk.opened(order)
    assert desk.error(order.order_id, 202, "why") == [OrderCancelled(T0, "s-1/1", "why")]


def test_a_cancelled_order_that_fills_is_counted(desk: Desk):
    order = desk.send(submit())
    desk.opened(order)
    desk.opened(order, status="Cancelled")
    assert names(desk.fill(order, 4, "0001.01")) == ["Fill"]
    assert desk.state() == "CANCELLED"
    assert names(desk.fill(order, 6, "0002.01")) == ["Fill", "OrderFilled"]


@pytest.mark.parametrize("end", ["Cancelled", "rejected"])
def test_an_order_that_was_given_up_and_works_after_all_is_live_again(desk: Desk, end: str):
    order = desk.send(submit())
    if end == "rejected":
        desk.error(order.order_id, 321, "a code that turns out to be a warning")
    else:
        desk.opened(order)
        desk.opened(order, status=end)
    assert desk.gateway.orders.intents["s-1/1"].remaining == 0
    assert names(desk.opened(order, status="Submitted")) == ["OrderAccepted"]
    assert desk.gateway.orders.intents["s-1/1"].remaining == 10


def test_a_filled_order_is_not_brought_back_by_a_late_status(desk: Desk):
    order = desk.send(submit())
    desk.fill(order, 10, "0001.01")
    assert desk.opened(order, status="Submitted") == []
    assert desk.opened(order, status="Cancelled") == []
    assert desk.state() == "FILLED"


def test_a_corrected_execution_takes_the_place_of_the_first(desk: Desk):
    order = desk.send(submit())
    desk.fill(order, 5, "0001.01")
    assert names(desk.fill(order, 4, "0001.02")) == ["Fill"]
    assert desk.gateway.orders.intents["s-1/1"].filled == 4
    assert desk.fill(order, 5, "0001.01") == []
    assert desk.gateway.holdings.filled["AAPL"] == 4


def test_a_correction_that_makes_the_order_whole_fills_it(desk: Desk):
    order = desk.send(submit())
    desk.fill(order, 5, "0001.01")
    assert names(desk.fill(order, 10, "0001.02")) == ["Fill", "OrderFilled"]
    assert desk.fill(order, 10, "0001.02") == []


def test_an_order_that_was_entered_by_hand_is_a_fill_of_nobody(desk: Desk):
    hand = order_at_tws(submit("s-1/1"), 0, client_id=0)
    hand.order_ref = ""
    assert desk.hear(open_order(157, ACCOUNT, hand), messages.order_status(hand)) == []
    (fill,) = desk.fill(hand, 3, "0009.01")
    assert (fill.intent_id, fill.strategy, fill.quantity) == (None, None, 3)


def test_the_same_order_id_of_another_client_is_another_order(desk: Desk):
    order = desk.send(submit())
    other = order_at_tws(submit("other/1"), order.order_id, client_id=9, status="Cancelled")
    assert desk.hear(messages.order_status(other)) == []
    assert desk.state() == "INTENDED"


def lost(desk: Desk) -> tuple[Desk, object]:
    """An order that was sent, and of which TWS knows nothing twice."""
    order = desk.send(submit())
    desk.lose()
    desk.pass_s(1)
    desk.connect()
    desk.answer_snapshot()
    assert desk.state() == "UNKNOWN"
    desk.pass_s(2)
    assert names(desk.answer_snapshot()) == ["OrderLost"]
    return desk, order


@pytest.mark.parametrize("status", ["Submitted", "PreSubmitted"])
def test_a_lost_order_that_appears_is_live_again(desk: Desk, status: str):
    desk, order = lost(desk)
    assert names(desk.opened(order, status=status)) == ["OrderAccepted"]
    assert desk.gateway.orders.intents["s-1/1"].remaining == 10


def test_a_lost_order_that_fills_is_counted(desk: Desk):
    desk, order = lost(desk)
    assert names(desk.fill(order, 10, "0001.01")) == ["OrderAccepted", "Fill", "OrderFilled"]


def test_a_lost_order_that_turns_out_cancelled_is_cancelled(desk: Desk):
    desk, order = lost(desk)
    order.status = "Cancelled"
    assert names(desk.hear(completed_order(157, ACCOUNT, order))) == [
        "OrderAccepted",
        "OrderCancelled",
    ]


# ---- UNKNOWN, and what resolves it ---------------------------------------------------------


def unknown(desk: Desk) -> object:
    """An order that was sent just before the connection broke; connected again."""
    order = desk.send(submit())
    assert desk.lose() == [
        OrderUnknown(T0, "s-1/1", "the connection to TWS was lost"),
        desk.journal[-1],
    ]
    desk.pass_s(1)
    desk.connect()
    return order


def test_an_unknown_order_is_resolved_by_the_open_orders(desk: Desk):
    order = unknown(desk)
    news = desk.answer_snapshot(open_order(157, ACCOUNT, order))
    assert names(news) == ["OrderAccepted", "ConnectionUp"]


def test_an_unknown_order_is_resolved_by_the_executions(desk: Desk):
    order = unknown(desk)
    one = execution_of(order, 10, "0001.01")
    news = desk.answer_snapshot(messages.execution(157, 1, ACCOUNT, one))
    assert names(news) == ["OrderAccepted", "Fill", "OrderFilled", "ConnectionUp"]


@pytest.mark.parametrize(
    ("status", "events"),
    [("Cancelled", ["OrderAccepted", "OrderCancelled"]), ("Inactive", ["OrderRejected"])],
)
def test_an_unknown_order_is_resolved_by_the_completed_orders(desk: Desk, status, events):
    order = unknown(desk)
    order.status = status
    news = desk.answer_snapshot(completed_order(157, ACCOUNT, order))
    assert names(news) == [*events, "ConnectionUp"]


def test_an_unknown_order_is_lost_only_after_a_snapshot_that_settled(desk: Desk):
    unknown(desk)
    assert names(desk.answer_snapshot()) == ["ConnectionUp"]
    assert desk.state() == "UNKNOWN"
    desk.pass_s(1.9)
    assert desk.flush() == []
    desk.pass_s(0.1)
    assert [fields[0] for fields in desk.flush()] == ["5", "7", "99"]
    assert desk.answer_snapshot() == [
        OrderLost(desk.now_ns, "s-1/1", "TWS knows no such order after all was asked")
    ]
    assert desk.placed() == ["1"]


def test_an_unknown_order_stays_unknown_while_tws_does_not_end_its_lists(desk: Desk):
    unknown(desk)
    desk.hear(messages.open_order_end(), messages.completed_orders_end())
    for _ in range(30):
        desk.pass_s(5)
        desk.hear(messages.open_order_end(), messages.completed_orders_end())
    assert desk.state() == "UNKNOWN"
    assert desk.gateway.readiness() == ("READY", "")


def test_an_order_that_waits_for_its_turn_is_not_lost(desk: Desk):
    desk.pass_s(10)
    desk.gateway.outbox._rate_max = 1  # all of this second's budget goes to another order
    desk.send(submit("first/1"))
    desk.submit(submit("s-1/1"))
    desk.gateway._begin_snapshot(desk.now_ns)
    desk.hear(messages.open_order_end(), messages.execution_end(1), messages.completed_orders_end())
    assert desk.tick() == []
    assert desk.state() == "INTENDED"


def test_an_order_sent_while_the_lists_were_told_is_not_lost(desk: Desk):
    desk.pass_s(10)
    desk.gateway._begin_snapshot(desk.now_ns)
    desk.send(submit())
    desk.now_ns += SECOND
    assert "OrderLost" not in names(desk.answer_snapshot())
