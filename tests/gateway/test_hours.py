"""Trading hours in the words of TWS, as moments."""

from datetime import UTC, datetime

import pytest

from tapewire.common.events import OpenHours
from tapewire.gateway.tws.describing import hours_of
from tapewire.gateway.tws.hours import zone_of

EASTERN = "US/Eastern"


def utc(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000_000


def test_days_are_those_of_the_exchange_and_a_closed_one_has_no_hours():
    text = "20261125:0400-20261125:2000;20261126:CLOSED;20261127:0400-20261127:1700"
    assert hours_of(text, EASTERN) == (
        OpenHours(utc(2026, 11, 25, 9), utc(2026, 11, 26, 1)),
        OpenHours(utc(2026, 11, 27, 9), utc(2026, 11, 27, 22)),
    )


def test_a_session_may_begin_on_the_day_before():
    (one,) = hours_of("20261129:1700-20261130:1600", "US/Central")
    assert one == OpenHours(utc(2026, 11, 29, 23), utc(2026, 11, 30, 22))


def test_the_older_form_has_the_day_once_and_several_stretches():
    assert hours_of("20261125:0930-1130,1300-1600", EASTERN) == (
        OpenHours(utc(2026, 11, 25, 14, 30), utc(2026, 11, 25, 16, 30)),
        OpenHours(utc(2026, 11, 25, 18), utc(2026, 11, 25, 21)),
    )
    (night,) = hours_of("20261125:1800-0200", EASTERN)
    assert night == OpenHours(utc(2026, 11, 25, 23), utc(2026, 11, 26, 7))


def test_daylight_saving_moves_the_hours():
    (winter,) = hours_of("20260306:0930-20260306:1600", EASTERN)
    (summer,) = hours_of("20260309:0930-20260309:1600", EASTERN)
    assert winter.opens_ns == utc(2026, 3, 6, 14, 30)
    assert summer.opens_ns == utc(2026, 3, 9, 13, 30)


@pytest.mark.parametrize("name", ["EST (Eastern Standard Time)", "UTC", "Japan", "MET"])
def test_the_zones_that_tws_names_are_known(name: str):
    assert zone_of(name) is not None


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("", EASTERN), ("20261125:0400-20261125:2000", "Elsewhere"),
        ("20261125:0400-20261125:2000", ""), ("20261125", EASTERN), ("someday", EASTERN),
        ("20261125:0400-20261125:0300", EASTERN), ("20261325:0400-20261325:0500", EASTERN),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_no_hours(text: str, zone: str):
    assert hours_of(text, zone) == ()
