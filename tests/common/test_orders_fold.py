"""The one fold of order events: what is filled, what could still fill, and what a modify may do."""

from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tapewire.common.accounting.orders import Order, Orders
from tapewire.common.events import (
    Event,
    Fill,
    ModifyOrder,
    OrderAccepted,
    OrderCancelled,
    OrderCreated,
    OrderDenied,
    OrderFilled,
    OrderIntended,
    OrderLost,
    OrderModified,
    OrderModifyIntended,
    OrderModifyPending,
    OrderModifyRejected,
    OrderRejected,
    OrderStateChanged,
    OrderTerms,
    OrderTermsChanged,
    OrderUnknown,
    SubmitOrder,
)

D = Decimal
ORDER = SubmitOrder("a", 1, "DU1", "s", "AAPL", OrderTerms("BUY", D(10), "LMT", D(150)), 9)
INTENDED = OrderIntended(3, "7", ORDER)
ABOUT = (1, "DU1", "a")
ACCEPTED = OrderAccepted(*ABOUT, "7", "900", 5)
MODIFIES = [OrderModifyIntended, OrderModifyPending]


def fill(exec_id: str = "e.01", quantity: int = 4, price: int = 100, **more: object) -> Fill:
    given = {"intent_id": "a", "strategy": "s", **more}
    return Fill(1, "DU1", exec_id, "900", "AAPL", "BUY", D(quantity), D(price), **given)


def terms(quantity: int = 10, limit: int = 150) -> OrderTerms:
    return OrderTerms("BUY", D(quantity), "LMT", D(limit))


def modify(quantity: int = 15, modify_id: str = "m", kind: type[Event] = OrderModifyIntended):
    wanted = ModifyOrder(modify_id, 1, "a", terms(quantity), 9)
    if kind is OrderModifyPending:
        return OrderModifyPending(1, "DU1", modify_id, "s", wanted)
    return OrderModifyIntended(1, "DU1", wanted)


def folded(*events: Event) -> Orders[Order]:
    orders = Orders(Order)
    for event in events:
        orders.apply(event)
    return orders


def order(*events: Event) -> Order:
    """The order after these events, which follow its intent."""
    return folded(INTENDED, *events)["a"]


# ---- states -------------------------------------------------------------------------------------


def test_an_order_begins_with_the_executors_word_or_the_gateways():
    created = folded(OrderCreated(1, "s-1", ORDER))["a"]
    assert (created.state, created.order_id) == ("CREATED", "")
    intended = folded(OrderCreated(1, "s-1", ORDER), INTENDED)["a"]
    assert (intended.state, intended.order_id) == ("INTENDED", "7")
    assert folded(INTENDED)["a"].state == "INTENDED"


def test_an_order_that_is_intended_again_is_the_same_order():
    orders = folded(INTENDED, ACCEPTED, fill(), INTENDED, OrderCreated(1, "s-1", ORDER))
    assert (orders["a"].state, orders["a"].filled) == ("ACCEPTED", 4)
    assert +orders.states == {"ACCEPTED": 1}


def test_the_brokers_names_are_kept_and_an_empty_one_replaces_none():
    one = order(ACCEPTED, OrderAccepted(*ABOUT, "", "", None))
    assert (one.order_id, one.permanent_id, one.sent_ns) == ("7", "900", 5)


def test_the_reason_is_that_of_the_last_step():
    one = order(OrderUnknown(*ABOUT, "cut off"))
    assert (one.state, one.reason) == ("UNKNOWN", "cut off")
    one = order(ACCEPTED, OrderCancelled(*ABOUT, "by hand"), OrderRejected(*ABOUT, 201, "no"))
    assert (one.state, one.reason) == ("CANCELLED", "by hand")
    assert order(OrderDenied(1, "DU1", "s", "gateway", "halted", "a")).reason == "halted"


def test_the_executors_account_of_an_order_is_taken_as_it_is():
    one = order(OrderStateChanged(*ABOUT, "s", "LOST", D(0), "gone"))
    assert (one.state, one.reason, one.live) == ("LOST", "gone", False)


@pytest.mark.parametrize(
    "end",
    [OrderLost(*ABOUT, "x"), OrderCancelled(*ABOUT), OrderRejected(*ABOUT, 201, "x")],
    ids=lambda e: type(e).__name__,
)
def test_what_was_given_up_is_revived_with_what_is_left_of_it(end: Event):
    orders = folded(INTENDED, OrderUnknown(*ABOUT, "x"), fill(), end)
    assert (orders["a"].remaining, orders.live()) == (0, [])
    orders.apply(ACCEPTED)
    assert (orders["a"].state, orders["a"].remaining, orders.live()) == (
        "ACCEPTED", 6, [orders["a"]],
    )  # fmt: skip


def test_unknown_works_in_full_until_it_is_settled():
    orders = folded(INTENDED, OrderUnknown(*ABOUT, "x"))
    assert orders.working("DU1", "AAPL") == (10, 0)
    orders.apply(OrderLost(*ABOUT, "x"))
    assert orders.working("DU1", "AAPL") == (0, 0)
    assert +orders.states == {"LOST": 1}


def test_events_of_other_orders_and_of_none_are_passed_over():
    orders = folded(INTENDED)
    for event in (
        OrderCancelled(1, "DU1", "b"), OrderModified(1, "DU1", "b", "m", terms(5)),
        OrderModifyRejected(1, "DU1", "b", "m", 1, ""), OrderAccepted(1, "DU1", "b", "1", "1"),
        OrderDenied(1, "DU1", "s", "executor", "x", signal_id="s-9"),
        OrderStateChanged(1, "DU1", "b", "s", "FILLED", D(1)),
        OrderModifyIntended(1, "DU1", ModifyOrder("m", 1, "b", terms(5), 9)),
        fill(intent_id="b"), fill("e9", intent_id=None),
    ):  # fmt: skip
        assert orders.apply(event) is None
    assert orders.snapshot() == folded(INTENDED).snapshot()
    assert ("a" in orders, "b" in orders, orders.get(None), orders.get("b")) == (
        True, False, None, None,
    )  # fmt: skip


# ---- executions ---------------------------------------------------------------------------------


def test_a_fill_that_arrives_before_its_order_is_counted_to_it():
    orders = folded(fill(), INTENDED)
    assert (orders["a"].filled, orders["a"].remaining) == (4, 6)


def test_an_execution_counts_once_in_its_newest_version():
    one = order(fill("e.01", 4), fill("e.01", 4), fill("e.02", 3), fill("e.01", 4))
    assert (one.filled, one.remaining) == (3, 7)


def test_a_correction_of_a_filled_order_changes_what_it_was_filled_with_and_not_its_state():
    one = order(ACCEPTED, fill("e.01", 10), OrderFilled(*ABOUT), fill("e.02", 9))
    assert (one.state, one.filled, one.remaining) == ("FILLED", 9, 0)


@pytest.mark.parametrize(
    "elsewhere",
    [{"permanent_id": "901"}, {"account": "DU2"}, {"symbol": "ESZ6"}, {"side": "SELL"}],
    ids=lambda elsewhere: next(iter(elsewhere)),
)
def test_a_correction_that_is_of_no_order_any_more_is_taken_from_the_one_that_had_it(
    elsewhere: dict[str, str],
):
    moved = replace(fill("e.02", 4, intent_id=None), **elsewhere)
    for events in permutations((fill("e.01", 4), moved)):
        orders = folded(INTENDED, ACCEPTED, *events)
        assert (orders["a"].filled, orders["a"].remaining) == (0, 10)
        assert orders.working("DU1", "AAPL") == (10, 0)
        assert orders.of_execution("e.01") is None


def test_a_correction_of_an_order_without_a_permanent_id_does_not_stay_with_it():
    nameless = [replace(fill("e.01"), permanent_id="")]
    nameless.append(replace(nameless[0], exec_id="e.02", intent_id=None))
    for events in permutations(nameless):
        assert folded(INTENDED, *events)["a"].filled == 0


def test_a_correction_that_another_gateway_reports_stays_with_its_order():
    orders = folded(INTENDED, ACCEPTED, fill("e.01", 4), fill("e.02", 3, intent_id=None))
    assert (orders["a"].filled, orders["a"].remaining) == (3, 7)
    assert orders.working("DU1", "AAPL") == (7, 0)
    assert orders.of_execution("e.02") is orders["a"]


def test_reports_of_two_gateways_give_one_state_in_whatever_order_they_are_read():
    newest = fill("e.03", 2)
    reports = [
        fill("e.01", 4), fill("e.01", 4, intent_id=None), fill("e.02", 3, intent_id=None),
        replace(newest, ts_ns=2, intent_id=None),
    ]  # fmt: skip
    for events in permutations(reports):
        orders = folded(INTENDED, ACCEPTED, *events)
        assert (orders["a"].filled, orders.working("DU1", "AAPL")) == (2, (8, 0)), events
    for events in permutations([*reports, newest]):
        orders = folded(INTENDED, ACCEPTED, *events)
        assert dict(orders["a"].executions) == {"e": newest}, events
        assert (orders["a"].filled, orders.working("DU1", "AAPL")) == (2, (8, 0)), events


def test_the_same_execution_without_its_order_takes_nothing_away():
    orders = folded(INTENDED, fill("e.01", 4), fill("e.01", 4, intent_id=None))
    assert orders["a"].filled == 4


def test_a_correction_may_move_an_execution_to_another_order():
    other = replace(ORDER, intent_id="b")
    orders = folded(INTENDED, OrderIntended(3, "8", other), fill("e.01", 4))
    orders.apply(fill("e.02", 3, intent_id="b"))
    assert (orders["a"].filled, orders["b"].filled) == (0, 3)
    assert orders.working("DU1", "AAPL") == (17, 0)
    orders.apply(fill("e.01", 4))
    assert (orders["a"].filled, orders["b"].filled) == (0, 3)


def test_more_than_the_whole_quantity_leaves_nothing_and_not_less():
    assert order(ACCEPTED, fill("e.01", 12)).remaining == 0


def test_the_average_price_is_that_of_what_was_executed():
    assert order().average_price is None
    assert order(fill("e.01", 4, 100), fill("f.01", 2, 103)).average_price == 101


# ---- modifies -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MODIFIES)
@pytest.mark.parametrize(("quantity", "worst"), [(15, 15), (5, 10), (10, 10)])
def test_the_larger_quantity_counts_while_a_modify_is_under_way(
    kind: type[Event], quantity: int, worst: int
):
    one = order(ACCEPTED, fill(), modify(quantity, kind=kind))
    assert (one.worst_case_quantity, one.remaining, one.terms.quantity) == (worst, worst - 4, 10)


@pytest.mark.parametrize("kind", MODIFIES)
@pytest.mark.parametrize(
    "end",
    [
        OrderModifyRejected(*ABOUT, "m", 104, "no"),
        OrderDenied(1, "DU1", "s", "gateway", "no", "a", "m"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_a_modify_that_is_rejected_or_denied_leaves_the_order_as_it_was(
    kind: type[Event], end: Event
):
    one = order(ACCEPTED, modify(kind=kind), end)
    assert (one.state, one.modify, one.worst_case_quantity) == ("ACCEPTED", None, 10)


@pytest.mark.parametrize(
    "end",
    [
        OrderModified(*ABOUT, "m", terms(15, 151)),
        OrderTermsChanged(*ABOUT, "s", terms(15, 151), "m"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_a_modify_ends_with_the_terms_that_the_broker_reports(end: Event):
    one = order(ACCEPTED, modify(), end)
    assert (one.terms, one.modify, one.worst_case_quantity) == (terms(15, 151), None, 15)


@pytest.mark.parametrize(
    "other",
    [
        OrderModified(*ABOUT, "", terms(12)),
        OrderTermsChanged(*ABOUT, "s", terms(12)),
        OrderModifyRejected(*ABOUT, "older", 104, "no"),
        OrderDenied(1, "DU1", "s", "gateway", "no", "a", "a cancel"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_what_is_not_about_the_modify_does_not_end_it(other: Event):
    one = order(ACCEPTED, modify(), other)
    assert one.modify is not None
    assert (one.worst_case_quantity, one.state) == (15, "ACCEPTED")


def test_terms_that_nobody_here_asked_for_are_in_force():
    one = order(ACCEPTED, OrderModified(*ABOUT, "", terms(12)))
    assert (one.terms, one.remaining) == (terms(12), 12)


# ---- over any sequence --------------------------------------------------------------------------

EVENTS: list[Event] = [
    INTENDED, ACCEPTED, OrderUnknown(*ABOUT, "x"), OrderLost(*ABOUT, "x"), OrderCancelled(*ABOUT),
    OrderRejected(*ABOUT, 201, "x"), OrderFilled(*ABOUT),
    OrderDenied(1, "DU1", "s", "gateway", "x", "a"), fill("e.01", 4), fill("e.02", 3),
    fill("f.01", 6), modify(15), modify(5, "n"), OrderModified(*ABOUT, "m", terms(15)),
    OrderModified(*ABOUT, "n", terms(5)), OrderModifyRejected(*ABOUT, "n", 104, "no"),
]  # fmt: skip
sequences = st.lists(st.sampled_from(EVENTS), max_size=14)


@given(sequences)
def test_the_index_of_live_orders_and_the_counts_agree_with_the_states(events: list[Event]):
    orders = folded(*events)
    known = list(orders.by_intent.values())
    assert orders.live() == [one for one in known if one.live]
    assert +orders.states == {one.state: 1 for one in known}


@given(sequences)
def test_what_could_still_fill_is_never_less_than_nothing_nor_more_than_the_worst_case(
    events: list[Event],
):
    for one in folded(*events).by_intent.values():
        assert 0 <= one.remaining <= one.worst_case_quantity
        assert one.live or one.remaining == 0
        if one.live:
            assert one.remaining + one.filled >= one.terms.quantity
            if one.modify is not None:
                assert one.remaining + one.filled >= one.modify.terms.quantity


@given(sequences, st.data())
def test_executions_count_the_same_wherever_they_arrive(events: list[Event], data: st.DataObject):
    fills = [event for event in events if isinstance(event, Fill)]
    rest = [event for event in events if not isinstance(event, Fill)]
    for event in data.draw(st.permutations(fills)):
        rest.insert(data.draw(st.integers(0, len(rest))), event)
    assert folded(*rest).snapshot() == folded(*events).snapshot()
