"""PatternRule: three denied orders in a minute halt a strategy, once, over restarts."""

import pytest

from tapewire.common.clock import Now
from tapewire.common.errors import ConfigError
from tapewire.common.events import Event, Fill, OrderDenied, RiskHalted, RuleStateChanged, Scope
from tapewire.common.patterns.declare import step, times
from tapewire.common.patterns.sources import event, trade
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.state import state_of
from tests.risk.orders import NOW, SECOND, book, entry, fill, monitor, order

thrice = times(3, event(OrderDenied)).by("strategy").within("1m")
alone = step(event(OrderDenied)).by("account").then_not(event(Fill), "10s")
each_alone = alone.overlapping()
twice_filled = times(2, event(Fill)).within("1m")
kept_twice = step(event(OrderDenied)).then(event(Fill)).by("account").within("1m").keep(2)
of_trades = step(trade.price > 1)
filled_alone = step(event(Fill)).by("account").then_not(event(OrderDenied), "10m")
torn = (
    step(event(OrderDenied).where(lambda one: one.reason[100]))
    .then(event(Fill))
    .by("account")
    .within("1m")
)
HERE = "tests.risk.test_pattern_rule"


def watching(name: str, journal: list[Event] | None = None, **scope: str) -> RiskMonitor:
    rule = entry("PatternRule", "halt", Scope(**scope), pattern=f"{HERE}:{name}", reason="stop")
    return monitor(rules=book(rule), journal=journal or [])


def denied(one: RiskMonitor, second: float, strategy: str = "dip") -> list[Event]:
    now = NOW + int(second * SECOND)
    one.on_broker(OrderDenied(now.wall_ns, "DU1", strategy, "executor", "no"), "executor")
    return one.check(now)


def halts(events: list[Event]) -> list[Scope]:
    return [one.scope for one in events if isinstance(one, RiskHalted)]


def begun(name: str, journal: list[Event] | None = None, **scope: str) -> RiskMonitor:
    one = watching(name, journal, **scope)
    one.check(NOW)
    return one


def test_three_denied_orders_of_a_strategy_halt_it() -> None:
    one = begun("thrice")
    assert halts([*denied(one, 0), *denied(one, 1), *denied(one, 2, "other")]) == []
    events = denied(one, 3)
    assert halts(events) == [Scope(strategy="dip")]
    assert "PatternRule: thrice: stop, by 3 events of dip" in str(events)


def test_they_are_answered_once() -> None:
    one = begun("thrice")
    for second in range(3):
        events = denied(one, second)
    assert halts(events)
    assert one.rules.on_timer(one.view.at(NOW + 4 * SECOND)) == []
    assert halts([*denied(one, 5), *denied(one, 6)]) == []


def test_a_restart_forgets_none_of_them_and_answers_none_twice() -> None:
    one = begun("thrice")
    events = [*denied(one, 0), *denied(one, 1)]
    again = begun("thrice", journal=events)
    assert halts(denied(again, 2)) == [Scope(strategy="dip")]
    events += denied(one, 2)
    third = begun("thrice", journal=[e for e in events if isinstance(e, RuleStateChanged)])
    assert halts([*denied(third, 3), *denied(third, 4)]) == []


def test_it_shows_what_it_keeps_and_what_it_had_to_leave_out() -> None:
    one = begun("kept_twice")
    for second in range(4):
        denied(one, second)
    assert state_of(one, "ACTIVE")["patterns"] == [
        {
            "rule": "PatternRule", "pattern": "kept_twice",
            "kept": 4, "dropped": 2, "late": 0, "keys": 0,
        }
    ]  # fmt: skip


def test_what_does_not_come_is_found_by_the_timer_and_is_broken_a_few_seconds() -> None:
    one = begun("alone")
    denied(one, 0)
    assert not one.rules.rules[0].rests(flat=True)
    assert halts(one.check(NOW + 10 * SECOND, timer=True)) == []
    assert halts(one.check(NOW + 11 * SECOND, timer=True)) == [Scope(account="DU1")]
    assert one.rules.on_timer(one.view.at(NOW + 12 * SECOND))
    assert not one.rules.on_timer(one.view.at(NOW + 17 * SECOND))
    assert one.rules.rules[0].rests(flat=True)


def test_an_overlapping_absence_that_was_answered_is_not_after_a_restart() -> None:
    one = begun("each_alone")
    events = [*denied(one, 0), *denied(one, 5)]
    events += one.check(NOW + 11 * SECOND, timer=True)
    assert halts(events) == [Scope(account="DU1")]
    states = [each for each in events if isinstance(each, RuleStateChanged)]
    again = begun("each_alone", journal=[*states])
    assert again.rules.on_timer(again.view.at(NOW + 14 * SECOND)) == []
    assert again.rules.on_timer(again.view.at(NOW + 16 * SECOND)) != []


def test_an_execution_that_both_gateways_report_counts_once() -> None:
    one = begun("twice_filled")
    same = fill(order("o1"), 1, "o1.01", ts_ns=NOW.wall_ns)
    for source in ("gateway", "liquidation"):
        one.on_broker(same, source)
    assert halts(one.check(Now(NOW.wall_ns, NOW.mono_ns))) == []
    one.on_broker(fill(order("o2"), 1, "o2.01", ts_ns=NOW.wall_ns))
    assert halts(one.check(NOW)) == [Scope(symbol=same.symbol)]


def test_what_is_outside_its_scope_does_not_count() -> None:
    one = begun("thrice", strategy="other")
    assert halts([event for second in range(3) for event in denied(one, second)]) == []


def test_a_function_that_raises_halts_its_scope_as_a_rule_that_raises_does() -> None:
    one = begun("torn")
    events = denied(one, 0)
    assert halts(events) == [Scope()]
    assert "the rule failed" in str(events)
    assert "IndexError" in str(events)
    assert one.rules.on_timer(one.view.at(NOW + SECOND)) == []  # it was answered


def test_a_function_that_raises_as_the_past_is_looked_at_halts_too() -> None:
    states = [one for one in denied(begun("torn"), 0) if isinstance(one, RuleStateChanged)]
    again = begun("torn", journal=[*states])
    [violation] = again.rules.on_timer(again.view.at(NOW))
    assert "its state cannot be restored" in violation.reason


@pytest.mark.parametrize("accounts", [["DU1", "DU2", "DU2", "DU2"], ["DU1"] * 4])
def test_a_match_whose_events_are_no_longer_kept_is_answered(
    monkeypatch: pytest.MonkeyPatch, accounts: list[str]
) -> None:
    monkeypatch.setattr("tapewire.risk.rules.pattern_rule.KEPT_MAX", 2)
    one = begun("filled_alone")
    for number, account in enumerate(accounts):
        given = fill(order("o"), 1, f"o{number}.01", ts_ns=NOW.wall_ns, account=account)
        one.on_broker(given, "gateway")
        one.check(NOW)
    found = halts(one.check(NOW + 601 * SECOND, timer=True))
    assert {*found} == {Scope(account=account) for account in accounts}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("of_trades", "pattern is about Trades; a rule sees the events of the journals"),
        ("nothing", "has no pattern nothing"),
    ],
)
def test_what_cannot_be_a_rule_is_refused(name: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        watching(name)


def test_a_file_with_one_pattern_needs_no_name(tmp_path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from tapewire.strategy.patterns import event, times\n"
        "from tapewire.common.events import OrderDenied\n"
        'twice = times(2, event(OrderDenied)).by("strategy").within("1m")\n'
    )
    one = monitor(rules=book(entry("PatternRule", "halt", pattern=str(file))))
    one.check(NOW)
    assert halts([*denied(one, 0), *denied(one, 1)]) == [Scope(strategy="dip")]
