"""NewsWindow: a local time that comes twice, or never, on the day on which clocks are changed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tapewire.common.config.windows import load_windows


def spans(path: Path, zone: str, text: str) -> list[tuple[str, str]]:
    path.write_text(text)
    return [(utc(one.start_ns), utc(one.end_ns)) for one in load_windows(path, 5, 5, zone)]


def utc(ts_ns: int) -> str:
    return f"{datetime.fromtimestamp(ts_ns // 10**9, UTC):%m-%dT%H:%M}"


@pytest.mark.parametrize(
    ("zone", "at", "began", "ended"),
    [
        # Twice: the window is there both times, and between them.
        ("America/New_York", "2026-11-01T01:30", "11-01T05:25", "11-01T06:35"),
        ("America/Chicago", "2026-11-01T01:30", "11-01T06:25", "11-01T07:35"),
        ("Europe/Berlin", "2026-10-25T02:30", "10-25T00:25", "10-25T01:35"),
        # Never: whoever wrote it went by the clock as it was before, or as it was then.
        ("America/New_York", "2026-03-08T02:30", "03-08T06:25", "03-08T07:35"),
        ("America/Chicago", "2026-03-08T02:30", "03-08T07:25", "03-08T08:35"),
        ("Europe/Berlin", "2026-03-29T02:30", "03-29T00:25", "03-29T01:35"),
        ("America/New_York", "2026-11-01T02:00", "11-01T06:55", "11-01T07:05"),
    ],
)
def test_a_window_covers_each_moment_that_a_time_can_mean(
    tmp_path: Path, zone: str, at: str, began: str, ended: str
):
    assert spans(tmp_path / "n.csv", zone, f"at\n{at}\n") == [(began, ended)]


def test_the_beginning_is_the_first_of_two_moments_and_the_end_the_last(tmp_path: Path):
    text = "start,end\n2026-11-01T01:40,2026-11-01T01:20\n"
    expected = [("11-01T05:40", "11-01T06:20")]
    assert spans(tmp_path / "n.csv", "America/New_York", text) == expected


def test_a_time_with_an_offset_means_one_moment(tmp_path: Path):
    text = "at\n2026-11-01T01:30:00-05:00\n"
    expected = [("11-01T06:25", "11-01T06:35")]
    assert spans(tmp_path / "n.csv", "America/New_York", text) == expected
