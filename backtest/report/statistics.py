"""The statistics that people compare strategies by: pure functions of numbers.

Returns are shares of the equity before (0.01 is 1 %), one per trading day. What is annualised uses
the number of trading days in a year: `per_year`. No risk-free rate is subtracted. A statistic that
cannot be known is None: never 0, infinity or a large number.
"""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Times = NDArray[np.int64]
DAYS_MIN: Final = 2
"""With fewer daily returns nothing is annualised."""
NEGLIGIBLE: Final = 1e-12
"""A deviation this small, as a share of the largest return, is only the error of floats."""
DAY_NS: Final = 86_400 * 10**9


class Drawdown(msgspec.Struct, frozen=True):
    """Falls below the highest equity before.

    `depth` is the deepest one as a share of that highest equity, 0 to 1, or above 1 where more than
    everything is lost. `days` is its length in calendar days: from the highest equity until that is
    reached again, or to the end. `longest_days` is the length of the longest one.
    """

    depth: float
    days: float
    longest_days: float


def returns_of(values: Floats) -> Floats | None:
    """The return from each value to the next, as a share of the former.

    None with fewer than two values, or where a value before the last is 0 or below: there is no
    share of nothing.
    """
    before = values[:-1]
    if not before.size or bool((before <= 0).any()):
        return None
    found: Floats = values[1:] / before - 1
    return found


def total_return(first: float, last: float) -> float | None:
    """What was earned as a share of the `first` value; None where that is 0 or below."""
    return last / first - 1 if first > 0 else None


def cagr(first: float, last: float, days: int, per_year: int) -> float | None:
    """The compound annual growth rate: the yearly return that makes `last` of `first`.

    It is (last / first) ^ (per_year / days) - 1. None with fewer than two days, where either value
    is 0 or below, or where so few days make a rate beyond all numbers.
    """
    if days < DAYS_MIN or first <= 0 or last <= 0:
        return None
    try:
        return float((last / first) ** (per_year / days) - 1)
    except OverflowError:
        return None


def volatility(returns: Floats, per_year: int) -> float | None:
    """The standard deviation of daily returns (of a sample: n - 1), times the root of `per_year`.

    None with fewer than two days.
    """
    deviation = _deviation(returns)
    return None if deviation is None else deviation * per_year**0.5


def sharpe(returns: Floats, per_year: int) -> float | None:
    """The mean of daily returns over their standard deviation (n - 1), times the root of
    `per_year`.

    None with fewer than two days, or where all returns are equal.
    """
    deviation = _deviation(returns)
    return float(returns.mean()) / deviation * per_year**0.5 if deviation else None


def sortino(returns: Floats, per_year: int) -> float | None:
    """The mean of daily returns over their downside deviation, times the root of `per_year`.

    The downside deviation is the root of the mean, over all days, of the squares of the returns
    below 0. None with fewer than two days, or without a day that lost.
    """
    if returns.size < DAYS_MIN:
        return None
    downside = float(np.sqrt(np.mean(np.minimum(returns, 0) ** 2)))
    return float(returns.mean()) / downside * per_year**0.5 if downside else None


def calmar(growth: float | None, depth: float | None) -> float | None:
    """The compound annual growth rate over the depth of the deepest drawdown.

    None where either cannot be known, or without a drawdown.
    """
    return growth / depth if growth is not None and depth else None


def depths(values: Floats) -> Floats:
    """How far each value is below the highest until then, as a share of that: 0 or below."""
    peaks = np.maximum.accumulate(values)
    return np.divide(values, peaks, out=np.ones_like(values), where=peaks > 0) - 1


def drawdown(times_ns: Times, values: Floats) -> Drawdown | None:
    """The drawdowns of an equity curve with ascending times; None where it begins at 0 or below."""
    if not values.size or values[0] <= 0:
        return None
    falls = -depths(values)
    under = np.concatenate(([False], falls > 0, [False]))
    starts, ends = _edges(under)
    if not starts.size:
        return Drawdown(0.0, 0.0, 0.0)
    spans = times_ns[np.minimum(ends, values.size - 1)] - times_ns[starts - 1]
    deepest = int(np.searchsorted(starts, int(falls.argmax()), side="right")) - 1
    return Drawdown(float(falls.max()), float(spans[deepest]) / DAY_NS, float(spans.max()) / DAY_NS)


def exposure(held: NDArray[np.bool_]) -> float | None:
    """The share of the moments at which a position was held, 0 to 1; None without a moment."""
    return float(held.mean()) if held.size else None


def win_rate(nets: Floats) -> float | None:
    """The share of trades with a net P&L above 0, 0 to 1; None without trades."""
    return float((nets > 0).mean()) if nets.size else None


def profit_factor(nets: Floats) -> float | None:
    """The sum of the gains over the sum of the losses; None without a losing trade."""
    lost = -float(nets[nets < 0].sum())
    return float(nets[nets > 0].sum()) / lost if lost else None


def expectancy(nets: Floats) -> float | None:
    """The mean net P&L per trade, in the currency of `nets`; None without trades."""
    return float(nets.mean()) if nets.size else None


def sqn(nets: Floats) -> float | None:
    """The system quality number: the root of the number of trades, times the mean net P&L over its
    standard deviation (n - 1).

    None with fewer than two trades, or where all are equal.
    """
    deviation = _deviation(nets)
    return float(nets.size**0.5 * nets.mean()) / deviation if deviation else None


def kelly(nets: Floats) -> float | None:
    """The Kelly criterion: the share of capital to risk on each trade.

    It is W - (1 - W) / R, where W is the share of winning trades in all, and R the mean gain over
    the mean loss. Below 0, it is better not to trade. None without a winning or a losing trade.
    """
    gains, losses = nets[nets > 0], nets[nets < 0]
    if not gains.size or not losses.size:
        return None
    won = gains.size / nets.size
    return float(won - (1 - won) / (gains.mean() / -losses.mean()))


def _deviation(numbers: Floats) -> float | None:
    """The standard deviation of a sample; None with fewer than two numbers, 0 where they differ by
    no more than floats err."""
    if numbers.size < DAYS_MIN:
        return None
    found = float(numbers.std(ddof=1))
    return found if found > NEGLIGIBLE * float(np.abs(numbers).max()) else 0.0


def _edges(under: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where each run of True begins, and the place after its end. `under` has a False added at
    either end; places are those without it."""
    changes = np.flatnonzero(under[1:] != under[:-1])
    return changes[::2], changes[1::2]
