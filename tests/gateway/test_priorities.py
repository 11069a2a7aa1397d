"""What goes to TWS before what, and what a full queue means for orders and cancels."""

import pytest

from tapewire.common import roles
from tapewire.gateway import outbox
from tests.gateway.tws_bench import Bench, kinds, submit

PLACE, CANCEL, CANCEL_ALL = "3", "4", "58"


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_closing_order_of_a_flatten_goes_before_cancels_and_those_before_orders(bench: Bench):
    bench.hold(10)
    bench.rest(quantity=5)
    bench.submit(submit("s-1/2"))
    bench.cancel()
    bench.submit(submit("risk-1/1", "SELL", 10, strategy=roles.RISK))
    written = bench.flush()
    assert kinds(written) == [PLACE, CANCEL, PLACE]
    assert written[0][1] == bench.intent("risk-1/1").order_id


def test_the_cancel_of_everything_goes_first(bench: Bench):
    bench.rest(quantity=5)
    bench.cancel()
    bench.cancel_all()
    assert kinds(bench.flush()) == [CANCEL_ALL, CANCEL]


def test_an_order_for_which_there_is_no_room_is_denied_with_the_reason(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(outbox, "QUEUE_MAX", 1)
    bench.submit(submit())
    answer = bench.submit(submit("s-1/2"))
    assert not answer.accepted
    assert answer.reason.startswith("1 messages of priority order wait already")
    assert len(bench.placed()) == 0
    bench.flush()
    assert bench.placed() == [bench.intent().order_id]  # what was taken goes


def test_a_cancel_for_which_there_is_no_room_is_answered_with_the_reason(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    bench.rest(quantity=5)
    monkeypatch.setattr(outbox, "QUEUE_MAX", 1)
    assert bench.cancel()[0].accepted
    answer, events = bench.cancel()
    assert (answer.accepted, events) == (False, [])
    assert "priority cancel" in answer.reason
