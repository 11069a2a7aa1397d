"""`run_backtest`: a class and a file or a DataFrame in, DataFrames, statistics and a report out."""

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import tapewire
from tapewire import ConfigError, Strategy, run_backtest
from tapewire.backtest import display
from tapewire.backtest.given import MODULE
from tapewire.common.ticks.rows import HEADER
from tests.backtest.made import ACTS, SCRIPT, START_S, Script, config, ticks, written

pandas = pytest.importorskip("pandas", reason="the data extra is not installed")
CAPITAL = 10_000


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """No file of this checkout is found by accident."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("work"))
        folder = tmp_path_factory.mktemp("ticks")
        found = scripted(ticks(folder), folder)
        assert list(Path().iterdir()) == []  # nothing is written unless it is asked for
    return found


def scripted(data, folder):
    rules = config(folder)  # the script trades more than the rules allow that are there by default
    acts = {"acts": ACTS}
    return run_backtest(Script, data, parameters=acts, capital=CAPITAL, config=rules)


class Buys(Strategy):
    """Buys once."""

    def on_start(self):
        self.left = 1

    def on_quote(self, quote):
        if self.left:
            self.left = 0
            self.buy(quote.symbol, 1)


def frame(**columns):
    times = pandas.to_datetime(START_S, unit="s", utc=True) + pandas.to_timedelta(
        range(0, 30, 10), unit="s"
    )
    return pandas.DataFrame({"time": times, **columns})


# ---- what comes of it ----------------------------------------------------------------------------


def test_trades_are_a_table_with_times_in_utc_and_open_ones_last(result):
    trades = result.trades
    assert list(trades["net"]) == [16.5, -26, pytest.approx(-0.1)]
    assert list(trades["direction"]) == ["LONG", "SHORT", "LONG"]
    assert str(trades["entry"].dtype) == "datetime64[ns, UTC]"
    assert trades["entry"][0].value == START_S * 10**9 + 850_000  # to the nanosecond
    assert trades["exit"].isna().tolist() == [False, False, True]
    assert trades["exit_price"].isna().tolist() == [False, False, True]
    assert trades["exit_price"].dtype == "float64"


def test_fills_are_a_table_with_commissions(result):
    fills = result.fills
    assert list(fills["quantity"]) == [100, 300, 200, 10]
    assert list(fills["side"]) == ["BUY", "SELL", "BUY", "BUY"]
    assert list(fills["commission"]) == [1, 1.5, 1, 1]
    assert fills["strategy"].unique().tolist() == ["Script"]


def test_equity_is_indexed_by_time_and_ends_with_what_was_earned(result):
    equity = result.equity
    assert equity["equity"].iloc[0] == CAPITAL
    assert equity["equity"].iloc[-1] == pytest.approx(CAPITAL - 9.6)
    assert equity["drawdown"].min() == pytest.approx(-42 / (CAPITAL + 15.5))
    assert equity["benchmark"].iloc[-1] == pytest.approx(CAPITAL * 10.61 / 10.01)
    assert str(equity.index.tz) == "UTC"
    assert equity.index.is_monotonic_increasing


def test_statistics_are_those_of_the_command_line(result):
    assert result.stats["return"] == -0.00096
    assert (result.stats["trades"], result.stats["win_rate"]) == (2, 0.5)
    assert result.faults == []
    assert repr(result) == "<Back-test of Script: 2 trades, net -9.60, return -0.10%; 1 note>"


def test_a_run_without_an_execution_has_empty_tables(tmp_path):
    found = run_backtest(Strategy, ticks(tmp_path))
    assert (len(found.trades), len(found.fills)) == (0, 0)
    assert str(found.trades["exit"].dtype) == "datetime64[ns, UTC]"
    assert found.equity["equity"].unique().tolist() == [1_000_000]


def test_a_plot_is_written_where_it_is_wanted(result, tmp_path):
    path = tmp_path / "new" / "report.html"
    assert result.plot(path) == path
    assert "<title>Back-test of Script</title>" in path.read_text()


def test_outside_of_a_notebook_a_plot_opens_in_the_browser(result, monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr(display.webbrowser, "open", opened.append)
    monkeypatch.setattr(display.tempfile, "mkdtemp", lambda prefix: str(tmp_path))
    path = result.plot()
    assert opened == [path.as_uri()]
    assert path.is_file()


def test_in_a_notebook_a_plot_is_shown_in_a_frame_that_cannot_reach_it(result, monkeypatch):
    shown = []
    display = type(sys)("IPython.display")
    display.display = shown.append
    python = type(sys)("IPython")
    python.get_ipython = type("ZMQInteractiveShell", (), {})
    monkeypatch.setitem(sys.modules, "IPython", python)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    assert result.plot(height=500) is None
    html = shown[0]._repr_html_()
    assert html.startswith('<iframe sandbox="allow-scripts" srcdoc="&lt;!DOCTYPE html&gt;')
    assert html.endswith(' style="width:100%;height:500px;border:0"></iframe>')
    assert html.count("<") == 2


# ---- what goes in --------------------------------------------------------------------------------


def test_a_class_of_a_function_runs_and_leaves_no_module_behind(tmp_path):
    class Local(Buys):
        pass

    found = run_backtest(Local, ticks(tmp_path))
    assert list(found.fills["strategy"]) == ["Local"]
    assert MODULE not in sys.modules


def test_a_class_may_be_named_as_in_the_configuration(tmp_path):
    found = run_backtest(SCRIPT, ticks(tmp_path), parameters={"acts": {"10.02": 5}})
    assert list(found.fills["quantity"]) == [5]


def test_a_frame_of_quotes_is_traded_as_the_file_with_the_same_columns(result, tmp_path):
    read = pandas.read_csv(ticks(tmp_path))
    found = scripted(read, tmp_path)
    assert found.fills.equals(result.fills)
    assert found.stats == result.stats


def test_a_frame_of_bars_may_have_its_times_as_index_and_the_symbol_beside_it():
    prices = [10.0, 11.0, 12.5]
    bars = frame(Open=prices, High=prices, Low=prices, Close=prices, Volume=[5, 5, 5])
    bars = bars.set_index("time").rename_axis(None)
    found = run_backtest(Buys, bars, symbols="AAPL")
    assert list(found.fills["symbol"]) == ["AAPL"]
    assert found.trades["gross"][0] == 2.5
    assert any("has bars" in note for note in found.notes)


class BuysAtTheClose(Strategy):
    """Buys when the second bar is over."""

    def on_start(self):
        self.trades = 0

    def on_trade(self, trade):
        self.trades += 1
        if self.trades == 8:
            self.buy(trade.symbol, 1)


@pytest.mark.parametrize("full", [False, True])
def test_what_is_ordered_at_a_close_trades_at_the_next_open(full):
    times = pandas.to_datetime(
        ["2024-01-08 14:30:00", "2024-01-08 14:30:10", "2024-01-08 14:31:00"]
    )
    bars = pandas.DataFrame(
        {"Open": [1.0, 9, 7], "High": [3.0, 9, 8], "Low": [1.0, 9, 6], "Close": [2.0, 9, 8]},
        index=times,
    )
    found = run_backtest(BuysAtTheClose, bars, symbols="AAPL", full=full)
    assert list(found.fills["price"]) == [7]
    assert str(found.fills["time"][0])[:16] == "2024-01-08 14:31"
    assert found.faults == []


def test_times_without_a_zone_are_of_the_one_that_is_given(tmp_path):
    path = written(tmp_path, "A.csv", ["time,price", "2024-01-08 09:30,1", "2024-01-08 09:31,2"])
    found = run_backtest(Buys, str(path), timezone="America/New_York")
    assert str(found.fills["time"][0]).startswith("2024-01-08 14:30")


def test_a_frame_of_which_rows_were_taken_keeps_its_own_times():
    rows = frame(price=[10.0, 11.0, 12.5]).iloc[1:]
    found = run_backtest(Buys, rows, symbols="AAPL")
    assert found.outcome.scan.first_ns == (START_S + 10) * 10**9


def test_a_part_of_the_data_can_be_run(tmp_path):
    start = datetime.fromtimestamp(START_S + 15, UTC)
    end = (start + timedelta(seconds=30)).isoformat()
    found = run_backtest(Strategy, ticks(tmp_path), start=start, end=end)
    assert found.outcome.scan.rows == 3


def test_bars_are_made_for_who_asks_for_them():
    class Bars(Strategy):
        seen: list = []  # noqa: RUF012 - the test looks into it

        def on_bar(self, bar):
            self.seen.append(bar.close)

    run_backtest(Bars, frame(price=[1, 2, 3]), symbols="A", bars="10s")
    assert Bars.seen[:2] == [1, 2]


def test_a_configuration_gives_instruments_and_rules_but_no_strategies(tmp_path):
    own = '[[instruments]]\nsymbol = "XYZ"\nmultiplier = 50\nsec_type = "FUT"\n'
    own += '[[strategies]]\nname = "other"\nstrategy = "nowhere:Nothing"\n'
    path = written(tmp_path, "own.toml", [own])
    found = run_backtest(Buys, ticks(tmp_path), config=path, capital=1e6)
    assert found.trades["gross"][0] == pytest.approx((10.61 - 10.02) * 50)


def test_it_works_inside_of_a_running_event_loop(tmp_path):
    async def cell():
        return run_backtest(Strategy, ticks(tmp_path))

    assert asyncio.run(cell()).faults == []


def test_what_goes_on_is_printed_only_where_it_is_asked_for(tmp_path, capsys):
    run_backtest(Strategy, ticks(tmp_path))
    assert capsys.readouterr() == ("", "")
    run_backtest(Strategy, ticks(tmp_path), verbose=True)
    assert "7 rows of 1 symbol; running" in capsys.readouterr().err


# ---- what cannot be ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"strategy": 5}, "the strategy is 5; it must be a class of Strategy"),
        ({"strategy": "dip"}, "strategy is 'dip', must be module:Class"),
        ({"strategy": Script, "parameters": {"act": 1}}, "parameters.act is not known; did you"),
        ({"symbols": ["ABC"]}, "has ABC, which is in neither"),
        ({"data": [1, 2]}, "data is [1, 2], must be the path of a file or a DataFrame"),
        ({"capital": "much"}, "capital is 'much', must be a number"),
        ({"capital": 0}, "capital is '0', must be 1 or more"),
        ({"benchmark": "SPY"}, "the benchmark is SPY, which the file does not have"),
        ({"start": "noon"}, "start is 'noon', must be an ISO time"),
        ({"bars": "1 minute"}, "bars"),
    ],
)
def test_what_is_given_wrongly_is_a_sentence(tmp_path, given, sentence):
    given = {"strategy": Buys, "data": ticks(tmp_path)} | given
    with pytest.raises(ConfigError) as raised:
        run_backtest(**given)
    assert sentence in str(raised.value)
    assert MODULE not in sys.modules


def test_broken_data_is_named_with_its_line():
    with pytest.raises(ValueError, match=r"the DataFrame: line 3: last is 'x', expected a dec"):
        run_backtest(Buys, frame(price=["1", "x", "2"]), symbols="AAPL")
    with pytest.raises(ValueError, match=r"nowhere.csv: No such file"):
        run_backtest(Buys, "nowhere.csv")


def test_a_frame_must_say_of_which_symbol_it_is_and_have_plain_columns():
    with pytest.raises(ConfigError, match=r"no column of symbols; name the one .*symbols='AAPL'"):
        run_backtest(Buys, frame(price=[1, 2, 3]))
    levels = frame(price=[1, 2, 3])
    levels.columns = pandas.MultiIndex.from_product([levels.columns, ["AAPL"]])
    with pytest.raises(ConfigError, match="the columns of the DataFrame have several levels"):
        run_backtest(Buys, levels)


SCRIPT_OF_ONE_FILE = """
import sys
sys.modules["pandas"] = None
from tapewire import Strategy, run_backtest

class Dip(Strategy):
    def on_start(self):
        self.left = 1

    def on_quote(self, quote):
        if self.left:
            self.left = 0
            self.buy(quote.symbol, 1)

result = run_backtest(Dip, sys.argv[1])
print(len(result.outcome.results.fills), result.html[:15])
try:
    result.trades
except Exception as error:
    print(error)
"""


def test_a_script_runs_its_own_class_and_needs_pandas_for_tables_alone(tmp_path):
    written(tmp_path, "dip.py", [SCRIPT_OF_ONE_FILE])
    found = subprocess.run(
        [sys.executable, str(tmp_path / "dip.py"), str(ticks(tmp_path))],
        capture_output=True, text=True, check=False, env=dict(os.environ),
    )  # fmt: skip
    assert found.stdout.splitlines() == [
        "1 <!DOCTYPE html>",
        "a DataFrame: pandas is not installed; install it with: pip install 'tapewire[data]'",
    ], found.stderr
    assert found.stderr == ""


def test_it_is_one_of_the_names_of_the_package():
    assert {"run_backtest", "ConfigError"} <= set(tapewire.__all__)
    assert HEADER.startswith("ts_ns,symbol")
