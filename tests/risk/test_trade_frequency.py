"""TradeFrequencyLimit: counts before and after, a cool-down, and clocks that jump."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tapewire.common.clock import Now
from tapewire.common.errors import ConfigError
from tapewire.common.events import (
    EVERYTHING,
    ComboLeg,
    Control,
    Event,
    LockOutEnded,
    OrderCreated,
    RiskHalted,
    Scope,
)
from tapewire.risk.monitor import RiskMonitor
from tests.executor.orders import NOW as EXECUTOR_NOW
from tests.executor.orders import executor, signal
from tests.risk.orders import (
    NOW,
    SECOND,
    T0,
    book,
    broken,
    denial,
    entry,
    fill,
    hold,
    intended,
    kept,
    monitor,
    order,
)

HOUR = 3600 * SECOND


def limited(
    of: str = "trades",
    per: str = "minute",
    limit: int = 3,
    *,
    enforcement: str = "halt",
    until: str | int = "person",
    scope: Scope = EVERYTHING,
    journal: list[Event] | None = None,
) -> RiskMonitor:
    rule = entry("TradeFrequencyLimit", enforcement, scope, until, limit=limit, per=per, of=of)
    return monitor(rules=book(rule), journal=journal or [])


def trade(one: RiskMonitor, name: str, now: Now = NOW, **more: object) -> None:
    """An execution that happens now."""
    one.view.at(now)
    one.on_broker(fill(order(f"o{name}", **more), 1, f"{name}.01", ts_ns=now.wall_ns))


def place(one: RiskMonitor, name: str, now: Now = NOW, **more: object) -> None:
    """An order that a gateway takes now."""
    one.view.at(now)
    taken = intended(order(f"o{name}", quantity=1, **more))
    one.on_broker(type(taken)(now.wall_ns, name, taken.order))


HAPPENS = {"trades": trade, "orders": place}


# ---- before --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "passes"), [(1, True), (2, True), (3, False), (4, False)])
@pytest.mark.parametrize("of", HAPPENS)
def test_one_more_than_the_limit_is_denied(of: str, count: int, passes: bool):
    one = limited(of)
    for number in range(count):
        HAPPENS[of](one, str(number))
    assert (denial(one, order("a")) == "") == passes
    assert denial(one, order("a", account="DU2")) == ""


def test_a_denial_says_what_was_counted():
    for of, per, when in (
        ("trades", "minute", "within a minute"),
        ("orders", "hour", "within an hour"),
        ("trades", "day", "in the trading day"),
    ):
        one = limited(of, per, 1)
        HAPPENS[of](one, "1")
        assert denial(one, order("a")) == (
            f"TradeFrequencyLimit: the account has had 1 {of} {when}, the limit is 1"
        )


@pytest.mark.parametrize(("per", "lasts"), [("minute", 60), ("hour", 3600)])
def test_what_is_older_than_the_window_does_not_count(per: str, lasts: int):
    one = limited(per=per, limit=1)
    trade(one, "1")
    assert denial(one, order("a"), NOW + lasts * SECOND) != ""
    assert denial(one, order("a"), NOW + lasts * SECOND + 1) == ""


def test_the_day_is_the_trading_day():
    def at(text: str) -> Now:
        local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/Chicago"))
        wall_ns = int(local.timestamp()) * SECOND
        return Now(wall_ns, wall_ns - T0)

    one = limited(per="day", limit=2)
    trade(one, "1", at("2026-03-04T16:59:59"))
    trade(one, "2", at("2026-03-04T17:00:00"))
    assert denial(one, order("a"), at("2026-03-04T23:59:00")) == ""
    trade(one, "3", at("2026-03-05T00:01:00"))
    assert denial(one, order("a"), at("2026-03-05T16:59:59")) != ""
    assert denial(one, order("a"), at("2026-03-05T17:00:00")) == ""


def test_an_exit_is_never_one_too_many():
    one = limited(limit=1)
    hold(one, 5)
    assert denial(one, order("a", "SELL", 5)) == ""
    assert denial(one, order("a", "SELL", 6)) != ""


def test_an_order_that_counts_already_may_be_written_and_modified():
    one = limited("orders", limit=1)
    place(one, "1")
    assert denial(one, order("o1")) == ""
    assert denial(one, order("o2")) != ""


def test_an_order_counts_once_from_when_the_executor_creates_it():
    one = limited("orders", limit=2)
    for event in (OrderCreated(T0, "s/1", order("o1", quantity=1)), intended(order("o1"))):
        one.view.note(event)
    assert denial(one, order("a")) == ""
    one.view.note(intended(order("o2")))
    assert denial(one, order("a")) != ""


def test_an_executor_counts_what_no_gateway_has_taken_yet():
    rule = entry("TradeFrequencyLimit", limit=1, per="minute", of="orders")
    one = executor(book=book(rule))
    first, second = (one.on_signal(signal(number), EXECUTOR_NOW)[0][0] for number in (1, 2))
    assert isinstance(first, OrderCreated)
    assert "has had 1 orders within a minute, the limit is 1" in second.reason


def test_an_execution_that_both_gateways_report_and_its_correction_count_once():
    one = limited(limit=2)
    for exec_id in ("e1.01", "e1.01", "e1.02"):
        one.on_broker(fill(order("o1"), 1, exec_id))
    assert denial(one, order("a")) == ""


@pytest.mark.parametrize("of", HAPPENS)
@pytest.mark.parametrize(
    ("scope", "elsewhere"),
    [
        (Scope("DU1"), {"account": "DU2"}),
        (Scope(strategy="s"), {"strategy": "other"}),
        (Scope(symbol="AAPL"), {"symbol": "MSFT"}),
    ],
)
def test_only_what_is_in_its_scope_counts(of: str, scope: Scope, elsewhere: dict):
    one = limited(of, limit=2, scope=scope)
    for number in range(5):
        HAPPENS[of](one, f"x{number}", **elsewhere)
    HAPPENS[of](one, "1")
    assert denial(one, order("a")) == ""
    HAPPENS[of](one, "2")
    assert denial(one, order("a")) != ""
    assert denial(one, order("a", **elsewhere)) == ""
    assert broken(one) == []


def test_an_execution_counts_for_a_strategy_once_it_is_known_whose_it_is():
    one = limited(limit=1, scope=Scope(strategy="s"))
    one.on_broker(fill(order("o1"), 1, "e1.01", intent_id=None, strategy=None))
    assert denial(one, order("a")) == ""
    one.on_broker(fill(order("o1"), 1, "e1.01"))
    assert denial(one, order("a")) != ""


def test_a_combo_is_one_order_and_counts_for_each_of_its_legs():
    legs = (ComboLeg("MSFT", 1, "BUY"), ComboLeg("AAPL", 1, "SELL"))
    one = limited("orders", limit=1, scope=Scope(symbol="AAPL"))
    combo = {"symbol": "MSFT - AAPL", "legs": legs}
    assert denial(one, order("a", **combo)) == ""
    place(one, "1", **combo)
    assert denial(one, order("a", **combo)) != ""


# ---- after ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "is_broken"), [(2, False), (3, False), (4, True)])
@pytest.mark.parametrize("of", HAPPENS)
def test_more_than_the_limit_is_a_violation(of: str, count: int, is_broken: bool):
    one = limited(of)
    one.check(NOW)
    for number in range(count):
        HAPPENS[of](one, str(number), account="DU2")
    said = f"DU2: the account has had 4 {of} within a minute, the limit is 3"
    assert broken(one) == ([said] if is_broken else [])
    (reading,) = one.rules.readings(one.view.at(NOW))
    assert (reading.used, reading.limit, reading.unit) == (count, 3, f"{of} per minute")


def storm(one: RiskMonitor, count: int = 4) -> None:
    one.check(NOW)
    for number in range(count):
        trade(one, str(number))
    assert len(broken(one)) == 1


def checks(one: RiskMonitor, start_s: float, end_s: float) -> list[Event]:
    """What checks of everything lead to, four per second."""
    found: list[Event] = []
    for quarter in range(int(start_s * 4), int(end_s * 4) + 1):
        found += one.check(NOW + quarter * SECOND // 4, timer=True)
    return found


def test_a_cool_down_ends_after_its_time_though_the_hour_is_not_over():
    one = limited(per="hour", until=60)
    storm(one)
    ended = [event for event in checks(one, 0.25, 90) if not kept([event])]
    assert [type(event) for event in ended] == [LockOutEnded]
    assert one.halts == {}
    assert denial(one, order("a"), NOW + 90 * SECOND) != "", "the hour is still full"
    for number in range(3):
        trade(one, f"later{number}", NOW + 90 * SECOND)
    assert checks(one, 90.25, 95) == [], "what was answered counts towards no other lock-out"
    trade(one, "later3", NOW + 96 * SECOND)
    assert any(isinstance(event, RiskHalted) for event in checks(one, 96, 97))


def test_a_person_s_reset_does_not_latch_again_because_of_the_same_events():
    one = limited(per="day")
    storm(one)
    checks(one, 0.25, 10)
    later = NOW + 10 * SECOND
    reply, _ = one.control(Control(T0, "resume", "seen", by="x"), later)
    assert reply.ok, reply.text
    assert checks(one, 10.25, 30) == []
    assert one.halts == {}


def test_what_was_answered_is_not_answered_again_after_a_restart():
    one = limited(per="hour", until=60)
    storm(one)
    journal = checks(one, 0.25, 90)
    after = limited(per="hour", until=60, journal=kept(journal))
    for number in range(4):
        after.on_broker(fill(order(f"o{number}"), 1, f"{number}.01"))
    assert broken(after, NOW + 91 * SECOND) == []
    for number in range(4):
        trade(after, f"new{number}", NOW + 92 * SECOND)
    assert len(broken(after, NOW + 92 * SECOND)) == 1


def test_a_storm_that_risk_did_not_see_is_found_at_its_start():
    one = limited(per="hour")
    for number in range(4):
        one.on_broker(fill(order(f"o{number}"), 1, f"{number}.01"))
    assert len(broken(one, NOW + 60 * SECOND)) == 1


def test_what_only_alerts_lasts_as_long_as_the_window_is_full():
    one = limited(enforcement="alert")
    storm(one)
    assert len(one.rules.on_timer(one.view.at(NOW + 60 * SECOND))) == 1
    assert one.rules.on_timer(one.view.at(NOW + 61 * SECOND)) == []


# ---- clocks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
@pytest.mark.parametrize("per", ["minute", "hour", "day"])
def test_a_clock_that_is_set_by_an_hour_makes_no_room(per: str, jump: int):
    one = limited(per=per, limit=4)
    for number in range(3):
        trade(one, f"before{number}")
    later = Now(T0 + jump + SECOND, NOW.mono_ns + SECOND)
    assert denial(one, order("a"), later) == ""
    trade(one, "after", later)
    assert denial(one, order("a"), later + SECOND) != ""
    if per == "minute":
        assert denial(one, order("a"), later + 3 * HOUR) == ""


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({"limit": 0}, "limit is 0; it must be 1 or more"),
        ({"per": "week"}, "per is 'week'"),
        ({"of": "ticks"}, "of is 'ticks'"),
    ],
)
def test_a_limit_that_means_nothing_is_refused(wrong: dict, found: str):
    with pytest.raises(ConfigError, match=found):
        limited(**wrong)
