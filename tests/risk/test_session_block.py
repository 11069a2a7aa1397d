"""SessionBlockOutside: which orders go at which times, and what is closed before the close."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.orders import Order
from tapewire.common.calendars import library
from tapewire.common.clock import Now
from tapewire.common.errors import ConfigError
from tapewire.common.events import EVERYTHING, ComboLeg, FlattenStarted, RiskHalted, Scope
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.rules import View, load_rules
from tests.risk.orders import SECOND, book, broken, denial, entry, foreign, hold, monitor, order

RULE = "SessionBlockOutside"
DAY_HOURS = {"opens": "08:30", "closes": "15:10", "zone": "America/Chicago"}
NIGHT_HOURS = {"opens": "17:00", "closes": "16:00", "zone": "America/Chicago"}
needs_library = pytest.mark.skipif(
    bool(library.extras.missing(library.MODULE, "")), reason="needs tapewire[risk]"
)


def at(text: str, zone: str = "America/Chicago", mono_s: float = 50) -> Now:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return Now(round(moment.timestamp() * 1000) * 1_000_000, int(mono_s * SECOND))


def ruled(scope: Scope = EVERYTHING, enforcement: str = "close", **given: object) -> RiskMonitor:
    return monitor(rules=book(entry(RULE, enforcement, scope, **given)))


def passes(one: RiskMonitor, moment: str, zone: str = "America/Chicago") -> bool:
    """Whether an order that adds risk goes at a moment, in a process that has just started."""
    view = View(one.accounts).at(at(moment, zone))
    return one.rules.denial(order(), view) == ""


# ---- hours of one's own --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "goes"),
    [
        ("2026-11-24T08:29:59.999", False),
        ("2026-11-24T08:30:00", True),
        ("2026-11-24T15:09:59.999", True),
        ("2026-11-24T15:10:00", False),
        ("2026-11-28T12:00:00", False),  # a Saturday
        ("2026-11-29T12:00:00", False),
    ],
)
def test_an_order_goes_from_the_opening_on_and_until_the_close(moment: str, goes: bool):
    assert passes(ruled(**DAY_HOURS), moment) == goes


@pytest.mark.parametrize(
    ("moment", "goes"),
    [
        ("2026-11-29T16:59:59.999", False),  # Sunday
        ("2026-11-29T17:00:00", True),
        ("2026-11-30T15:59:59.999", True),
        ("2026-11-30T16:00:00", False),
        ("2026-11-30T17:00:00", True),
        ("2026-12-04T15:59:59.999", True),  # Friday
        ("2026-12-04T17:00:00", False),
    ],
)
def test_hours_may_go_on_over_midnight(moment: str, goes: bool):
    assert passes(ruled(**NIGHT_HOURS), moment) == goes


@pytest.mark.parametrize("day", ["2026-03-06", "2026-03-09", "2026-10-30", "2026-11-02"])
def test_daylight_saving_moves_no_local_time(day: str):
    one = ruled(**DAY_HOURS)
    moments = ("T08:29:59.999", "T08:30:00", "T15:09:59.999", "T15:10:00")
    assert [passes(one, day + moment) for moment in moments] == [False, True, True, False]


def test_daylight_saving_moves_the_times_in_utc():
    one = ruled(**NIGHT_HOURS)
    moments = ("2026-03-06T22:30", "2026-03-09T21:30", "2026-03-09T22:30")  # Friday, then Monday
    assert [passes(one, moment, "UTC") for moment in moments] == [False, False, True]
    moments = ("2026-03-05T22:30", "2026-10-30T21:30", "2026-11-02T21:30", "2026-11-02T22:30")
    assert [passes(one, moment, "UTC") for moment in moments] == [False, False, True, False]


def test_days_can_be_closed_or_close_early():
    given = {"closed": [date(2026, 12, 25)], "early_closes": {"2026-12-24": "12:15"}}
    one = ruled(**DAY_HOURS, **given)
    assert [passes(one, f"2026-12-{m}") for m in ("24T12:14:59.999", "24T12:15", "25T12:00")] == [
        True, False, False,
    ]  # fmt: skip


def test_a_denial_names_the_market_and_when_it_opens():
    assert denial(ruled(**DAY_HOURS), order(), at("2026-11-27T16:00")) == (
        f"{RULE}: the market is closed until 2026-11-30 14:30:00 UTC, and this order could add"
        " risk in AAPL"
    )
    assert denial(ruled(**DAY_HOURS, flat_minutes=10), order(), at("2026-11-27T15:00")) == (
        f"{RULE}: the market closes 2026-11-27 21:10:00 UTC, and this order could add risk in AAPL"
    )


def test_an_exit_goes_at_any_time():
    one, moment = ruled(**DAY_HOURS), at("2026-11-27T16:00")
    hold(one, 10)
    assert denial(one, order("a", "SELL", 10), moment) == ""
    assert denial(one, order("a", "SELL", 11), moment) != ""
    assert denial(one, order("a", "SELL", 10, account="DU2"), moment) != ""


def test_a_symbol_that_does_not_trade_at_these_hours_is_not_touched():
    one, moment = ruled(**DAY_HOURS, symbols=["ESZ6"], flat_minutes=5), at("2026-11-27T16:00")
    hold(one, 10)
    assert denial(one, order(), moment) == ""
    assert denial(one, order(symbol="ESZ6"), moment) != ""
    assert broken(one, moment) == []
    legs = (ComboLeg("AAPL", 1, "BUY"), ComboLeg("ESZ6", 1, "SELL"))
    assert "risk in ESZ6" in denial(one, order(symbol="AAPL - ESZ6", legs=legs), moment)


@pytest.mark.parametrize(
    ("scope", "elsewhere"),
    [
        (Scope("DU1"), {"account": "DU2"}),
        (Scope(strategy="s"), {"strategy": "other"}),
        (Scope(symbol="AAPL"), {"symbol": "MSFT"}),
    ],
)
def test_it_is_about_its_scope_alone(scope: Scope, elsewhere: dict):
    one, moment = ruled(scope, "deny", **DAY_HOURS), at("2026-11-27T16:00")
    assert denial(one, order(), moment) != ""
    assert denial(one, order(**elsewhere), moment) == ""


# ---- clocks that are set -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("started", "wall", "goes"),
    [
        ("15:00", "14:05", True),  # set back by an hour: both say that it is open
        ("14:05", "15:11", False),  # set ahead: by the wall clock it is closed
        ("15:05", "14:11", False),  # set back, and by the other clock it is closed
    ],
)
def test_an_order_goes_if_the_market_is_open_by_both_clocks(started: str, wall: str, goes: bool):
    one = ruled(**DAY_HOURS)
    one.view.at(at(f"2026-11-24T{started}"))
    passed = 300 if goes else 360
    assert (denial(one, order(), at(f"2026-11-24T{wall}", mono_s=50 + passed)) == "") == goes


@pytest.mark.parametrize("wall", ["14:05:01", "16:05:01", "17:05:01"])
def test_setting_the_clock_closes_nothing_and_keeps_nothing_open(wall: str):
    one = ruled(**DAY_HOURS, flat_minutes=4)
    hold(one, 10)
    assert broken(one, at("2026-11-24T15:05")) == []
    assert broken(one, at(f"2026-11-24T{wall}", mono_s=51)) == []
    assert len(broken(one, at("2026-11-24T14:06", mono_s=50 + 60))) == 1


# ---- flat before the close -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "found"),
    [
        ("15:04:59.999", False),
        ("15:05:00", True),
        ("15:09:59.999", True),
        ("15:10:00", True),
    ],
)
def test_what_is_held_some_minutes_before_the_close_is_broken(moment: str, found: bool):
    one = ruled(**DAY_HOURS, flat_minutes=5)
    hold(one, 10)
    assert bool(broken(one, at(f"2026-11-24T{moment}"))) == found
    assert (denial(one, order(), at(f"2026-11-24T{moment}")) != "") == found


def test_it_is_closed_and_nothing_may_add_risk_until_the_next_session():
    one = ruled(**DAY_HOURS, flat_minutes=5)
    hold(one, 10)
    hold(one, 5, "MSFT", "DU2")
    events = one.check(at("2026-11-24T15:05"), timer=True)
    scopes = [Scope("DU1", symbol="AAPL"), Scope("DU2", symbol="MSFT")]
    assert [e.scope for e in events if isinstance(e, RiskHalted)] == scopes
    assert [e.scope for e in events if isinstance(e, FlattenStarted)] == scopes
    assert one.check(at("2026-11-24T15:05:01", mono_s=51), timer=True) == []


def test_what_is_ordered_counts_and_other_accounts_do_not():
    one = ruled(Scope("DU1"), **DAY_HOURS, flat_minutes=5)
    one.on_broker(foreign(1))
    one.on_broker(foreign(2, account="DU2"))
    assert broken(one, at("2026-11-24T15:05")) == [
        "DU1: the market closes 2026-11-24 21:10:00 UTC, and AAPL is held or ordered"
    ]


def test_without_minutes_a_position_may_stay_overnight():
    one = ruled(**DAY_HOURS)
    hold(one, 10)
    assert broken(one, at("2026-11-24T20:00")) == []


def test_a_restart_after_the_close_finds_what_should_have_been_closed():
    one = ruled(**DAY_HOURS, flat_minutes=5)
    hold(one, 10)
    events = one.check(at("2026-11-24T15:06"), timer=True)
    after = monitor(rules=book(entry(RULE, "close", **DAY_HOURS, flat_minutes=5)), journal=events)
    hold(after, 10)
    assert [*after.decisions.flattening] == [Scope("DU1", symbol="AAPL")]
    assert len(broken(after, at("2026-11-24T15:20", mono_s=7))) <= 1
    assert [*after.decisions.flattening] == [Scope("DU1", symbol="AAPL")]
    fresh = ruled(**DAY_HOURS, flat_minutes=5)
    hold(fresh, 10)
    assert len(broken(fresh, at("2026-11-24T15:20"))) == 1, "it was down before the close"


# ---- calendars -----------------------------------------------------------------------------------


@needs_library
@pytest.mark.parametrize(
    ("moment", "goes"),
    [
        ("2026-11-24T16:59:59.999", True),
        ("2026-11-26T11:59:59.999", True),  # Thanksgiving closes at noon
        ("2026-11-26T12:00:00", False),
        ("2026-11-26T16:59:59.999", False),
        ("2026-11-26T17:00:00", True),
        ("2026-12-24T12:00:00", False),
        ("2026-12-25T12:00:00", False),
        ("2026-12-27T17:00:00", True),
    ],
)
def test_a_calendar_has_the_half_days_and_holidays_of_its_market(moment: str, goes: bool):
    assert passes(ruled(calendar="CMES"), moment) == goes


@needs_library
def test_own_hours_change_a_calendar_but_not_its_half_days():
    one = ruled(calendar="CMES", closes="16:00", flat_minutes=10)
    moments = ("24T15:49:59.999", "24T15:50", "24T16:30", "24T17:00", "26T11:49", "26T11:50")
    assert [passes(one, f"2026-11-{m}") for m in moments] == [
        True, False, False, True, True, False,
    ]  # fmt: skip
    wide = ruled(calendar="XNYS", opens="04:00", closes="20:00")
    moments = ("25T03:59", "25T04:00", "25T19:59", "26T12:00", "27T12:59", "27T13:00")
    assert [passes(wide, f"2026-11-{m}", "America/New_York") for m in moments] == [
        False, True, True, False, True, False,
    ]  # fmt: skip
    late = ruled(calendar="XNYS", opens="13:30", closes="16:00")  # after the half day is over
    assert not passes(late, "2026-11-27T13:45", "America/New_York")


@needs_library
def test_a_market_has_a_break_in_which_positions_may_stay():
    one = ruled(calendar="XHKG", flat_minutes=5)
    moments = ("11:59:59.999", "12:00", "12:59:59.999", "13:00", "15:54:59.999", "15:55")
    assert [passes(one, f"2026-11-24T{m}", "Asia/Hong_Kong") for m in moments] == [
        True, False, False, True, True, False,
    ]  # fmt: skip
    hold(one, 10)
    assert broken(one, at("2026-11-24T12:30", "Asia/Hong_Kong")) == []
    assert "XHKG has a break until 2026-11-24 05:00:00 UTC" in denial(
        one, order(symbol="MSFT"), at("2026-11-24T12:30", "Asia/Hong_Kong")
    )


@needs_library
def test_what_the_library_does_not_know_denies_and_halts_but_closes_nothing():
    one, moment = ruled(calendar="XHKG", flat_minutes=5), at("2050-06-01T12:00")
    hold(one, 10)
    assert "exchange_calendars does not know when XHKG is open today" in denial(
        one, order(symbol="MSFT"), moment
    )
    assert denial(one, order("a", "SELL", 10), moment) == ""
    events = one.check(moment, timer=True)
    assert [e.scope for e in events if isinstance(e, RiskHalted)] == [EVERYTHING]
    assert not [e for e in events if isinstance(e, FlattenStarted)]


def test_without_the_library_the_rule_names_the_extra(monkeypatch):
    monkeypatch.setattr("tapewire.common.extras.find_spec", lambda _name: None)
    library.load.cache_clear()
    with pytest.raises(ConfigError) as caught:
        ruled(calendar="XLON")
    assert str(caught.value) == (
        "[[risk.rules]] number 1: calendar XLON: exchange_calendars is not installed; install it"
        " with: pip install 'tapewire[risk]'"
    )
    ruled(**DAY_HOURS)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "there is no calendar; name one, or give opens, closes and zone"),
        ({"opens": "08:30", "zone": "UTC"}, "there is no calendar; name one"),
        ({**DAY_HOURS, "opens": "8h"}, "opens is '8h'; expected a time of day"),
        ({**DAY_HOURS, "zone": "Mars/Base"}, "zone is 'Mars/Base'; expected a time zone"),
        ({**DAY_HOURS, "flat_minutes": -1}, "flat_minutes is -1.0; it must be from 0 to 1440"),
        ({**DAY_HOURS, "flat_minutes": float("nan")}, "flat_minutes is nan"),
        ({**DAY_HOURS, "early_closes": {"2026-12-24": "noon"}}, "early_closes is 'noon'"),
        ({**DAY_HOURS, "flat_minutes": 5, "scope": Scope(strategy="s"), "enforcement": "deny"},
         "flat_minutes is 5.0, but positions are an account's"),
    ],
)  # fmt: skip
def test_parameters_that_mean_nothing_are_refused(wrong: dict, said: str):
    with pytest.raises(ConfigError, match=said):
        ruled(**wrong)


def test_by_itself_it_closes():
    given = entry(RULE, **DAY_HOURS)
    given.enforcement = None
    (rule,) = load_rules([given]).rules
    assert rule.enforcement.measures == ("close",)


def test_it_decides_the_same_in_the_executor():
    """Which has no prices, and no positions that the broker reports."""
    rules = book(entry(RULE, **DAY_HOURS))
    view = View(Accounts((), Order)).at(at("2026-11-24T15:10"))
    assert rules.denial(order(), view) != ""
