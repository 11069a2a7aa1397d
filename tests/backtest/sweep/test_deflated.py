"""The deflated Sharpe ratio against its authors' example, another library, and chance."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from tapewire.backtest.sweep.deflated import (
    Moments,
    expected_best,
    moments_of,
    probabilistic,
    verdict,
)

SPREAD = math.sqrt(0.5 / 250)
FIVE_YEARS = Moments(days=1250, sharpe=2.5 / math.sqrt(250), skewness=-3, kurtosis=10)
NORMAL_YEARS = Moments(days=1250, sharpe=2.5 / math.sqrt(250), skewness=0, kurtosis=3)
"""The example of Bailey and López de Prado (2014): an annual Sharpe ratio of 2.5 over five years of
250 days, from trials whose annual Sharpe ratios have a variance of 0.5."""


def test_of_a_hundred_trials_it_is_what_the_authors_give():
    by_luck = expected_best(100, SPREAD)
    assert by_luck == pytest.approx(0.1132, abs=5e-5)
    assert probabilistic(FIVE_YEARS, by_luck) == pytest.approx(0.9004, abs=5e-5)


@pytest.mark.parametrize(("of", "trials"), [(FIVE_YEARS, 46), (NORMAL_YEARS, 88)])
def test_as_many_trials_as_the_authors_allow_make_it_95_percent(of, trials):
    assert probabilistic(of, expected_best(trials, SPREAD)) == pytest.approx(0.9505, abs=5e-5)
    assert probabilistic(of, expected_best(trials + 1, SPREAD)) < 0.9505


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_moments_are_those_of_another_library(seed):
    polars = pytest.importorskip("polars", reason="`make setup` installs it")
    returns = np.random.default_rng(seed).standard_t(5, 500) * 0.01 + 0.0005
    series, found = polars.Series(returns), moments_of(returns)
    assert found.days == 500
    assert found.sharpe == pytest.approx(series.mean() / series.std())
    assert found.skewness == pytest.approx(series.skew(bias=True))
    assert found.kurtosis == pytest.approx(series.kurtosis(fisher=False, bias=True))


def test_the_probability_is_as_wide_as_sharpe_ratios_of_skewed_returns_scatter():
    """Returns with a long tail to the left (skewness -2, kurtosis 9) and a Sharpe ratio of 0.4, in
    many samples of 250 days: 84 % of the samples lie below what is one deviation too high."""
    draws = 1.4 - np.random.default_rng(5).exponential(1.0, (8_000, 250))
    sharpes = draws.mean(axis=1) / draws.std(axis=1, ddof=1)
    found = probabilistic(Moments(250, 0.4, -2.0, 9.0), 0.4 - sharpes.std())
    assert found == pytest.approx(NormalDist().cdf(1), abs=0.01)


@pytest.mark.parametrize("trials", [20, 100])
def test_the_best_of_many_without_skill_is_as_good_as_chance_makes_it(trials):
    draws = np.random.default_rng(7).normal(0, 0.05, (20_000, trials))
    assert expected_best(trials, 0.05) == pytest.approx(draws.max(axis=1).mean(), rel=0.03)


def test_a_lone_trial_is_not_deflated():
    found = verdict(NORMAL_YEARS, [NORMAL_YEARS.sharpe])
    assert (found.trials, found.by_luck) == (1, 0.0)
    z = NORMAL_YEARS.sharpe * math.sqrt(1249) / math.sqrt(1 + 0.5 * NORMAL_YEARS.sharpe**2)
    assert found.deflated == pytest.approx(NormalDist().cdf(z))
    assert found.is_confident


def test_the_best_of_many_that_lie_far_apart_may_be_luck():
    sharpes = [n / 100 for n in range(-10, 16)]
    found = verdict(Moments(250, 0.15, 0, 3), sharpes)
    assert found.trials == 26
    assert not found.is_confident
    assert 0.4 < found.deflated < 0.6


def test_returns_without_a_sharpe_ratio_have_no_moments():
    for returns in (None, np.array([]), np.array([0.01]), np.full(5, 0.01)):
        assert moments_of(returns) is None


def test_returns_beyond_the_expansion_are_judged_by_the_ratio_alone():
    odd = Moments(days=10, sharpe=1.5, skewness=3, kurtosis=2)
    assert (probabilistic(odd, 1.0), probabilistic(odd, 2.0)) == (1.0, 0.0)
