"""Times as files write them."""

import pytest

from tapewire.common.ticks.stamps import clock, iso, stamp_ns

NS = 1_704_724_200_123_456_789  # 2024-01-08 14:30:00.123456789 UTC


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1704724200123456789", NS),
        ("1704724200123456", NS // 1000 * 1000),
        ("1704724200123", NS // 10**6 * 10**6),
        ("1704724200", NS // 10**9 * 10**9),
        ("1704724200.123", NS // 10**6 * 10**6),
        ("2024-01-08T14:30:00.123456789Z", NS),
        ("2024-01-08 14:30:00.123456789", NS),
        ("2024-01-08T09:30:00.123456789-05:00", NS),
        ("2024-01-08T14:30:00,123", NS // 10**6 * 10**6),
        ("2024-01-08 14:30", NS // 10**9 * 10**9),
        ("20240108", 1_704_672_000 * 10**9),
        ("20240108T14:30:00", NS // 10**9 * 10**9),
    ],
)
def test_an_epoch_or_an_iso_text_is_understood(text, expected):
    assert stamp_ns(text) == expected


@pytest.mark.parametrize("text", ["", "noon", "01/08/2024 14:30", "-1", "nan"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the caller names file and line
        stamp_ns(text)


def test_times_are_told_in_utc():
    assert iso(NS) == "2024-01-08T14:30:00.123456Z"
    assert clock(NS) == "14:30:00.123"
