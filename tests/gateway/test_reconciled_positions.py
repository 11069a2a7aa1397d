"""Reconciled positions: what executions do not explain is reported once, and then known."""

from decimal import Decimal

import pytest

from tapewire.common.events import Fill, Gap, OrderAccepted, Reconcile
from tests.gateway.reconciling import SETTLED_S, again, answered, asked, complained
from tests.gateway.tws_bench import Bench, submit
from tests.gateway.tws_messages import (
    ACCOUNT,
    T0,
    execution_message,
    execution_of,
    open_order_of,
    order_at_tws,
    position_message,
)


@pytest.fixture
def bench() -> Bench:
    bench = Bench(reconcile_minutes=10)
    bench.pass_s(SETTLED_S)
    return bench


def held_from_the_start(quantity: int) -> Bench:
    """A login whose account holds something already."""
    bench = Bench(connect=False, reconcile_minutes=10)
    bench.held["AAPL", ACCOUNT] = quantity
    bench.connect()
    bench.answer_snapshot()
    bench.pass_s(SETTLED_S)
    return bench


def test_what_an_account_held_before_is_adopted_and_known():
    bench = held_from_the_start(50)
    (result,) = bench.reconciled()
    (found,) = result.differences
    assert (found.kind, found.theirs, found.rule) == ("opening_position", "50", "adopt")
    assert result.gaps == (Gap(ACCOUNT, "AAPL", Decimal(50)),)
    assert again(bench) is None
    assert complained(bench) == []


def test_a_position_that_moved_without_an_execution_is_an_alarm_once():
    bench = held_from_the_start(50)
    bench.hold(40)
    bench.wait_s(5)
    found = again(bench)
    assert found is not None
    assert (found.kind, found.ours, found.theirs, found.amount) == ("position", "50", "40", 10)
    assert found.rule == "alarm"
    assert len(complained(bench)) == 1
    assert again(bench) is None


def test_a_position_that_an_execution_moved_is_no_difference():
    bench = held_from_the_start(50)
    order = bench.rest()
    bench.fill(order, 4, "0001.01")
    bench.receive(position_message(54))
    bench.held["AAPL", ACCOUNT] = 54
    done = execution_message(execution_of(order, 4, "0001.01"), 1)
    assert again(bench, open_order_of(order), done) is None


def test_a_position_is_compared_when_it_is_at_rest(bench: Bench):
    """Its execution has been read, and its new quantity is on its way."""
    order = bench.rest()
    done = execution_message(execution_of(order, 4, "0001.01"), 1)
    bench.obey(Reconcile("r", T0))
    bench.tick()
    bench.flush()
    answered(bench, open_order_of(order), done)  # it lists the position before the execution
    bench.fill(order, 4, "0001.01")
    bench.pass_s(1)
    assert len(bench.reconciled()) == 1
    bench.receive(position_message(4))
    bench.pass_s(1)
    assert [one.kind for one in bench.reconciled()[1].differences] == ["execution"]


def test_one_that_moved_is_compared_when_executions_were_listed_since(bench: Bench):
    """The order filled after the round's list of executions, and its execution was not pushed."""
    order = bench.rest()
    done = execution_message(execution_of(order, 4, "0001.01"), 1)
    bench.obey(Reconcile("r", T0))
    bench.tick()
    bench.flush()
    answered(bench, open_order_of(order))
    bench.receive(position_message(4))
    bench.pass_s(SETTLED_S)
    assert len(bench.reconciled()) == 1
    assert asked(bench)
    answered(bench, open_order_of(order), done)
    bench.pass_s(SETTLED_S)
    assert [one.kind for one in bench.reconciled()[1].differences] == ["execution"]
    assert complained(bench) == []


def test_one_whose_executions_are_not_listed_to_the_end_is_left_to_the_next_time(bench: Bench):
    bench.obey(Reconcile("r", T0))
    bench.tick()
    answered(bench)
    bench.receive(position_message(4))
    bench.pass_s(70)
    result = bench.reconciled()[1]
    assert (result.differences, result.gaps) == ((), ())


def test_one_that_will_not_come_to_rest_is_left_to_the_next_time(bench: Bench):
    bench.obey(Reconcile("r", T0))
    bench.tick()
    answered(bench)
    for number in range(70):
        bench.hold(number + 1)
        bench.pass_s(1)
    result = bench.reconciled()[1]
    assert (result.differences, result.gaps) == ((), ())


def test_after_a_restart_the_gaps_are_known():
    before = held_from_the_start(50)
    bench = Bench(before.journal, connect=False, reconcile_minutes=10)
    assert bench.gateway.snapshot()["gaps"] == {f"{ACCOUNT}/AAPL": 50}
    bench.held["AAPL", ACCOUNT] = 45
    bench.connect()
    bench.answer_snapshot()
    bench.pass_s(SETTLED_S)
    (found,) = bench.reconciled()[1].differences
    assert (found.kind, found.ours, found.theirs) == ("position", "50", "45")


def test_after_a_restart_what_happened_meanwhile_is_adopted():
    before = Bench(reconcile_minutes=10)
    before.rest()
    assert any(isinstance(e, OrderAccepted) for e in before.journal)
    bench = Bench(before.journal, connect=False, reconcile_minutes=10)
    order = order_at_tws(submit(limit=150), 1, status="Filled")
    bench.held["AAPL", ACCOUNT] = 10
    bench.connect()
    answered(bench, execution_message(execution_of(order, 10, "0001.01"), 1), completed=order)
    bench.wait_s(SETTLED_S + 1)
    result = bench.reconciled()[-1]
    assert result.trigger == "start"
    assert [(one.kind, one.subject) for one in result.differences] == [("execution", "0001.01")]
    assert sum(isinstance(e, Fill) for e in bench.journal) == 1
