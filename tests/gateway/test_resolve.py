"""Resolving: a person ends an order that is UNKNOWN, and no other."""

import pytest

from tapewire.common.events import OrderAnswer, ResolveOrder
from tests.gateway.tws_bench import Bench, kinds, names, submit
from tests.gateway.tws_messages import T0, completed_order_of, open_order_of


def resolved(bench: Bench, outcome: str = "cancelled", intent_id: str = "s-1/1") -> OrderAnswer:
    command = ResolveOrder(intent_id, T0, outcome, "looked at TWS", "anna")
    return bench.obey(command)[0]


def unknown() -> tuple[Bench, object]:
    """An order that only a completed order with our tag tells of: it stays UNKNOWN."""
    bench = Bench()
    order = bench.send(submit())
    bench.lose()
    bench.connect()
    order.status = "Cancelled"
    bench.answer_snapshot(completed_order_of(order))
    assert bench.state() == "UNKNOWN"
    return bench, order


@pytest.mark.parametrize(
    ("outcome", "state"), [("cancelled", "CANCELLED"), ("filled", "FILLED"), ("lost", "LOST")]
)
def test_an_unknown_order_ends_as_a_person_says(outcome: str, state: str):
    bench, _order = unknown()
    bench.flush()
    assert resolved(bench, outcome) == OrderAnswer("s-1/1", accepted=True)
    assert (bench.state(), bench.intent().reason) == (state, "resolved by anna: looked at TWS")
    assert bench.intent().remaining == 0
    assert Bench(bench.journal, connect=False).state() == state
    bench.tick()
    assert "61" in kinds(bench.flush()), "positions are read again"


def test_any_other_order_is_refused():
    bench = Bench()
    assert resolved(bench, intent_id="no/1").reason == "no order with this id"
    bench.rest()
    refused = "the order is ACCEPTED; only one that is UNKNOWN can be resolved"
    assert resolved(bench) == OrderAnswer("s-1/1", accepted=False, reason=refused)
    assert bench.state() == "ACCEPTED"


def test_an_unknown_order_that_the_broker_lists_as_open_is_refused():
    bench, order = unknown()
    order.status = "Inactive"  # its open order does not say whether it is only held
    bench.receive(open_order_of(order))
    assert bench.state() == "UNKNOWN"
    assert resolved(bench).reason == "the broker lists the order as open; cancel it instead"


def test_the_brokers_later_word_still_counts():
    bench, order = unknown()
    resolved(bench)
    assert names(bench.opened(order, status="Submitted")) == ["OrderAccepted"]
    assert bench.intent().remaining == 10


def test_one_that_was_resolved_as_filled_and_works_after_all_is_a_conflict():
    bench, order = unknown()
    resolved(bench, "filled")
    assert names(bench.opened(order, status="Submitted")) == ["OrderConflict"]
    assert "resolved as filled without executions" in bench.journal[-1].reason
