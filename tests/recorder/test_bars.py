"""Bars that were downloaded: each is there once, whatever is asked for again or killed."""

from pathlib import Path

import pytest

from tapewire.common.config.ledger import DayConfig
from tapewire.common.events import HistoryBar
from tapewire.recorder.bars import Kind, covered, keep, table_of_bars
from tapewire.recorder.folder import Folder
from tapewire.recorder.missing import missing
from tapewire.recorder.spans import Market, Span, joined, without
from tapewire.recorder.store import Store
from tapewire.recorder.verifying import verify
from tests.recorder.published import Killed, killed_at

KIND = Kind("1 min")
MINUTE_NS = 60_000_000_000
DAY_NS = 1440 * MINUTE_NS
MONDAY_NS = 1_704_672_000 * 10**9  # 2024-01-08T00:00:00Z
OPENS, CLOSES = 870, 1260  # minutes of a day


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "recorded")


def day(number: int, begin: int = OPENS, end: int = CLOSES, step: int = 30) -> list[HistoryBar]:
    """The bars of a day from Monday on, one in `step` minutes of its session."""
    at = range(MONDAY_NS + number * DAY_NS + begin * MINUTE_NS,
               MONDAY_NS + number * DAY_NS + end * MINUTE_NS, step * MINUTE_NS)  # fmt: skip
    return [HistoryBar(ts, 10.0, 11.0, 9.5, 10.5, 100.0, 10.2, 7) for ts in at]


def days(first: int, last: int) -> Span:
    return Span(MONDAY_NS + first * DAY_NS, MONDAY_NS + last * DAY_NS)


def kept(folder: Folder, *bars: HistoryBar, span: Span, width_ns: int = MINUTE_NS) -> int:
    return keep(folder, KIND, "AAPL", bars, span, width_ns)


def times(folder: Folder) -> list[int]:
    found: list[int] = table_of_bars(folder, KIND, "AAPL", None, None)["ts_ns"].to_pylist()
    return found


def test_bars_are_kept_by_day_and_what_is_covered_is_all_that_was_asked_for(folder):
    bars = [*day(0), *day(1), *day(4)]
    assert kept(folder, *bars, span=days(0, 7)) == 39
    assert times(folder) == [bar.ts_ns for bar in bars]
    assert covered(folder, KIND, "AAPL") == [days(0, 7)], "the days without bars too"
    assert len([*folder.path.glob("bars/1-min-TRADES/date=*/symbol=AAPL/*.parquet")]) == 3
    assert verify(folder).faults == ()
    assert covered(folder, KIND, "MSFT") == covered(folder, Kind("1 min", "BID"), "AAPL") == []


def test_more_of_the_same_day_joins_what_is_there_and_the_newer_bar_counts(folder):
    first, second = day(0)[:4], [HistoryBar(day(0)[3].ts_ns, 1.0, 1.0, 1.0, 1.0), *day(0)[4:]]
    edge = first[-1].ts_ns
    kept(folder, *first, span=Span(MONDAY_NS, edge + MINUTE_NS))
    kept(folder, *second, span=Span(edge, MONDAY_NS + DAY_NS))
    table = table_of_bars(folder, KIND, "AAPL", None, None)
    assert table["ts_ns"].to_pylist() == [bar.ts_ns for bar in day(0)]
    assert table["close"][3].as_py() == 1.0
    assert covered(folder, KIND, "AAPL") == [days(0, 1)]
    assert len([*folder.path.glob("bars/*/*/*/*.parquet")]) == 1


def test_bars_of_a_day_are_in_a_file_per_year(folder):
    kind = Kind("1 day", regular=True)
    bars = [HistoryBar(MONDAY_NS + n * DAY_NS, 1.0, 1.0, 1.0, 1.0) for n in (-10, -7, 0, 1)]
    keep(folder, kind, "AAPL", bars, days(-30, 2), DAY_NS)
    found = sorted(path.parent.parent.name for path in folder.path.glob("bars/*/*/*/*.parquet"))
    assert found == ["date=2023-01-01", "date=2024-01-01"]
    assert covered(folder, kind, "AAPL") == [days(-30, 2)]


def test_a_span_without_bars_leaves_nothing(folder):
    assert kept(folder, span=days(0, 1)) == 0
    assert kept(folder, *day(3), span=days(0, 1)) == 0, "nor do bars beyond it"
    assert covered(folder, KIND, "AAPL") == times(folder) == []


def test_it_may_be_killed_anywhere_and_each_bar_is_there_once_after_the_next_time(tmp_path):
    bars, step = [*day(0), *day(1)], 0
    while True:
        step += 1
        folder = Folder(tmp_path / str(step))
        kept(folder, *day(0)[:4], span=Span(MONDAY_NS, day(0)[3].ts_ns + 1))
        try:
            with killed_at(step):
                kept(folder, *bars, span=days(0, 2))
        except Killed:
            there = times(folder)
            assert there == sorted(set(there))
            assert {*there} >= {bar.ts_ns for bar in day(0)[:4]}
            assert {*there} >= {bar.ts_ns for bar in bars if bar.ts_ns < _until(folder)}
            assert verify(folder).faults == ()
            kept(folder, *bars, span=days(0, 2))
            assert times(folder) == [bar.ts_ns for bar in bars]
            continue
        break
    assert step > 10


def _until(folder: Folder) -> int:
    """Up to when the folder says that all bars are there."""
    return covered(folder, KIND, "AAPL")[0].to_ns


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], [(0, 10)]), ([(0, 10)], []), ([(2, 4)], [(0, 2), (4, 10)]), ([(-5, 3)], [(3, 10)]),
        ([(8, 20)], [(0, 8)]), ([(1, 2), (2, 5), (4, 6), (8, 9)], [(0, 1), (6, 8), (9, 10)]),
        ([(-9, -1), (11, 12)], [(0, 10)]),
    ],
)  # fmt: skip
def test_what_is_asked_for_is_what_no_span_has(spans, expected):
    assert without(Span(0, 10), joined(spans)) == expected


def minutes(first_day: int, begin: int, last_day: int, end: int) -> Span:
    return Span(MONDAY_NS + first_day * DAY_NS + begin * MINUTE_NS,
                MONDAY_NS + last_day * DAY_NS + end * MINUTE_NS)  # fmt: skip


@pytest.mark.parametrize("calendar", ["", "XNYS"])
def test_a_night_a_weekend_and_a_holiday_are_no_holes(calendar):
    if calendar:
        pytest.importorskip("exchange_calendars")
    market = Market(DayConfig(calendar=calendar))
    assert not market.is_open_in(minutes(0, CLOSES, 1, OPENS))
    assert not market.is_open_in(minutes(4, CLOSES, 7, OPENS))
    assert market.is_open_in(minutes(0, CLOSES, 2, OPENS))
    assert market.has_session(minutes(0, CLOSES, 2, OPENS))
    assert market.is_open_in(minutes(7, CLOSES, 8, CLOSES))
    is_holiday = not market.is_open_in(minutes(4, CLOSES, 8, OPENS))
    assert is_holiday == bool(calendar), "Martin Luther King's day"


def test_with_a_calendar_a_part_of_a_session_is_a_hole():
    pytest.importorskip("exchange_calendars")
    market = Market(DayConfig(calendar="XNYS"))
    assert market.is_open_in(minutes(0, CLOSES - 10, 1, OPENS))
    assert not market.has_session(minutes(0, CLOSES - 10, 1, OPENS))


def test_a_day_that_nobody_asked_for_is_missing(folder):
    for number in (0, 2, 3):
        kept(folder, *day(number), span=days(number, number + 1))
    (gap,) = missing(Store(folder), Market(DayConfig()))
    assert gap == ("bars/1-min-TRADES", "AAPL", days(1, 2))
