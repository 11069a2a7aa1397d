"""An order that could add risk is asked about first, where that is configured."""

from decimal import Decimal

import pytest

from tapewire.common.events import (
    Event,
    OrderAnswer,
    OrderCreated,
    OrderDenied,
    OrderExpired,
    Signal,
    SubmitOrder,
    WhatIf,
    WhatIfAnswered,
)
from tapewire.executor.executor import Executor
from tests.executor.orders import AAPL, MS, NOW, SECOND, T0, fill, intended, rules, signal


@pytest.fixture
def one() -> Executor:
    executor = Executor(rules(1000), [AAPL], what_if=True)
    executor.accounts = ("DU1",)
    executor.caught_up(NOW)
    return executor


def asked(one: Executor, wanted: Signal, ms: int = 0) -> WhatIf:
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
            {"initial_margin": Decimal(120), "equity_with_loan": Decimal(100)},
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
    again.accounts = ("DU1",)
    again.caught_up(NOW)
    assert asked(again, signal()).order.intent_id == "s-e-1/1"


def test_where_it_is_not_configured_nothing_is_asked():
    plain = Executor(rules(1000), [AAPL])
    plain.accounts = ("DU1",)
    plain.caught_up(NOW)
    assert len(plain.on_signal(signal(), NOW)[1]) == 1
