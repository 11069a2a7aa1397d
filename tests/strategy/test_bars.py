"""Series of bars: several at once, kept, as columns, and begun with the past without a seam."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapewire import Bar, Trade
from tapewire.common.clock import Now
from tapewire.common.errors import ConfigError
from tapewire.common.events import HistoryBar, HistoryPage, QueryFailed
from tapewire.common.events.queries import QueryProgress
from tapewire.common.ticks.aggregate import Bars, Every
from tapewire.strategy import past_bars
from tapewire.strategy.warm_ups import AT_ONCE, QUIET_NS
from tests.strategy.kit import NOW, SECOND, T0, runner

MINUTE = 60 * SECOND
START = T0 - T0 % (60 * MINUTE)


def trade(second: float, price: float = 1.0, size: float = 1.0) -> Trade:
    return Trade("AAPL", START + int(second * SECOND), price, size)


def wall(second: float) -> Now:
    return Now(START + int(second * SECOND), NOW.mono_ns)


class Noting:
    """A runner whose strategy notes its bars, and whether it could trade on them."""

    def __init__(self) -> None:
        self.runner = runner()
        self.runner.context.clock.time = wall(0)
        self.strategy = self.runner.strategy
        self.mono_ns = NOW.mono_ns + QUIET_NS  # nothing trades, or what does has
        self.bars: list[Bar] = []
        self.live: list[bool] = []
        self.strategy.on_bar = self.take

    def take(self, bar: Bar) -> None:
        self.bars.append(bar)
        self.live.append(self.strategy.live)
        assert self.strategy.clock.now_ns() >= bar.ts_ns

    def trade(self, *trades: Trade) -> None:
        for one in trades:
            self.runner.on_ticks("o", [one], Now(one.ts_ns, NOW.mono_ns))

    def asked(self, second: float = 0) -> list[object]:
        """The questions that are sent now, where the wall clock shows that."""
        self.runner.tick(Now(START + int(second * SECOND), self.mono_ns))
        asking = self.runner.context.asking
        due = asking.due()
        for query in due:
            asking.sent(query)
        return due

    def answer(self, query: object, second: float, *rows: HistoryBar) -> None:
        page = HistoryPage(START + int(second * SECOND), query.id, rows)
        self.runner.on_answer(page, wall(second))


def row(minute: int, price: float = 1.0, volume: float = 1.0, count: int = 1) -> HistoryBar:
    return HistoryBar(START + minute * MINUTE, price, price, price, price, volume, price, count)


def test_several_sizes_at_once_each_to_its_own_callback():
    one, five = Noting(), []
    minutes = one.strategy.bars("AAPL", "time", "1m")
    fives = one.strategy.bars("AAPL", "time", "5m", then=five.append)
    ticks = one.strategy.bars("AAPL", "tick", 4)
    one.trade(*[trade(30 + 60 * n, price=n + 1) for n in range(11)])
    assert [bar.ts_ns - bar.start_ns for bar in minutes] == [MINUTE] * 10
    assert [bar.close for bar in five] == [5.0, 10.0]
    assert five == list(fives)
    assert [bar.count for bar in ticks] == [4, 4]
    assert len(one.bars) == 12


def test_a_trade_that_completes_two_bars_has_both_in_their_series_before_either_is_given():
    one, seen = Noting(), []
    one.strategy.bars("AAPL", "time", "1m", then=lambda _bar: seen.append(len(fives)))
    fives = one.strategy.bars("AAPL", "time", "5m")
    one.trade(trade(299), trade(300))
    assert seen == [1]


def test_a_series_keeps_so_many_and_gives_them_as_columns():
    one = Noting()
    series = one.strategy.bars("AAPL", "tick", 1, keep=3)
    one.trade(*[trade(n, price=n + 1, size=n) for n in range(5)])
    assert [bar.close for bar in series] == [3.0, 4.0, 5.0]
    assert (series[-1].close, series[1:][0].close, len(series)) == (5.0, 4.0, 3)
    assert series.column("close", 2).tolist() == [4.0, 5.0]
    assert series.column("count").dtype == np.int64
    assert [*series.columns()] == [
        "start_ns", "ts_ns", "open", "high", "low", "close", "volume", "count", "vwap",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="a bar has no 'price'; it has start_ns, ts_ns, open"):
        series.column("price")
    with pytest.raises(ValueError, match="keep is 0, must be a number of bars from 1 to 1,000,000"):
        one.strategy.bars("AAPL", "tick", 1, keep=0)


def test_a_bar_without_a_known_size_has_no_vwap_in_its_column():
    one = Noting()
    series = one.strategy.bars("AAPL", "tick", 1)
    one.trade(Trade("AAPL", START, 2.0, None))
    assert np.isnan(series.column("vwap")).tolist() == [True]


def test_bars_as_data_frames_of_both_libraries():
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    one = Noting()
    series = one.strategy.bars("AAPL", "time", "1m")
    one.trade(*[trade(60 * n, price=n + 1) for n in range(4)])
    frame = series.to_pandas(2)
    assert frame.index.tolist() == [pandas.Timestamp(START + n * MINUTE, tz="UTC") for n in (1, 2)]
    assert frame["close"].tolist() == [2.0, 3.0]
    other = series.to_polars(2)
    assert other["close"].to_list() == [2.0, 3.0]
    assert other.schema["time"] == polars.Datetime("ns", "UTC")
    assert other["time"].cast(polars.Int64).to_list() == [START + MINUTE, START + 2 * MINUTE]


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("pandas", r"to_pandas: pandas is not installed; .*pip install 'tapewire\[data\]'$"),
        ("polars", r"to_polars: polars is not installed; install it with: pip install polars$"),
    ],
)
def test_without_the_library_a_data_frame_is_refused_in_a_sentence(monkeypatch, module, says):
    series = Noting().strategy.bars("AAPL", "tick", 1)
    for name in [name for name in sys.modules if name.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr("tapewire.common.extras.find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=says):
        getattr(series, f"to_{module}")()


# ---- with the past -------------------------------------------------------------------------------


def test_a_series_begins_with_its_past_and_goes_on_with_its_own_trades():
    one = Noting()
    series = one.strategy.bars("AAPL", "time", "5m", history="1 D")
    one.trade(trade(720, price=9.0), trade(721, price=8.0))  # history has seen the first
    assert not series.is_warm
    assert one.bars == []
    (query,) = one.asked()
    assert (query.bars, query.back, query.show) == ("5 mins", "1 D", "TRADES")
    one.answer(query, 720.5, row(0, 1.0), row(5, 2.0), row(10, 3.0, volume=4.0))
    assert series.is_warm
    assert [bar.close for bar in one.bars] == [1.0, 2.0]
    assert one.live == [False, False]
    one.trade(trade(899, price=5.0), trade(900, price=1.0))
    (bar,) = one.bars[2:]
    assert (bar.open, bar.high, bar.low, bar.close) == (3.0, 8.0, 3.0, 5.0)
    assert (bar.volume, bar.count) == (6.0, 3)
    assert one.live[2]
    assert one.strategy.live


def test_bars_of_any_whole_seconds_are_made_of_the_brokers():
    one = Noting()
    series = one.strategy.bars("AAPL", "time", "7m", history="1 D")
    (query,) = one.asked()
    assert query.bars == "1 min"
    base = START // (7 * MINUTE) * 7 * MINUTE + 7 * MINUTE - START
    minutes = [base // MINUTE + n for n in range(15)]
    one.answer(query, minutes[-1] * 60 + 59, *[row(n, price=n) for n in minutes])
    assert [(bar.open, bar.close, bar.count) for bar in series] == [
        (minutes[0], minutes[6], 7), (minutes[7], minutes[13], 7),
    ]  # fmt: skip


def test_a_bar_whose_beginning_was_not_asked_for_is_left_out():
    one = Noting()
    one.runner.context.clock.time = wall(3600)
    series = one.strategy.bars("AAPL", "time", "30m", history="2400 S")
    (query,) = one.asked(3600)
    rows = [HistoryBar(START + 1200 * SECOND, 1.0, 1.0, 1.0, 1.0), row(30, 2.0), row(60, 3.0)]
    one.answer(query, 3601, *rows)
    assert [bar.close for bar in series] == [2.0]


def test_what_passed_while_a_long_past_was_asked_for_in_parts_is_asked_for_again():
    one = Noting()
    series = one.strategy.bars("AAPL", "time", "1m", history="1 Y")
    (query,) = one.asked()
    one.runner.on_answer(QueryProgress(START, query.id, 0, START, 0), wall(1))
    one.answer(query, 600, row(-2), row(-1, 2.0))
    assert not series.is_warm
    (again,) = one.asked()
    assert (again.bars, again.back) == ("1 min", "720 S")
    one.answer(again, 600.5, row(-1, 3.0), row(9, 4.0))
    assert [bar.close for bar in series] == [1.0, 3.0, 4.0]


def test_without_an_answer_the_series_goes_on_with_what_came_meanwhile():
    one = Noting()
    series = one.strategy.bars("AAPL", "time", "1m", history="1 D")
    one.trade(trade(30, 2.0), trade(61, 3.0))
    (query,) = one.asked()
    one.runner.on_answer(QueryFailed(START, query.id, "no permission", 162), wall(62))
    assert not series.is_warm
    assert [bar.close for bar in series] == [2.0]
    assert [lost.reason for lost in one.runner.callbacks.take_lost()] == ["no permission"]
    one.trade(trade(120))
    assert [bar.close for bar in series] == [2.0, 3.0]


def test_many_series_ask_a_few_at_a_time():
    one = Noting()
    for _ in range(AT_ONCE + 2):
        one.strategy.bars("AAPL", "time", "1m", history="1 D")
    first = one.asked()
    assert len(first) == AT_ONCE
    one.answer(first[0], 1, row(-1))
    assert len(one.asked()) == 1


def test_the_past_is_asked_for_with_the_first_trade_or_after_a_minute_without_any():
    one = Noting()
    one.strategy.bars("AAPL", "time", "1m", history="1 D")
    one.strategy.bars("MSFT", "time", "1m", history="1 D")
    one.mono_ns = NOW.mono_ns
    assert one.asked() == []
    assert one.runner.due_ns(Now(START, NOW.mono_ns)) == NOW.mono_ns + QUIET_NS
    acts = one.runner.context.acts
    one.trade(trade(1), trade(2))
    assert one.runner.context.acts == acts + 1
    assert not one.runner.rests
    assert [query.symbol for query in one.asked()] == ["AAPL"]
    one.mono_ns += QUIET_NS
    assert [query.symbol for query in one.asked()] == ["MSFT"]


def test_trades_are_held_up_to_a_bound_and_then_it_goes_on_without_the_past(monkeypatch):
    monkeypatch.setattr(past_bars, "HELD_MAX", 3)
    one = Noting()
    series = one.strategy.bars("AAPL", "time", "1m", history="1 D")
    (query,) = one.asked()
    one.trade(*[trade(n * 60 + 1, n + 1.0) for n in range(5)])
    assert [bar.close for bar in series] == [1.0, 2.0, 3.0, 4.0]
    one.answer(query, 400, row(-1))
    assert len(series) == 4
    assert not series.is_warm


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (("tick", 5, "1 D"), "tick bars have no history; only bars of time do"),
        (
            ("time", 500, "1 D"),
            r"bars of 0\.5 s have no history, for that is made of bars of whole",
        ),
        (("time", "1m", "two days"), "history is 'two days', must be such as 3600 S, 2 D or 1 W"),
    ],
)
def test_a_past_that_cannot_be_asked_for_is_refused(call, says):
    kind, size, history = call
    one = Noting()
    with pytest.raises(ValueError, match=says):
        one.strategy.bars("AAPL", kind, size, history=history)
    assert not one.runner.context.symbol_bars


TRADES = st.lists(
    st.tuples(st.integers(1, 3_000), st.integers(1, 40), st.integers(1, 9)), min_size=1, max_size=40
)


@settings(max_examples=40, deadline=None)
@given(trades=TRADES, cut=st.integers(600, 2_400), late=st.integers(0, 90), width=st.sampled_from(
    [60, 180, 300, 420]))  # fmt: skip
def test_past_and_trades_together_are_the_bars_of_all_trades(trades, cut, late, width):
    """History up to a moment, and the trades that arrived while it was asked for: none is lost,
    none counts twice, wherever the moment is."""
    ticks = [trade(second, price / 4, size) for second, price, size in sorted(trades)]
    whole = Bars(Every(width_ns=width * SECOND))
    expected = [bar for tick in ticks for bar in whole.add(tick)]
    fine = Bars(Every(width_ns=past_bars_base(width) * SECOND))
    before = [tick for tick in ticks if tick.ts_ns <= START + cut * SECOND]
    rows = [as_row(bar) for bar in [b for t in before for b in fine.add(t)] + fine.flush()]
    one = Noting()
    series = one.strategy.bars("AAPL", "time", width * 1_000, history="1 D")
    (query,) = one.asked()
    arrived = [tick for tick in ticks if tick.ts_ns <= START + (cut + late) * SECOND]
    one.trade(*arrived)
    one.answer(query, cut, *rows)
    one.trade(*ticks[len(arrived) :])
    over = [bar for bar in series if bar.ts_ns <= max(ticks[-1].ts_ns, START + cut * SECOND)]
    found = expected + [bar for bar in whole.flush() if bar.ts_ns <= START + cut * SECOND + 1]
    assert [parts(bar) for bar in over] == [parts(bar) for bar in found]


def past_bars_base(width_s: int) -> int:
    return max(one for one in past_bars.SIZES if width_s % one == 0)


def as_row(bar: Bar) -> HistoryBar:
    prices = bar.open, bar.high, bar.low, bar.close
    return HistoryBar(bar.start_ns, *prices, bar.volume, bar.vwap, bar.count)


def parts(bar: Bar) -> tuple[object, ...]:
    prices = bar.open, bar.high, bar.low, bar.close
    return bar.start_ns, bar.ts_ns, *prices, bar.volume, bar.count, round(bar.vwap or 0, 9)
