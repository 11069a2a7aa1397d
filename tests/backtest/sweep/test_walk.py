"""Walk-forward: spans that choose and spans that judge, and the runs of the latter as one."""

import numpy as np
import pytest

from tapewire.backtest.report import performance
from tapewire.backtest.scan import Window
from tapewire.backtest.sweep.trial import Curve
from tapewire.backtest.sweep.walk import Fold, Walk, folds, joined, walk_of
from tapewire.common.errors import ConfigError
from tapewire.common.ticks.rows import Row
from tapewire.common.ticks.table import table_of

HOUR_NS = 3_600 * 10**9
DAY_NS = 24 * HOUR_NS
START_NS = 19_000 * DAY_NS + 14 * HOUR_NS


def table(*days: int):
    """A row on each of these days, at 14:00 UTC."""
    rows = [Row(START_NS + n * DAY_NS, "X", "1", "2", "3", "3", None, None) for n in days]
    return table_of(rows)


def days_of(window: Window) -> tuple[float, float]:
    return tuple((ns - 19_000 * DAY_NS) / DAY_NS for ns in (window.from_ns, window.to_ns))


def test_the_lengths_are_read_with_their_units():
    assert walk_of("90d:30d") == Walk(90 * DAY_NS, 30 * DAY_NS)
    assert walk_of("2w:12h") == Walk(14 * DAY_NS, 12 * HOUR_NS)


@pytest.mark.parametrize("text", ["90d", "90:30", "0d:5d", "5d:0d", "90d:30m", "-1d:1d", "1.5d:1d"])
def test_what_is_no_pair_of_lengths_is_a_sentence(text):
    with pytest.raises(ConfigError, match="must be TRAIN:TEST"):
        walk_of(text)


def test_spans_that_judge_follow_each_other_and_the_last_ends_with_the_data():
    found = folds(table(*range(10)), Walk(4 * DAY_NS, 2 * DAY_NS))
    assert [days_of(one.train) for one in found] == [(0, 4), (2, 6), (4, 8)]
    assert [days_of(one.test)[0] for one in found] == [4, 6, 8]
    assert [one.test.from_ns for one in found[1:]] == [one.test.to_ns for one in found[:-1]]
    assert found[-1].test.to_ns == START_NS + 9 * DAY_NS + 1
    assert all(one.train.to_ns == one.test.from_ns for one in found)


def test_spans_of_hours_begin_with_the_first_row():
    found = folds(table(0, 1, 2), Walk(24 * HOUR_NS - HOUR_NS, 25 * HOUR_NS))
    assert found[0].train.from_ns == START_NS


def test_a_span_without_a_row_is_left_out():
    found = folds(table(0, 1, 2, 5, 6, 7), Walk(2 * DAY_NS, DAY_NS))
    assert [days_of(one.test)[0] for one in found] == [2, 6, 7]  # day 5 has nothing before it


def test_a_file_that_is_too_short_is_refused():
    with pytest.raises(ConfigError, match="which is too short"):
        folds(table(0, 1), Walk(4 * DAY_NS, DAY_NS))


def test_a_plain_sweep_is_a_fold_that_judges_nothing():
    assert Fold(Window()).test is None


def curve(first_day: int, *closes: float, nets=()) -> Curve:
    days = [np.datetime64("2024-01-01") + first_day + n for n in range(len(closes) - 1)]
    times = [int(day.astype("datetime64[ns]").astype(int)) for day in days]
    return Curve(
        times_ns=[times[0], *times], values=list(closes), days=[str(day) for day in days],
        closes=list(closes), nets=list(nets), exposure=0.5,
    )  # fmt: skip


def test_joined_returns_are_multiplied():
    found = joined([
        curve(0, 1000, 1100, 1210, nets=(100, 110)), curve(2, 1000, 900, 1000, nets=(-100,)),
    ])  # fmt: skip
    assert found.equity.closes == pytest.approx([1000, 1100, 1210, 1089, 1210])
    stats = performance.as_json(found)
    assert stats["return"] == 0.21
    assert stats["max_drawdown"] == 0.1
    assert (stats["days"], stats["trades"], stats["win_rate"]) == (4, 3, 0.666667)
    assert stats["exposure"] == 0.5
    returns = np.array([0.1, 0.1, -0.1, 1000 / 900 - 1])
    assert stats["sharpe"] == pytest.approx(returns.mean() / returns.std(ddof=1) * 252**0.5, 1e-5)


def test_nothing_joined_is_nothing():
    assert joined([]) is None
