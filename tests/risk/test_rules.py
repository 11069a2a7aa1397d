"""The rule contract: loading, what a broken rule leads to, what lasts, and failing closed."""

import pytest
from msgspec.structs import replace

from tapewire.common.bus.wire import decode_event, encode
from tapewire.common.errors import ConfigError
from tapewire.common.events import (
    EVERYTHING,
    Control,
    Event,
    FlattenCompleted,
    RiskHalted,
    RiskViolation,
    RuleStateChanged,
    Scope,
)
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.rules import Enforcement, Rule, RuleBook, Violation, shipped
from tapewire.risk.rules.enforcement import HALT
from tests.risk import own_rules
from tests.risk.orders import NOW, SECOND, T0, book, entry, fill, held, monitor, order, turns

OWN = own_rules.__name__
TRADED = order()


@pytest.fixture
def broken() -> own_rules.Broken:
    return own_rules.Broken(own_rules.Broken.Parameters())


def kinds(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


# ---- loading ------------------------------------------------------------------------------------


def test_a_rule_is_named_by_its_class_or_by_module_and_class():
    one, other = book(entry("MaxContracts", limit=5), entry(f"{OWN}:Streak", "alert")).rules
    assert (one.name, one.enforcement, one.limit) == ("MaxContracts", HALT, 5)
    assert (type(other), other.enforcement) == (own_rules.Streak, Enforcement(("alert",)))
    assert set(shipped()) >= {"MaxContracts", "MaxContractsPerInstrument"}
    assert not set(shipped()) & {"Rule", "AmountLimit", "DailyResult", "UnrealizedResult"}


BAD = {
    "MaxContract": (
        "rule is 'MaxContract', which is neither a rule nor module:Class;"
        " did you mean MaxContracts or MaxContractsPerInstrument?"
    ),
    f"{OWN}:Nothing": f"rule is {OWN}:Nothing, but it cannot be loaded: AttributeErr",
    "no.such.module:Rule": (
        "rule is no.such.module:Rule, but it cannot be loaded: ModuleNotFoundError"
    ),
    f"{OWN}:NOT_A_RULE": (
        f"rule is {OWN}:NOT_A_RULE, which is not a class of tapewire.risk.rules.Rule"
    ),
    f"{OWN}:View": f"rule is {OWN}:View, which is not a class of",
    f"{OWN}:Picky": "ValueError: not on a Monday; correct its parameters",
}


@pytest.mark.parametrize(("name", "sentence"), BAD.items(), ids=BAD)
def test_a_rule_that_cannot_be_loaded_is_refused_with_its_number(name: str, sentence: str):
    with pytest.raises(ConfigError) as caught:
        book(entry(limit=5), entry(name))
    assert str(caught.value).startswith(f"[[risk.rules]] number 2: {sentence}")


PARAMETERS = {
    "parameters.limit is missing, and has no default; add it": {},
    "parameters.limt is not known; did you mean limit?": {"limt": 5},
    "parameters.limit is [5], must be a decimal number": {"limit": [5]},
    "ValueError: MaxContractsPerInstrument limit is -5; it must": {"limit": -5},
}


@pytest.mark.parametrize(("sentence", "given"), PARAMETERS.items(), ids=PARAMETERS)
def test_parameters_that_do_not_fit_are_refused_by_their_key(sentence: str, given: dict):
    with pytest.raises(ConfigError) as caught:
        book(entry(**given))
    assert str(caught.value).startswith(f"[[risk.rules]] number 1: {sentence}")


def test_a_flatten_of_a_strategy_is_refused_since_positions_are_an_accounts():
    with pytest.raises(ConfigError, match="positions are an account's, not a strategy's"):
        book(entry(f"{OWN}:Streak", "flatten", Scope(strategy="dip")))
    book(entry(f"{OWN}:Streak", "halt", Scope(strategy="dip")))
    book(entry(f"{OWN}:Streak", "flatten", Scope("DU1", symbol="AAPL")))


def test_the_first_denial_counts():
    rules = book(entry("MaxContracts", limit=5), entry(limit=4))
    assert "MaxContracts:" in rules.denial(order("a", "BUY", 6), monitor().view)
    assert "MaxContractsPerInstrument:" in rules.denial(order("a", "BUY", 5), monitor().view)
    assert rules.denial(order("a", "BUY", 4), monitor().view) == ""
    assert repr(rules) == "<RuleBook MaxContracts, MaxContractsPerInstrument>"
    assert repr(RuleBook()) == "<RuleBook empty>"


# ---- what a broken rule leads to ----------------------------------------------------------------


def test_an_alert_is_reported_once_while_it_lasts_and_again_when_it_comes_back():
    one = monitor(rules=book(entry(enforcement="alert", limit=5)))
    one.check(NOW)
    one.on_broker(held(6))
    (reported,) = one.check(NOW)
    assert reported == RiskViolation(
        T0, Scope("DU1"), "MaxContractsPerInstrument",
        "AAPL is or could get 6 contracts, the limit is 5",
        "position.reported DU1 AAPL", held(6).ts_ns, ("alert",),
    )  # fmt: skip
    one.on_broker(held(7))
    assert one.check(NOW) == []
    assert one.check(NOW, timer=True) == []
    assert one.halts == {}
    one.on_broker(held(5))
    assert one.check(NOW, timer=True) == []
    one.on_broker(held(6))
    assert kinds(one.check(NOW)) == ["RiskViolation"]


def test_what_a_regular_check_finds_has_no_cause():
    one = monitor(rules=book(entry(enforcement="alert", limit=5)))
    one.on_broker(held(6))
    (reported,) = one.check(NOW, timer=True)
    assert (reported.cause_id, reported.cause_ns) == ("", 0)


def test_what_two_events_have_broken_is_reported_once_with_the_first_of_them():
    one = monitor(rules=book(entry(enforcement="alert", limit=5)))
    one.check(NOW)
    one.on_broker(held(4))
    one.on_broker(replace(held(6), ts_ns=T0 + 1))
    one.on_broker(replace(held(6), ts_ns=T0 + 2))
    (reported,) = one.check(NOW)
    assert reported.cause_id == "position.reported DU1 AAPL"


def test_alerts_of_two_accounts_are_two():
    one = monitor(rules=book(entry(enforcement="alert", limit=5)))
    one.on_broker(held(6))
    one.on_broker(held(6, account="DU2"))
    assert [e.scope for e in one.check(NOW)] == [Scope("DU1"), Scope("DU2")]
    assert one.check(NOW, timer=True) == []


def test_an_alert_does_not_keep_the_halt_of_the_same_scope_from_being_reported():
    one = monitor(rules=book(entry(enforcement="alert", limit=5), entry(limit=7)))
    one.on_broker(held(6))
    assert kinds(one.check(NOW)) == ["RiskViolation"]
    one.on_broker(held(8))
    assert kinds(one.check(NOW)) == ["RiskViolation", "RiskHalted"]


def test_the_strongest_enforcement_comes_first():
    one = monitor(
        rules=book(*(entry(enforcement=e, limit=5) for e in ("alert", "halt", "flatten")))
    )
    one.on_broker(held(6))
    assert kinds(one.check(NOW)) == [
        "RiskViolation", "RiskHalted", "FlattenStarted", "RiskViolation",
    ]  # fmt: skip


def test_a_halt_is_reported_once_and_again_only_after_a_person_lifted_it():
    one = monitor(rules=book(entry(limit=5)))
    one.on_broker(held(6))
    assert kinds(one.check(NOW)) == ["RiskViolation", "RiskHalted"]
    assert one.check(NOW, timer=True) == []
    one.halts.clear()  # however it came to that: a broken rule must not stay without its halt
    assert kinds(one.check(NOW, timer=True)) == ["RiskViolation", "RiskHalted"]


def test_while_everything_is_halted_a_broken_rule_has_nothing_to_add():
    one = monitor(rules=book(entry(limit=5)), journal=[RiskHalted(T0, EVERYTHING, "x")])
    one.on_broker(held(6))
    assert one.check(NOW) == []


def test_a_broken_rule_may_flatten_its_account():
    one = monitor(rules=book(entry(enforcement="flatten", limit=5)))
    one.on_broker(held(6))
    events = one.check(NOW)
    assert kinds(events) == ["RiskViolation", "RiskHalted", "FlattenStarted"]
    assert {e.scope for e in events} == {Scope("DU1")}
    assert one.check(NOW, timer=True) == []
    one.on_broker(held(0))
    assert kinds(turns(one, NOW)[0]) == ["FlattenCompleted"]


def lost(enforcement: str) -> RiskMonitor:
    """A monitor of an account that lost more than it may, and still holds something."""
    one = monitor(rules=book(entry(f"{OWN}:Loss", enforcement, limit=50)))
    one.on_broker(fill(TRADED, 10, "e1"))
    one.on_broker(fill(order("b/1", "SELL"), 8, "e2", price=90))
    one.on_broker(held(2))
    return one


def test_a_loss_that_outlasts_its_flatten_does_not_start_another_until_something_is_held():
    one = lost("flatten")
    assert kinds(one.check(NOW)) == ["RiskViolation", "RiskHalted", "FlattenStarted"]
    one.on_broker(held(0))
    events, _ = turns(one, NOW)
    assert events == [FlattenCompleted(T0, Scope("DU1"))]
    for seconds in range(5):
        assert one.check(NOW + seconds * SECOND, timer=True) == []
    one.on_broker(held(1))
    assert kinds(one.check(NOW, timer=True)) == ["RiskViolation", "FlattenStarted"]


def test_a_violation_of_a_strategy_that_wants_a_flatten_flattens_its_account():
    class Both(Rule):
        def on_timer(self, view):
            yield Violation("Both", Scope("DU1", "dip"), "too much", Enforcement(("flatten",)))

    one = monitor(rules=[Both(Both.Parameters())])
    one.on_broker(held(1))
    _, halted, flatten = one.check(NOW)
    assert (halted.scope, flatten.scope) == (Scope("DU1", "dip"), Scope("DU1"))


def test_a_rule_sees_each_event_once_though_the_timer_is_due_and_nothing_of_the_past():
    (rule,) = rules = book(entry(f"{OWN}:Streak", "alert")).rules
    one = monitor(rules=rules)
    one.on_broker(fill(TRADED, 1, "e0"))
    one.check(NOW)
    assert rule.seen == 0
    for number in (1, 2):
        one.on_broker(fill(TRADED, 1, f"e{number}"))
        one.check(NOW, timer=number == 2)
    assert rule.seen == 2
    one.past_unknown()
    one.on_broker(fill(TRADED, 1, "e3"))
    assert "RiskViolation" in kinds(one.check(NOW))
    assert rule.seen == 3


# ---- what lasts ---------------------------------------------------------------------------------


def test_what_a_rule_keeps_survives_a_restart():
    rules = book(entry(f"{OWN}:Streak", "alert"), entry(f"{OWN}:Streak", "alert"))
    one = monitor(rules=rules)
    one.check(NOW)
    one.on_broker(fill(TRADED, 1, "e1"))
    events = one.check(NOW)
    assert events == [
        RuleStateChanged(T0, "Streak", b"1"), RuleStateChanged(T0, "Streak#2", b"1"),
    ]  # fmt: skip
    assert one.check(NOW, timer=True) == [], "nothing is written that did not change"
    again = book(entry(f"{OWN}:Streak", "alert"), entry(f"{OWN}:Streak", "alert"))
    after = monitor(rules=again, journal=[*events, RuleStateChanged(T0, "Gone", b"5")])
    assert [rule.seen for rule in again.rules] == [1, 1]
    assert after.check(NOW) == []


# ---- failing closed -----------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["denial", "covers"])
def test_a_rule_that_raises_denies_the_order(broken: own_rules.Broken, at: str):
    broken.at = at
    one = monitor(rules=[broken])
    said = one.rules.denial(order(), one.view)
    assert said.startswith(f"rule Broken failed, so the order is not sent: RuntimeError: no {at}!")
    assert said.rpartition(" at ")[2].startswith("tests/risk/own_rules.py:")


@pytest.mark.parametrize("at", ["on_event", "on_timer"])
def test_a_rule_that_raises_halts_its_scope_and_the_others_are_still_asked(
    broken: own_rules.Broken, at: str
):
    broken.at, broken.scope, broken.enforcement = at, Scope("DU1"), Enforcement(("alert",))
    one = monitor(rules=[broken, *book(entry(limit=5)).rules])
    one.check(NOW, timer=at == "on_timer")
    one.on_broker(held(6, account="DU2"))
    one.check(NOW, timer=True)
    assert one.halts.keys() == {Scope("DU1"), Scope("DU2")}
    assert "Broken: the rule failed, so nothing in its scope may add risk: RuntimeError" in (
        one.halts[Scope("DU1")].reason
    )


@pytest.mark.parametrize("at", ["save", "restore"])
def test_a_rule_that_loses_its_state_halts_and_stays_halted(broken: own_rules.Broken, at: str):
    broken.at = at
    one = monitor(rules=[broken], journal=[RuleStateChanged(T0, "Broken", b"1")])
    events = one.check(NOW) + one.check(NOW, timer=True)
    assert kinds(events) == ["RiskViolation", "RiskHalted"]
    assert f"its state cannot be {at}d" in events[0].reason or at == "save"
    assert events[0].scope == EVERYTHING
    broken.at = ""
    assert one.check(NOW, timer=True) == [], "what it saves now is not what it had"
    assert not one.control(Control(T0, "resume", "x"), NOW)[0].ok


def test_a_sentence_that_is_too_long_can_be_read_from_the_journal_again(
    broken: own_rules.Broken,
):
    class Wordy(Rule):
        def on_timer(self, view):
            yield self.violation("x" * 600)

    broken.at = "on_timer"
    one = monitor(rules=[Wordy(Wordy.Parameters()), broken])
    events = one.check(NOW)
    assert len(events) == 3
    for event in events:
        assert decode_event(encode(event)) == event
