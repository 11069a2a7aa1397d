"""Ways around what a broken rule leads to, each closed: a person's, a clock's, another rule's."""

import pytest

from tapewire.common import roles
from tapewire.common.clock import Now
from tapewire.common.events import (
    EVERYTHING,
    CancelOrder,
    Control,
    FlattenCompleted,
    FlattenStarted,
    Heartbeat,
    OrderIntended,
    OrdersTakenOver,
    RiskHalted,
    RiskViolation,
    Scope,
    TakeOver,
)
from tapewire.risk.closing import Asked
from tapewire.risk.halting import Standing
from tapewire.risk.monitor import RiskMonitor
from tests.risk.orders import (
    NOW,
    SECOND,
    T0,
    book,
    entry,
    fill,
    held,
    hold,
    intended,
    monitor,
    order,
)
from tests.risk.standings import at_login

LIMIT = "MaxContractsPerInstrument"
DU1 = Scope("DU1")


def over(enforcement: str, until: str | int = "person") -> RiskMonitor:
    """A monitor whose account holds 6 AAPL, and may hold 5."""
    one = monitor(rules=book(entry(enforcement=enforcement, until=until, limit=5)))
    one.on_broker(held(6))
    return one


def kinds(events) -> list[str]:
    return [type(event).__name__ for event in events]


def asks(one: RiskMonitor, action: str, scope: Scope = EVERYTHING, now: Now = NOW):
    return one.control(Control(now.wall_ns, action, "please", scope, "ann"), now)


# ---- lock-outs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("halted", [EVERYTHING, DU1])
@pytest.mark.parametrize("resumed", [EVERYTHING, DU1])
def test_a_person_who_halts_what_a_rule_has_locked_out_cannot_resume_it_then(halted, resumed):
    one = over("halt", until=60)
    one.check(NOW)
    one.on_broker(held(3))
    one.check(NOW, timer=True)
    asks(one, "halt", halted)
    reply, events = asks(one, "resume", resumed)
    assert (reply.ok, events) == (False, [])
    assert LIMIT in reply.text
    one.check(NOW + 60 * SECOND, timer=True)
    assert halted in one.halts, "the person's own halt stands"
    assert asks(one, "resume", EVERYTHING, NOW + 61 * SECOND)[0].ok
    assert one.halts == {}


@pytest.mark.parametrize("halted", [EVERYTHING, DU1])
def test_a_rule_locks_out_what_a_person_has_halted_before(halted):
    one = over("halt", until=60)
    asks(one, "halt", halted)
    journal = one.check(NOW)
    assert kinds(journal) == ["RiskViolation", "RiskHalted"]
    one.on_broker(held(3))
    assert one.check(NOW + SECOND, timer=True) == []
    assert not asks(one, "resume", EVERYTHING, NOW + 2 * SECOND)[0].ok


def test_a_halt_for_good_of_another_rule_does_not_shorten_a_lock_out():
    one = over("halt", until=60)
    (*_, timed) = one.check(NOW)
    one.apply(RiskHalted(T0, DU1, "y", by="Other"))
    one.on_broker(held(3))
    one.check(NOW, timer=True)
    assert one.decisions.lock_outs == {DU1: timed}
    assert not asks(one, "resume", DU1, NOW + SECOND)[0].ok


def test_a_clock_that_jumps_ahead_lets_no_person_lift_a_lock_out():
    one = over("halt", until=60)
    one.check(NOW)
    one.on_broker(held(3))
    one.check(NOW, timer=True)
    reply, _ = asks(one, "resume", EVERYTHING, Now(T0 + 3600 * SECOND, NOW.mono_ns + SECOND))
    assert not reply.ok


def test_a_check_of_two_lasting_rules_stays_quiet():
    one = monitor(rules=book(
        entry(until=60, limit=3), entry("MaxContracts", until="day", limit=4),
        entry("MaxContracts", "flatten", limit=5), entry(enforcement="close", limit=2),
    ))  # fmt: skip
    one.on_broker(held(6))
    began = one.check(NOW, timer=True)
    later = [one.check(NOW + n * SECOND // 4, timer=True) for n in range(1, 2000)]
    assert len(began) < 12
    assert sum(map(len, later)) == 0


# ---- flattens and cancels ------------------------------------------------------------------------


def test_a_rule_that_flattens_an_account_does_not_wait_for_the_close_of_one_position():
    one = monitor(rules=book(
        entry(enforcement="close", limit=5), entry("MaxContracts", "flatten", limit=9),
    ))  # fmt: skip
    one.on_broker(held(6))
    one.check(NOW)
    assert [*one.decisions.flattening] == [Scope("DU1", symbol="AAPL")]
    one.on_broker(held(5, "MSFT"))
    events = one.check(NOW + SECOND, timer=True)
    assert FlattenStarted in map(type, events)
    assert [*one.decisions.flattening] == [DU1]
    assert one.check(NOW + 2 * SECOND, timer=True) == []


def test_a_flatten_that_has_to_wait_for_another_begins_though_its_rule_is_answered_by_then():
    one = monitor(rules=book(entry("TradeFrequencyLimit", "flatten", limit=2, per="hour", until=9)))
    for account in ("DU1", "DU2"):
        hold(one, 6, account=account)
    one.check(NOW, timer=True)
    asks(one, "flatten", Scope(symbol="AAPL"))
    for name in ("a", "b", "c"):
        one.on_broker(fill(order(name), 1, name))
    assert kinds(one.check(NOW, timer=True)) == [
        "RiskViolation", "RiskHalted", "FlattenDeferred",
    ]  # fmt: skip
    one.check(NOW + 5 * SECOND, timer=True)
    assert one.check(NOW + 10 * SECOND, timer=True) == [], "its lock-out lasts as well"
    one.apply(FlattenCompleted(T0, Scope(symbol="AAPL")))
    assert kinds(one.check(NOW + 11 * SECOND, timer=True)) == ["FlattenStarted"]
    assert [*one.decisions.flattening] == [DU1]
    hold(one, 0)
    one.apply(FlattenCompleted(T0, DU1))
    assert kinds(one.check(NOW + 12 * SECOND, timer=True)) == ["LockOutEnded"]


def test_a_flatten_that_has_to_wait_for_another_begins_after_a_restart_too():
    given = {"rules": book(entry("TradeFrequencyLimit", "flatten", limit=2, per="hour"))}
    one = monitor(**given)
    hold(one, 6)
    one.check(NOW, timer=True)
    _, journal = asks(one, "flatten", Scope(symbol="AAPL"))
    fills = [fill(order(name), 1, name) for name in ("a", "b", "c")]
    for each in fills:
        one.on_broker(each)
    journal += one.check(NOW, timer=True)
    assert "FlattenStarted" not in kinds(journal[-2:])
    again = monitor(rules=book(), journal=journal)  # whose rule is answered, or not there any more
    hold(again, 6)
    assert again.check(NOW, timer=True) == []
    denied, _ = asks(again, "resume", DU1)
    assert not denied.ok
    again.apply(FlattenCompleted(T0, Scope(symbol="AAPL")))
    denied, _ = asks(again, "resume", DU1)
    assert denied.text == "not resumed: a flatten of account DU1 is about to begin"
    events = again.check(NOW + SECOND, timer=True)
    assert kinds(events) == ["FlattenStarted"]
    assert [*again.decisions.flattening] == [DU1]
    assert monitor(rules=book(), journal=[*journal, *events]).decisions.owed == {}


def test_a_second_position_that_breaks_a_rule_is_reported_too():
    one = over("alert")
    one.check(NOW)
    one.on_broker(held(7, "MSFT"))
    (event,) = one.check(NOW + SECOND, timer=True)
    assert isinstance(event, RiskViolation)
    assert "MSFT" in event.reason
    assert one.check(NOW + 2 * SECOND, timer=True) == []


def test_a_cancel_does_not_wait_for_a_flatten_of_another_account():
    one = monitor(rules=book(entry(enforcement="cancel", limit=15)))
    hold(one, 6)
    hold(one, 6, account="DU2")
    one.check(NOW)
    asks(one, "flatten", Scope("DU2"))
    adds = order("adds", "BUY", 12)
    one.on_broker(intended(adds))
    one.check(NOW, timer=True)
    beat = Heartbeat(T0, "READY", "", 0, "", mono_ns=NOW.mono_ns)
    assert (
        Asked(roles.GATEWAY, CancelOrder("adds", T0))
        in one.tick(NOW, at_login(Standing(beat=beat)))[1]
    )


def test_two_cancels_do_not_take_over_the_client_id_of_a_silent_gateway_at_once():
    rules = (entry(enforcement="cancel", limit=15, scope=Scope(a)) for a in ("DU1", "DU2"))
    one = monitor(rules=book(*rules))
    for account in ("DU1", "DU2"):
        hold(one, 6, account=account)
        adds = order(f"adds {account}", "BUY", 12, account=account)
        one.on_broker(OrderIntended(T0, "1", adds))
    one.check(NOW, timer=True)
    assert taken_over(one, 0) == [], "it may answer yet"
    (first,) = taken_over(one, 5)
    assert taken_over(one, 6) == [], "only one can, at a time"
    one.on_broker(OrdersTakenOver(T0, first.id), roles.LIQUIDATION, NOW.mono_ns + 7 * SECOND)
    assert len(taken_over(one, 8)) == 1


def taken_over(one: RiskMonitor, seconds: int) -> list[TakeOver]:
    """The take-overs that a turn asks for, when the gateway was never heard of."""
    asked = one.tick(NOW + seconds * SECOND, at_login(Standing()))[1]
    return [each.command for each in asked if isinstance(each.command, TakeOver)]
