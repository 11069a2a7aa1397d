"""The statistics as text: the same rows on the terminal and in the report."""

from collections.abc import Iterator
from typing import Final

import msgspec

from tapewire.backtest.report.formats import duration
from tapewire.backtest.report.performance import Performance, Statistics
from tapewire.common import amounts

DAY_S: Final = 86_400
UNKNOWN: Final = "-"
LARGE: Final = 100.0  # shares from 10,000 % on are written with an exponent
SYMBOLS_NAMED_MAX: Final = 3


class Row(msgspec.Struct, frozen=True):
    """A statistic by its name, of the strategies and of the benchmark, where it has one."""

    name: str
    value: str
    benchmark: str = ""


def compared(found: Statistics) -> list[Row]:
    """The statistics of the equity curve beside those of the benchmark."""
    ours = list(_of_curve(found.performance))
    if found.benchmark is None:
        return [Row(name, value, UNKNOWN) for name, value in ours]
    theirs = (value for _, value in _of_curve(found.benchmark))
    return [Row(name, value, other) for (name, value), other in zip(ours, theirs, strict=True)]


def of_trades(found: Statistics) -> list[Row]:
    """The statistics of exposure and closed trades, which a benchmark does not have."""
    return [
        Row("exposure", share(found.exposure)),
        Row("trades", f"{found.trades:,}"),
        Row("win rate", share(found.win_rate)),
        Row("profit factor", ratio(found.profit_factor)),
        Row("expectancy", UNKNOWN if found.expectancy is None else f"{found.expectancy:z,.2f}"),
        Row("SQN", ratio(found.sqn)),
        Row("Kelly", share(found.kelly)),
    ]


def basis(found: Statistics) -> str:
    """What the statistics are of, in a sentence."""
    days = amounts.counted(len(found.equity.days), "trading day")
    return (
        f"capital {amounts.money(found.capital, 0)}, {days},"
        f" annualised by {found.per_year} days a year"
    )


def benchmark_name(found: Statistics) -> str:
    """Buy and hold of what: its symbols, or how many where they are many."""
    symbols = found.benchmark_of
    few = len(symbols) <= SYMBOLS_NAMED_MAX
    return f"hold {', '.join(symbols) if few else amounts.counted(len(symbols), 'symbol')}"


def _of_curve(one: Performance) -> Iterator[tuple[str, str]]:
    falls = one.drawdown
    yield "return", share(one.total_return)
    yield "CAGR", share(one.cagr)
    yield "volatility", share(one.volatility)
    yield "Sharpe", ratio(one.sharpe)
    yield "Sortino", ratio(one.sortino)
    yield "Calmar", ratio(one.calmar)
    yield "max drawdown", share(None if falls is None else falls.depth)
    yield "its length", UNKNOWN if falls is None else duration(falls.days * DAY_S)
    yield "longest drawdown", UNKNOWN if falls is None else duration(falls.longest_days * DAY_S)


def share(value: float | None) -> str:
    """A share as percent."""
    if value is None:
        return UNKNOWN
    return f"{value * 100:.3g}%" if abs(value) >= LARGE else f"{value:z.2%}"


def ratio(value: float | None) -> str:
    """A plain number with two places."""
    if value is None:
        return UNKNOWN
    return f"{value:.3g}" if abs(value) >= LARGE else f"{value:z.2f}"
