"""What an order would do to its account: asked of TWS, and no order is placed."""

from decimal import Decimal

import pytest

from tapewire.common.events import Event, OrderAnswer, WhatIf, WhatIfAnswered
from tapewire.gateway.orders.what_if import PENDING_MAX
from tapewire.simulator.exchange.credit import Impact
from tapewire.simulator.exchange.margin import Margin
from tapewire.simulator.protocol.order_messages import OPEN_ORDER, Estimate, what_if
from tests.gateway.tws_bench import OTHER_ACCOUNT, Bench, submit, terms_of
from tests.gateway.tws_messages import ACCOUNT, T0, open_order_of, order_at_tws

REPORT = {field.name: at for at, field in enumerate(OPEN_ORDER.at(157))}
ORDER = submit("w-1", quantity=10, limit=150)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def ask(bench: Bench, id_: str = "w-1", **order: object) -> OrderAnswer:
    question = WhatIf(id_, T0, submit(id_, **{"quantity": 10, "limit": 150, **order}))
    answer, events = bench.gateway.obey(question, bench.now)
    assert events == []
    return answer


def asked(bench: Bench, id_: str = "w-1") -> list[str]:
    """The request that went to TWS."""
    assert ask(bench, id_).accepted
    (request,) = [fields for fields in bench.flush() if fields[0] == "3"]
    return request


def estimate(order_id: int = 1, **amounts: str) -> list[str]:
    """TWS's second answer, with these amounts."""
    impact = Impact(Margin(), Margin(), Decimal(0), "")
    fields = what_if(157, order_at_tws(ORDER, order_id), Estimate("1.05", impact))
    for name, text in amounts.items():
        fields[REPORT[name]] = text
    return fields


def test_the_question_is_an_order_that_is_marked_as_one_and_nothing_is_journaled(bench: Bench):
    before = list(bench.journal)
    request = asked(bench)
    plain = bench.broker.session.encode.place_order(
        "1", submit("w-1", quantity=10, limit=150), bench.broker.contracts.contract("AAPL")
    )
    as_order = plain[4:].decode().split("\0")[:-1]
    differ = [(a, b) for a, b in zip(as_order, request, strict=True) if a != b]
    assert differ == [("0", "1")]
    assert bench.journal == before


def test_the_answer_has_the_amounts_that_tws_states(bench: Bench):
    asked(bench)
    first = what_if(157, order_at_tws(ORDER, 1), None)
    assert bench.receive(first) == []
    events = bench.receive(estimate(
        1, initMarginAfter="30000.5", initMarginChange="500.5", maintMarginAfter="25000",
        maintMarginChange="400", equityWithLoanAfter="99998.95", equityWithLoanChange="-1.05",
    ))  # fmt: skip
    (answered,) = events
    assert answered == WhatIfAnswered(
        T0, ACCOUNT, "w-1", "1", "",
        Decimal("30000.5"), Decimal("500.5"), Decimal(25000), Decimal(400),
        Decimal("99998.95"), Decimal("-1.05"),
        Decimal("1.05"), Decimal("1.05"), "USD",
    )  # fmt: skip
    assert answered.shortfall == 0


def test_an_account_that_would_lack_margin_lacks_the_difference():
    given = {"initial_margin": Decimal(120), "equity_with_loan": Decimal(100)}
    assert WhatIfAnswered(T0, ACCOUNT, "w", **given).shortfall == 20
    assert WhatIfAnswered(T0, ACCOUNT, "w", initial_margin=Decimal(5)).shortfall == 0


def test_no_order_comes_of_it(bench: Bench):
    asked(bench)
    bench.receive(what_if(157, order_at_tws(ORDER, 1), None), estimate(1))
    assert bench.gateway.orders.by_intent == {}
    assert not bench.gateway.orders.foreign


def test_the_next_order_has_another_id(bench: Bench):
    asked(bench)
    assert bench.submit(submit("a/1")).accepted
    assert [fields[1] for fields in bench.flush()] == ["2"]


def test_an_id_that_was_used_to_ask_is_not_given_again_after_a_restart(bench: Bench):
    asked(bench)
    bench.receive(estimate(1))
    again = Bench(bench.journal)
    assert again.submit(submit("a/1")).accepted
    assert [fields[1] for fields in again.flush() if fields[0] == "3"] == ["2"]


def test_what_tws_would_reject_is_answered_with_its_reason(bench: Bench):
    asked(bench)
    (answered,) = bench.error(1, 201, "Order rejected - reason:no margin")
    assert (answered.id, answered.reason) == (
        "w-1", "Order rejected - reason:no margin (error 201)",
    )  # fmt: skip
    assert bench.receive(estimate(1)) == []


def test_a_warning_is_not_the_answer(bench: Bench):
    asked(bench)
    assert bench.error(1, 399, "warning") == []
    assert len(bench.receive(estimate(1))) == 1


def test_asked_twice_under_one_id_it_is_asked_once(bench: Bench):
    asked(bench)
    assert ask(bench).accepted
    assert bench.flush() == []


def test_without_an_answer_the_question_ends(bench: Bench):
    asked(bench)
    assert of(bench.pass_s(4.9)) == []
    (answered,) = of(bench.pass_s(0.2))
    assert answered.reason == "no answer within 5 s"


def test_a_lost_connection_ends_the_question(bench: Bench):
    asked(bench)
    (answered,) = of(bench.lose())
    assert answered.reason == "the connection to the broker was lost"


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ({"symbol": "XYZ"}, "symbol XYZ is not configured"),
        ({"account": OTHER_ACCOUNT}, "the order's account is not one of this login's"),
        ({"terms": terms_of(type="LMT")}, "a LMT order has no limit price"),
        ({"account": ACCOUNT, "strategy": "ü", "intent_id": "ü"}, "not plain ASCII"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once(bench: Bench, order: dict, says: str):
    given = {"intent_id": "w-1", "quantity": 10, "limit": 150, **order}
    answer, _ = bench.gateway.obey(WhatIf("w-1", T0, submit(**given)), bench.now)
    assert not answer.accepted
    assert says in answer.reason
    assert bench.flush() == []


def test_without_a_connection_nothing_is_asked():
    assert not ask(Bench(connect=False)).accepted


def test_somebody_who_asks_in_a_loop_is_stopped(bench: Bench):
    answers = [ask(bench, f"w-{n}").accepted for n in range(PENDING_MAX + 1)]
    assert answers == [True] * PENDING_MAX + [False]


def test_another_order_that_is_reported_meanwhile_is_not_taken_for_it(bench: Bench):
    asked(bench)
    by_hand = open_order_of(order_at_tws(submit("x"), 0, client_id=0))
    assert of(bench.receive(by_hand)) == []


def of(events: list[Event]) -> list[WhatIfAnswered]:
    return [event for event in events if isinstance(event, WhatIfAnswered)]
