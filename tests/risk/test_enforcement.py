"""What follows from a broken rule: how long a lock-out lasts, what is cancelled, what is closed."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace

from tapewire.common.clock import Now
from tapewire.common.config.sections import RuleConfig
from tapewire.common.errors import ConfigError
from tapewire.common.events import (
    EVERYTHING,
    Control,
    FlattenCompleted,
    LockOutEnded,
    RiskHalted,
    RiskResumed,
    RiskViolation,
    RiskWarned,
    Scope,
)
from tapewire.common.roles import LIQUIDATION
from tapewire.risk.monitor import RiskMonitor
from tests.risk.orders import (
    NOW,
    SECOND,
    T0,
    book,
    entry,
    held,
    monitor,
    order,
    turns,
)

LIMIT = "MaxContractsPerInstrument"


def over(enforcement: str | tuple[str, ...], until: str | int = "person", **given) -> RiskMonitor:
    """A monitor whose account holds 6 AAPL, and may hold 5."""
    one = monitor(rules=book(entry(enforcement=enforcement, until=until, limit=5)), **given)
    one.on_broker(held(6))
    return one


def kinds(events) -> list[str]:
    return [type(event).__name__ for event in events]


def passed(one: RiskMonitor, seconds: float) -> list:
    """What a check of everything leads to, so long after the start."""
    return one.check(NOW + int(seconds * SECOND), timer=True)


# ---- lock-outs -----------------------------------------------------------------------------------


def test_a_lock_out_ends_when_its_time_has_come_and_nothing_is_broken():
    one = over("halt", until=60)
    _, halted = one.check(NOW)
    assert (halted.until_ns, halted.by) == (T0 + 60 * SECOND, LIMIT)
    one.on_broker(held(3))
    assert passed(one, 59) == []
    assert passed(one, 60) == [LockOutEnded(T0 + 60 * SECOND, Scope("DU1"), halted.until_ns)]
    assert one.halts == {}


def test_a_lock_out_does_not_end_while_its_rule_is_broken():
    one = over("halt", until=60)
    one.check(NOW)
    assert passed(one, 61) == []
    one.on_broker(held(3))
    assert kinds(passed(one, 62)) == ["LockOutEnded"]


def test_a_rule_that_stays_broken_does_not_make_its_lock_out_longer():
    one = over("halt", until=60)
    one.check(NOW)
    assert passed(one, 30) == []
    one.on_broker(held(3))
    assert kinds(passed(one, 60)) == ["LockOutEnded"]


def test_a_rule_that_is_broken_again_makes_its_lock_out_longer():
    one = over("halt", until=60)
    one.check(NOW)
    one.on_broker(held(3))
    passed(one, 30)
    one.on_broker(held(6))
    assert kinds(passed(one, 40)) == ["RiskViolation", "RiskHalted"]
    one.on_broker(held(3))
    assert passed(one, 60) == []
    assert kinds(passed(one, 100)) == ["LockOutEnded"]


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_jumps_an_hour_does_not_end_a_lock_out_early(hours: int):
    one = over("halt", until=60)
    one.check(NOW)
    one.on_broker(held(3))
    one.check(NOW, timer=True)
    at = Now(T0 + hours * 3600 * SECOND, NOW.mono_ns + 59 * SECOND)
    assert one.check(at, timer=True) == []
    assert one.halts


def test_a_lock_out_lasts_over_a_restart():
    one = over("halt", until=60)
    journal = one.check(NOW)
    after = monitor(rules=book(entry(until=60, limit=5)), journal=journal)
    after.on_broker(held(3))
    assert passed(after, 30) == []
    assert after.halts.keys() == {Scope("DU1")}
    assert kinds(passed(after, 60)) == ["LockOutEnded"]


def test_a_lock_out_until_the_next_day_ends_where_chicago_has_its_close():
    one = over("halt", until="day")
    halted = one.check(NOW)[-1]
    end = datetime.fromtimestamp(halted.until_ns / 1e9, UTC)
    assert (end.hour, end.minute, end.second) == (23, 0, 0)
    assert 0 < halted.until_ns - T0 <= 26 * 3600 * SECOND


@pytest.mark.parametrize(("until", "trading"), [("person", "HALTED"), (60, "REDUCING")])
def test_trading_is_reducing_where_a_lock_out_of_everything_ends_by_itself(until, trading: str):
    halt = RiskHalted(T0, EVERYTHING, "x", until_ns=0 if until == "person" else T0 + until)
    assert monitor(journal=[halt]).trading == trading


@pytest.mark.parametrize("first", [0, 50, 70])
def test_of_two_halts_of_one_scope_the_one_that_lasts_longer_is_in_force(first: int):
    halts = [RiskHalted(T0, EVERYTHING, "x", until_ns=ends) for ends in (first, 60)]
    one = monitor(journal=halts)
    assert one.halts[EVERYTHING].until_ns == {0: 0, 50: 60, 70: 70}[first]


def test_the_end_of_one_lock_out_leaves_the_other_scopes_and_a_longer_one():
    journal = [
        RiskHalted(T0, EVERYTHING, "x", until_ns=5), RiskHalted(T0, Scope("DU1"), "y"),
        RiskHalted(T0, EVERYTHING, "x", until_ns=9), LockOutEnded(T0, EVERYTHING, 5),
    ]  # fmt: skip
    assert monitor(journal=journal).halts.keys() == {EVERYTHING, Scope("DU1")}
    journal.append(LockOutEnded(T0, EVERYTHING, 9))
    assert monitor(journal=journal).halts.keys() == {Scope("DU1")}


# ---- what a person can do about it ---------------------------------------------------------------


def test_a_person_cannot_lift_a_lock_out_before_its_time():
    one = over("halt", until=60)
    one.check(NOW)
    one.on_broker(held(3))
    passed(one, 1)
    reply, events = one.control(Control(T0, "resume", "please"), NOW + 2 * SECOND)
    assert (reply.ok, events) == (False, [])
    assert reply.text.startswith(f"not resumed: {LIMIT} has locked out account DU1 until 20")


def test_a_person_can_lift_the_lock_out_of_a_rule_that_is_not_configured_any_more():
    journal = over("halt", until=60).check(NOW)
    one = monitor(rules=book(), journal=journal)
    reply, events = one.control(Control(T0, "resume", "gone", by="ann"), NOW)
    assert (reply.ok, events) == (True, [RiskResumed(T0, EVERYTHING, "gone", "ann")])


def test_who_halted_is_recorded():
    one = monitor()
    _, (halted,) = one.control(Control(T0, "halt", "lunch", by="ann"), NOW)
    assert (halted.by, halted.until_ns) == ("ann", 0)


def test_a_person_can_make_a_lock_out_of_a_rule_last():
    one = over("halt", until=60)
    one.check(NOW)
    one.control(Control(T0, "halt", "enough", Scope("DU1"), "ann"), NOW)
    one.on_broker(held(3))
    assert passed(one, 100) == []
    assert one.halts[Scope("DU1")].by == "ann"


# ---- close and flatten ---------------------------------------------------------------------------


def test_a_close_closes_the_position_alone_and_trading_in_it_goes_on():
    one = over("close")
    violation, halted, flatten = one.check(NOW)
    assert isinstance(violation, RiskViolation)
    assert (halted.scope, flatten.scope) == (Scope("DU1", symbol="AAPL"),) * 2
    assert passed(one, 1) == []
    one.on_broker(held(0))
    one.on_broker(held(0), LIQUIDATION)
    events, _ = turns(one, NOW + SECOND)
    assert kinds(events) == ["FlattenCompleted"]
    assert kinds(passed(one, 8)) == ["LockOutEnded"]
    assert one.halts == {}


def test_a_close_with_a_halt_leaves_the_account_halted():
    one = over(("close", "halt"))
    _, halted, flatten = one.check(NOW)
    assert (halted.scope, flatten.scope) == (Scope("DU1"), Scope("DU1", symbol="AAPL"))


def test_a_lock_out_outlasts_the_flatten_that_it_began_with():
    one = over("flatten", until=1)
    assert kinds(one.check(NOW)) == ["RiskViolation", "RiskHalted", "FlattenStarted"]
    one.on_broker(held(0))
    assert passed(one, 5) == [], "positions are being closed"
    events, _ = turns(one, NOW + 5 * SECOND)
    assert events == [FlattenCompleted(events[0].ts_ns, Scope("DU1"))]
    assert kinds(passed(one, 12)) == ["LockOutEnded"]


# ---- several rules -------------------------------------------------------------------------------


def test_the_strongest_of_several_wins_and_the_reason_names_all():
    rules = book(
        entry(enforcement="alert", limit=3),
        entry("MaxContracts", until=60, limit=4),
        entry(limit=5),
    )
    one = monitor(rules=rules)
    one.on_broker(held(6))
    events = one.check(NOW)
    assert kinds(events).count("RiskHalted") == 2, "a minute first, then for good"
    halt = one.halts[Scope("DU1")]
    assert halt.until_ns == 0
    assert f"{LIMIT}: AAPL" in halt.reason
    assert "MaxContracts: the account" in halt.reason
    assert "limit is 3" not in halt.reason, "an alert locks nothing"


def test_an_alert_denies_nothing_and_a_deny_halts_nothing():
    wanted = order("a", "BUY", 6)
    alert, deny = (monitor(rules=book(entry(enforcement=e, limit=5))) for e in ("alert", "deny"))
    assert alert.rules.denial(wanted, alert.view) == ""
    assert deny.rules.denial(wanted, deny.view) != ""
    deny.on_broker(held(6))
    assert kinds(deny.check(NOW)) == ["RiskViolation"]
    assert deny.halts == {}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"enforcement": ()}, "enforcement is 'empty'; it must be of alert, deny"),
        ({"enforcement": "cancel", "until": 5}, "until is 5, but only a halt or a flatten lasts"),
        ({"enforcement": "close", "scope": Scope(strategy="s")}, "it cannot close strategy s"),
        ({"enforcement": "reduce", "scope": Scope(strategy="s")}, "it cannot reduce strategy s"),
        ({"enforcement": "reduce", "rule": "UnrealizedLoss"}, "has no quantity that a position"),
    ],
)
def test_an_enforcement_that_means_nothing_is_refused(given, says: str):
    with pytest.raises(ConfigError, match=says):
        book(entry(limit=5, **given))


# ---- warnings ------------------------------------------------------------------------------------


def test_a_person_is_warned_once_when_most_of_a_limit_is_used():
    one = monitor(rules=book(entry(limit=10)))
    one.on_broker(held(7))
    assert passed(one, 0) == []
    one.on_broker(held(8))
    (warned,) = passed(one, 1)
    assert warned == RiskWarned(
        T0 + SECOND, Scope("DU1", symbol="AAPL"), LIMIT, "8 of 10 contracts is used"
    )
    for quantity, says in ((9, 0), (7, 0), (8, 0), (6, 0), (8, 1)):
        one.on_broker(replace(held(quantity), quantity=Decimal(quantity)))
        assert len(passed(one, 2)) == says


def test_two_limits_of_one_rule_do_not_take_turns_in_warning():
    one = monitor(rules=book(entry(limit=10), entry(limit=20)))
    one.check(NOW)
    one.on_broker(held(9))
    assert kinds(passed(one, 1)) == ["RiskWarned"]
    assert passed(one, 2) + passed(one, 3) == []


@pytest.mark.parametrize("until", [0, -1, 366 * 24 * 3600 + 1, 10**12, True, "week"])
def test_an_end_of_a_lock_out_that_is_none_is_refused_when_the_configuration_is_read(until):
    with pytest.raises(ValueError, match='"person", "day" or seconds, from 1 to 31622400'):
        RuleConfig(rule=LIMIT, until=until)
    assert RuleConfig(rule=LIMIT, until=366 * 24 * 3600).until == 31622400
