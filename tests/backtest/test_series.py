"""What the report draws: the points that are kept, months, exposure, histograms."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from tapewire.backtest.report import series
from tests.backtest.made import fill

close = pytest.approx


def test_few_points_are_all_kept():
    assert list(series.extremes(np.array([3.0, 1.0, 2.0]), 2)) == [0, 1, 2]
    assert list(series.extremes(np.array([]), 2)) == []


def test_of_many_points_the_first_the_last_and_every_spike_are_kept():
    values = np.zeros(10_000)
    values[1234], values[5678] = 9, -9
    kept = series.extremes(values, 100)
    assert {0, 1234, 5678, 9_999} <= set(kept.tolist())
    assert len(kept) <= 202
    assert list(kept) == sorted(set(kept.tolist()))


def test_months_and_years_begin_with_the_equity_before_them():
    days = [date(2023, 12, 28), date(2023, 12, 29), date(2024, 1, 2), date(2024, 3, 1)]
    closes = np.array([100.0, 105, 110, 99, 198])
    first, second = series.years(days, closes)
    assert (first.year, first.months[11], first.total) == (2023, close(0.1), close(0.1))
    assert (second.months[0], second.months[1], second.months[2]) == (close(-0.1), None, close(1))
    assert second.total == close(0.8)
    assert series.years([], np.array([100.0])) == []


def test_the_same_month_of_another_year_is_another_month():
    days = [date(2023, 1, 2), date(2024, 1, 2)]
    assert [one.total for one in series.years(days, np.array([1.0, 2, 6]))] == [1, 2]


def test_each_range_of_a_histogram_has_gains_or_losses_only():
    found = series.histogram(np.array([-3.0, -1, 0, 0, 2, 7]))
    assert 0 in found.edges
    assert sum(found.counts) == 6
    assert sum(n for edge, n in zip(found.edges, found.counts, strict=False) if edge < 0) == 2
    assert series.histogram(np.array([1.0])) is None
    assert sum(series.histogram(np.array([0.0, 0])).counts) == 2
    assert sum(series.histogram(np.array([-5.0, -5])).counts) == 2


def test_a_value_counts_long_and_short_alike_by_multiplier_and_from_the_first_price():
    fills = [
        fill("BUY", 2, 10, 1, symbol="A", number=1),
        fill("SELL", 3, 10, 1, symbol="B", number=2),
    ]
    prices = {
        "A": (np.array([2 * 10**9]), np.array([10.0])),
        "B": (np.array([0, 3 * 10**9]), np.array([5.0, 6.0])),
    }
    moments = np.array([0, 1, 2, 3], dtype=np.int64) * 10**9
    found = series.gross_value(fills, prices, {"A": Decimal(50)}, moments)
    assert list(found) == [0, 15, 1015, 1018]
