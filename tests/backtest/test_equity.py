"""Equity curves and what is read from them."""

from datetime import time
from decimal import Decimal

from tapewire.backtest.report.equity import Curves, drawdown
from tapewire.backtest.report.results import Results, added
from tapewire.backtest.report.sampler import Sampler, every_ns
from tapewire.common.accounting.trading_days import trading_days
from tapewire.common.ticks.rows import Row
from tests.backtest.made import book, fee, fill

D = Decimal
S = 10**9


def test_the_drawdown_is_the_deepest_fall_below_the_highest_before():
    values = [0, 5, 3, 9, 2, 8, 12, 6]
    assert drawdown([(n, D(v)) for n, v in enumerate(values)]) == D(7)


def test_a_loss_from_the_start_is_a_fall_from_zero():
    assert drawdown([(1, D(-3)), (2, D(-1))]) == D(3)
    assert drawdown([]) == D(0)


def test_a_curve_has_realised_unrealised_and_fees_at_each_fill_and_mark():
    one, two = fill("BUY", 10, 100, 1), fill("SELL", 10, 103, 3)
    curves = Curves()
    marks = {"XYZ": [(1 * S, D(99)), (2 * S, D(102)), (4 * S, D(90))]}
    curves.draw(book(one, two, fee(one, 1), fee(two, 1), XYZ=2), marks)
    expected = [(1 * S, D(-21)), (2 * S, D(39)), (3 * S, D(58)), (4 * S, D(58))]
    assert curves.by_key["s", "XYZ"] == expected
    assert curves.total == expected


def test_strategies_are_booked_apart_and_added_up():
    long, short = fill("BUY", 10, 100, 1, "a"), fill("SELL", 10, 101, 2, "b")
    results = Results(book(long, short), {"XYZ": [(3 * S, D(110))]})
    by_name = {r.strategy: r for r in results.strategies}
    assert (by_name["a"].gross, by_name["b"].gross) == (D(100), D(-90))
    assert by_name["a"].max_drawdown == D(0)
    assert by_name["b"].max_drawdown == D(90)
    assert results.total.gross == D(10)
    assert results.total.max_drawdown == D(0)
    assert added(results.curves.by_key) == results.curves.total


def test_a_corrected_execution_counts_once():
    first = fill("BUY", 10, 100, 1)
    corrected = fill("BUY", 10, 90, 1)
    later = type(corrected)(**{**_fields(corrected), "exec_id": "x1.02"})
    results = Results(book(first, later), {"XYZ": [(2 * S, D(100))]})
    assert results.total.gross == D(100)


def _fields(event):
    return {name: getattr(event, name) for name in event.__struct_fields__}


def test_marks_are_the_quote_middle_else_the_last_trade_at_the_end_of_each_span():
    rows = [
        Row(0, "A", "10", None, None, None, None, None),
        Row(1, "B", None, None, None, None, "7", "1"),
        Row(5, "A", None, "12", None, None, None, None),
        Row(25, "A", "11", None, None, None, None, None),
    ]
    sampler = Sampler(0, 10, trading_days())
    assert list(sampler.watch(iter(rows))) == rows
    assert sampler.marks == {"A": [(10, D(11)), (25, D("11.5"))], "B": [(10, D(7))]}


def test_each_trading_day_ends_with_a_mark_of_that_day():
    day_of, hour, day = trading_days("UTC", time(0)), 3600 * S, 86_400 * S
    rows = [Row(n * 6 * hour, "A", None, None, None, None, str(n), "1") for n in range(9)]
    sampler = Sampler(0, 5 * day, day_of)
    assert list(sampler.watch(iter(rows))) == rows
    ends = [(day - 1, D(3)), (2 * day - 1, D(7)), (2 * day, D(8))]
    assert sampler.marks == {"A": ends}
    assert [day_of(ts_ns).day for ts_ns, _ in ends] == [1, 2, 3]


def test_samples_are_a_round_time_apart():
    assert every_ns(0) == 1
    assert every_ns(3_600 * S) == 5 * S
    assert every_ns(60 * S) == 50_000_000
