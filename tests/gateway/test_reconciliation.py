"""Reconciliation at the gateway: when, and what of executions and orders the broker had alone."""

import pytest

from tapewire.common.events import ListPositions, Reconcile
from tapewire.simulator.protocol import messages
from tests.gateway.reconciling import SETTLED_S, again, answered, asked, complained, reconnected
from tests.gateway.test_foreign_orders import at_tws
from tests.gateway.tws_bench import EXECUTIONS_ASKED, Bench, kinds, submit
from tests.gateway.tws_messages import (
    ACCOUNT,
    SECOND,
    T0,
    execution_message,
    execution_of,
    open_order_of,
    position_message,
)

POSITIONS_ASKED = "61"


@pytest.fixture
def bench() -> Bench:
    bench = Bench(reconcile_minutes=10)
    bench.pass_s(SETTLED_S)
    return bench


# ---- when ----------------------------------------------------------------------------------------


def test_a_login_compares_once(bench: Bench):
    (result,) = bench.reconciled()
    assert (result.trigger, result.id, result.reason) == ("start", "", "")
    assert result.differences == ()
    bench.wait_s(60)
    assert len(bench.reconciled()) == 1


def test_it_is_done_again_every_few_minutes(bench: Bench):
    bench.pass_s(600 - SETTLED_S - 1)
    assert not asked(bench)
    bench.pass_s(1)
    assert {EXECUTIONS_ASKED, POSITIONS_ASKED} <= {*kinds(bench.flush())}
    answered(bench)
    bench.pass_s(1)
    assert [one.trigger for one in bench.reconciled()] == ["start", "interval"]
    bench.pass_s(599)
    assert not asked(bench)


def test_with_no_minutes_it_is_done_at_a_login_alone():
    bench = Bench(reconcile_minutes=0)
    bench.pass_s(86_400)
    assert not asked(bench)


def test_an_order_that_reduces_a_position_passes_while_positions_are_compared(bench: Bench):
    """To ask is not to doubt."""
    bench.hold(10)
    bench.obey(Reconcile("r", bench.now.wall_ns))
    bench.tick()
    bench.halt()
    bench.obey(ListPositions("l", bench.now.wall_ns))
    bench.tick()
    bench.list_positions()
    bench.tick()
    assert bench.gateway.positions.unsure == ""
    bench.wait_s(1)
    bench.obey(Reconcile("s", bench.now.wall_ns))
    bench.tick()
    assert bench.gateway.positions.unsure == ""
    assert bench.submit(submit(side="SELL", quantity=10)).accepted


def test_a_request_without_a_connection_is_refused(bench: Bench):
    bench.lose()
    answer, _ = bench.obey(Reconcile("r", T0))
    assert not answer.accepted
    assert answer.reason == bench.gateway.connection.reason != ""


def test_two_requests_at_a_time_are_not_taken(bench: Bench):
    assert bench.obey(Reconcile("r", T0))[0].accepted
    answer, _ = bench.obey(Reconcile("s", T0))
    assert "about to begin" in answer.reason


def test_one_that_is_asked_for_during_another_follows_it(bench: Bench):
    bench.obey(Reconcile("r", T0))
    bench.tick()
    assert bench.obey(Reconcile("s", T0))[0].accepted
    bench.answer_snapshot()
    bench.wait_s(4)
    assert [one.id for one in bench.reconciled()] == ["", "r", "s"]


def test_the_liquidation_gateway_compares_nothing():
    bench = Bench(reduce_only=True, reconcile_minutes=1)
    bench.wait_s(100)
    answer, _ = bench.obey(Reconcile("r", T0))
    assert "only the gateway" in answer.reason
    assert bench.reconciled() == []


def test_a_list_without_an_end_leaves_what_was_not_compared(bench: Bench):
    bench.obey(Reconcile("r", T0))
    bench.tick()
    bench.flush()
    bench.receive(messages.open_order_end())
    for _ in range(70):
        bench.pass_s(1)
    result = bench.reconciled()[1]
    assert result.reason == (
        "the broker did not list its orders and executions and its positions to the end, or not"
        " readably"
    )
    assert result.gaps == ()


# ---- executions ----------------------------------------------------------------------------------


def test_an_execution_that_happened_meanwhile_is_adopted(bench: Bench):
    order = bench.rest()
    missed = execution_message(execution_of(order, 4, "0001.01"), 1)
    bench.held["AAPL", ACCOUNT] = 4
    found = reconnected(bench, open_order_of(order), missed)
    assert (found.kind, found.subject, found.rule) == ("execution", "0001.01", "adopt")
    assert (found.account, found.symbol) == (ACCOUNT, "AAPL")
    assert bench.intent().filled == 4
    assert again(bench, open_order_of(order), missed) is None
    assert complained(bench) == []


def test_one_that_is_pushed_while_lists_are_read_is_no_difference(bench: Bench):
    order = bench.rest()
    bench.obey(Reconcile("r", T0))
    bench.tick()
    bench.fill(order, 4, "0001.01")
    bench.receive(position_message(4))
    answered(bench, open_order_of(order), execution_message(execution_of(order, 4, "0001.01"), 1))
    bench.wait_s(SETTLED_S + 1, open_order_of(order))
    assert bench.reconciled()[-1].differences == ()


def test_a_correction_that_was_missed_is_adopted(bench: Bench):
    order = bench.rest()
    bench.fill(order, 4, "0001.01")
    bench.receive(position_message(4))
    corrected = execution_message(execution_of(order, 4, "0001.02", "151"), 1)
    found = reconnected(bench, open_order_of(order), corrected)
    assert (found.kind, found.subject) == ("execution", "0001.02")


# ---- orders --------------------------------------------------------------------------------------


def test_an_order_that_was_entered_by_hand_is_found_once_and_left_alone(bench: Bench):
    theirs = open_order_of(at_tws())
    found = again(bench, theirs)
    assert found is not None
    assert (found.kind, found.subject, found.rule) == ("foreign_order", "9001", "adopt")
    assert bench.gateway.orders.working(ACCOUNT, "AAPL") == (10, 0)
    assert again(bench, theirs) is None
    assert {"4", "58"} & {fields[0] for fields in bench.written} == set()  # no cancel of any kind


def test_an_order_that_ended_meanwhile_has_another_state(bench: Bench):
    order = bench.rest()
    order.status = "Cancelled"
    found = reconnected(bench, completed=order)
    assert (found.kind, found.subject, found.rule) == ("order_state", "s-1/1", "adopt")
    assert (found.ours, found.theirs) == ("working", "cancelled")
    assert bench.state() == "CANCELLED"


def test_one_that_was_given_up_and_works_has_another_state(bench: Bench):
    order = bench.rest()
    bench.wait_s(70)
    assert bench.state() == "ACCEPTED"
    bench.obey(Reconcile("x", T0))
    bench.wait_s(100)
    assert bench.state() == "LOST"
    complained(bench)
    found = again(bench, open_order_of(order), messages.order_status(order))
    assert found is not None
    assert (found.kind, found.ours, found.theirs) == ("order_state", "LOST", "working")
    assert bench.state() == "ACCEPTED"
    assert complained(bench) == []


def test_an_order_that_is_not_listed_is_an_alarm(bench: Bench):
    bench.rest()
    bench.pass_s(10)
    found = again(bench)
    assert found is not None
    assert (found.kind, found.subject, found.rule) == ("missing_order", "s-1/1", "alarm")
    assert complained(bench) == [
        "reconciliation: missing order s-1/1: we have working, the broker has none;"
        " `tapewire reconcile` compares again"
    ]


def test_one_that_has_just_been_sent_is_not_missing(bench: Bench):
    bench.obey(Reconcile("r", T0))
    bench.send(submit())
    bench.tick()
    answered(bench)
    bench.pass_s(1)
    assert bench.reconciled()[-1].differences == ()


def test_after_a_login_silence_counts_once_tws_had_time(bench: Bench):
    """The first list after a login may come before TWS has read what an old socket held."""
    bench.rest()
    before = len(bench.reconciled())
    bench.pass_s(1)
    bench.lose()
    bench.connect()
    bench.answer_snapshot()
    bench.pass_s(1)
    assert len(bench.reconciled()) == before
    bench.wait_s(5)
    (result,) = bench.reconciled()[before:]
    assert [one.kind for one in result.differences] == ["missing_order"]


def test_an_order_under_our_tag_that_is_not_ours_is_reported_once(bench: Bench):
    order = bench.rest()
    stranger = at_tws(reference="s-1/1", client_id=9, order_id=7)
    listed = (open_order_of(order), open_order_of(stranger))
    found = again(bench, *listed)
    assert found is not None
    assert (found.kind, found.subject, found.rule) == ("conflict", "s-1/1 9001", "halt")
    assert again(bench, *listed) is None


def test_one_that_dies_under_way_begins_anew(bench: Bench):
    bench.obey(Reconcile("r", T0))
    bench.tick()
    bench.lose()
    bench.now += 60 * SECOND
    bench.connect()
    bench.answer_snapshot()
    bench.pass_s(1)
    assert [(one.trigger, one.id) for one in bench.reconciled()] == [
        ("start", ""),
        ("reconnect", ""),
    ]
