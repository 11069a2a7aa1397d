"""Rules that are taken over while the group runs: validated, written down, and the same again after
a restart, whatever the configuration says by then."""

from types import SimpleNamespace

import pytest

from tapewire.common.bus.wire import decode_event, encode
from tapewire.common.errors import ConfigError
from tapewire.common.events import (
    RULES_MAX,
    Control,
    ControlReply,
    Event,
    RiskHalted,
    RulesChanged,
    RuleStateChanged,
    Scope,
)
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.rules import RuleBook
from tapewire.risk.rules.in_force import Unloadable, changes, entries_of, taken_over, text_of
from tapewire.risk.rules.rulebook import shipped
from tests.risk.orders import NOW, T0, book, broken, denial, entry, fill, held, hold, monitor, order

STREAK = "tests.risk.own_rules:Streak"
FIVE, SIX = entry(limit=5), entry(limit=6)
STREAKS = entry(STREAK)


def reload(one: RiskMonitor, *entries: SimpleNamespace) -> tuple[ControlReply, list[Event]]:
    return one.control(Control(T0, "reload", "why", by="ann", rules=text_of(entries)), NOW)


def running(*entries: SimpleNamespace) -> tuple[RiskMonitor, list[Event]]:
    """A monitor that was started with these, and its journal."""
    one = monitor(rules=book(*entries))
    return one, one.started(text_of(entries), NOW, confirmed=True)


def again(journal: list[Event], *configured: SimpleNamespace) -> RiskMonitor:
    """It after a restart, with another configuration; what it reads went over the wire."""
    return monitor(rules=book(*configured), journal=[decode_event(encode(e)) for e in journal])


def test_new_limits_are_in_force_at_once_and_written_down_with_who_and_why() -> None:
    one, _ = running(SIX)
    one.on_broker(held(6))
    assert broken(one) == []
    reply, events = reload(one, FIVE)
    assert reply.ok
    assert events == [RulesChanged(T0, text_of([FIVE]), "why", "ann")]
    assert denial(one, order(quantity=1)) != ""
    assert broken(one) == ["DU1: AAPL is or could get 6 contracts, the limit is 5"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("no json", "expected the entries as JSON"),
        (text_of([entry("MaxContract")]), "MaxContract"),
        (text_of([FIVE, entry(limit=-1)]), "[[risk.rules]] number 2"),
        (text_of([entry("tests.risk.own_rules:Nobody")]), "cannot be loaded"),
    ],
)
def test_rules_that_cannot_be_loaded_change_nothing(text: str, fault: str) -> None:
    one, journal = running(FIVE)
    before = one.rules
    reply, events = one.control(Control(T0, "reload", "why", rules=text), NOW)
    assert (reply.ok, events) == (False, [])
    assert reply.text.startswith("not taken over: ")
    assert fault in reply.text
    assert one.rules is before
    assert one.snapshot() == again(journal, FIVE).snapshot()


def test_a_rule_that_did_not_change_keeps_what_it_remembers_under_its_new_key() -> None:
    one, journal = running(SIX, STREAKS)
    one.check(NOW, timer=True)
    for number in range(2):
        one.on_broker(fill(order("a"), 1, f"e{number}"))
    journal += one.check(NOW, timer=True)
    other = entry(STREAK, enforcement="alert")
    _, events = reload(one, other, FIVE, STREAKS)
    journal += events
    assert events[1:] == [RuleStateChanged(T0, f"{STREAK.rpartition(':')[2]}#2", b"2")]
    for restarted in (one, again(journal, SIX)):
        first, _, second = restarted.rules.rules
        assert (first.seen, second.seen) == (0, 2)  # type: ignore[attr-defined]
    one.on_broker(fill(order("a"), 1, "e3"))
    journal += one.check(NOW, timer=True)
    assert any(isinstance(e, RiskHalted) and "3 executions" in e.reason for e in journal)
    assert one.snapshot() == {**again(journal, SIX).snapshot(), **one.accounts.snapshot()}


def test_a_rule_that_was_removed_and_comes_back_begins_anew() -> None:
    one, journal = running(STREAKS)
    one.check(NOW, timer=True)
    one.on_broker(fill(order("a"), 1, "e1"))
    journal += one.check(NOW, timer=True)
    for entries in ([FIVE], [STREAKS]):
        journal += reload(one, *entries)[1]
    assert one.rules.rules[0].seen == 0  # type: ignore[attr-defined]
    assert again(journal, FIVE).rules.rules[0].seen == 0  # type: ignore[attr-defined]


def test_what_a_removed_rule_has_halted_stays_until_a_person_resumes() -> None:
    one, _ = running(FIVE)
    one.on_broker(held(6))
    assert broken(one) != []
    reload(one, SIX)
    assert broken(one) == []
    assert Scope("DU1") in one.halts
    assert one.control(Control(T0, "resume", "x", by="ann"), NOW)[0].ok


# ---- starts -------------------------------------------------------------------------------------


def test_the_first_start_writes_down_the_rules_of_the_configuration_and_the_next_nothing() -> None:
    _, journal = running(FIVE)
    assert journal == [
        RulesChanged(T0, text_of([FIVE]), "the configuration that the group was started with",
                     "start")
    ]  # fmt: skip
    one = again(journal, FIVE)
    assert one.started(text_of([FIVE]), NOW, confirmed=True) == []


def test_a_start_with_a_configuration_that_a_person_started_takes_it_over() -> None:
    _, journal = running(FIVE)
    one = again(journal, SIX)
    assert [type(e) for e in one.started(text_of([SIX]), NOW, confirmed=True)] == [RulesChanged]
    assert denial(one, order(quantity=6)) == ""


def test_a_start_with_a_configuration_that_nobody_has_confirmed_keeps_those_of_the_journal() -> (
    None
):
    _, journal = running(FIVE)
    one = again(journal, SIX)
    assert one.started(text_of([SIX]), NOW, confirmed=False) == []
    assert denial(one, order(quantity=6)) != ""


def test_what_rules_kept_before_there_was_a_word_on_them_in_the_journal_is_kept() -> None:
    one = again([RuleStateChanged(T0, "Streak", b"2")], STREAKS)
    _, kept = one.started(text_of([STREAKS]), NOW, confirmed=True)
    assert kept == RuleStateChanged(T0, "Streak", b"2")
    assert one.rules.rules[0].seen == 2  # type: ignore[attr-defined]


def test_a_state_that_cannot_be_read_still_halts_after_other_rules_were_taken_over() -> None:
    one = again([RuleStateChanged(T0, "Streak", b"no number")], STREAKS)
    _, kept = one.started(text_of([STREAKS]), NOW, confirmed=True)
    assert kept == RuleStateChanged(T0, "Streak", b"no number")
    reload(one, FIVE, STREAKS)
    assert any("its state cannot be restored" in reason for reason in broken(one))


def test_rules_of_the_journal_that_cannot_be_loaded_let_nothing_add_risk() -> None:
    gone = RulesChanged(T0, text_of([entry("tests.risk.own_rules:Nobody")]))
    one = monitor(rules=book(SIX), journal=[gone])
    assert isinstance(one.rules.rules[0], Unloadable)
    hold(one, 5)
    assert "the rules in force cannot be loaded" in denial(one, order(quantity=1))
    assert denial(one, order(side="SELL", quantity=5)) == ""
    (reason,) = broken(one)
    assert "the rules in force cannot be loaded" in reason
    assert one.trading == "HALTED"


def test_those_of_an_earlier_time_that_cannot_be_loaded_today_do_not_matter() -> None:
    gone = RulesChanged(T0, text_of([entry("tests.risk.own_rules:Nobody")]))
    one = monitor(rules=book(SIX), journal=[gone, RulesChanged(T0, text_of([FIVE]))])
    assert one.rules.fault == ""
    assert broken(one) == []


# ---- entries as text -----------------------------------------------------------------------------


def test_entries_come_back_as_they_were() -> None:
    given = [entry(enforcement=("alert", "deny"), scope=Scope("DU1", "s", "AAPL"), limit=5), FIVE]
    assert text_of(entries_of(text_of(given))) == text_of(given)
    assert len(taken_over(text_of(given), RuleBook()).rules) == 2


def test_more_than_an_event_holds_is_refused() -> None:
    with pytest.raises(ConfigError, match="at most"):
        text_of([entry(names=["x" * RULES_MAX])])


def test_what_differs_is_named_by_what_became_of_it() -> None:
    other = entry("MaxContracts", limit=9)
    found = changes(text_of([FIVE, STREAKS]), text_of([SIX, other]))
    assert found == {
        "added": ["MaxContracts"], "changed": ["MaxContractsPerInstrument"], "removed": [STREAK],
    }  # fmt: skip
    assert not any(changes(text_of([FIVE, other]), text_of([other, FIVE])).values())


def test_what_stands_for_rules_that_cannot_be_loaded_is_no_rule_that_can_be_configured():
    assert "Unloadable" not in shipped()
