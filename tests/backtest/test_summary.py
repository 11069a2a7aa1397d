"""The statistics as text."""

from decimal import Decimal

from tapewire.backtest.report import summary
from tapewire.backtest.report.performance import statistics_of
from tapewire.backtest.report.results import Results
from tests.backtest.made import book
from tests.backtest.test_performance import PRICES, UTC_DAYS, bought_and_sold, found


def shown(stats):
    return {row.name: (row.value, row.benchmark) for row in summary.compared(stats)}


def test_shares_are_percent_and_lengths_have_a_unit():
    rows = shown(found(bought_and_sold(), PRICES))
    assert rows["return"] == ("9.80%", "23.81%")
    assert rows["max drawdown"] == ("9.53%", "9.52%")
    assert rows["its length"] == ("45.0h", "2d")
    assert rows["Sharpe"] == ("4.18", "6.55")


def test_what_cannot_be_known_is_a_dash():
    stats = found([], {"CL": [(1, Decimal(-1))]})
    assert shown(stats)["return"] == ("0.00%", "-")
    assert shown(stats)["Sharpe"] == ("-", "-")
    assert {row.name: row.value for row in summary.of_trades(stats)}["win rate"] == "-"


def test_a_growth_of_two_lucky_days_is_short_all_the_same():
    rows = shown(found(bought_and_sold(), {"XYZ": PRICES["XYZ"][:3]}, capital=100))
    assert rows["CAGR"][0] == "8.32e+26%"


def test_the_basis_names_capital_and_days():
    stats = found(bought_and_sold(), PRICES)
    assert summary.basis(stats) == ("capital 1,000, 4 trading days, annualised by 252 days a year")


def test_many_symbols_are_counted_and_few_named():
    prices = dict.fromkeys("ABCD", PRICES["XYZ"])
    assert summary.benchmark_name(found([], prices)) == "hold 4 symbols"
    one = statistics_of(Results(book(), prices), Decimal(1), UTC_DAYS, "B")
    assert summary.benchmark_name(one) == "hold B"
