"""The statistics of one back-test: its equity by trading day and its trades, beside a benchmark.

Equity is the capital and the net P&L. A trading day counts if the file has a price in it; its
return is from the equity at the end of the day before, or from the capital. Drawdowns and exposure
go by every sample, within days too.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from tapewire.backtest.report import statistics
from tapewire.backtest.report.results import Results
from tapewire.backtest.report.round_trips import RoundTrip
from tapewire.backtest.report.sampler import Mark
from tapewire.backtest.report.series import in_force
from tapewire.backtest.report.statistics import Drawdown, Floats, Times
from tapewire.common import amounts
from tapewire.common.accounting.trading_days import Days

DAYS_PER_YEAR: Final = 252
WITHOUT_WEEKENDS: Final = 365
SATURDAY: Final = 5
PLACES: Final = 6


class Equity(msgspec.Struct, frozen=True):
    """An amount over time, in ascending UTC nanoseconds, and what it was at each day's end.

    `closes` begins with the capital, before the first of the `days`.
    """

    times_ns: Times
    values: Floats
    days: list[date]
    closes: Floats


class Performance(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a capital; see `statistics` for each of them."""

    total_return: float | None
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    drawdown: Drawdown | None


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """The statistics of a back-test.

    `equity` and `held` are of the strategies and of the benchmark, which is None where it has a
    price at or below 0. The benchmark buys equal shares of `benchmark_of` at their first prices and
    holds them: any fraction, without fees.
    """

    capital: Decimal
    per_year: int
    equity: Equity
    performance: Performance
    exposure: float | None
    trades: int
    win_rate: float | None
    profit_factor: float | None
    expectancy: float | None
    sqn: float | None
    kelly: float | None
    benchmark_of: tuple[str, ...]
    held: Equity | None
    benchmark: Performance | None


def statistics_of(
    results: Results, capital: Decimal, day_of: Days, benchmark: str = ""
) -> Statistics:
    """Work out all of them. Without a `benchmark`, it is what was traded; if nothing was, all."""
    moments = _moments(results.marks)
    start = float(capital)
    equity = _equity(_curve(results.curves.total, moments, start), moments, start, day_of)
    traded = tuple(sorted({row.symbol for row in results.rows})) or tuple(sorted(results.marks))
    names = (benchmark,) if benchmark else traded
    held = _held([results.marks.get(name, ()) for name in names], moments, start, day_of)
    nets = np.array([float(trade.net) for trade in results.trades])
    exposure = statistics.exposure(_covered([*results.trades, *results.open_trades], moments))
    return measured(capital, equity, nets, exposure, names, held)


def measured(
    capital: Decimal,
    equity: Equity,
    nets: Floats,
    exposure: float | None,
    benchmark_of: tuple[str, ...] = (),
    held: Equity | None = None,
) -> Statistics:
    """The statistics of an equity, and of closed trades by their `nets`."""
    per_year = _per_year(equity.days)
    return Statistics(
        capital=capital,
        per_year=per_year,
        equity=equity,
        performance=performance(equity, per_year),
        exposure=exposure,
        trades=nets.size,
        win_rate=statistics.win_rate(nets),
        profit_factor=statistics.profit_factor(nets),
        expectancy=statistics.expectancy(nets),
        sqn=statistics.sqn(nets),
        kelly=statistics.kelly(nets),
        benchmark_of=benchmark_of,
        held=held,
        benchmark=None if held is None else performance(held, per_year),
    )


def performance(equity: Equity, per_year: int) -> Performance:
    """What became of the capital that `equity` begins with."""
    first, last = float(equity.closes[0]), float(equity.closes[-1])
    returns = statistics.returns_of(equity.closes)
    growth = statistics.cagr(first, last, len(equity.days), per_year)
    falls = statistics.drawdown(equity.times_ns, equity.values)
    return Performance(
        total_return=statistics.total_return(first, last),
        cagr=growth,
        volatility=None if returns is None else statistics.volatility(returns, per_year),
        sharpe=None if returns is None else statistics.sharpe(returns, per_year),
        sortino=None if returns is None else statistics.sortino(returns, per_year),
        calmar=statistics.calmar(growth, None if falls is None else falls.depth),
        drawdown=falls,
    )


def as_json(found: Statistics) -> dict[str, Any]:
    """The statistics, JSON-able: ratios to six places, amounts as text, None what is not known."""
    return {
        "capital": amounts.text(found.capital),
        "days": len(found.equity.days),
        "days_per_year": found.per_year,
        **_performance_json(found.performance),
        "exposure": _rounded(found.exposure),
        "trades": found.trades,
        "win_rate": _rounded(found.win_rate),
        "profit_factor": _rounded(found.profit_factor),
        "expectancy": None if found.expectancy is None else amounts.text(Decimal(found.expectancy)),
        "sqn": _rounded(found.sqn),
        "kelly": _rounded(found.kelly),
        "benchmark": {"symbols": list(found.benchmark_of)}
        | ({} if found.benchmark is None else _performance_json(found.benchmark)),
    }


def _performance_json(one: Performance) -> dict[str, float | None]:
    falls = one.drawdown
    return {
        "return": _rounded(one.total_return),
        "cagr": _rounded(one.cagr),
        "volatility": _rounded(one.volatility),
        "sharpe": _rounded(one.sharpe),
        "sortino": _rounded(one.sortino),
        "calmar": _rounded(one.calmar),
        "max_drawdown": None if falls is None else _rounded(falls.depth),
        "max_drawdown_days": None if falls is None else _rounded(falls.days),
        "longest_drawdown_days": None if falls is None else _rounded(falls.longest_days),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, PLACES)


# ---- curves --------------------------------------------------------------------------------------


def _moments(marks: Mapping[str, Sequence[Mark]]) -> Times:
    """The times of all samples, ascending."""
    return np.array(sorted({ts_ns for of in marks.values() for ts_ns, _ in of}), dtype=np.int64)


def split(points: Sequence[Mark]) -> tuple[Times, Floats]:
    """Marks or a curve as arrays."""
    times = np.array([ts_ns for ts_ns, _ in points], dtype=np.int64)
    return times, np.array([float(value) for _, value in points])


def _curve(total: Sequence[Mark], moments: Times, capital: float) -> tuple[Times, Floats]:
    """Capital and net P&L at every sample and every execution."""
    times, values = split(total)
    whole = np.union1d(times, moments)
    return whole, in_force(times, capital + values, whole, capital)


def _held(
    series: Sequence[Sequence[Mark]], moments: Times, capital: float, day_of: Days
) -> Equity | None:
    """Equal parts of the capital in each of `series`, from its first price on."""
    growths = []
    for points in series:
        times, prices = split(points)
        if not prices.size or bool((prices <= 0).any()):
            return None
        growths.append(in_force(times, prices / prices[0], moments, 1.0))
    if not growths:
        return None
    values: Floats = capital * np.mean(growths, axis=0)
    return _equity((moments, values), moments, capital, day_of)


def _equity(curve: tuple[Times, Floats], moments: Times, capital: float, day_of: Days) -> Equity:
    """A curve with its value at each day's end. Only days with a sample count; an execution later
    than the last sample is of that day."""
    times, values = curve
    days = [day_of(int(ts_ns)) for ts_ns in moments]
    lasts = [n for n, day in enumerate(days) if n + 1 == len(days) or days[n + 1] != day]
    at = moments[lasts]
    if at.size:
        at[-1] = max(int(at[-1]), int(times[-1]))
    closes = np.concatenate(([capital], in_force(times, values, at, capital)))
    begin = np.array([capital]) if times.size else values
    return Equity(
        times_ns=np.concatenate((times[:1], times)),
        values=np.concatenate((begin, values)),
        days=[days[n] for n in lasts],
        closes=closes,
    )


def _covered(trades: Sequence[RoundTrip], moments: Times) -> NDArray[np.bool_]:
    """Whether a trade was open at each moment: entered by then, and not yet left."""
    entries = np.sort(np.array([t.entry_ns for t in trades], dtype=np.int64))
    exits = np.sort(np.array([t.exit_ns for t in trades if t.exit_ns is not None], dtype=np.int64))
    entered = np.searchsorted(entries, moments, side="right")
    left = np.searchsorted(exits, moments, side="right")
    found: NDArray[np.bool_] = entered > left
    return found


def _per_year(days: Sequence[date]) -> int:
    """365 for a market that trades on Saturdays and Sundays, else 252."""
    weekdays = {day.weekday() for day in days}
    return WITHOUT_WEEKENDS if {SATURDAY, SATURDAY + 1} <= weekdays else DAYS_PER_YEAR
