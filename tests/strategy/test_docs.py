"""The strategies that docs/strategies.md shows: each runs as it is written."""

from pathlib import Path

import pytest

from tapewire import Strategy, run_backtest
from tapewire.backtest.notebook import Backtest
from tests.markdown import blocks
from tests.places import ROOT

TEXTS = [b.text for b in blocks(ROOT / "docs" / "strategies.md", "python")]
START_NS = 1_704_724_200_000_000_000  # 2024-01-08 14:30 UTC


def written(folder: Path, seconds: int = 600) -> Path:
    """A quote and a trade of AAPL per second, in waves."""
    lines = ["ts_ns,symbol,bid,ask,bid_size,ask_size,last,last_size"]
    for n in range(seconds):
        bid = 100 + abs(n % 240 - 120) / 40 + n % 7 / 100
        row = f"{bid:.2f},{bid + 0.01:.2f},500,500,{bid:.2f},{10 + n % 5}"
        lines.append(f"{START_NS + n * 1_000_000_000},AAPL,{row}")
    file = folder / "ticks.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def shown(name: str) -> type[Strategy]:
    """The strategy of that name."""
    (text,) = [one for one in TEXTS if f"class {name}(Strategy" in one]
    found: dict[str, object] = {"__name__": f"docs_{name}"}
    exec(text, found)
    return found[name]  # type: ignore[return-value]


def run(name: str, folder: Path, **parameters: object) -> Backtest:
    result = run_backtest(shown(name), written(folder), parameters=parameters)
    assert result.faults == []
    return result


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_strategy_with_parameters_trades(tmp_path):
    fills = run("Dip", tmp_path, fast=7).fills
    assert {*fills["quantity"]} == {7}


def test_the_strategy_of_bars_trades_on_them_and_begins_with_its_past(tmp_path):
    result = run("Ranges", tmp_path)
    assert len(result.fills)
    minutes = [line for line in result.log if line.text == "minute"]
    assert [line.values["live"] for line in minutes[-5:]] == [True] * 5


def test_the_strategy_of_indicators_trades_on_them(tmp_path):
    pytest.importorskip("talib", reason="the indicators extra is not installed")
    assert {*run("Crossing", tmp_path).fills["side"]} == {"BUY", "SELL"}
