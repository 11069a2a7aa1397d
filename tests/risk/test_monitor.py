"""The monitor: what halts trading, what lifts it, and what survives a restart."""

import pytest

from tapewire.common.events import (
    CancelAll,
    Control,
    FlattenCompleted,
    FlattenStarted,
    OrderIntended,
    RiskHalted,
    RiskResumed,
    RiskViolation,
)
from tests.risk.desk import SECOND, T0, fill, held, monitor, order


def ask(one, action: str, reason: str = "test", ts_ns: int = T0):
    return one.control(Control(ts_ns, action, reason))


def test_a_position_beyond_the_limit_halts():
    one = monitor(limit=5)
    one.on_broker(fill(order(), 6, "e1"))
    violation, halted = one.check(T0)
    assert isinstance(violation, RiskViolation)
    assert halted == RiskHalted(
        T0, "MaxContracts: AAPL is or could get 6 contracts, the limit is 5"
    )
    assert one.trading == "HALTED"
    assert one.check(T0) == []


def test_working_orders_that_could_get_beyond_the_limit_halt():
    one = monitor(limit=15)
    one.on_broker(fill(order("x"), 6, "e1"))
    one.on_broker(OrderIntended(T0, 1, order()))
    assert [type(e) for e in one.check(T0)] == [RiskViolation, RiskHalted]


def test_a_position_that_only_the_broker_knows_of_halts():
    one = monitor(limit=15)
    one.on_broker(held(16))
    assert one.check(T0)[-1].reason.startswith("MaxContracts: AAPL is or could get 16")


def test_within_the_limit_nothing_happens():
    one = monitor(limit=10)
    one.on_broker(OrderIntended(T0, 1, order()))
    one.on_broker(fill(order(), 10, "e1"))
    one.on_broker(held(10))
    assert one.check(T0) == []
    assert one.trading == "ACTIVE"


@pytest.mark.parametrize("action", ["halt", "flatten"])
def test_a_halt_survives_a_restart(action: str):
    reply, events = ask(monitor(), action, "a person said so")
    assert (reply.ok, reply.state) == (True, "HALTED")
    after = monitor(journal=events)
    assert (after.trading, after.reason) == ("HALTED", "a person said so")
    assert after.halted_ns == T0


def test_a_resume_survives_a_restart():
    one = monitor()
    events = [*ask(one, "halt")[1], *ask(one, "resume")[1]]
    assert events == [RiskHalted(T0, "test"), RiskResumed(T0, "test")]
    after = monitor(journal=events)
    assert (after.trading, after.halted_ns) == ("ACTIVE", 0)


def test_a_second_halt_or_resume_changes_nothing():
    one = monitor()
    assert ask(one, "resume")[1] == []
    ask(one, "halt")
    assert ask(one, "halt")[1] == []


def test_a_resume_is_refused_while_a_rule_is_broken():
    one = monitor(limit=5)
    one.on_broker(fill(order(), 6, "e1"))
    one.check(T0)
    reply, events = ask(one, "resume")
    assert (reply.ok, reply.state, events) == (False, "HALTED", [])
    assert reply.text == "not resumed: AAPL is or could get 6 contracts, the limit is 5"


def test_a_resume_is_refused_while_a_flatten_is_under_way():
    one = monitor()
    ask(one, "flatten")
    reply, events = ask(one, "resume")
    assert (reply.ok, events, one.trading) == (False, [], "HALTED")
    assert "is under way" in reply.text


def test_a_fault_halts_once_and_refuses_to_be_resumed():
    one = monitor()
    assert [type(e) for e in one.on_fault("the tail is lost", T0)] == [RiskViolation, RiskHalted]
    assert one.on_fault("the tail is lost", T0) == []
    reply, events = ask(one, "resume")
    assert (reply.text, events) == ("not resumed: the tail is lost", [])


def test_a_second_flatten_does_not_start_another():
    one = monitor()
    assert [type(e) for e in ask(one, "flatten")[1]] == [RiskHalted, FlattenStarted]
    assert ask(one, "flatten", ts_ns=T0 + 5)[1] == []


def test_a_flatten_goes_to_its_end_and_trading_stays_halted():
    one = monitor()
    one.on_broker(held(10))
    ask(one, "flatten")
    assert one.tick(T0) == ([], [CancelAll(T0)])
    _, (close,) = one.tick(T0)
    one.on_broker(OrderIntended(T0, 1, close))
    one.on_broker(held(0, ts_ns=T0 + 1))
    assert one.tick(T0 + SECOND) == ([FlattenCompleted(T0 + SECOND)], [])
    assert (one.flatten, one.trading) == (None, "HALTED")
    assert ask(one, "resume")[0].ok


def test_a_flatten_resumes_after_a_restart():
    before = monitor()
    events = ask(before, "flatten")[1]
    one = monitor(journal=events)
    one.on_broker(held(10))
    assert one.tick(T0 + 60 * SECOND) == ([], [CancelAll(T0 + 60 * SECOND)])
    _, (close,) = one.tick(T0 + 61 * SECOND)
    assert close.quantity == 10


def test_a_flatten_that_was_over_does_not_start_again_with_a_restart():
    one = monitor(journal=[RiskHalted(T0, "x"), FlattenStarted(T0, "x"), FlattenCompleted(T0)])
    assert one.tick(T0) == ([], [])
    assert one.trading == "HALTED"
