"""Conflicts: what bears our tag and is not our order halts, until a person decides."""

from decimal import Decimal

from msgspec.structs import replace

from tapewire.common.events import (
    Control,
    Difference,
    OrderConflict,
    ReconciliationCompleted,
    RiskHalted,
    RiskViolation,
    Scope,
)
from tests.risk.orders import NOW, T0, monitor

ACCOUNT = "DU1"
CONFLICT = OrderConflict(T0, ACCOUNT, "AAPL", "s-1/1", "9001", "an order has its tag")


def test_a_conflict_halts_its_account_and_symbol_once_and_a_person_lifts_it():
    one = monitor()
    one.check(NOW)
    one.on_broker(CONFLICT)
    violation, halted = one.check(NOW)
    assert (violation.rule, halted.scope) == ("conflicts", Scope(ACCOUNT, symbol="AAPL"))
    assert (
        "conflict with order s-1/1: an order has its tag; look in the broker's own program"
        in halted.reason
    )
    assert halted.reason.endswith(f"then `tapewire resume --account {ACCOUNT} --symbol AAPL`")
    assert one.check(NOW, timer=True) == []
    reply, _events = one.control(Control(T0, "resume", "seen", halted.scope), NOW)
    assert reply.ok
    assert one.check(NOW, timer=True) == []
    assert one.halts == {}


def test_a_conflict_that_happened_while_risk_was_away_is_answered_and_an_answered_one_is_not():
    first = monitor()
    first.on_broker(CONFLICT)
    own = first.check(NOW)
    assert [type(event) for event in own] == [RiskViolation, RiskHalted]
    _reply, lifted = first.control(Control(T0, "resume", "seen"), NOW)
    again = monitor()
    for event in (*own, *lifted):
        again.apply(event)
    again.on_broker(CONFLICT)
    again.on_broker(replace(CONFLICT, permanent_id="9002"))
    assert [event.cause_id for event in again.check(NOW) if isinstance(event, RiskHalted)] == [
        "s-1/1 9002"
    ]


def test_a_conflict_is_answered_under_a_halt_of_everything_too():
    one = monitor()
    one.control(Control(T0, "halt", "test"), NOW)
    one.on_broker(CONFLICT)
    one.check(NOW)
    one.control(Control(T0, "resume", "test"), NOW)
    assert one.check(NOW, timer=True) == []


def reconciled(*found: Difference, ts_ns: int = T0) -> ReconciliationCompleted:
    return ReconciliationCompleted(ts_ns, "interval", "", "", 0, 0, 0, found)


def test_a_difference_whose_rule_demands_it_halts_once_and_others_do_not():
    adopted = Difference("execution", "a.01", "none", "it", Decimal(1), "adopt", ACCOUNT, "AAPL")
    alarm = Difference("position", "DU1 AAPL", "1", "2", Decimal(1), "alarm", ACCOUNT, "AAPL")
    halting = replace(alarm, rule="halt", symbol="MSFT")
    one = monitor()
    one.on_broker(reconciled(adopted, alarm, halting))
    violation, halted = one.check(NOW)
    assert (violation.rule, halted.scope) == ("reconciliation", Scope(ACCOUNT, symbol="MSFT"))
    assert halted.reason.startswith(
        "position DU1 AAPL: we have 1, the broker has 2; look in the broker's own program"
    )
    one.control(Control(T0, "resume", "seen", halted.scope), NOW)
    assert one.check(NOW, timer=True) == []
    one.on_broker(reconciled(halting, ts_ns=T0 + 1))
    assert one.check(NOW) != []


def test_a_conflict_that_a_reconciliation_finds_too_is_answered_once():
    found = Difference(
        "conflict", CONFLICT.id, "none", "conflict", Decimal(1), "halt", ACCOUNT, "AAPL"
    )
    one = monitor()
    one.on_broker(CONFLICT)
    one.on_broker(reconciled(found))
    assert len([event for event in one.check(NOW) if isinstance(event, RiskHalted)]) == 1
