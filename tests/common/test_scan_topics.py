"""The topics of scans: one way to write each, and each is read as it was meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.bus.scans import scan_of, topic_of
from tapewire.common.events.scans import Scan

CODES = st.text("ABCZ_09.-,", min_size=1, max_size=20)
AMOUNTS = st.decimals(0, 10**9, places=4, allow_nan=False).map(float)
SCANS = st.builds(
    Scan, CODES, CODES, CODES, st.integers(1, 50), AMOUNTS, AMOUNTS, st.integers(0, 10**9),
    AMOUNTS, AMOUNTS,
)  # fmt: skip


@given(SCANS)
def test_a_scan_is_read_from_its_topic(scan: Scan):
    topic = topic_of(scan)
    assert topic.startswith("scan.")
    assert scan_of(topic.removeprefix("scan.")) == scan


def test_what_is_usual_is_left_out():
    assert topic_of(Scan("HOT_BY_VOLUME")) == "scan.HOT_BY_VOLUME@STK.US.MAJOR:STK"
    found = scan_of("HOT_BY_VOLUME@STK.NYSE:STK?price_min=5&volume_min=1000")
    assert found == Scan("HOT_BY_VOLUME", "STK", "STK.NYSE", price_min=5, volume_min=1000)


@pytest.mark.parametrize(
    "name",
    [
        "", "CODE", "CODE@L", "@L:STK", "C@L:STK?rows=0", "C@L:STK?rows=51", "C@L:STK?rows=50",
        "C@L:STK?price_min=5.0", "C@L:STK?price_min=nan", "C@L:STK?price_min=1.e999",
        "C@L:STK?volume_min=1&price_min=5", "C@L:STK?colour=1", "C D@L:STK", "C@L:STK?rows",
    ],
)  # fmt: skip
def test_what_is_no_scan_or_is_written_otherwise_is_refused(name: str):
    with pytest.raises(ValueError, match=r"scan|must be|invalid|convert"):
        scan_of(name)
