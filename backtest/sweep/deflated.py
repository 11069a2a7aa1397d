"""How much of a best Sharpe ratio is luck: the deflated Sharpe ratio of Bailey and López de Prado.

Whoever tries many combinations and keeps the best finds a good one where there is nothing to find:
the best of 100 strategies without any skill has, over a year, an annual Sharpe ratio of about 2.5.
The deflated Sharpe ratio is the probability that the true Sharpe ratio of the best is above 0,
given how many were tried, how far they lay apart, how many days there were, and how far from normal
the returns are. Below 0.95, take the best for luck.

Source: D. H. Bailey and M. López de Prado, "The Deflated Sharpe Ratio: Correcting for Selection
Bias, Backtest Overfitting and Non-Normality", The Journal of Portfolio Management 40 (5), 2014.
All Sharpe ratios here are per day, not annualised. The trials count as if they did not depend on
each other. Neighbouring parameters do, so the verdict is on the strict side.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist, variance
from typing import Final

import msgspec
import numpy as np

from tapewire.backtest.report.statistics import DAYS_MIN, Floats, sharpe

CONFIDENT: Final = 0.95
EULER: Final = 0.5772156649015329
_NORMAL: Final = NormalDist()


class Moments(msgspec.Struct, frozen=True):
    """The shape of daily returns: how many, their Sharpe ratio per day, their skewness (0 if they
    are normal) and their kurtosis (3 if they are normal), of the population."""

    days: int
    sharpe: float
    skewness: float
    kurtosis: float


class Verdict(msgspec.Struct, frozen=True):
    """What is to be thought of the best of `trials`.

    `by_luck` is the Sharpe ratio per day that the best of so many would have without skill, and
    `deflated` the probability that the best one's true Sharpe ratio is above 0 all the same.
    """

    trials: int
    by_luck: float
    deflated: float

    @property
    def is_confident(self) -> bool:
        """Whether the best is hardly luck alone."""
        return self.deflated >= CONFIDENT


def moments_of(returns: Floats | None) -> Moments | None:
    """The shape of daily returns; None where they have no Sharpe ratio."""
    ratio = None if returns is None or returns.size < DAYS_MIN else sharpe(returns, 1)
    if returns is None or ratio is None:
        return None
    from_mean = returns - returns.mean()
    spread = float(np.sqrt(np.mean(from_mean**2)))
    scaled = from_mean / spread
    return Moments(returns.size, ratio, float(np.mean(scaled**3)), float(np.mean(scaled**4)))


def probabilistic(of: Moments, above: float) -> float:
    """The probabilistic Sharpe ratio: how likely the true Sharpe ratio is above this one."""
    spread = 1 - of.skewness * of.sharpe + (of.kurtosis - 1) / 4 * of.sharpe**2
    if spread <= 0:  # the expansion does not hold for returns as odd as these
        return float(of.sharpe > above)
    return _NORMAL.cdf((of.sharpe - above) * math.sqrt(of.days - 1) / math.sqrt(spread))


def expected_best(trials: int, spread: float) -> float:
    """The Sharpe ratio that the best of `trials` is expected to have if none has any skill, where
    `spread` is the standard deviation of their Sharpe ratios. 0 with fewer than two."""
    if trials < 2:
        return 0.0
    nearly = _NORMAL.inv_cdf(1 - 1 / trials)
    further = _NORMAL.inv_cdf(1 - 1 / (trials * math.e))
    return spread * ((1 - EULER) * nearly + EULER * further)


def verdict(best: Moments, sharpes: Sequence[float]) -> Verdict:
    """The verdict on the best of all trials, which have these Sharpe ratios per day."""
    spread = math.sqrt(variance(sharpes)) if len(sharpes) > 1 else 0.0
    by_luck = expected_best(len(sharpes), spread)
    return Verdict(len(sharpes), by_luck, probabilistic(best, by_luck))
