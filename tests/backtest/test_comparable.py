"""A demo and a back-test are compared only where nothing differs but how they traded."""

import json

import pytest

from tapewire.backtest import group
from tapewire.backtest.comparable import require
from tapewire.backtest.scan import Scan, Window, scan
from tapewire.common.config.settings import Config
from tapewire.common.errors import ConfigError
from tapewire.common.ticks.file import TickFile
from tapewire.console import demo
from tapewire.console.group import launch
from tapewire.simulator.group_process import settings_of

ROWS = (
    "ts_ns,symbol,bid,ask,bid_size,ask_size,last,last_size\n"
    "1700000000000000000,AAPL,9,10,1,1,,\n"
    "1700000100000000000,AAPL,9,10,1,1,,\n"
)
START = "2023-11-14T22:13:20"
SYMBOLS = ("AAPL", "MSFT")
STRATEGY = {"name": "dip", "strategy": "own.dip:Dip", "parameters": {"window": 5}}
GIVEN = {"instruments": [{"symbol": "AAPL"}], "strategies": [STRATEGY]}


class Both:
    """A demo that was kept, and a back-test on the same file."""

    def __init__(self, tmp_path) -> None:
        self.folder = tmp_path
        self.ticks = tmp_path / "ticks.csv"
        self.ticks.write_text(ROWS)
        self.live = self.demo()
        self.here = self.config()

    def config(self, **changes: object) -> Config:
        return launch.of({**GIVEN, **changes}, self.folder)

    def demo(self, start: str | None = None, seconds=0.0, speed=1.0, **changes: object) -> Config:
        """What a demo of that configuration is launched with."""
        base = self.config(**changes)
        plan = demo._on_file(base, TickFile(self.ticks), (), lambda _: None)
        settings = demo._settings(base, plan, self.ticks, start, seconds, speed)
        tables = {
            "instruments": json.loads(settings["TAPEWIRE_INSTRUMENTS"]),
            "strategies": json.loads(settings["TAPEWIRE_STRATEGIES"]),
            "simulator": json.loads(settings["TAPEWIRE_SIMULATOR"]),
        }
        rules = json.loads(settings["TAPEWIRE_RISK__RULES"])
        plain = base.model_dump(mode="json")
        return launch.of(
            {**plain, **tables, "risk": {**plain["risk"], "rules": rules}}, self.folder
        )

    def refusal(self, start: str | None = None, end: str | None = None) -> str:
        """What differs; empty if nothing does."""
        file, window = TickFile(self.ticks), Window.between(start, end, ("--from", "--to"))
        found: Scan = scan(file, window)
        derived = group.derived(self.here, self.here.all_instruments(), self.here.strategies)
        try:
            require(self.folder, self.live, file, window, derived, found)
        except ConfigError as error:
            return str(error)
        return ""


@pytest.fixture
def both(tmp_path) -> Both:
    return Both(tmp_path)


def test_the_same_on_the_same_file_is_compared(both: Both):
    assert both.refusal() == ""
    both.live = both.demo(START, seconds=50)
    assert both.refusal(START, "2023-11-14T22:14:10") == ""


def test_a_parameter_that_differs_is_named_with_both_values(both: Both):
    both.here = both.config(strategies=[{**STRATEGY, "parameters": {"window": 7, "more": 1}}])
    found = both.refusal()
    assert "it cannot be compared with this back-test:\n" in found
    assert "  strategies.dip.parameters.window is 5 in the run, and 7 here\n" in found
    assert found.endswith("strategies.dip.parameters.more is not set in the run, and 1 here")


def test_other_strategies_are_named(both: Both):
    both.here = both.config(strategies=[STRATEGY, {**STRATEGY, "name": "dop"}])
    assert both.refusal().endswith("strategies: dip in the run, dip, dop here")


def test_other_spans_are_named(both: Both):
    assert "--from: it began with the file, the back-test at 2023-11-14" in both.refusal(START)
    both.live = both.demo(seconds=50)
    assert "--to: it ended after 50 s, the back-test with the file" in both.refusal()
    both.live = both.demo(START, seconds=50)
    assert "--to: it ended after 50 s" in both.refusal(START, "2023-11-14T22:14:12")
    both.live = both.demo()
    assert "--to: it ended with the file" in both.refusal(end="2023-11-14T22:14:12")


def test_another_pace_is_named(both: Both):
    both.live = both.demo(speed=20)
    assert "it was played at 20 times its pace, so its times cannot be paired" in both.refusal()


def test_other_data_are_named_and_a_copy_is_the_same(both: Both):
    copy = both.folder / "copy.csv"
    copy.write_text(ROWS)
    both.ticks = copy
    assert both.refusal() == ""
    copy.write_text(ROWS.replace("9,10", "8,10"))
    assert "which has other rows" in both.refusal()
    both.live = both.config()
    assert "its market was not a file" in both.refusal()


def test_other_settings_are_named(both: Both):
    limit = {"rule": "MaxContracts", "parameters": {"limit": 7}}
    both.here = both.config(
        risk={"rules": [limit]}, gateway={"orders_max_per_s": 5}, trading_day={"ends": "18:00"},
        instruments=[{"symbol": "AAPL", "multiplier": 10}],
        backtest={"slippage": "1 tick", "at_end": "close"},
    )  # fmt: skip
    found = both.refusal()
    assert "here" in found
    for said in (
        "risk.rules: MaxContractsPerInstrument {'limit': 100} in the run, MaxContracts",
        "gateway.orders_max_per_s is 200 in the run, and 5 here",
        "trading_day.",
        "instruments.AAPL.multiplier is 1 in the run, and 10 here",
        "backtest.slippage is 0 in the run, and 1 tick here",
        "backtest.at_end is mark in the run, and close here",
    ):
        assert said in found


def test_what_has_no_ticks_in_the_span_is_no_difference(both: Both):
    """The demo chose by all of the file, of which the span has a part."""
    both.ticks.write_text(f"{ROWS}1700000200000000000,MSFT,9,10,1,1,,\n")
    other = {**STRATEGY, "name": "dop", "symbols": ["MSFT"]}
    given = {"strategies": [STRATEGY, other], "instruments": [{"symbol": s} for s in SYMBOLS]}
    both.live = both.demo(START, seconds=150, **given)
    assert both.refusal(START, "2023-11-14T22:15:50") == ""
    both.live = both.demo(START, seconds=250, **given)
    assert "strategies: dip, dop in the run, dip here" in both.refusal(START)


def test_a_demo_fills_orders_as_a_back_test_does_where_nothing_is_configured(both: Both):
    live, here = settings_of(both.live, 0), group.simulator_settings(both.here)
    assert (live.models, live.cash) == (here.models, here.cash)


def test_a_folder_that_does_not_say_what_ran_there_is_refused(both: Both):
    both.live = None  # type: ignore[assignment]
    assert "it does not say what it ran with" in both.refusal()
