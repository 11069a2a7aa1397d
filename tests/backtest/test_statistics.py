"""Each statistic against an independent implementation, and by cases worked out by hand."""

from datetime import date, timedelta

import numpy as np
import pytest

from tapewire.backtest.report import statistics

DAY_NS = statistics.DAY_NS
PER_YEAR = 252
NOTHING = np.array([])
close = pytest.approx


def values(*numbers: float) -> statistics.Floats:
    return np.array(numbers, dtype=float)


# ---- against jquantstats -------------------------------------------------------------------------


@pytest.fixture(params=[1, 2, 3])
def returns(request) -> statistics.Floats:
    """Three years of days that lose and gain, seeded."""
    return np.random.default_rng(request.param).normal(0.0004, 0.012, 3 * PER_YEAR)


@pytest.fixture
def theirs(returns):
    return stats_of(returns)


def stats_of(numbers):
    jquantstats = pytest.importorskip("jquantstats", reason="`make setup` installs it")
    polars = pytest.importorskip("polars")
    days = [date(2020, 1, 1) + timedelta(n) for n in range(len(numbers))]
    frame = polars.DataFrame({"date": days, "x": numbers})
    return jquantstats.Data.from_returns(frame).stats


def equity(returns: statistics.Floats) -> statistics.Floats:
    return np.concatenate(([100.0], 100 * np.cumprod(1 + returns)))


def days(count: int) -> statistics.Times:
    return np.arange(count, dtype=np.int64) * DAY_NS


def test_returns_are_those_that_the_equity_came_from(returns):
    assert statistics.returns_of(equity(returns)) == close(returns)


def test_the_growth_rate_is_theirs(returns, theirs):
    curve = equity(returns)
    ours = statistics.cagr(curve[0], curve[-1], len(returns), PER_YEAR)
    assert ours == close(theirs.cagr(periods=PER_YEAR)["x"])


def test_the_total_return_is_theirs(returns, theirs):
    assert statistics.total_return(100, equity(returns)[-1]) == close(theirs.comp()["x"])


@pytest.mark.parametrize("name", ["volatility", "sharpe", "sortino"])
def test_volatility_sharpe_and_sortino_are_theirs(name, returns, theirs):
    ours = getattr(statistics, name)(returns, PER_YEAR)
    assert ours == close(getattr(theirs, name)(periods=PER_YEAR)["x"])


def test_the_deepest_drawdown_and_calmar_are_theirs(returns, theirs):
    """Theirs is below 0: a drawdown there is a return."""
    curve = equity(returns)
    falls = statistics.drawdown(days(len(curve)), curve)
    assert falls.depth == close(-theirs.max_drawdown()["x"])
    growth = statistics.cagr(curve[0], curve[-1], len(returns), PER_YEAR)
    assert statistics.calmar(growth, falls.depth) == close(theirs.calmar(periods=PER_YEAR)["x"])


def test_the_lengths_of_drawdowns_are_theirs_and_the_day_of_the_peak(returns, theirs):
    """Theirs counts the days below the peak. Ours is the time from the peak, a day before the
    first of them, until it is reached again, which is a day after the last; or to the end."""
    curve = equity(returns)
    falls = statistics.drawdown(days(len(curve)), curve)
    rows = theirs.drawdown_details()["x"].to_dicts()
    lengths = [row["duration"] + (row["end"] is not None) for row in rows]
    assert falls.longest_days == max(lengths)
    deepest = min(range(len(rows)), key=lambda n: rows[n]["max_drawdown"])
    assert falls.days == lengths[deepest]


@pytest.mark.parametrize(("ours", "name"), [("win_rate",) * 2, ("profit_factor",) * 2])
def test_win_rate_and_profit_factor_of_trades_are_theirs(ours, name, returns, theirs):
    nets = returns * 10_000
    assert getattr(statistics, ours)(nets) == close(getattr(theirs, name)()["x"])


def test_expectancy_is_their_mean_and_sqn_their_ratio_of_it_to_the_deviation(returns, theirs):
    """They have no SQN: it is the ratio of mean and deviation, times the root of the number."""
    assert statistics.expectancy(returns) == close(theirs.avg_return()["x"])
    ratio = theirs.risk_return_ratio()["x"]
    assert statistics.sqn(returns) == close(ratio * len(returns) ** 0.5)


def test_kelly_is_theirs(returns, theirs):
    assert statistics.kelly(returns) == close(theirs.kelly_criterion()["x"])


def test_a_trade_of_exactly_0_is_no_win_here_and_no_trade_there():
    nets = values(2, 0, -1, 3)
    assert statistics.win_rate(nets) == 0.5
    assert stats_of(nets).win_rate()["x"] == close(2 / 3)
    assert statistics.expectancy(nets) == 1
    assert statistics.kelly(nets) == close(0.5 - 0.5 / 2.5)


def test_exposure_counts_moments_with_a_position_and_theirs_days_that_moved():
    held = np.array([False, True, True, False])
    assert statistics.exposure(held) == 0.5
    assert stats_of(values(0, 0.1, 0, 0)).exposure()["x"] == 0.25


# ---- by hand -------------------------------------------------------------------------------------


def test_a_growth_rate_by_hand():
    assert statistics.cagr(100, 121, 2 * 252, 252) == close(0.1)
    assert statistics.cagr(100, 110, 2, 2) == close(0.1)


def test_volatility_sharpe_and_sortino_by_hand():
    days = values(0.03, -0.01)
    deviation = 0.04 / 2**0.5
    assert statistics.volatility(days, 4) == close(deviation * 2)
    assert statistics.sharpe(days, 4) == close(0.01 / deviation * 2)
    assert statistics.sortino(days, 4) == close(0.01 / (0.0001 / 2) ** 0.5 * 2)


def test_drawdowns_by_hand():
    curve = values(100, 120, 90, 110, 120, 130, 125, 124, 123, 122)
    falls = statistics.drawdown(days(10), curve)
    assert (falls.depth, falls.days, falls.longest_days) == (0.25, 3, 4)


def test_a_depth_is_a_share_of_the_highest_value_until_then():
    assert list(statistics.depths(np.array([100.0, 50, 200, 150]))) == close([0, -0.5, 0, -0.25])
    assert list(statistics.depths(np.array([0.0, -5]))) == [0, 0]


def test_more_than_everything_can_be_lost():
    assert statistics.drawdown(days(2), values(100, -50)).depth == 1.5
    assert statistics.total_return(100, -50) == -1.5
    assert statistics.cagr(100, -50, 300, 252) is None
    assert statistics.returns_of(values(100, -50)) == close([-1.5])
    assert statistics.returns_of(values(100, -50, 10)) is None


def test_a_curve_that_never_falls_has_no_drawdown_and_no_calmar():
    assert statistics.drawdown(days(3), values(1, 2, 2)) == statistics.Drawdown(0, 0, 0)
    assert statistics.calmar(0.1, 0.0) is None
    assert statistics.calmar(None, 0.1) is None


def test_trades_by_hand():
    nets = values(30, -10, 20, -20)
    assert statistics.win_rate(nets) == 0.5
    assert statistics.profit_factor(nets) == close(50 / 30)
    assert statistics.expectancy(nets) == 5
    assert statistics.sqn(nets) == close(2 * 5 / np.std(nets, ddof=1))
    assert statistics.kelly(nets) == close(0.5 - 0.5 / (25 / 15))


@pytest.mark.parametrize("function", ["volatility", "sharpe", "sortino"])
@pytest.mark.parametrize("returns", [NOTHING, values(0.1)])
def test_fewer_than_two_days_show_nothing(function, returns):
    assert getattr(statistics, function)(returns, PER_YEAR) is None


def test_a_growth_rate_needs_two_days_and_a_number_that_can_be_written():
    assert statistics.cagr(100, 110, 1, PER_YEAR) is None
    assert statistics.cagr(1, 1e9, 2, PER_YEAR) is None


def test_equal_returns_have_no_sharpe_however_floats_err():
    equal = statistics.returns_of(100 * 1.01 ** np.arange(30))
    assert statistics.sharpe(equal, PER_YEAR) is None
    assert statistics.sharpe(values(0, 0, 0), PER_YEAR) is None
    assert statistics.sortino(equal, PER_YEAR) is None


def test_without_capital_there_are_no_shares_of_it():
    assert statistics.total_return(0, 5) is None
    assert statistics.cagr(0, 5, 300, PER_YEAR) is None
    assert statistics.returns_of(values(0, 5)) is None
    assert statistics.drawdown(days(2), values(0, 5)) is None
    assert statistics.drawdown(days(0), NOTHING) is None


def test_without_trades_nothing_is_known_of_them():
    for name in ("win_rate", "profit_factor", "expectancy", "sqn", "kelly"):
        assert getattr(statistics, name)(NOTHING) is None
    assert statistics.exposure(np.array([], dtype=bool)) is None


def test_without_a_losing_trade_there_is_no_profit_factor_and_no_kelly():
    gains = values(1, 2)
    assert statistics.profit_factor(gains) is None
    assert statistics.kelly(gains) is None
    assert statistics.kelly(-gains) is None
    assert statistics.profit_factor(-gains) == 0
    assert statistics.sqn(values(5)) is None
    assert statistics.sqn(values(5, 5)) is None
