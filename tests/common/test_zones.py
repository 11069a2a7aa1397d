"""The times of many rows at once: what a single one would be."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tapewire.common.ticks.stamps import EPOCH, NS_PER_S, moment_of, whole_ns
from tapewire.common.ticks.zones import in_zone, moments_of, offsets_at

MINUTE_NS = 60 * NS_PER_S


@pytest.mark.parametrize("name", ["America/New_York", "Australia/Lord_Howe", "America/St_Johns"])
@pytest.mark.parametrize("begin", [datetime(2011, 3, 12), datetime(2011, 11, 5)])
def test_each_minute_around_a_change_of_clocks_is_as_a_single_text(name, begin):
    zone = ZoneInfo(name)
    shown = [begin + timedelta(minutes=minute) for minute in range(0, 4 * 1440, 7)]
    local_ns = np.array([whole_ns(one - EPOCH) for one in shown])
    moments = moments_of(local_ns, *in_zone(local_ns, zone))
    expected = [moment_of(one.isoformat(), zone) for one in shown]
    assert moments.ns.tolist() == [one.ns for one in expected]
    assert moments.offset_ns.tolist() == [one.offset_ns for one in expected]


def test_the_offset_at_a_moment_is_that_of_the_zone():
    zone = ZoneInfo("America/New_York")
    utc = [datetime(2024, 3, 10, 6, tzinfo=UTC) + timedelta(minutes=n) for n in range(0, 180, 13)]
    ns = np.array([int(one.timestamp()) * NS_PER_S for one in utc])
    expected = [whole_ns(one.astimezone(zone).utcoffset()) for one in utc]
    assert offsets_at(ns, zone).tolist() == expected
