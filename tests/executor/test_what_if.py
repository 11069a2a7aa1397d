"""An order that could add risk is asked about first, where that is configured."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common import roles
from tapewire.common.events import (
    AnySignal,
    ConnectionUp,
    Event,
    GroupCreated,
    GroupSignal,
    ModifyOrder,
    OrderAnswer,
    OrderCancelled,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    OrderModifyPending,
    OrderTerms,
    SubmitGroup,
    SubmitOrder,
    WhatIf,
    WhatIfAnswered,
)
from tapewire.executor.confidence import Confidence
from tapewire.executor.executor import Executor
from tests.executor.group_desk import bracket, group_signal, leg
from tests.executor.orders import (
    AAPL,
    MS,
    NOW,
    SECOND,
    T0,
    accepted,
    fill,
    intended,
    modify,
    rules,
    signal,
)

LACKING = {"initial_margin": Decimal(120), "equity_with_loan": Decimal(100)}


@pytest.fixture
def one() -> Executor:
    executor = Executor(rules(1000), [AAPL], what_if=True)
    executor.places.connected(ConnectionUp(0, 157, ("DU1",)), roles.GATEWAY)
    executor.caught_up(NOW)
    return executor


def asked(one: Executor, wanted: AnySignal, ms: int = 0) -> WhatIf:
    """The question about a signal's order; the signal itself is not answered."""
    assert one.on_signal(wanted, NOW + ms * MS) == ([], [])
    (question,) = one.tick(NOW + ms * MS)
    assert isinstance(question, WhatIf)
    return question


def answered(question: WhatIf, **given: object) -> WhatIfAnswered:
    return WhatIfAnswered(T0, "DU1", question.id, "1", **given)


def decided(one: Executor, event: Event) -> tuple[list[Event], list[SubmitOrder]]:
    """What an answer of the gateway's journal leads to, and the orders that go then."""
    return one.on_broker(event, NOW), one.tick(NOW)


def test_the_order_is_asked_about_and_goes_once_the_broker_would_take_it(one: Executor):
    question = asked(one, signal())
    assert question.order.terms == signal().terms
    (created,), (order,) = decided(one, answered(question, initial_margin=Decimal(5)))
    assert isinstance(created, OrderCreated)
    assert created.order == order
    assert order.intent_id == "s-e-1/1"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"reason": "no permission (error 201)"}, "the broker would not take it: no permission"),
        (
            LACKING,
            "it would need 120 of initial margin, and the account would have 100 of equity",
        ),
    ],
)
def test_what_the_broker_or_the_account_would_not_bear_is_denied(one: Executor, given, says: str):
    (denied,), orders = decided(one, answered(asked(one, signal()), **given))
    assert isinstance(denied, OrderDenied)
    assert says in denied.reason
    assert orders == []
    assert one.on_signal(signal(), NOW) == ([], [])


def test_a_gateway_that_cannot_ask_is_a_denial(one: Executor):
    question = asked(one, signal())
    (denied,) = one.on_answer(OrderAnswer(question.id, False, "TWS is not there"), NOW)
    assert denied.reason == "what it would do to the account is not known: TWS is not there"


def test_a_signal_that_is_sent_again_asks_nothing_more(one: Executor):
    question = asked(one, signal())
    assert one.on_signal(signal(), NOW + 250 * MS) == ([], [])
    assert one.tick(NOW + 250 * MS) == []
    one.on_answer(OrderAnswer(question.id, accepted=True), NOW)
    assert one.tick(NOW + 3 * SECOND) == []


def test_a_question_that_the_gateway_did_not_take_is_asked_again(one: Executor):
    question = asked(one, signal())
    (again,) = one.tick(NOW + 500 * MS)
    assert again.id == question.id


def test_an_answer_after_the_signal_s_life_trades_nothing(one: Executor):
    question = asked(one, signal(expires_ns=T0 + SECOND))
    late = NOW + 2 * SECOND
    (expired,) = one.on_broker(answered(question), late)
    assert isinstance(expired, OrderExpired)
    assert one.tick(late) == []


def test_what_nobody_waits_for_any_more_is_forgotten(one: Executor):
    question = asked(one, signal(expires_ns=T0 + SECOND))
    late = NOW + 2 * SECOND
    assert one.tick(late) == []
    assert one.on_broker(answered(question), late) == []


def test_an_exit_is_not_asked_about(one: Executor):
    _, (bought,) = decided(one, answered(asked(one, signal())))
    one.on_broker(intended(bought), NOW)
    one.on_broker(fill(bought, 10, "e1"), NOW)
    events, (order,) = one.on_signal(signal(2, "SELL", 10), NOW)
    assert isinstance(events[0], OrderCreated)
    assert order.terms.side == "SELL"


def test_the_rules_are_asked_again_when_the_answer_is_there(one: Executor):
    question = asked(one, signal(quantity=600))
    other = asked(one, signal(2, quantity=600))
    decided(one, answered(question))
    (denied,), orders = decided(one, answered(other))
    assert isinstance(denied, OrderDenied)
    assert "MaxContractsPerInstrument" in denied.reason
    assert orders == []


def test_after_a_restart_the_question_is_asked_again(one: Executor):
    asked(one, signal())
    again = Executor(rules(1000), [AAPL], what_if=True)
    again.places.connected(ConnectionUp(0, 157, ("DU1",)), roles.GATEWAY)
    again.caught_up(NOW)
    assert asked(again, signal()).order.intent_id == "s-e-1/1"


def test_where_it_is_not_configured_nothing_is_asked():
    plain = Executor(rules(1000), [AAPL])
    plain.places.connected(ConnectionUp(0, 157, ("DU1",)), roles.GATEWAY)
    plain.caught_up(NOW)
    assert len(plain.on_signal(signal(), NOW)[1]) == 1


# ---- groups --------------------------------------------------------------------------------------


def one_or_other() -> GroupSignal:
    return group_signal(
        "oco", leg("order", "BUY", 10, limit=140), leg("order", "BUY", 20, stop=160)
    )


def test_of_a_bracket_its_entry_is_asked_about_and_all_of_it_goes_then(one: Executor):
    question = asked(one, bracket())
    assert (question.order.intent_id, question.order.terms.quantity) == ("s-e-1/1", 10)
    (group_created, *orders), commands = decided(one, answered(question))
    assert isinstance(group_created, GroupCreated)
    assert len(orders) == 3
    (group,) = commands
    assert isinstance(group, SubmitGroup)
    assert len(group.orders) == 3


def test_a_bracket_whose_entry_the_account_would_not_bear_is_denied_as_a_whole(one: Executor):
    (denied,), commands = decided(one, answered(asked(one, bracket()), **LACKING))
    assert isinstance(denied, OrderDenied)
    assert denied.signal_id == "s-e-1"
    assert denied.reason.startswith("entry s-e-1/1: it would need 120 of initial margin")
    assert commands == []
    assert one.on_signal(bracket(), NOW) == ([], [])


def test_of_a_one_cancels_other_each_order_is_asked_about_as_one_that_stands_alone(one: Executor):
    assert one.on_signal(one_or_other(), NOW) == ([], [])
    first, second = one.tick(NOW)
    assert {question.order.terms.oca for question in (first, second)} == {""}
    assert one.on_broker(answered(second), NOW) == []
    (group_created, *_), (group,) = decided(one, answered(first))
    assert isinstance(group_created, GroupCreated)
    assert [order.terms.oca for order in group.orders] == ["cancel", "cancel"]


def test_one_order_that_must_not_go_denies_the_others_without_their_answer(one: Executor):
    one.on_signal(one_or_other(), NOW)
    first, second = one.tick(NOW)
    (denied,), _ = decided(one, answered(second, **LACKING))
    assert denied.reason.startswith("order s-e-1/2: it would need 120")
    assert one.on_broker(answered(first), NOW) == []


def test_a_group_that_waits_for_its_answer_is_sized_by_its_confidence_once():
    one = Executor(
        rules(1000), [AAPL], what_if=True, confidence=lambda _: Confidence(0.1, scales=True)
    )
    one.on_broker(ConnectionUp(T0, 157, ("DU1",)), NOW)
    one.caught_up(NOW)
    question = asked(one, replace(bracket(20), confidence=0.5))
    assert question.order.terms.quantity == 10
    _, (group,) = decided(one, answered(question))
    assert [order.terms.quantity for order in group.orders] == [10, 10, 10]


# ---- modifies ------------------------------------------------------------------------------------


@pytest.fixture
def resting(one: Executor) -> SubmitOrder:
    """An order to buy 10 at 150 that works, of which 4 are filled."""
    _, (order,) = decided(one, answered(asked(one, signal(limit=150))))
    one.on_broker(intended(order), NOW)
    one.on_broker(accepted(order), NOW)
    one.on_broker(fill(order, 4, "e1"), NOW)
    return order


def test_of_a_modify_what_would_remain_is_asked_about_with_its_new_terms(
    one: Executor, resting: SubmitOrder
):
    question = asked(one, modify(30, "151"))
    assert question.order.terms == OrderTerms("BUY", Decimal(26), "LMT", Decimal(151))
    assert question.order.intent_id != resting.intent_id
    (pending,), (command,) = decided(one, answered(question))
    assert isinstance(pending, OrderModifyPending)
    assert isinstance(command, ModifyOrder)
    assert command.terms.quantity == 30


def test_a_modify_that_the_account_would_not_bear_is_denied_and_the_order_goes_on(
    one: Executor, resting: SubmitOrder
):
    (denied,), commands = decided(one, answered(asked(one, modify(30)), **LACKING))
    assert (denied.signal_id, denied.intent_id, commands) == ("s-e-2", "", [])
    assert "it would need 120 of initial margin" in denied.reason
    assert one.ledger.orders[resting.intent_id].terms.quantity == 10


def test_an_order_that_ends_while_its_modify_is_asked_about_is_not_modified(
    one: Executor, resting: SubmitOrder
):
    question = asked(one, modify(30))
    one.on_broker(OrderCancelled(T0, "DU1", resting.intent_id), NOW)
    (denied,), commands = decided(one, answered(question))
    assert (denied.reason, commands) == ("the order is CANCELLED", [])


@pytest.mark.usefixtures("resting")
def test_a_modify_to_a_smaller_quantity_is_not_asked_about(one: Executor):
    (pending,), _ = one.on_signal(modify(8), NOW)
    assert isinstance(pending, OrderModifyPending)


def test_a_modify_of_an_exit_that_waits_for_its_entry_is_not_asked_about(one: Executor):
    _, (group,) = decided(one, answered(asked(one, bracket())))
    for number, order in enumerate(group.orders, 1):
        one.on_broker(intended(order, str(number)), NOW)
        one.on_broker(accepted(order, str(number)), NOW)
    moved = modify(signal_id=group.orders[1].intent_id, limit="165")
    (pending,), _ = one.on_signal(moved, NOW)
    assert isinstance(pending, OrderModifyPending)
