"""Cancels and modifies at the executor: asked until answered, denied in words, counted in full."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.events import (
    CancelOrder,
    CancelSignal,
    ConnectionUp,
    Event,
    ModifyOrder,
    ModifySignal,
    OrderAccepted,
    OrderAnswer,
    OrderCancelled,
    OrderCancelPending,
    OrderCancelRejected,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderModified,
    OrderModifyIntended,
    OrderModifyPending,
    OrderModifyRejected,
    OrderStateChanged,
    OrderTermsChanged,
    TermChanges,
)
from tapewire.executor.executor import Executor
from tapewire.risk.rules import RuleBook
from tests.executor.orders import (
    MS,
    NOW,
    SECOND,
    T0,
    accepted,
    asked,
    cancel,
    executor,
    fill,
    modify,
    rules,
    signal,
    taken,
    terms,
    working,
)  # fmt: skip

DENIED = OrderDenied(T0, "DU1", "s", "gateway", "no", "s-e-1/1", "s-e-2")


def modify_of(one: Executor, wanted: ModifySignal) -> ModifyOrder:
    """The modify that is taken for a signal."""
    (event,), _ = one.on_signal(wanted, NOW)
    assert isinstance(event, OrderModifyPending), event
    return event.modify


def denial(one: Executor, wanted: CancelSignal | ModifySignal) -> str:
    (event,), commands = one.on_signal(wanted, NOW)
    assert isinstance(event, OrderDenied), event
    assert (event.signal_id, commands, asked(one)) == (wanted.id, [], [])
    return event.reason


# ---- cancels ------------------------------------------------------------------------------------


def test_a_cancel_is_asked_for_under_its_own_id():
    one = executor()
    working(one)
    assert one.on_signal(cancel(), NOW) == (
        [OrderCancelPending(T0, "DU1", "s-e-2", "s", "s-e-1/1")],
        [],
    )
    assert asked(one) == [CancelOrder("s-e-1/1", T0, "s-e-2")]
    assert one.on_signal(cancel(), NOW) == ([], [])


def test_a_cancel_is_asked_for_again_until_it_is_answered_and_after_a_new_connection():
    one = executor()
    working(one)
    one.on_signal(cancel(), NOW)
    assert len(asked(one)) == 1
    assert asked(one, 499 * MS) == []
    assert len(asked(one, 500 * MS)) == 1
    one.on_answer(OrderAnswer("s-e-2", accepted=True), NOW)
    assert asked(one, SECOND) == []
    one.on_broker(ConnectionUp(T0, 157, ("DU1",)), NOW)
    assert len(asked(one, 2 * SECOND)) == 1


@pytest.mark.parametrize("wanted", [cancel(), modify(15)])
def test_an_order_that_the_gateway_has_answered_is_cancelled_and_modified_too(wanted: Event):
    one = executor()
    order = working(one)
    one.on_answer(OrderAnswer(order.intent_id, accepted=True), NOW)
    one.on_signal(wanted, NOW)
    assert len(asked(one)) == 1
    assert asked(one) == []


def test_a_cancel_outlasts_a_partial_fill():
    one = executor()
    order = working(one)
    one.on_signal(cancel(), NOW)
    asked(one)
    assert len(one.on_broker(fill(order, 4, "e1.01"), NOW)) == 1
    assert len(asked(one, SECOND)) == 1


def test_a_state_of_an_order_that_nobody_knows_is_passed_over():
    unknown = OrderStateChanged(T0, "DU1", "z/1", "s", "FILLED", Decimal(1))
    assert executor(journal=[unknown]).ledger.orders.by_intent == {}


def test_a_cancel_ends_with_its_order():
    one = executor()
    working(one)
    one.on_signal(cancel(), NOW)
    (changed,) = one.on_broker(OrderCancelled(T0, "DU1", "s-e-1/1"), NOW)
    assert changed.state == "CANCELLED"
    assert asked(one) == []
    assert denial(one, cancel(3)) == "the order is CANCELLED"


def test_an_order_that_comes_back_after_its_cancel_can_be_cancelled_again():
    one = executor()
    working(one)
    one.on_signal(cancel(), NOW)
    one.on_broker(OrderCancelled(T0, "DU1", "s-e-1/1"), NOW)
    one.on_broker(OrderAccepted(T0, "DU1", "s-e-1/1", "1", "1"), NOW)
    one.on_signal(cancel(3), NOW)
    assert asked(one) == [CancelOrder("s-e-1/1", T0, "s-e-3")]


def test_a_cancel_that_the_gateway_denies_is_denied_and_the_order_lives():
    one = executor()
    order = taken(one, signal())  # INTENDED: a denial of the order itself would end it
    one.on_signal(cancel(), NOW)
    assert one.on_answer(OrderAnswer("s-e-2", False, "gone"), NOW) == [
        OrderDenied(T0, "DU1", "s", "gateway", "gone", "s-e-1/1", "s-e-2")
    ]
    assert one.ledger.orders[order.intent_id].state == "INTENDED"
    assert one.ledger.exposure("DU1", "AAPL").buying == 10
    assert asked(one, SECOND) == []


def test_a_cancel_that_the_broker_rejects_is_denied_and_may_be_asked_for_again():
    one = executor()
    working(one)
    one.on_signal(cancel(), NOW)
    rejected = OrderCancelRejected(T0, "DU1", "s-e-1/1", 161, "not now")
    assert one.on_broker(rejected, NOW) == [
        OrderDenied(T0, "DU1", "s", "gateway", "not now", "s-e-1/1", "s-e-2")
    ]
    assert one.on_broker(rejected, NOW) == []
    one.on_signal(cancel(3), NOW)
    assert asked(one) == [CancelOrder("s-e-1/1", T0, "s-e-3")]


def test_a_signal_that_is_cancelled_before_it_arrives_is_never_traded():
    one = executor()
    reason = "it was cancelled before it arrived"
    events, _ = one.on_signal(cancel(), NOW)
    assert events == [
        OrderDenied(T0, "", "s", "executor", reason, signal_id="s-e-1"),
        OrderCancelPending(T0, "", "s-e-2", "s", "s-e-1/1"),
    ]
    assert one.on_signal(signal(), NOW) == ([], [])
    after = executor(journal=events)
    assert after.on_signal(signal(), NOW) == ([], [])
    assert denial(one, cancel(3)) == "s has no order of signal s-e-1"


def test_an_order_under_way_to_the_gateway_is_cancelled_there():
    one = executor()
    one.on_signal(signal(), NOW)
    one.on_signal(cancel(), NOW)
    assert asked(one) == [CancelOrder("s-e-1/1", T0, "s-e-2")]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"strategy": "other"}, "other has no order of signal s-e-1"),
        ({"of": "t-e-9"}, "s has no order of signal t-e-9"),
        (
            {"of": "t-e-9", "strategy": "manual"},
            "there is no order t-e-9; `tapewire orders --live --json` shows the ids",
        ),
    ],
)
def test_what_is_not_an_own_order_is_not_cancelled(given: dict, says: str):
    one = executor()
    working(one)
    assert denial(one, cancel(**given)) == says


def test_one_cancel_is_enough():
    one = executor()
    working(one)
    one.on_signal(cancel(), NOW)
    asked(one)
    assert denial(one, cancel(3)) == "a cancel of the order is already under way"


@pytest.mark.parametrize("wanted", [cancel(expires_ns=T0 - 1), modify(5, expires_ns=T0 - 1)])
def test_an_expired_cancel_or_modify_is_not_put_into_effect(wanted: CancelSignal | ModifySignal):
    one = executor()
    working(one)
    assert one.on_signal(wanted, NOW) == ([OrderExpired(T0, "", "s-e-2", "s")], [])
    assert asked(one) == []


# ---- modifies -----------------------------------------------------------------------------------


def test_a_modify_leaves_what_it_does_not_name():
    one = executor()
    working(one)
    change = modify_of(one, modify(limit="151"))
    assert change.terms == terms("BUY", 10, 151)
    assert (change.id, change.intent_id) == ("s-e-2", "s-e-1/1")
    assert asked(one) == [change]
    assert asked(one, 499 * MS) == []
    assert asked(one, 500 * MS) == [change]
    one.on_answer(OrderAnswer("s-e-2", accepted=True), NOW)
    assert asked(one, SECOND) == []


def test_a_modify_is_over_when_the_broker_reports_its_terms():
    one = executor()
    working(one)
    change = modify_of(one, modify(15, "151"))
    assert one.on_broker(OrderModifyIntended(T0, "DU1", change), NOW) == []
    done = OrderModified(T0, "DU1", "s-e-1/1", "s-e-2", terms("BUY", 15, 151))
    assert one.on_broker(done, NOW) == [
        OrderTermsChanged(T0, "DU1", "s-e-1/1", "s", terms("BUY", 15, 151), "s-e-2")
    ]
    assert one.on_broker(done, NOW) == []
    assert one.ledger.exposure("DU1", "AAPL").buying == 15
    assert modify_of(one, modify(number=3, limit="152")).terms.quantity == 15


@pytest.mark.parametrize("by", ["the gateway", "the broker"])
def test_a_modify_that_is_denied_later_ends_and_the_old_terms_stand(by: str):
    one = executor()
    working(one)
    change = modify_of(one, modify(15))
    if by == "the broker":
        one.on_broker(OrderModifyIntended(T0, "DU1", change), NOW)
        news = one.on_broker(OrderModifyRejected(T0, "DU1", "s-e-1/1", "s-e-2", 104, "no"), NOW)
    else:
        news = one.on_answer(OrderAnswer("s-e-2", False, "no"), NOW)
    assert news == [DENIED]
    assert one.ledger.exposure("DU1", "AAPL").buying == 10
    assert one.on_broker(OrderModifyRejected(T0, "DU1", "s-e-1/1", "s-e-2", 104, "no"), NOW) == []
    assert asked(one, SECOND) == []


@pytest.mark.parametrize(("quantity", "counts"), [(15, 15), (5, 10)])
def test_the_larger_quantity_counts_from_the_modify_to_its_end(quantity: int, counts: int):
    one = executor()
    working(one)
    change = modify_of(one, modify(quantity))
    assert one.ledger.exposure("DU1", "AAPL").buying == counts
    one.on_broker(OrderModifyIntended(T0, "DU1", change), NOW)
    assert one.ledger.exposure("DU1", "AAPL").buying == counts
    one.on_broker(OrderModified(T0, "DU1", "s-e-1/1", "s-e-2", terms("BUY", quantity, 150)), NOW)
    assert one.ledger.exposure("DU1", "AAPL").buying == quantity


def test_the_rules_see_what_the_modified_order_could_fill():
    one = executor(limit=100)
    order = working(one, 60)
    one.on_broker(fill(order, 20, "e1.01"), NOW)
    working(one, 30, number=9)
    assert "MaxContractsPerInstrument: AAPL could get 101 long" in denial(one, modify(71))
    assert modify_of(one, modify(70, number=3)).terms.quantity == 70


def test_a_modify_that_only_makes_an_order_smaller_needs_no_rule():
    one = executor(limit=100)
    working(one, 60)
    one.admission.rules = RuleBook()
    working(one, 60, number=9)  # over the limit by now
    one.admission.rules = rules(100)
    assert modify_of(one, modify(50)).terms.quantity == 50


def test_two_orders_may_not_grow_into_the_same_room():
    one = executor(limit=100)
    working(one, 40)
    working(one, 40, number=9)
    modify_of(one, modify(60))
    asked(one)
    wanted = modify(41, number=3, signal_id="s-e-9")
    assert "could get 101 long" in denial(one, wanted)


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (modify(), "the order is BUY 10 LMT limit 150 already"),
        (modify(10, "150"), "the order is BUY 10 LMT limit 150 already"),
        (modify(4), "quantity is 4; it must be above the 4 filled"),
        (modify(-1), "quantity is -1; it must be above the 4 filled"),
        (modify(5, strategy="other"), "other has no order of signal s-e-1"),
        (modify(5, signal_id="s-e-7"), "s has no order of signal s-e-7"),
    ],
)
def test_what_cannot_be_a_modify_is_denied_and_says_why(wanted: ModifySignal, says: str):
    one = executor()
    order = working(one)
    one.on_broker(fill(order, 4, "e1.01"), NOW)
    assert denial(one, wanted) == says


def test_a_market_order_gets_no_limit():
    one = executor()
    order = taken(one, signal())
    one.on_broker(accepted(order), NOW)
    assert denial(one, modify(limit="5")) == "a MKT order has limit price 5; it must have none"


def test_only_an_accepted_order_is_modified():
    one = executor()
    order = taken(one, signal(limit=150))
    assert denial(one, modify(5)) == "the order is INTENDED; it must be ACCEPTED"
    one.on_broker(OrderFilled(T0, "DU1", order.intent_id), NOW)
    assert denial(one, modify(5, number=3)) == "the order is FILLED"


@pytest.mark.parametrize("under_way", [cancel(), modify(15)])
def test_an_order_of_which_something_is_under_way_is_not_modified(under_way: Event):
    one = executor()
    working(one)
    one.on_signal(under_way, NOW)
    asked(one)
    assert denial(one, modify(5, number=3)) == "a cancel or a modify of the order is under way"


def test_terms_that_nobody_asked_for_are_announced():
    one = executor()
    working(one)
    (event,) = one.on_broker(OrderModified(T0, "DU1", "s-e-1/1", "", terms("BUY", 20, 150)), NOW)
    assert event == OrderTermsChanged(T0, "DU1", "s-e-1/1", "s", terms("BUY", 20, 150))
    assert one.ledger.exposure("DU1", "AAPL").buying == 20


# ---- a person's ----------------------------------------------------------------------------------


def test_a_person_cancels_and_modifies_the_orders_of_any_strategy():
    one = executor()
    order = working(one)
    changes = TermChanges(quantity=Decimal(8))
    by_hand = {"strategy": "manual", "account": "", "expires_ns": T0 + SECOND, "ts_ns": T0}
    wanted = ModifySignal(id="manual-1", signal_id=order.signal_id, changes=changes, **by_hand)
    (pending,), _ = one.on_signal(wanted, NOW)
    assert (type(pending), pending.intent_id) == (OrderModifyPending, order.intent_id)
    other = working(one, number=2)
    (cancelling,), _ = one.on_signal(
        CancelSignal(id="manual-2", signal_id=other.signal_id, **by_hand), NOW
    )
    assert (type(cancelling), cancelling.intent_id) == (OrderCancelPending, other.intent_id)


@pytest.mark.parametrize("name", ["s-b-e-1", "s-e-1/1", "s-e", "t-e-1"])
def test_a_strategy_forestalls_no_signal_but_its_own(name: str):
    assert denial(executor(), cancel(of=name)) == f"s has no order of signal {name}"


def test_the_signals_of_a_strategy_whose_name_begins_like_anothers_are_traded():
    one = executor()
    one.on_signal(cancel(of="s-b-e-1"), NOW)
    events, commands = one.on_signal(replace(signal(), id="s-b-e-1", strategy="s-b"), NOW)
    assert (type(events[0]), len(commands)) == (OrderCreated, 1)
