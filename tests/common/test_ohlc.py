"""Bars of a file as ticks: at which times they trade, and at which prices."""

import pytest

from tapewire.common.events import Trade
from tapewire.common.ticks.aggregate import Bars, Every
from tapewire.common.ticks.as_ticks import Quoted
from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.memory import InMemory
from tapewire.common.ticks.stamps import iso

MINUTE_NS = 60 * 10**9
DAY_NS = 1440 * MINUTE_NS
HEADER = "date,symbol,open,high,low,close,volume"


def rows(*lines, header=HEADER, **given):
    return [*TickFile(InMemory("bars", "\n".join([header, *lines])), **given).rows(None, None)]


def times(found):
    return [iso(row.ts_ns)[5:26] for row in found]


def test_a_bar_opens_at_its_start_and_closes_before_the_next_one_opens():
    found = rows("2024-01-08 09:30,A,1,4,0.5,3,10", "2024-01-08 09:31,A,3,5,2,4,1")
    assert times(found) == [
        "01-08T09:30:00.000000", "01-08T09:30:20.000000", "01-08T09:30:40.000000",
        "01-08T09:30:59.999999", "01-08T09:31:00.000000", "01-08T09:31:20.000000",
        "01-08T09:31:40.000000", "01-08T09:31:59.999999",
    ]  # fmt: skip
    assert found[3].ts_ns + 1 == found[4].ts_ns


def test_the_extreme_that_is_nearer_to_the_open_comes_first():
    assert [row.last for row in rows("2024-01-08,A,1,4,0.5,3,10")] == ["1", "0.5", "4", "3"]
    assert [row.last for row in rows("2024-01-08,A,3,4,0.5,1,10")] == ["3", "4", "0.5", "1"]
    assert [row.last for row in rows("2024-01-08,A,2,3,1,2,10")] == ["2", "3", "1", "2"]


def test_after_a_close_the_quote_has_no_size():
    found = rows("2024-01-08,A,1,4,0.5,3,10", "2024-01-09,A,2,4,0.5,3,10")
    assert [row.bid_size for row in found] == [*["1000000"] * 3, "0"] * 2
    assert [row.bid for row in found] == [row.ask for row in found] == [row.last for row in found]


def test_each_tick_has_a_quarter_of_the_volume_and_none_where_there_is_none():
    assert [row.last_size for row in rows("2024-01-08,A,1,4,0.5,3,10")] == ["2.5"] * 4
    assert [row.last_size for row in rows("2024-01-08,A,1,4,0.5,3,nan")] == [None] * 4


def test_bars_that_are_made_of_the_ticks_are_those_of_the_file():
    lines = [f"2024-01-08 09:{n:02},A,{n + 2},{n + 5},{n + 1},{n + 3},{n * 4}" for n in range(9)]
    quoted, made = Quoted(), Bars(Every(width_ns=MINUTE_NS))
    ticks = [tick for row in rows(*lines) for tick in quoted.ticks(row) if type(tick) is Trade]
    bars = [bar for tick in ticks for bar in made.add(tick)] + made.flush()
    values = [(bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars]
    assert values == [(n + 2, n + 5, n + 1, n + 3, n * 4) for n in range(9)]


def test_the_time_of_a_bar_may_be_its_end():
    found = rows("2024-01-08 09:31,A,1,4,0.5,3,10", "2024-01-08 09:32,A,1,1,1,1,1", bar_time="end")
    assert times(found)[0] == "01-08T09:30:00.000000"
    assert times(found)[4] == "01-08T09:31:00.000000"


def test_a_night_makes_no_bar_longer():
    lines = ("2024-01-08 15:58", "2024-01-08 15:59", "2024-01-09 09:30")
    for bar_time, last in (("start", "15:59:59"), ("end", "15:58:59")):
        found = rows(*(f"{time},A,1,1,1,1,1" for time in lines), bar_time=bar_time)
        assert times(found)[7] == f"01-08T{last}.999999"


@pytest.mark.parametrize(
    "stamps", [("2024-01-05", "2024-01-08"), ("20240105", "20240108"),
    ("2024-01-05 00:00:00-05:00", "2024-01-08 00:00:00-05:00")],
)  # fmt: skip
def test_a_bar_of_a_day_is_on_its_date_and_closes_within_the_trading_day(stamps):
    found = rows(*(f"{time},A,1,1,1,1,1" for time in (*stamps, stamps[-1].replace("08", "09"))))
    assert times(found)[0] == "01-05T00:00:00.000000"
    assert times(found)[3] == "01-05T19:59:59.999999"
    assert times(found)[4] == "01-08T00:00:00.000000"


def test_a_bar_of_a_week_closes_before_the_next_one():
    found = rows(*(f"2024-01-{day:02},A,1,1,1,1,1" for day in (1, 8, 15)))
    assert times(found)[3] == "01-07T19:59:59.999999"


def test_bars_of_several_symbols_may_be_mixed_or_one_after_the_other():
    a = [f"2024-01-08 09:3{n},A,1,1,1,1,1" for n in range(3)]
    b = [f"2024-01-08 09:3{n},B,1,1,1,1,1" for n in range(3)]
    mixed = [line for pair in zip(a, b, strict=True) for line in pair]
    assert rows(*a, *b) == rows(*mixed)
    assert [row.ts_ns for row in rows(*a, *b)] == sorted(row.ts_ns for row in rows(*mixed))


def test_a_line_without_prices_is_no_bar():
    found = rows("2024-01-08,A,1,1,1,1,1", "2024-01-09,A,null,null,null,null,null")
    assert len(found) == 4
    assert rows("2024-01-09,A,,,,,") == []


def test_a_bar_that_lacks_a_price_is_refused():
    with pytest.raises(ValueError, match=r"bars: the bar of 2024-01-09T.* lacks a price"):
        rows("2024-01-08,A,1,1,1,1,1", "2024-01-09,A,1,,1,1,1")


@pytest.mark.parametrize("second", ["2024-01-08", "2024-01-07"])
def test_a_date_that_comes_twice_or_too_late_is_refused(second):
    with pytest.raises(ValueError, match=r"bars: the bar of A of 2024-01-0. *.*follows that of"):
        rows("2024-01-08,A,1,1,1,1,1", f"{second},A,1,1,1,1,1")
