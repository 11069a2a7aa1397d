"""Orders: every life that TWS gives an order, told by TWS's own messages."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.clock import Now
from tapewire.common.events import (
    TEXT_MAX,
    Commission,
    Fill,
    OrderAccepted,
    OrderCancelled,
    OrderCancelRejected,
    OrderConflict,
    OrderFilled,
    OrderLost,
    OrderRejected,
)
from tapewire.gateway.broker import ExecutionReport
from tapewire.simulator.protocol import messages
from tests.gateway.tws_bench import OTHER_ACCOUNT, Bench, kinds, modify_order, names, submit
from tests.gateway.tws_messages import (
    ACCOUNT,
    T0,
    completed_order_of,
    execution_of,
    open_order_of,
    order_at_tws,
)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_fill_as_tws_tells_it(bench: Bench):
    order = bench.send(submit())
    assert bench.opened(order, status="PreSubmitted") == [
        OrderAccepted(T0, ACCOUNT, "s-1/1", "1", str(order.perm_id), T0)
    ]
    (fill, filled) = bench.fill(order, 10, "0001.01")
    assert isinstance(fill, Fill)
    assert (fill.intent_id, fill.strategy, fill.symbol) == ("s-1/1", "s", "AAPL")
    assert (fill.side, fill.quantity, fill.price) == ("BUY", Decimal(10), Decimal("150.25"))
    assert filled == OrderFilled(T0, ACCOUNT, "s-1/1")
    assert bench.opened(order, status="Filled", filled=Decimal(10)) == []
    one = execution_of(order, 10, "0001.01")
    assert bench.receive(messages.commission_report(one, None)) == [
        Commission(T0, ACCOUNT, "0001.01", Decimal(1), "USD")
    ]
    assert bench.state() == "FILLED"


@pytest.mark.parametrize(
    "changed", [{"account": OTHER_ACCOUNT}, {"symbol": "ESZ6"}, {"side": "SELL"}]
)
def test_an_execution_that_contradicts_its_order_is_a_conflict_and_counts_in_the_account_alone(
    changed: dict[str, str],
):
    bench = Bench(accounts=(ACCOUNT, OTHER_ACCOUNT))
    bench.opened(bench.send(submit()))
    report = ExecutionReport(
        account=ACCOUNT, exec_id="0001.01", reference="s-1/1", permanent_id="7001", symbol="AAPL",
        side="BUY", quantity=Decimal(10), price=Decimal(150), client_id="1", order_id="1",
    )  # fmt: skip
    conflict, fill = bench.gateway.on_report(replace(report, **changed), Now(T0, 0))
    assert isinstance(conflict, OrderConflict)
    assert (conflict.account, conflict.symbol) == (fill.account, fill.symbol)
    assert (fill.intent_id, fill.quantity) == (None, 10)
    assert (bench.state(), bench.intent().remaining) == ("ACCEPTED", 10)


def test_duplicates_of_every_message_change_nothing(bench: Bench):
    order = bench.send(submit())
    bench.opened(order)
    bench.fill(order, 4, "0001.01")
    one = execution_of(order, 4, "0001.01")
    bench.receive(messages.commission_report(one, None))
    before = list(bench.journal)
    bench.opened(order)
    bench.fill(order, 4, "0001.01")
    bench.receive(messages.commission_report(one, None))
    assert bench.journal == before
    assert bench.intent().remaining == 6


def test_an_order_that_fills_at_once_without_a_status_is_filled_by_its_executions(bench: Bench):
    order = bench.send(submit())
    assert names(bench.fill(order, 4, "0001.01")) == ["OrderAccepted", "Fill"]
    assert names(bench.fill(order, 6, "0002.01")) == ["Fill", "OrderFilled"]


def test_a_status_alone_does_not_fill_an_order(bench: Bench):
    order = bench.send(submit())
    assert names(bench.opened(order, status="Filled", filled=Decimal(10))) == ["OrderAccepted"]
    assert bench.state() == "ACCEPTED"


def test_a_status_of_more_than_the_executions_show_asks_for_them(bench: Bench):
    order = bench.send(submit())
    bench.opened(order, status="Filled", filled=Decimal(10))
    bench.pass_s(0.9)
    assert bench.flush() == []
    bench.pass_s(0.1)
    assert kinds(bench.flush()) == ["16", "7", "99"]


def test_rejected_is_error_201_then_inactive(bench: Bench):
    order = bench.send(submit())
    assert bench.error(order.order_id, 201, "Order rejected - reason:no") == [
        OrderRejected(T0, ACCOUNT, "s-1/1", 201, "Order rejected - reason:no")
    ]
    assert bench.opened(order, status="Inactive") == []
    assert bench.state() == "REJECTED"


def test_inactive_without_an_error_is_a_rejection(bench: Bench):
    order = bench.send(submit())
    assert names(bench.opened(order, status="Inactive")) == ["OrderRejected"]


def test_inactive_for_a_locate_is_not_final(bench: Bench):
    order = bench.send(submit())
    order.status = "Inactive"
    held = messages.order_status(order)
    held[10] = "locate"
    assert names(bench.receive(open_order_of(order), held)) == ["OrderAccepted"]
    assert bench.intent().remaining == 10
    assert names(bench.fill(order, 10, "0001.01")) == ["Fill", "OrderFilled"]


@pytest.mark.parametrize("code", [200, 103, 110, 201, 203, 321])
def test_an_error_on_an_order_that_was_not_accepted_is_a_rejection(bench: Bench, code: int):
    order = bench.send(submit())
    assert names(bench.error(order.order_id, code)) == ["OrderRejected"]


@pytest.mark.parametrize("code", [399, 404, 2109, 10349])
@pytest.mark.parametrize("accepted", [False, True])
def test_a_warning_leaves_the_order_alive(bench: Bench, code: int, accepted: bool):
    order = bench.send(submit())
    if accepted:
        bench.opened(order)
    assert bench.error(order.order_id, code) == []
    assert bench.intent().remaining == 10


@pytest.mark.parametrize("code", [104, 105, 135])
def test_a_refused_change_that_nobody_here_knows_leaves_the_order_alive(bench: Bench, code: int):
    order = bench.send(submit())
    bench.opened(order)
    assert bench.error(order.order_id, code) == []
    assert bench.state() == "ACCEPTED"


@pytest.mark.parametrize("code", [161, 10147, 10148])
def test_a_refused_cancel_is_told_and_leaves_the_order_alive(bench: Bench, code: int):
    order = bench.send(submit())
    bench.opened(order)
    assert bench.error(order.order_id, code) == [
        OrderCancelRejected(T0, ACCOUNT, "s-1/1", code, "text")
    ]
    assert bench.state() == "ACCEPTED"


@pytest.mark.parametrize("code", [161, 10147, 10148])
def test_after_a_refused_cancel_the_broker_is_asked_what_it_knows(bench: Bench, code: int):
    order = bench.rest()
    bench.error(order.order_id, code)
    bench.tick()
    assert kinds(bench.flush()) == ["16", "7", "99"]


@pytest.mark.parametrize("state", ["INTENDED", "ACCEPTED", "UNKNOWN"])
def test_a_code_that_is_not_listed_ends_nothing_is_told_and_is_asked_about(
    bench: Bench, state: str
):
    order = bench.send(submit(limit="150"))
    if state == "ACCEPTED":
        bench.opened(order)
    if state == "UNKNOWN":
        bench.lose()
        bench.connect()
        bench.answer_snapshot()
    assert bench.error(order.order_id, 10311, "routed directly") == []
    assert (bench.state(), bench.intent().remaining) == (state, 10)
    ((text, _),) = bench.gateway.complaints
    assert "error 10311 on order 1 (s-1/1, " in text
    assert "routed directly" in text
    bench.tick()
    assert kinds(bench.flush()) == ["16", "7", "99"]


def test_a_code_that_is_not_listed_does_not_end_a_modify(bench: Bench):
    order = bench.rest()
    bench.modify(modify_order(limit=149))
    bench.flush()
    assert bench.error(order.order_id, 10311) == []
    assert bench.intent().modify is not None


def test_cancelled_is_told_once_though_tws_says_it_twice(bench: Bench):
    order = bench.send(submit())
    bench.opened(order)
    assert names(bench.opened(order, status="Cancelled")) == ["OrderCancelled"]
    assert bench.error(order.order_id, 202, "Order Canceled - reason:") == []


def test_error_202_alone_is_a_cancel(bench: Bench):
    order = bench.send(submit())
    bench.opened(order)
    assert bench.error(order.order_id, 202, "why") == [OrderCancelled(T0, ACCOUNT, "s-1/1", "why")]


def test_a_cancelled_order_that_fills_is_counted(bench: Bench):
    order = bench.send(submit())
    bench.opened(order)
    bench.opened(order, status="Cancelled")
    assert names(bench.fill(order, 4, "0001.01")) == ["Fill"]
    assert bench.state() == "CANCELLED"
    assert names(bench.fill(order, 6, "0002.01")) == ["Fill", "OrderFilled"]


@pytest.mark.parametrize("end", ["Cancelled", "rejected"])
def test_an_order_that_was_given_up_and_works_after_all_is_live_again(bench: Bench, end: str):
    order = bench.send(submit())
    if end == "rejected":
        bench.error(order.order_id, 321, "a code that turns out to be a warning")
    else:
        bench.opened(order)
        bench.opened(order, status=end)
    assert bench.intent().remaining == 0
    assert names(bench.opened(order, status="Submitted")) == ["OrderAccepted"]
    assert bench.intent().remaining == 10


def test_a_filled_order_is_not_brought_back_by_a_late_status(bench: Bench):
    order = bench.send(submit())
    bench.fill(order, 10, "0001.01")
    assert bench.opened(order, status="Submitted") == []
    assert bench.opened(order, status="Cancelled") == []
    assert bench.state() == "FILLED"


def test_a_corrected_execution_takes_the_place_of_the_first(bench: Bench):
    order = bench.send(submit())
    bench.fill(order, 5, "0001.01")
    assert names(bench.fill(order, 4, "0001.02")) == ["Fill"]
    assert bench.intent().filled == 4
    assert bench.fill(order, 5, "0001.01") == []
    assert bench.gateway.holdings.filled[ACCOUNT, "AAPL"] == 4


def test_a_busted_execution_takes_back_what_it_filled_and_a_person_is_told(bench: Bench):
    order = bench.send(submit())
    bench.fill(order, 10, "0001.01")
    bench.gateway.complaints.clear()
    assert names(bench.fill(order, 0, "0001.02")) == ["Fill"]
    assert (bench.state(), bench.intent().filled) == ("FILLED", 0)
    assert bench.intent().average_price is None
    (told,) = [text for text, _ in bench.gateway.complaints]
    assert "of 10, which was FILLED, 0 are left" in told
    assert bench.fill(order, 10, "0001.01") == []


def test_a_correction_that_makes_the_order_whole_fills_it(bench: Bench):
    order = bench.send(submit())
    bench.fill(order, 5, "0001.01")
    assert names(bench.fill(order, 10, "0001.02")) == ["Fill", "OrderFilled"]
    assert bench.fill(order, 10, "0001.02") == []


def test_the_tenth_correction_is_later_than_the_ninth(bench: Bench):
    order = bench.send(submit())
    bench.fill(order, 5, "0001.9")
    assert names(bench.fill(order, 4, "0001.10")) == ["Fill"]
    assert bench.fill(order, 5, "0001.9") == []
    assert bench.intent().filled == 4


def test_a_filled_order_that_is_corrected_downwards_stays_filled_and_a_person_is_told(bench: Bench):
    order = bench.rest()
    bench.fill(order, 10, "0001.01")
    bench.flush()
    assert names(bench.fill(order, 7, "0001.02")) == ["Fill"]
    assert (bench.state(), bench.intent().filled) == ("FILLED", 7)
    ((told, _payload),) = bench.gateway.complaints
    assert told.startswith("execution 0001.01 of s-1/1 was corrected: of 10")
    bench.tick()
    assert kinds(bench.flush()) == ["61"]


def test_a_correction_of_another_order_or_upwards_needs_no_look_at_positions(bench: Bench):
    bench.fill(bench.send(submit()), 10, "0001.01")
    part = bench.send(submit("s-2/1"))
    bench.fill(part, 5, "0002.01")
    bench.flush()
    bench.fill(part, 4, "0002.02")
    assert bench.gateway.complaints == []
    assert bench.flush() == []


def test_what_is_long_is_cut_to_what_a_journal_takes(bench: Bench):
    order = bench.rest()
    bench.modify(modify_order(limit=149))
    bench.flush()
    long = "x" * 2000
    events = bench.error(order.order_id, 104, long) + bench.error(order.order_id, 161, long)
    events += bench.error(order.order_id, 201, long)
    assert names(events) == ["OrderModifyRejected", "OrderCancelRejected", "OrderRejected"]
    assert [len(event.reason) for event in events] == [TEXT_MAX] * 3


def test_the_terms_of_an_order_that_is_over_are_no_news(bench: Bench):
    order = bench.rest()
    bench.opened(order, status="Cancelled")
    assert bench.opened(order, quantity=Decimal(20)) == []


def test_an_order_that_was_entered_by_hand_is_a_fill_of_nobody(bench: Bench):
    hand = order_at_tws(submit("s-1/1"), 0, client_id=0)
    hand.order_ref = ""
    news = bench.receive(open_order_of(hand), messages.order_status(hand))
    assert names(news) == ["ForeignOrderReported"]
    (fill,) = bench.fill(hand, 3, "0009.01")
    assert (fill.intent_id, fill.strategy, fill.quantity) == (None, None, 3)


def test_the_same_order_id_of_another_client_is_another_order(bench: Bench):
    order = bench.send(submit())
    other = order_at_tws(submit("other/1"), order.order_id, client_id=9, status="Cancelled")
    assert bench.receive(messages.order_status(other)) == []
    assert bench.state() == "INTENDED"


def test_an_order_with_another_reference_under_the_same_id_is_another_order(bench: Bench):
    """As after the loss of a journal: TWS knows our client's order, and it is not this one."""
    order = bench.send(submit())
    for reference in ("before/1", ""):
        order.order_ref = reference
        bench.receive(open_order_of(order), messages.order_status(order))
    assert bench.state() == "INTENDED"


def lost(bench: Bench) -> tuple[Bench, object]:
    """An order that was sent, and of which TWS knows nothing for more than a minute."""
    order = bench.send(submit())
    bench.lose()
    bench.pass_s(1)
    bench.connect()
    bench.answer_snapshot()
    assert bench.state() == "UNKNOWN"
    assert names(bench.wait_s(70)) == ["OrderLost"]
    return bench, order


@pytest.mark.parametrize("status", ["Submitted", "PreSubmitted"])
def test_a_lost_order_that_appears_is_live_again(bench: Bench, status: str):
    bench, order = lost(bench)
    assert names(bench.opened(order, status=status)) == ["OrderAccepted"]
    assert bench.intent().remaining == 10


def test_a_lost_order_that_fills_is_counted(bench: Bench):
    bench, order = lost(bench)
    assert names(bench.fill(order, 10, "0001.01")) == ["OrderAccepted", "Fill", "OrderFilled"]


def test_a_lost_order_whose_permanent_id_is_known_and_that_turns_out_cancelled_is_cancelled(
    bench: Bench,
):
    bench, order = lost(bench)
    bench.opened(order)
    bench.gateway.apply(OrderLost(T0, ACCOUNT, "s-1/1", "test"))
    order.status = "Cancelled"
    assert names(bench.receive(completed_order_of(order))) == ["OrderAccepted", "OrderCancelled"]


def test_a_lost_order_that_was_never_named_for_good_is_not_settled_by_a_completed_one(
    bench: Bench,
):
    bench, order = lost(bench)
    order.status = "Cancelled"
    assert bench.receive(completed_order_of(order)) == []
