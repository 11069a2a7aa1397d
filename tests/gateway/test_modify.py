"""Modifies of live orders: once each at TWS, admission for what adds risk, the larger counts."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.accounting.executions import Executions
from tapewire.common.events import (
    OrderAnswer,
    OrderFilled,
    OrderModified,
    OrderModifyIntended,
    OrderModifyRejected,
)
from tapewire.gateway.orders.intent import Intent
from tests.gateway.tws_bench import (
    Bench,
    fill_of,
    modify_order,
    names,
    remaining,
    submit,
    terms_of,
)
from tests.gateway.tws_messages import ACCOUNT, T0


@pytest.fixture
def bench() -> Bench:
    return Bench()


# ---- its way ------------------------------------------------------------------------------------


def test_a_modify_is_the_same_order_id_with_other_terms(bench: Bench):
    order = bench.rest()
    bench.written.clear()
    assert bench.modify(modify_order(quantity=7, limit="149.5")) == OrderAnswer(
        "s-2", accepted=True
    )
    modify = modify_order(quantity=7, limit="149.5")
    assert bench.journal[-1] == OrderModifyIntended(T0, ACCOUNT, modify)
    bench.flush()
    assert bench.placed() == [str(order.order_id)]
    assert {"s-1/1", "BUY", "7", "149.5"} <= set(bench.written[0])
    news = bench.opened(order, quantity=Decimal(7), limit=Decimal("149.5"))
    assert news == [OrderModified(T0, ACCOUNT, "s-1/1", "s-2", terms_of("BUY", 7, "149.5"))]
    assert remaining(bench) == 7


def test_a_modify_is_on_disk_before_its_bytes_go(bench: Bench):
    bench.rest()
    _, events = bench.obey(modify_order(limit="149"))
    assert names(events) == ["OrderModifyIntended"]
    assert len(bench.flush()) == 1


def test_a_repeated_modify_is_answered_alike_and_never_sent_twice(bench: Bench):
    order = bench.rest()
    first = bench.modify(modify_order(limit="149"))
    bench.flush()
    assert bench.modify(modify_order(limit="149")) == first
    bench.opened(order, limit=Decimal(149))
    assert bench.modify(modify_order(limit="149")) == first
    bench.flush()
    assert bench.placed() == ["1", "1"]


def test_a_denied_modify_stays_refused_though_it_might_go_now(bench: Bench):
    bench.rest()
    bench.beat("HALTED")
    first = bench.modify(modify_order(quantity=11, limit="150"))
    bench.beat("ACTIVE")
    assert bench.modify(modify_order(quantity=11, limit="150")) == first
    assert not first.accepted
    assert Bench(bench.journal).modify(modify_order(quantity=11, limit="150")) == first


def test_one_modify_at_a_time(bench: Bench):
    bench.rest()
    bench.modify(modify_order("s-2", limit="149"))
    answer = bench.modify(modify_order("s-3", limit="148"))
    assert answer == OrderAnswer("s-3", False, "another modify of the order is under way")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"intent_id": "x/1"}, "no order with this id"),
        ({"quantity": 4, "limit": "150"}, "quantity is 4; it must be above the 4 filled"),
        ({"quantity": 9}, "a LMT order has no limit price; it needs one"),
        ({"limit": "151", "expires_ns": T0 - 1}, "it expired before it could be sent"),
        (
            {"quantity": 9, "limit": "150", "expires_ns": T0 - 1},
            "it expired before it could be sent",
        ),
    ],
)
def test_what_cannot_be_a_modify_is_denied_and_says_why(bench: Bench, given: dict, says: str):
    order = bench.rest()
    bench.fill(order, 4, "0001.01")
    assert bench.modify(modify_order(**given)) == OrderAnswer("s-2", False, says)
    assert bench.flush() == []


def test_a_modify_that_was_taken_stays_taken_though_tws_rejects_it(bench: Bench):
    order = bench.rest()
    first = bench.modify(modify_order(limit=149))
    bench.flush()
    bench.error(order.order_id, 104)
    assert bench.modify(modify_order(limit=149)) == first == OrderAnswer("s-2", accepted=True)
    assert bench.flush() == []


@pytest.mark.parametrize(
    "other",
    [
        {"side": "SELL"},
        {"type": "STP", "limit": None, "stop": Decimal(149)},
        {"time_in_force": "GTC"},
        {"outside_hours": True},
        {"group": "g"},
        {"time_in_force": "GTD", "good_till_ns": T0},
    ],
    ids=str,
)
def test_only_quantity_and_prices_can_change(bench: Bench, other: dict):
    bench.rest()
    terms = replace(terms_of("BUY", 9, 149), **other)
    answer = bench.modify(modify_order(terms=terms))
    assert answer.reason == "only the quantity and the prices of an order can change"
    assert bench.flush() == []


@pytest.mark.parametrize("state", ["INTENDED", "FILLED", "UNKNOWN"])
def test_only_an_order_that_tws_has_accepted_is_changed(bench: Bench, state: str):
    order = bench.send(submit(limit=150))
    if state == "FILLED":
        bench.fill(order, 10, "0001.01")
    elif state == "UNKNOWN":
        bench.lose()
        bench.connect()
        bench.answer_snapshot()
    bench.written.clear()
    answer = bench.modify(modify_order(limit="149"))
    assert answer.reason == f"the order is {state}; it must be ACCEPTED"
    assert bench.flush() == []


def test_an_order_that_this_tws_has_not_told_of_is_not_changed(bench: Bench):
    # To a TWS that does not have the order its change would be a second one.
    bench.rest()
    bench.lose()
    bench.connect()
    bench.answer_snapshot()
    assert "has not reported" in bench.modify(modify_order(limit="149")).reason


def test_what_tws_told_before_it_lost_its_server_is_worth_nothing(bench: Bench):
    bench.rest()
    bench.error(-1, 1100)
    bench.error(-1, 1102)
    bench.answer_snapshot()
    assert "has not reported" in bench.modify(modify_order(limit="149")).reason


def test_an_order_whose_symbol_is_not_configured_any_more_is_not_modified(bench: Bench):
    bench.rest()
    del bench.broker.contracts.instruments["AAPL"]
    for terms in (terms_of("BUY", 9, 150), terms_of("BUY", 9, 151)):
        answer = bench.modify(modify_order(str(terms), terms=terms))
        assert answer.reason.startswith("symbol AAPL is not configured")
    assert bench.cancel()[0].accepted


# ---- which terms hold ---------------------------------------------------------------------------


@pytest.mark.parametrize(("new", "counts"), [(15, 15), (5, 10)])
def test_the_larger_quantity_counts_until_tws_tells_the_new_one(
    bench: Bench, new: int, counts: int
):
    order = bench.rest()
    bench.modify(modify_order(quantity=new, limit="150"))
    assert remaining(bench) == counts
    bench.flush()
    assert bench.opened(order) == []  # older than the change
    assert remaining(bench) == counts
    bench.opened(order, quantity=Decimal(new))
    assert remaining(bench) == new


@pytest.mark.parametrize("code", [103, 104, 105, 110, 135, 321, 329])
def test_an_error_on_a_modify_leaves_the_order_with_its_old_terms(bench: Bench, code: int):
    order = bench.rest()
    bench.modify(modify_order(quantity=15, limit="150"))
    bench.flush()
    assert bench.error(order.order_id, code) == [
        OrderModifyRejected(T0, ACCOUNT, "s-1/1", "s-2", code, "text")
    ]
    assert (bench.state(), remaining(bench)) == ("ACCEPTED", 10)
    assert bench.error(order.order_id, code) == []


def test_a_warning_does_not_end_a_change(bench: Bench):
    order = bench.rest()
    bench.modify(modify_order(quantity=15, limit="150"))
    bench.flush()
    assert bench.error(order.order_id, 399) == []
    assert remaining(bench) == 15


def test_an_error_before_its_bytes_went_is_not_the_changes(bench: Bench):
    order = bench.rest()
    bench.modify(modify_order(quantity=15, limit="150"))
    assert bench.error(order.order_id, 104) == []


def test_the_old_quantity_does_not_fill_an_order_that_is_growing(bench: Bench):
    order = bench.rest()
    bench.modify(modify_order(quantity=15, limit="150"))
    bench.flush()
    assert names(bench.fill(order, 10, "0001.01")) == ["Fill"]
    assert remaining(bench) == 5
    assert names(bench.opened(order, quantity=Decimal(15), filled=Decimal(10))) == ["OrderModified"]
    assert names(bench.fill(order, 5, "0002.01")) == ["Fill", "OrderFilled"]


def test_an_order_that_filled_before_its_modify_came_is_filled(bench: Bench):
    order = bench.rest()
    bench.modify(modify_order(quantity=15, limit="150"))
    bench.flush()
    bench.fill(order, 10, "0001.01")
    assert names(bench.error(order.order_id, 104)) == ["OrderModifyRejected", "OrderFilled"]


def test_an_order_that_shrank_to_what_was_filled_is_filled(bench: Bench):
    order = bench.rest()
    bench.modify(modify_order(quantity=5, limit="150"))
    bench.flush()
    assert names(bench.fill(order, 5, "0001.01")) == ["Fill"]
    news = bench.opened(order, quantity=Decimal(5), filled=Decimal(5), status="Filled")
    assert news == [
        OrderModified(T0, ACCOUNT, "s-1/1", "s-2", terms_of("BUY", 5, 150)),
        OrderFilled(T0, ACCOUNT, "s-1/1"),
    ]


def test_terms_that_nobody_here_asked_for_are_taken_at_tws_word(bench: Bench):
    order = bench.rest()
    news = bench.opened(order, quantity=Decimal(20))
    assert news == [OrderModified(T0, ACCOUNT, "s-1/1", "", terms_of("BUY", 20, 150))]
    assert remaining(bench) == 20
    assert bench.opened(order) == []


def test_more_fills_than_a_quantity_are_no_room_for_others():
    executions = Executions()
    executions.count(fill_of("s-1/1", 8))
    intent = Intent(submit(quantity=5), executions)
    assert (intent.live, intent.filled, intent.remaining) == (True, 8, 0)


def test_fills_beyond_a_smaller_quantity_do_not_count_as_room(bench: Bench):
    order = bench.rest()
    bench.fill(order, 8, "0001.01")
    bench.opened(order, quantity=Decimal(5), filled=Decimal(8))
    assert remaining(bench) == 0
