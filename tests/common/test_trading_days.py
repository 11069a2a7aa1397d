"""The trading day: where it ends, what counts for it, and what a correction moves."""

from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.accounting.book import Book
from tapewire.common.accounting.trading_days import (
    MINUTE_NS,
    TradingDays,
    day_began_ns,
    next_day_ns,
    trading_days,
)
from tapewire.common.config.settings import load
from tapewire.common.errors import ConfigError
from tapewire.common.events import Side
from tests.common.test_book import EXECUTIONS, commission, fill

D = Decimal


def at(text: str, zone: str = "America/Chicago") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("2026-11-24T16:59:59", "2026-11-24T17:00"),
        ("2026-11-24T17:00:00", "2026-11-25T17:00"),
        ("2026-03-07T17:00:00", "2026-03-08T17:00"),  # 23 hours
        ("2026-10-31T17:00:00", "2026-11-01T17:00"),  # 25 hours
        ("2026-10-31T16:59:59", "2026-10-31T17:00"),
    ],
)
def test_the_next_trading_day_begins_where_this_one_ends(moment: str, end: str) -> None:
    assert next_day_ns(trading_days(), at(moment)) == at(end)


@pytest.mark.parametrize(
    ("moment", "began"),
    [
        ("2026-11-24T16:59:59", "2026-11-23T17:00"),
        ("2026-11-24T17:00:00", "2026-11-24T17:00"),
        ("2026-03-08T16:59:59", "2026-03-07T17:00"),  # 23 hours
        ("2026-11-01T16:59:59", "2026-10-31T17:00"),  # 25 hours
    ],
)
def test_a_trading_day_began_where_the_one_before_ended(moment: str, began: str) -> None:
    assert day_began_ns(trading_days(), at(moment)) == at(began)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-24T16:59:59", "2026-11-24"),
        ("2026-11-24T17:00:00", "2026-11-25"),
        ("2026-11-24T23:59:59", "2026-11-25"),
        ("2026-11-25T00:00:00", "2026-11-25"),
        ("2026-11-29T17:00:00", "2026-11-30"),  # Sunday evening is Monday's session
        # Daylight saving begins on March 8th and ends on November 1st: the day still ends at 17:00.
        ("2026-03-07T17:00:00", "2026-03-08"),
        ("2026-03-08T16:59:59", "2026-03-08"),
        ("2026-03-08T17:00:00", "2026-03-09"),
        ("2026-10-31T16:59:59", "2026-10-31"),
        ("2026-11-01T16:59:59", "2026-11-01"),
        ("2026-11-01T17:00:00", "2026-11-02"),
    ],
)
def test_a_trading_day_ends_at_17_00_in_chicago(moment: str, day: str) -> None:
    assert trading_days()(at(moment)) == date.fromisoformat(day)


def test_a_trading_day_may_end_elsewhere_and_at_another_time() -> None:
    tokyo = trading_days("Asia/Tokyo", time(15, 30))
    assert tokyo(at("2026-11-24T15:29:59", "Asia/Tokyo")) == date(2026, 11, 24)
    assert tokyo(at("2026-11-24T15:30:00", "Asia/Tokyo")) == date(2026, 11, 25)
    midnight = trading_days("Europe/Berlin", time(0))
    assert midnight(at("2026-11-24T23:59:59", "Europe/Berlin")) == date(2026, 11, 24)
    assert midnight(at("2026-11-25T00:00:00", "Europe/Berlin")) == date(2026, 11, 25)
    with pytest.raises(KeyError):
        trading_days("Chicago")


# On these mornings clocks go forward from 2 to 3, and back from 2 to 1 (in Berlin from 3 to 2).
CHANGES = [
    ("America/Chicago", "2026-03-08", "2026-11-01"),
    ("America/New_York", "2026-03-08", "2026-11-01"),
    ("Europe/Berlin", "2026-03-29", "2026-10-25"),
]
CHANGED = [(zone, day) for zone, *days in CHANGES for day in days]


@pytest.mark.parametrize("ends", ["01:00", "01:30", "02:00", "02:30", "03:00", "17:00", "00:00"])
@pytest.mark.parametrize(("zone", "day"), CHANGED)
def test_each_trading_day_begins_once_wherever_the_clocks_are_changed(
    zone: str, day: str, ends: str
) -> None:
    day_of, noon = trading_days(zone, time.fromisoformat(ends)), at(f"{day}T12:00", zone)
    days = [day_of(noon + minute * MINUTE_NS) for minute in range(-36 * 60, 36 * 60)]
    assert days == sorted(days)
    assert len(set(days)) == (days[-1] - days[0]).days + 1
    began = day_began_ns(day_of, noon)
    assert day_of(began - 1) < day_of(began) == day_of(noon)
    assert next_day_ns(day_of, began - MINUTE_NS) == began


EVENING, MORNING = at("2026-11-24T18:30:00"), at("2026-11-25T09:00:00")
NEXT = at("2026-11-25T18:00:00")


def test_a_loss_before_midnight_counts_for_the_trading_day_that_it_is_in() -> None:
    book = Book({"ES": D(50)})
    book.apply(fill("a.01", "1", "100", ts_ns=EVENING))
    book.apply(fill("b.01", "1", "90", "SELL", ts_ns=EVENING + 1))
    book.apply(commission("b.01", "2.5"))
    day = book.day("DU1", MORNING)
    assert (day.realised, day.fees, day.net, day.fills) == (-500, D("2.5"), D("-502.5"), 2)
    assert book.day("DU1", NEXT).net == 0
    assert book.day("DU2", MORNING).fills == 0
    assert "realised -500, fees 2.5, 2 fills" in repr(day)


def test_a_correction_on_the_next_day_changes_the_day_of_the_execution() -> None:
    book = Book()
    book.apply(fill("a.01", "2", "100", ts_ns=EVENING))
    book.apply(fill("b.01", "1", "90", "SELL", ts_ns=MORNING))
    book.apply(fill("c.01", "1", "95", "SELL", ts_ns=NEXT))
    assert [book.day("DU1", ts).realised for ts in (MORNING, NEXT)] == [-10, -5]
    book.apply(commission("a.01", "1"))
    book.apply(fill("a.02", "2", "101", ts_ns=NEXT + 1))  # a price that was wrong
    book.apply(commission("a.02", "3"))
    assert [book.day("DU1", ts).realised for ts in (MORNING, NEXT)] == [-11, -6]
    assert [book.day("DU1", ts).fees for ts in (MORNING, NEXT)] == [3, 0]
    assert [book.day("DU1", ts).fills for ts in (MORNING, NEXT)] == [2, 1]


def test_a_corrected_quantity_moves_profit_from_a_day_to_another() -> None:
    book = Book()
    book.apply(fill("a.01", "2", "100", ts_ns=EVENING))
    book.apply(fill("b.01", "2", "110", "SELL", ts_ns=MORNING))
    book.apply(fill("c.01", "1", "120", "SELL", ts_ns=NEXT))
    assert [book.day("DU1", ts).realised for ts in (MORNING, NEXT)] == [20, 0]
    book.apply(fill("b.02", "1", "110", "SELL", ts_ns=NEXT + 1))
    assert [book.day("DU1", ts).realised for ts in (MORNING, NEXT)] == [10, 20]
    assert book.realised == 30


@given(executions=EXECUTIONS, data=st.data())
def test_the_days_of_an_account_add_up_to_what_it_realised_and_paid(
    executions: list[tuple[int, Side, Decimal]], data: st.DataObject
) -> None:
    book, stamps = Book(), (EVENING, MORNING, NEXT)
    for number, (quantity, side, price) in enumerate(executions):
        ts_ns = data.draw(st.sampled_from(stamps))
        book.apply(fill(f"{number}.01", D(quantity), price, side, ts_ns=ts_ns))
        book.apply(commission(f"{number}.01", "1.5"))
        if data.draw(st.booleans()):
            book.apply(fill(f"{number}.02", D(quantity), price + 1, side, ts_ns=NEXT))
    realised = sum((day.realised for day in book.days.values()), D(0))
    assert abs(realised - book.realised) < D("1e-15"), "a quotient is rounded somewhere"
    assert sum(day.fees for day in book.days.values()) == book.fees == D("1.5") * len(executions)
    assert sum(day.fills for day in book.days.values()) == len(executions)


def test_an_account_may_have_days_of_its_own() -> None:
    days = TradingDays(trading_days(), {"DU2": trading_days("Asia/Tokyo", time(0))})
    moment = at("2024-01-10T09:30")  # 9:30 in Chicago, and half past midnight in Tokyo
    assert (days("DU1", moment).day, days("DU2", moment).day) == (10, 11)
    assert days.earliest(moment).day == 10
    assert days.end_ns("DU1", moment) == at("2024-01-10T17:00")
    assert days.end_ns("DU2", moment) == at("2024-01-11T09:00")
    assert days.end_ns("", moment) == at("2024-01-11T09:00")


def test_an_account_cannot_have_two_tables(tmp_path: Path) -> None:
    file = tmp_path / "tapewire.toml"
    file.write_text('[[trading_day.accounts]]\naccount = "DU1"\n' * 2)
    with pytest.raises(ConfigError, match="the account 'DU1' is a duplicate; remove one of them"):
        load(str(file))
