"""The statistics of a back-test, from its executions and marks to JSON."""

import math
import random
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from tapewire.backtest import frames
from tapewire.backtest.report.performance import as_json, statistics_of
from tapewire.backtest.report.results import Results
from tapewire.common.accounting.trading_days import trading_days
from tests.backtest.made import book, fee, fill

D = Decimal
S = 10**9
DAY_S = 86_400
MONDAY = date(2024, 1, 8)
START_S = int(datetime(2024, 1, 8, tzinfo=UTC).timestamp())
UTC_DAYS = trading_days("UTC", time(0))
close = pytest.approx


def at(day: int, hour: int = 12) -> int:
    return START_S + day * DAY_S + hour * 3600


def marks(*prices: object, hour: int = 12) -> list[tuple[int, Decimal]]:
    """A price at noon of each day from Monday on; None where a day has none."""
    return [
        (at(day, hour) * S, D(str(price))) for day, price in enumerate(prices) if price is not None
    ]


def found(events, prices, capital=1000, benchmark=""):
    return statistics_of(Results(book(*events), prices), D(capital), UTC_DAYS, benchmark)


def bought_and_sold():
    """Ten bought at 100 on Monday morning, sold at 110 on Wednesday morning; a fee of 1 each."""
    one, two = fill("BUY", 10, 100, at(0, 9)), fill("SELL", 10, 110, at(2, 9))
    return [one, fee(one, 1), two, fee(two, 1)]


PRICES = {"XYZ": marks(105, 95, 120, 130)}


def test_equity_is_capital_and_net_at_each_days_last_sample():
    stats = found(bought_and_sold(), PRICES)
    assert stats.equity.days == [MONDAY.replace(day=8 + n) for n in range(4)]
    assert list(stats.equity.closes) == [1000, 1049, 949, 1098, 1098]
    assert stats.performance.total_return == close(0.098)


def test_drawdown_and_exposure_go_by_every_sample():
    stats = found(bought_and_sold(), PRICES)
    assert stats.performance.drawdown.depth == close(100 / 1049)
    assert stats.performance.drawdown.days == close((2 * 24 - 3) / 24)  # sold at nine
    assert stats.exposure == 0.5  # at two noons of four


def test_the_benchmark_holds_what_was_traded_from_its_first_price_to_its_last():
    stats = found(bought_and_sold(), {**PRICES, "OTHER": marks(1, 2, 3, 4)})
    assert stats.benchmark_of == ("XYZ",)
    assert stats.benchmark.total_return == close(130 / 105 - 1)
    assert list(stats.held.closes) == close(
        [1000, 1000, 1000 * 95 / 105, 1000 * 120 / 105, 1000 * 130 / 105]
    )


def test_another_symbol_of_the_file_can_be_the_benchmark():
    stats = found(bought_and_sold(), {**PRICES, "OTHER": marks(1, 2, 3, 4)}, benchmark="OTHER")
    assert stats.benchmark_of == ("OTHER",)
    assert stats.benchmark.total_return == 3


def test_several_symbols_are_held_in_equal_parts_and_one_that_comes_later_waits_in_cash():
    events = [
        fill("BUY", 1, 10, at(0, 13), symbol=symbol, number=n) for n, symbol in enumerate("AB", 1)
    ]
    stats = found(
        events, {"A": marks(10, 20), "B": [(at(1, 13) * S, D(5)), (at(1, 14) * S, D(10))]}
    )
    assert stats.benchmark_of == ("A", "B")
    assert list(stats.held.closes) == [1000, 1000, 2000]
    assert list(stats.held.values) == [1000, 1000, 1500, 1500, 2000]


def test_a_benchmark_with_a_price_of_0_or_below_is_none():
    stats = found([], {"CL": marks(18, -37, 10)})
    assert (stats.held, stats.benchmark) == (None, None)
    assert as_json(stats)["benchmark"] == {"symbols": ["CL"]}


def test_without_an_execution_the_capital_stays_what_it_is():
    stats = found([], PRICES)
    assert list(stats.equity.closes) == [1000] * 5
    assert stats.benchmark_of == ("XYZ",)
    assert (stats.performance.total_return, stats.performance.volatility) == (0, 0)
    assert (stats.performance.sharpe, stats.performance.calmar, stats.win_rate) == (None,) * 3
    assert (stats.exposure, stats.trades) == (0, 0)


def test_without_a_price_there_is_no_day():
    stats = found([], {})
    assert as_json(stats) == {
        "capital": "1000", "days": 0, "days_per_year": 252, "return": 0, "cagr": None,
        "volatility": None, "sharpe": None, "sortino": None, "calmar": None, "max_drawdown": None,
        "max_drawdown_days": None, "longest_drawdown_days": None, "exposure": None, "trades": 0,
        "win_rate": None, "profit_factor": None, "expectancy": None, "sqn": None, "kelly": None,
        "benchmark": {"symbols": []},
    }  # fmt: skip


def test_without_capital_no_share_of_it_is_known():
    stats = found(bought_and_sold(), PRICES, capital=0)
    one = stats.performance
    assert (one.total_return, one.cagr, one.sharpe, one.drawdown) == (None,) * 4
    assert stats.win_rate == 1


def test_weekends_are_skipped_and_a_market_without_them_has_365_days_a_year():
    week = [100, 101, 102, 103, 104, None, None, 105]
    stats = found([], {"XYZ": marks(*week)})
    assert (len(stats.equity.days), stats.per_year) == (6, 252)
    stats = found([], {"BTC": marks(*range(100, 108))})
    assert (len(stats.equity.days), stats.per_year) == (8, 365)


def test_an_execution_after_the_last_sample_counts_on_the_last_day():
    late = fill("BUY", 10, 100, at(3, 13))
    stats = found([late, fee(late, 7)], PRICES)
    assert list(stats.equity.closes)[-2:] == [1000, close(1000 - 7 + 300)]


def test_trades_are_those_that_are_closed_with_their_fees():
    more = fill("BUY", 5, 120, at(3, 9))
    stats = found([*bought_and_sold(), more], PRICES)
    assert (stats.trades, stats.win_rate, stats.expectancy) == (1, 1, 98)
    assert as_json(stats)["expectancy"] == "98"
    assert stats.exposure == 0.75


def test_a_year_of_trades_has_the_statistics_that_others_find_in_its_equity():
    """From executions to figures, by pandas and jquantstats instead of the code here."""
    jquantstats = pytest.importorskip("jquantstats", reason="`make setup` installs it")
    polars, pandas = pytest.importorskip("polars"), pytest.importorskip("pandas")
    chance, price, prices, events = random.Random(1), 100.0, [], []
    for day in range(300):
        price *= math.exp(chance.gauss(0, 0.02))
        prices.append(round(price, 2))
        if day % 3 == 0:
            side = "BUY" if day % 2 == 0 else "SELL"
            one = fill(side, 5, prices[-1], at(day, 10), number=day + 1)
            events += [one, fee(one, 1)]
    stats = found(events, {"XYZ": marks(*prices)}, capital=10_000)
    closes = frames.equity(stats)["equity"].resample("D").last().dropna()
    returns = pandas.concat([pandas.Series([10_000.0]), closes]).pct_change().dropna()
    frame = polars.DataFrame({"date": [d.date() for d in closes.index], "x": returns.to_numpy()})
    theirs = jquantstats.Data.from_returns(frame).stats
    ours = stats.performance
    assert (len(returns), stats.per_year) == (300, 365)
    for name in ("cagr", "volatility", "sharpe", "sortino"):
        assert getattr(ours, name) == close(getattr(theirs, name)(periods=365)["x"]), name
    assert ours.total_return == close(theirs.comp()["x"])
