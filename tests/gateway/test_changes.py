"""Changes of live orders: once each at TWS, admission for what adds risk, the larger one counts."""

from decimal import Decimal

import pytest

from tapewire.common.events import (
    FlattenStarted,
    OrderAnswer,
    OrderFilled,
    OrderModified,
    OrderModifyIntended,
    OrderModifyRejected,
)
from tapewire.gateway.orders.intent import Intent
from tests.gateway.desk import (
    SECOND,
    T0,
    Desk,
    change,
    names,
    submit,
)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def remaining(desk: Desk) -> Decimal:
    return desk.gateway.orders.intents["s-1/1"].remaining


def rejected(desk: Desk) -> list[str]:
    return [e.reason for e in desk.journal if isinstance(e, OrderModifyRejected)]


# ---- its way ------------------------------------------------------------------------------------


def test_a_change_is_the_same_order_id_with_other_terms(desk: Desk):
    order = desk.rest()
    desk.written.clear()
    assert desk.modify(change(quantity=7, limit="149.5")) == OrderAnswer("s-2", accepted=True)
    assert desk.journal[-1] == OrderModifyIntended(T0, change(quantity=7, limit="149.5"))
    desk.flush()
    assert desk.placed() == [str(order.order_id)]
    assert {"s-1/1", "BUY", "7", "149.5"} <= set(desk.written[0])
    news = desk.opened(order, quantity=Decimal(7), limit=Decimal("149.5"))
    assert news == [OrderModified(T0, "s-1/1", "s-2", Decimal(7), Decimal("149.5"))]
    assert remaining(desk) == 7


def test_a_change_is_on_disk_before_its_bytes_go(desk: Desk):
    desk.rest()
    _, events = desk.gateway.modify(change(limit="149"), T0)
    assert names(events) == ["OrderModifyIntended"]
    assert len(desk.flush()) == 1


def test_a_repeated_change_is_answered_alike_and_never_sent_twice(desk: Desk):
    order = desk.rest()
    first = desk.modify(change(limit="149"))
    desk.flush()
    assert desk.modify(change(limit="149")) == first
    desk.opened(order, limit=Decimal(149))
    assert desk.modify(change(limit="149")) == first
    desk.flush()
    assert desk.placed() == ["1", "1"]


def test_a_refused_change_stays_refused_though_it_might_go_now(desk: Desk):
    desk.rest()
    desk.beat("HALTED")
    first = desk.modify(change(quantity=11, limit="150"))
    desk.beat("ACTIVE")
    assert desk.modify(change(quantity=11, limit="150")) == first
    assert not first.accepted
    assert Desk(desk.journal).modify(change(quantity=11, limit="150")) == first


def test_one_change_at_a_time(desk: Desk):
    desk.rest()
    desk.modify(change("s-2", limit="149"))
    answer = desk.modify(change("s-3", limit="148"))
    assert answer == OrderAnswer("s-3", False, "another change of the order is under way")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"intent_id": "x/1"}, "no order of this id"),
        ({"quantity": 4, "limit": "150"}, "quantity is 4, must be above the 4 filled"),
        ({"quantity": 9}, "a LMT order with limit_price None"),
        ({"limit": "151", "expires_ns": T0 - 1}, "it expired before it could be sent"),
        (
            {"quantity": 9, "limit": "150", "expires_ns": T0 - 1},
            "it expired before it could be sent",
        ),
    ],
)
def test_what_cannot_be_a_change_is_refused_and_says_why(desk: Desk, given: dict, says: str):
    order = desk.rest()
    desk.fill(order, 4, "0001.01")
    assert desk.modify(change(**given)) == OrderAnswer("s-2", False, says)
    assert desk.flush() == []


@pytest.mark.parametrize("state", ["INTENDED", "FILLED", "UNKNOWN"])
def test_only_an_order_that_tws_has_accepted_is_changed(desk: Desk, state: str):
    order = desk.send(submit(order_type="LMT", limit_price=Decimal(150)))
    if state == "FILLED":
        desk.fill(order, 10, "0001.01")
    elif state == "UNKNOWN":
        desk.lose()
        desk.connect()
        desk.answer_snapshot()
    desk.written.clear()
    answer = desk.modify(change(limit="149"))
    assert answer.reason == f"the order is {state}, must be ACCEPTED"
    assert desk.flush() == []


def test_an_order_that_this_tws_has_not_told_of_is_not_changed(desk: Desk):
    # To a TWS that does not have the order its change would be a second one.
    desk.rest()
    desk.lose()
    desk.connect()
    desk.answer_snapshot()
    assert "has not told" in desk.modify(change(limit="149")).reason


def test_what_tws_told_before_it_lost_its_server_is_worth_nothing(desk: Desk):
    desk.rest()
    desk.error(-1, 1100)
    desk.error(-1, 1102)
    desk.answer_snapshot()
    assert "has not told" in desk.modify(change(limit="149")).reason


# ---- admission ----------------------------------------------------------------------------------


@pytest.mark.parametrize("closed", ["halt", "lease", "flatten"])
@pytest.mark.parametrize("when", ["asked", "written"])
@pytest.mark.parametrize("terms", [(11, "150"), (10, "151"), (9, "151")])
def test_a_change_that_could_add_risk_needs_trading_and_a_lease(
    desk: Desk, closed: str, when: str, terms: tuple[int, str]
):
    desk.rest()
    if when == "written":
        assert desk.modify(change("s-2", *terms)).accepted
    if closed == "halt":
        desk.halt()
    elif closed == "lease":
        desk.now_ns += 4 * SECOND
    else:
        desk.gateway.on_risk(FlattenStarted(T0, "test"))
    if when == "asked":
        assert not desk.modify(change("s-2", *terms)).accepted
    assert desk.flush() == []
    assert len(rejected(desk)) == 1
    assert remaining(desk) == 10
    desk.beat()
    desk.gateway.gate.halted = desk.gateway.gate.flattening = False
    assert desk.modify(change("s-3", *terms)).accepted


@pytest.mark.parametrize("by", ["halt", "lease"])
def test_a_change_that_only_makes_an_order_smaller_needs_neither(desk: Desk, by: str):
    desk.rest()
    if by == "halt":
        desk.halt()
    else:
        desk.now_ns += 4 * SECOND
    assert desk.modify(change(quantity=9, limit="150")).accepted
    assert len(desk.flush()) == 1


def test_in_a_halt_an_order_that_reduces_may_grow_to_the_position_and_no_further(desk: Desk):
    desk.hold(10)
    desk.rest(6, "SELL")
    desk.halt()
    assert not desk.modify(change("s-2", 11, "150")).accepted
    assert desk.modify(change("s-3", 10, "150")).accepted


def test_a_change_counts_with_its_larger_quantity_for_what_reduces(desk: Desk):
    desk.hold(10)
    order = desk.rest(2, "SELL")
    desk.modify(change(quantity=8, limit="150"))
    desk.flush()
    desk.halt()
    assert not desk.submit(submit("b/1", "SELL", 3)).accepted
    desk.opened(order, quantity=Decimal(8))
    assert not desk.submit(submit("c/1", "SELL", 3)).accepted
    assert desk.submit(submit("d/1", "SELL", 2)).accepted


# ---- which terms hold ---------------------------------------------------------------------------


@pytest.mark.parametrize(("new", "counts"), [(15, 15), (5, 10)])
def test_the_larger_quantity_counts_until_tws_tells_the_new_one(desk: Desk, new: int, counts: int):
    order = desk.rest()
    desk.modify(change(quantity=new, limit="150"))
    assert remaining(desk) == counts
    desk.flush()
    assert desk.opened(order) == []  # older than the change
    assert remaining(desk) == counts
    desk.opened(order, quantity=Decimal(new))
    assert remaining(desk) == new


@pytest.mark.parametrize("code", [103, 104, 105, 110, 135, 321, 329])
def test_an_error_on_a_change_leaves_the_order_with_its_old_terms(desk: Desk, code: int):
    order = desk.rest()
    desk.modify(change(quantity=15, limit="150"))
    desk.flush()
    assert desk.error(order.order_id, code) == [
        OrderModifyRejected(T0, "s-1/1", "s-2", code, "text")
    ]
    assert (desk.state(), remaining(desk)) == ("ACCEPTED", 10)
    assert desk.error(order.order_id, code) == []


def test_a_warning_does_not_end_a_change(desk: Desk):
    order = desk.rest()
    desk.modify(change(quantity=15, limit="150"))
    desk.flush()
    assert desk.error(order.order_id, 399) == []
    assert remaining(desk) == 15


def test_an_error_before_its_bytes_went_is_not_the_changes(desk: Desk):
    order = desk.rest()
    desk.modify(change(quantity=15, limit="150"))
    assert desk.error(order.order_id, 104) == []


def test_the_old_quantity_does_not_fill_an_order_that_is_growing(desk: Desk):
    order = desk.rest()
    desk.modify(change(quantity=15, limit="150"))
    desk.flush()
    assert names(desk.fill(order, 10, "0001.01")) == ["Fill"]
    assert remaining(desk) == 5
    assert names(desk.opened(order, quantity=Decimal(15), filled=Decimal(10))) == ["OrderModified"]
    assert names(desk.fill(order, 5, "0002.01")) == ["Fill", "OrderFilled"]


def test_an_order_that_filled_before_its_change_came_is_filled(desk: Desk):
    order = desk.rest()
    desk.modify(change(quantity=15, limit="150"))
    desk.flush()
    desk.fill(order, 10, "0001.01")
    assert names(desk.error(order.order_id, 104)) == ["OrderModifyRejected", "OrderFilled"]


def test_an_order_that_shrank_to_what_was_filled_is_filled(desk: Desk):
    order = desk.rest()
    desk.modify(change(quantity=5, limit="150"))
    desk.flush()
    assert names(desk.fill(order, 5, "0001.01")) == ["Fill"]
    news = desk.opened(order, quantity=Decimal(5), filled=Decimal(5), status="Filled")
    assert news == [
        OrderModified(T0, "s-1/1", "s-2", Decimal(5), Decimal(150)),
        OrderFilled(T0, "s-1/1"),
    ]


def test_terms_that_nobody_here_asked_for_are_taken_at_tws_word(desk: Desk):
    order = desk.rest()
    news = desk.opened(order, quantity=Decimal(20))
    assert news == [OrderModified(T0, "s-1/1", "", Decimal(20), Decimal(150))]
    assert remaining(desk) == 20
    assert desk.opened(order) == []


def test_more_fills_than_a_quantity_are_no_room_for_others():
    intent = Intent(submit(quantity=5), 1)
    intent.filled = Decimal(8)
    assert intent.remaining == 0


def test_fills_beyond_a_smaller_quantity_do_not_count_as_room(desk: Desk):
    order = desk.rest()
    desk.fill(order, 8, "0001.01")
    desk.opened(order, quantity=Decimal(5), filled=Decimal(8))
    assert remaining(desk) == 0
