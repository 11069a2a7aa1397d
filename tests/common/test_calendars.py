"""Calendars of exchanges: what of them are trading days, against the library's own table."""

import subprocess
import sys
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tapewire.common.accounting.trading_days import day_began_ns, next_day_ns
from tapewire.common.calendars import library
from tapewire.common.calendars.days import exchange_days
from tapewire.common.calendars.library import Listing, load, years_of
from tapewire.common.calendars.renewed import Renewed
from tapewire.common.calendars.sessions import Session, Sessions
from tapewire.common.config.settings import TradingDayConfig
from tapewire.common.errors import ConfigError

CHICAGO = ZoneInfo("America/Chicago")
DAY = timedelta(days=1)


def at(text: str, zone: ZoneInfo = CHICAGO) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * 10**9


def made(*days: str, closes: str = "17:00") -> Listing:
    """A calendar like that of CME with a session on these days alone, and nothing known beside."""
    parsed = [date.fromisoformat(day) for day in days]
    sessions = [Session(day, at(f"{day - DAY}T17:00"), at(f"{day}T{closes}")) for day in parsed]
    return Listing((), CHICAGO.key, "17:00", parsed[0], parsed[-1], tuple(sessions))


WEEK = made("2026-11-23", "2026-11-24", "2026-11-25", "2026-11-27", "2026-11-30", "2026-12-01")


def of_week(**more: Any) -> Any:
    return exchange_days("MADE", 2026, load=lambda _name, _year: WEEK, **more)


# ---- trading days --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-24T16:59:59", "2026-11-24"),
        ("2026-11-24T17:00:00", "2026-11-25"),
        ("2026-11-25T17:00:00", "2026-11-27"),  # the eve of a holiday
        ("2026-11-26T12:00:00", "2026-11-27"),
        ("2026-11-27T16:59:59", "2026-11-27"),
        ("2026-11-27T17:00:00", "2026-11-30"),  # Friday evening counts for Monday
        ("2026-11-29T16:59:59", "2026-11-30"),
        ("2026-11-30T17:00:00", "2026-12-01"),
    ],
)
def test_what_is_traded_between_sessions_counts_for_the_next(moment: str, day: str):
    assert of_week()(at(moment)) == date.fromisoformat(day)


def test_the_days_of_a_calendar_begin_and_end_where_the_others_do():
    days = of_week()
    assert next_day_ns(days, at("2026-11-28T09:00")) == at("2026-11-30T17:00")
    assert day_began_ns(days, at("2026-11-28T09:00")) == at("2026-11-27T17:00")


def test_where_the_library_knows_nothing_each_day_counts_for_itself():
    days = of_week()
    assert days(at("2026-11-21T09:00")) == date(2026, 11, 21)
    assert days(at("2026-12-05T09:00")) == date(2026, 12, 5)


def test_a_day_can_be_closed_or_added():
    days = of_week(closed=[date(2026, 11, 24)], added=[date(2026, 11, 28)])
    assert days(at("2026-11-23T18:00")) == date(2026, 11, 25)
    assert days(at("2026-11-28T09:00")) == date(2026, 11, 28)


def test_a_day_may_end_elsewhere_but_not_within_a_session():
    later = of_week(zone="UTC", ends="23:30")  # 17:30 in Chicago
    assert later(at("2026-11-24T17:29")) == date(2026, 11, 24)
    many = made(*(f"{date(2026, 1, 5) + n * DAY}" for n in range(200)))
    with pytest.raises(ConfigError, match=r"trading_day.ends is 12:00 in UTC, which is within the"):
        exchange_days("MADE", 2026, "UTC", "12:00", load=lambda _name, _year: many)


def test_days_of_no_calendar_cannot_be_changed():
    with pytest.raises(ValueError, match="empty without the calendar whose days they change"):
        TradingDayConfig(closed=(date(2026, 12, 24),))


# ---- tables of years -----------------------------------------------------------------------------


def test_a_table_is_made_again_before_its_years_are_over():
    asked: list[int] = []
    tables = Renewed(lambda year: asked.append(year) or year, lambda year: None)
    moments = ("2026-11-26", "2027-11-29", "2027-12-01", "2028-10-01", "2018-01-01", "2005-01-01")
    assert [tables.at(at(f"{day}T12:00")) for day in moments] == [
        2026, 2026, 2027, 2027, 2027, 2005,
    ]  # fmt: skip
    assert asked == [2026, 2027, 2005]


def test_the_next_years_are_looked_up_in_the_background_once():
    prepared: list[int] = []
    tables = Renewed(lambda year: year, prepared.append)
    for day in ("2026-11-26", "2027-10-29", "2027-10-31", "2027-11-15", "2027-11-29"):
        tables.at(at(f"{day}T12:00"))
    assert prepared == [2027]


def test_where_the_next_years_cannot_be_looked_up_the_old_table_stays_for_an_hour():
    asked: list[int] = []

    def make(year: int) -> int:
        asked.append(year)
        if year != 2026:
            raise ConfigError("no such years")
        return year

    tables = Renewed(make, lambda year: None)
    for moment in ("2026-11-26T12:00", "2028-01-01T12:00", "2028-01-01T12:59", "2028-01-01T13:00"):
        assert tables.at(at(moment)) == 2026
    assert asked == [2026, 2028, 2028]
    with pytest.raises(ConfigError):
        Renewed(make, lambda year: None).at(at("2028-01-01T12:00"))


def test_a_session_has_its_opening_in_it_and_not_its_close():
    first, second = WEEK.sessions[:2]
    sessions = Sessions(WEEK.sessions, WEEK.first, WEEK.last)
    assert sessions.at(first.opens_ns - 1) is None
    assert sessions.at(first.opens_ns) == sessions.at(first.closes_ns - 1) == first
    assert sessions.at(second.closes_ns - 1) == second
    assert sessions.after(first.opens_ns) == second
    assert [sessions.knows(at(f"2026-{day}T12:00")) for day in ("11-23", "11-27", "12-01")] == [
        False, True, False,
    ]  # fmt: skip


# ---- the library itself --------------------------------------------------------------------------


def cme() -> Any:
    """The calendar of CME as the library has it."""
    exchange_calendars = pytest.importorskip("exchange_calendars", reason="needs tapewire[risk]")
    first, last = years_of(2026)
    return exchange_calendars.get_calendar("CMES", start=first, end=last)


@cache
def days_of_cme() -> Any:
    return TradingDayConfig(calendar="CMES").days()


def every_day(of: Any) -> Iterable[date]:
    """The days that a table of 2026 answers for."""
    first, last = of.first_session.date(), of.last_session.date()
    return (first + n * DAY for n in range(40, (last - first).days - 40))


def test_the_trading_days_of_cme_are_those_of_the_library_and_end_at_17_00_in_chicago():
    calendar = cme()
    days, sessions = days_of_cme(), {one.date() for one in calendar.sessions}
    for day in every_day(calendar):
        expected = day if day in sessions else calendar.date_to_session(f"{day}", "next").date()
        assert days(at(f"{day - DAY}T17:00")) == days(at(f"{day}T16:59")) == expected, day


def test_an_early_close_of_cme_does_not_end_its_trading_day():
    calendar, days = cme(), days_of_cme()
    closes = [one.date() for one in calendar.early_closes if one.date() in {*every_day(calendar)}]
    assert len(closes) > 80, "about eight of each year"
    for day in closes:
        moments = ("T11:59", "T12:00", "T16:59")
        assert {days(at(f"{day}{moment}")) for moment in moments} == {day}


def test_half_days_and_sessions_come_over_as_the_library_has_them():
    calendar, listing = cme(), load("CMES", 2026)
    assert (listing.zone, listing.ends) == ("America/Chicago", "17:00")
    found = [(one.day, one.opens_ns, one.closes_ns) for one in listing.sessions]
    opens, closes = calendar.opens.to_list(), calendar.closes.to_list()
    assert found == [
        (day.date(), opened.value, closed.value)
        for day, opened, closed in zip(calendar.sessions, opens, closes, strict=True)
    ]
    cut = [one.day for one in listing.sessions if one.is_cut]
    assert cut == [one.date() for one in calendar.early_closes]
    assert date(2026, 11, 27) in cut


def test_a_calendar_that_is_not_known_is_refused_with_the_one_that_was_meant():
    pytest.importorskip("exchange_calendars", reason="needs tapewire[risk]")
    with pytest.raises(ConfigError, match="calendar is 'CMEZ', which is not known; did you mean"):
        load("CMEZ", 2026)


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("tapewire.common.extras.find_spec", lambda _name: None)
    with pytest.raises(ConfigError) as caught:
        TradingDayConfig(calendar="CMES2").days()
    assert str(caught.value) == (
        "trading_day: calendar CMES2: exchange_calendars is not installed; install it with:"
        " pip install 'tapewire[risk]'"
    )


def test_a_library_that_fails_is_reported_with_its_last_word(monkeypatch):
    monkeypatch.setattr(library, "EXPORT", "tapewire.common.calendars.nothing")
    pytest.importorskip("exchange_calendars", reason="needs tapewire[risk]")
    with pytest.raises(ConfigError, match="calendar XNYS cannot be read from exchange_calendars: "):
        load("XNYS", 1999)


def test_a_process_that_uses_a_calendar_does_not_load_the_library():
    pytest.importorskip("exchange_calendars", reason="needs tapewire[risk]")
    script = (
        "import sys; from tapewire.common.config.settings import TradingDayConfig as T;"
        " print(T(calendar='CMES').days()(0), *{'pandas', 'exchange_calendars'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1970-01-02"], "New Year's Day is a holiday"
