"""`tapewire demo` on a file: all that was sent is read, all that was traded agrees."""

import json
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewire.common.instruments import Instrument
from tapewire.simulator.market.synthetic import SyntheticMarket
from tests.pipeline.running import tapewire
from tests.places import DATA, ROOT

REAL = {
    "us_equity_20131007_l1_trades.csv.gz": "2013-10-07T13:30Z",
    "binance_6inst_20240808_l1_trades.csv.gz": None,
    "esh4_20231225_l1_trades.csv.gz": "2023-12-25T23:00Z",
}
KEYS = {
    "messages_sent", "messages_received", "ticks_published", "ticks_received", "gaps", "signals",
    "orders", "fills", "duplicates", "position_difference", "pnl_difference", "latency_us",
    "halts", "restarts",
}  # fmt: skip


BARRED = """
from tapewire import Strategy

class Barred(Strategy):
    def on_start(self):
        self.file = open("{file}", "w", buffering=1)
        self.bars("AAA", "time", 1000)
    def on_bar(self, bar):
        print(bar.ts_ns, bar.open, bar.close, bar.volume, bar.count, file=self.file)
"""


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return tapewire("demo", *arguments, "--json")


def check(found: subprocess.CompletedProcess[str], orders_min: int) -> None:
    assert found.returncode == 0, found.stderr + found.stdout
    figures = json.loads(found.stdout)
    assert set(figures) >= KEYS
    assert figures["faults"] == []
    assert figures["messages_received"] == figures["messages_sent"] > 0
    assert set(figures["ticks_received"].values()) == {figures["ticks_published"]}
    assert set(figures["gaps"].values()) == {0}
    assert figures["duplicates"] == 0
    assert figures["orders"] >= orders_min
    assert figures["restarts"] == 0


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the demo makes its run directory; a short path, as a socket's name has 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="tw-") as path:
        monkeypatch.setenv("TMPDIR", path)
        yield Path(path)


def _example() -> list[dict[str, object]]:
    """The strategies that ship."""
    return tomllib.loads((ROOT / "tapewire.toml").read_text())["strategies"]


def _barred(folder: Path) -> dict[str, object]:
    """A strategy that writes down its bars and timers."""
    (folder / "own").mkdir()
    (folder / "own" / "barred.py").write_text(BARRED.format(file=folder / "own" / "bars"))
    return {"name": "bars", "strategy": "barred:Barred", "path": str(folder / "own")}


def _closed(folder: Path) -> list[str]:
    """The bars that it had."""
    return (folder / "own" / "bars").read_text().splitlines()


def test_a_made_file_as_fast_as_it_goes(folder, monkeypatch):
    ticks = folder / "made.csv"
    market = SyntheticMarket([Instrument(symbol="AAA"), Instrument(symbol="BBB")], 1, 100.0)
    names = ("ts_ns", "symbol", "bid", "ask", "bid_size", "ask_size", "last", "last_size")
    lines = [",".join(names)]
    for _ in range(5_000):
        row = next(market)
        values = (getattr(row, name) for name in names)
        lines.append(",".join("" if v is None else str(v) for v in values))
    ticks.write_text("\n".join(lines) + "\n")
    monkeypatch.setenv("TAPEWIRE_STRATEGIES", json.dumps([*_example(), _barred(folder)]))
    back_test = tapewire("backtest", "--ticks", str(ticks), "--strategy", "bars")
    assert back_test.returncode == 0, back_test.stderr
    bars = _closed(folder)
    found = demo("--ticks", str(ticks), "--speed", "max")
    check(found, orders_min=1)
    assert len(bars) > 20
    assert _closed(folder) in (bars, bars[:-1]), "no tick may be left that ends the last one"
    shutil.rmtree(folder / "own")
    assert list(folder.iterdir()) == [ticks]
    last = found.stderr.splitlines()[-1]
    assert last.startswith(f"deleted {folder}/tapewire-")
    assert last.endswith(" with its journals and logs; --keep keeps it")


@pytest.mark.soak
@pytest.mark.parametrize("name", REAL)
def test_real_ticks(name):
    if not (DATA / name).exists():
        pytest.skip(f"{name} is not here; the made file is tested instead")
    start = ["--from", REAL[name]] if REAL[name] else []
    check(demo("--ticks", str(DATA / name), *start, "--speed", "20", "--seconds", "8"), 2)


@pytest.mark.soak
def test_a_real_option_chain_is_read_and_spreads_of_it_are_traded_as_one_order():
    """What tests/test_docs_strategy.py does on a made one."""
    ticks = DATA / "goog_options_20151224_1min.csv.gz"
    if not ticks.exists():
        pytest.skip(f"{ticks.name} is not here; the made chain of the docs is tested instead")
    where = ("--from", "2015-12-24T15:00Z", "--speed", "240", "--seconds", "12")
    found = demo("--ticks", str(ticks), "--chain", "GOOG", *where)
    check(found, orders_min=2)
    figures = json.loads(found.stdout)
    assert figures["options_subscribed"] >= 80
    assert figures["greeks_published"]["tws"] > 0
    assert [one for one in figures["combos"] if one["filled"] != "0"]
    assert {one["realised"] == one["broker"] for one in figures["combo_pnl"].values()} == {True}


def test_a_file_that_is_not_there_is_named_and_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    found = demo("--ticks", "no[where].csv")
    assert found.returncode == 2
    assert "no[where].csv: no such file" in found.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_run_directory_is_named_and_kept_where_asked_for(folder):
    ticks = folder / "[t].csv"
    ticks.write_text(
        "ts_ns,symbol,bid,ask,bid_size,ask_size,last,last_size\n"
        + "".join(f"{1_700_000_000_000_000_000 + n},AAA,9,10,1,1,,\n" for n in range(50))
    )
    found = demo("--ticks", str(ticks), "--speed", "max", "--keep")
    assert found.returncode == 0, found.stderr
    (kept,) = folder.glob("tapewire-*")
    last = found.stderr.splitlines()[-1]
    assert last.startswith(f"journals and logs are in {kept}; look at them with")
    assert (kept / "journals" / "gateway.sqlite").exists()


def test_without_a_strategy_nothing_is_started(folder, monkeypatch):
    """No process would read the market, so the simulator would wait for a reader for ever."""
    monkeypatch.setenv("TAPEWIRE_STRATEGIES", "[]")
    ticks = folder / "t.csv"
    ticks.write_text("ts_ns,symbol,last\n1700000000000000000,AAA,9\n")
    found = demo("--ticks", str(ticks))
    assert found.returncode == 2
    assert "no strategy is configured; expected at least one in [[strategies]]" in found.stderr
    assert list(folder.iterdir()) == [ticks]


def test_a_speed_that_is_no_number_is_refused(tmp_path):
    ticks = tmp_path / "t.csv"
    head = "ts_ns,symbol,bid,ask,bid_size,ask_size,last,last_size"
    ticks.write_text(f"{head}\n1700000000000000000,AAA,9,10,1,1,,\n")
    found = demo("--ticks", str(ticks), "--speed", "fast")
    assert found.returncode == 2
    assert "--speed is 'fast'" in found.stderr
