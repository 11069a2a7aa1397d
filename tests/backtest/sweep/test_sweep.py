"""A sweep from a file to its outcome, with real forks: run_sweep on small files."""

import os
import signal

import msgspec
import pytest

from tapewire import ConfigError, Strategy, run_backtest, run_sweep
from tapewire.backtest.sweep import workers
from tapewire.backtest.sweep.store import FILE
from tapewire.common.ticks import cache
from tests.backtest.made import SECOND_NS, START_S, ticks, written

DAY_S = 86_400


class BuysParameters(msgspec.Struct, frozen=True):
    """`user` is the process whose user presses Ctrl-C at the second run."""

    at: float
    mode: str = "well"
    user: int = 0

    def __post_init__(self):
        if self.mode == "refused":
            raise ValueError("no such mode")


class Buys(Strategy[BuysParameters]):
    """Buys once at a given ask or below; may do worse."""

    def on_start(self):
        self.left = 1
        if self.parameters.mode == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.parameters.mode == "raises":
            raise RuntimeError("on purpose")
        if self.parameters.user and self.parameters.at > 8:
            os.kill(self.parameters.user, signal.SIGINT)
            signal.pause()

    def on_quote(self, quote):
        if self.left and quote.ask <= self.parameters.at:
            self.left = 0
            self.buy(quote.symbol, 100)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """No file of this checkout is found by accident, and only what a test wants is written."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def days(folder, *prices: float):
    """Each day's only quote."""
    lines = ["ts,symbol,bid,ask,bid_size,ask_size"]
    lines += [
        f"{(START_S + n * DAY_S) * SECOND_NS},XYZ,{price},{price},1000,1000"
        for n, price in enumerate(prices)
    ]
    return written(folder, "days.csv", lines)


def test_each_run_is_that_of_a_back_test_with_its_parameters(tmp_path):
    file = days(tmp_path, 10, 9, 8, 9, 11)
    found = run_sweep(Buys, file, {"at": [8, 9.5]}, jobs=2)
    for row in found.outcome.trials:
        alone = run_backtest(Buys, file, parameters=row.parameters)
        assert row.figures["net"] == float(alone.outcome.results.total.net)
        for name in ("return", "sharpe", "max_drawdown", "trades"):
            assert row.figures[name] == alone.stats[name]
    assert [one.parameters["at"] for one in found.outcome.trials] == [8, 9.5]
    assert found.best == {"at": 8}
    assert "deflated Sharpe ratio" in found.warning
    assert os.listdir() == []


def test_a_combination_that_fails_is_a_row_with_its_error(tmp_path):
    modes = ["well", "raises", "refused", "killed"]
    found = run_sweep(Buys, ticks(tmp_path), {"at": 20, "mode": modes}, jobs=2, folder="kept")
    errors = {one.parameters["mode"]: one.error for one in found.outcome.trials}
    assert errors["well"] == ""
    assert "RuntimeError: on purpose" in errors["raises"]
    assert "no such mode" in errors["refused"]
    assert errors["killed"] == "its process was ended by SIGKILL"
    assert found.best == {"at": 20, "mode": "well"}
    assert found.notes[0].startswith("3 runs of 4 failed; at=20 mode=raises: ")
    assert found.outcome.rank == "net"  # a single day has no Sharpe ratio
    pandas = pytest.importorskip("pandas", reason="the data extra is not installed")
    (folder,) = os.listdir("kept")
    kept = pandas.read_parquet(f"kept/{folder}/results.parquet")
    assert kept.to_dict("list")["error"] == list(errors.values())
    assert list(found.results["mode"]) == modes
    with open(f"kept/{folder}/{FILE}") as lines:
        assert "SIGKILL" not in lines.read()  # whatever ended it may not do so again


def test_ctrl_c_keeps_what_is_done_and_the_same_call_goes_on(tmp_path, monkeypatch):
    file = days(tmp_path, 10, 9, 8, 9, 11)
    grid = {"at": [8, 9.5], "user": os.getpid()}
    first = run_sweep(Buys, file, grid, jobs=1, folder="kept")
    assert not first.outcome.is_whole
    assert [one.parameters["at"] for one in first.outcome.trials] == [8]
    assert first.notes[0] == "it was stopped before all runs were done"
    assert first.best["at"] == 8

    asked = []
    monkeypatch.setattr(workers, "forked", lambda work, pieces, *_: asked.extend(pieces) or [])
    run_sweep(Buys, file, grid, jobs=1, folder="kept")
    assert [one.parameters["at"] for one in asked] == [9.5]


def test_another_strategy_data_or_setting_is_another_sweep_and_a_wider_grid_is_not(
    tmp_path, monkeypatch
):
    asked = []
    monkeypatch.setattr(workers, "forked", lambda work, pieces, *_: asked.extend(pieces) or [])
    file = days(tmp_path, 10, 9, 8)

    def folder(strategy=Buys, at=(8,), **others) -> str:
        before = {*os.listdir("kept")} if os.path.isdir("kept") else set()
        run_sweep(strategy, file, {"at": at}, folder="kept", jobs=1, **others)
        return "".join({*os.listdir("kept")} - before)

    assert folder()
    assert folder() == ""
    assert folder(at=(8, 9)) == ""
    assert folder(strategy="tests.backtest.sweep.test_sweep:Buys")
    assert folder(capital=5_000)
    assert folder(slippage="1 tick")
    assert folder(start="2023-11-14")
    assert folder(config=written(tmp_path, "t.toml", ["[tws]", "settle_ms = 70"]))
    file.write_text(file.read_text().replace("10,10,", "11,11,"))
    assert folder()
    assert len(asked) == 10


def test_walk_forward_judges_each_choice_on_the_days_behind_it(tmp_path):
    file = days(tmp_path, 10, 9, 10, 11, 9, 8, 9, 10)
    found = run_sweep(
        Buys, file, {"at": [8, 9]}, walk_forward="4d:2d", rank="net", jobs=2, folder="kept"
    )
    spans = found.outcome.spans
    assert [one.best.parameters["at"] for one in spans] == [9, 8]
    assert [one.test.parameters["at"] for one in spans] == [9, 8]
    assert spans[0].test.task.window.from_ns == spans[0].trials[0].task.window.to_ns
    assert found.stats["days"] == 4
    assert found.outcome.runs == len(found.outcome.all_runs) == 6
    growth = 1.0
    for one in spans:
        growth *= 1 + one.test.figures["return"]
    assert found.stats["return"] == pytest.approx(growth - 1, abs=2e-6)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"parameters": {}}, "no parameter is swept"),
        ({"parameters": {"att": [1]}}, "parameters.att is not known; did you mean at?"),
        ({"rank": "sharp"}, "--rank is 'sharp', which is not a figure to rank by; did you mean"),
        ({"walk_forward": "5"}, "must be TRAIN:TEST"),
        ({"walk_forward": "9w:1w"}, "too short for one span to choose on"),
        ({"parameters": {"at": ["low", "high"]}}, "parameters.at is 'low', must be a number"),
    ],
)  # fmt: skip
def test_what_cannot_run_at_all_is_refused_before_anything_runs(tmp_path, arguments, sentence):
    given = {"parameters": {"at": [8]}, **arguments}
    with pytest.raises(ConfigError) as raised:
        run_sweep(Buys, ticks(tmp_path), **given)
    assert sentence in str(raised.value)


def test_the_file_is_read_once_for_all_runs(tmp_path, monkeypatch):
    reads = tmp_path / "reads"
    read = cache._read_whole

    def counted(file):
        with reads.open("a") as lines:
            lines.write("read\n")
        return read(file)

    monkeypatch.setattr(cache, "_read_whole", counted)
    found = run_sweep(Buys, ticks(tmp_path), {"at": [8, 20]}, jobs=2)
    assert [one.error for one in found.outcome.trials] == ["", ""]
    assert reads.read_text() == "read\n"
