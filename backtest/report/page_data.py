"""The data of a report: what it draws and lists, JSON-able and bounded in size."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from tapewire.backtest.report import series
from tapewire.backtest.report.performance import Statistics, split
from tapewire.backtest.report.results import Results
from tapewire.backtest.report.round_trips import RoundTrip
from tapewire.backtest.report.sampler import Mark
from tapewire.backtest.report.statistics import Floats, Times, depths, returns_of
from tapewire.backtest.run import Outcome

SYMBOLS_MAX: Final = 50
TRADES_MAX: Final = 5_000
MS_NS: Final = 1_000_000


def page_data(outcome: Outcome) -> dict[str, Any]:
    """What the report's script draws. Times are UTC milliseconds."""
    results, stats = outcome.results, outcome.statistics
    trades = _trades(results)
    return {
        "equity": _equity(outcome),
        "prices": [
            {"symbol": symbol, **_price(results.marks.get(symbol, ()))}
            for symbol in symbols_of(results)[:SYMBOLS_MAX]
        ],
        "trades": [_trade(one) for one in trades[:TRADES_MAX]],
        "daily": _histogram(returns_of(stats.equity.closes)),
        "nets": _histogram(np.array([float(one.net) for one in results.trades])),
    }


def left_out(outcome: Outcome) -> Iterator[str]:
    """A sentence for each thing of which the report does not show all."""
    symbols, trades = symbols_of(outcome.results), _trades(outcome.results)
    if len(symbols) > SYMBOLS_MAX:
        yield f"prices of the first {SYMBOLS_MAX} of {len(symbols):,} symbols are drawn"
    if len(trades) > TRADES_MAX:
        yield f"the first {TRADES_MAX:,} of {len(trades):,} trades are shown; --json has them all"
    sizes = [outcome.statistics.equity.values.size, *map(len, outcome.results.marks.values())]
    if max(sizes) > 2 * series.BUCKETS:
        yield (
            f"curves show the lowest and the highest point of each of {series.BUCKETS:,} parts;"
            " the statistics are of all points"
        )


def symbols_of(results: Results) -> list[str]:
    """The symbols whose prices are drawn: those that were traded, or all if none was."""
    return sorted({row.symbol for row in results.rows}) or sorted(results.marks)


def _trades(results: Results) -> Sequence[RoundTrip]:
    return [*results.trades, *results.open_trades]


def _equity(outcome: Outcome) -> dict[str, Any]:
    """Equity, its drawdown, the benchmark and the exposure, at the same moments."""
    stats = outcome.statistics
    times, values = stats.equity.times_ns, stats.equity.values
    falls, exposed = depths(values), _exposure(outcome, times, values)
    places = series.union(*map(series.extremes, (values, falls, exposed)))
    return {
        "t": _ms(times[places]),
        "equity": _rounded(values[places], 2),
        "drawdown": _rounded(falls[places], 6),
        "exposure": _rounded(exposed[places], 4),
        "benchmark": _held(stats, times[places]),
    }


def _exposure(outcome: Outcome, times: Times, values: Floats) -> Floats:
    """The value of all positions as a share of equity; 0 where there is none left."""
    results = outcome.results
    prices = {symbol: split(marks) for symbol, marks in results.marks.items()}
    multipliers = {one.symbol: one.multiplier for one in outcome.instruments}
    value = series.gross_value(results.fills, prices, multipliers, times)
    return np.divide(value, values, out=np.zeros_like(value), where=values > 0)


def _held(stats: Statistics, moments: Times) -> list[float] | None:
    held = stats.held
    if held is None:
        return None
    return _rounded(series.in_force(held.times_ns, held.values, moments, float(stats.capital)), 2)


def _price(marks: Sequence[Mark]) -> dict[str, list[float]]:
    times, prices = split(marks)
    places = series.extremes(prices)
    return {"t": _ms(times[places]), "price": [float(f"{p:.10g}") for p in prices[places]]}


def _trade(one: RoundTrip) -> dict[str, Any]:
    """A row of the table of trades, and the marks in the price. An open trade has no exit."""
    return {
        "strategy": one.strategy,
        "symbol": one.symbol,
        "side": one.direction.lower(),
        "quantity": float(one.quantity),
        "entry": one.entry_ns // MS_NS,
        "entry_price": float(f"{one.entry_price:.10g}"),
        "exit": None if one.exit_ns is None else one.exit_ns // MS_NS,
        "exit_price": None if one.exit_price is None else float(f"{one.exit_price:.10g}"),
        "gross": round(float(one.gross), 2),
        "fees": round(float(one.fees), 2),
        "net": round(float(one.net), 2),
    }


def _histogram(values: Floats | None) -> dict[str, Any] | None:
    found = None if values is None else series.histogram(values)
    return None if found is None else {"edges": found.edges, "counts": found.counts}


def _ms(times_ns: Times) -> list[float]:
    found: list[float] = (times_ns // MS_NS).tolist()
    return found


def _rounded(values: Floats, places: int) -> list[float]:
    found: list[float] = np.round(values, places).tolist()
    return found
