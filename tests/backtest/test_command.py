"""`tapewire backtest`, as a person runs it."""

import json
import os
import subprocess
import sys

import pytest

from tapewire.common.config import settings as configuration
from tapewire.common.ticks.file import TickFile
from tests.backtest.made import config, ticks, written
from tests.places import DATA, ROOT

FIGURES = {
    "messages_sent", "messages_received", "ticks_published", "ticks_received", "gaps", "signals",
    "orders", "fills", "duplicates", "position_difference", "pnl_difference", "halts", "restarts",
}  # fmt: skip
BACKTEST = [sys.executable, "-m", "tapewire.console.cli", "backtest"]


def backtest(tmp_path, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = ["--config", str(config(tmp_path))]
    return subprocess.run(
        [*BACKTEST, *arguments, *settings],
        capture_output=True, text=True, cwd=ROOT, check=False,
        env={**os.environ, "COLUMNS": "80", "TAPEWIRE_RUN_DIR": str(tmp_path / "none")},
    )  # fmt: skip


def test_json_is_one_object_with_figures_trades_and_totals(tmp_path):
    found = backtest(tmp_path, "--ticks", str(ticks(tmp_path)), "--json", "--capital", "10000")
    assert found.returncode == 0, found.stderr
    figures = json.loads(found.stdout)
    assert set(figures) >= FIGURES
    assert figures["total"]["net"] == "-9.6"
    assert [t["net"] for t in figures["trades"]] == ["16.5", "-26"]
    assert figures["trades"][0]["entry"] == "2023-11-14T22:13:20.000850Z"
    assert figures["equity"]["points"][-1][1] == "-9.6"
    assert figures["statistics"]["return"] == -0.00096
    assert figures["statistics"]["benchmark"]["symbols"] == ["XYZ"]
    assert not (tmp_path / "none").exists()


def test_the_same_file_twice_gives_the_same_bytes(tmp_path):
    arguments = ("--ticks", str(ticks(tmp_path)), "--json")
    assert backtest(tmp_path, *arguments).stdout == backtest(tmp_path, *arguments).stdout


def test_what_is_recorded_stands_for_a_file(tmp_path):
    pytest.importorskip("pyarrow")
    from tapewire.recorder.folder import Folder
    from tapewire.recorder.importing import import_file

    name = configuration.load(str(config(tmp_path))).recorded().name
    import_file(Folder(tmp_path / "none" / name), TickFile(ticks(tmp_path)))
    of_store = backtest(tmp_path, "--symbol", "XYZ", "--from", "2023-11-14", "--json")
    assert of_store.returncode == 0, of_store.stderr
    assert [t["net"] for t in json.loads(of_store.stdout)["trades"]] == ["16.5", "-26"]
    refused = backtest(tmp_path, "--symbol", "XYZ", "--from", "2024-01-01")
    assert refused.returncode == 2
    assert "nothing is recorded of that time in" in refused.stderr
    refused = backtest(tmp_path, "--bars", "1 min")
    assert refused.returncode == 2
    assert "--bars is '1 min': there are no such bars in" in refused.stderr


def test_tables_fit_80_columns(tmp_path):
    symbol = "A_VERY_LONG_SYMBOL_INDEED"
    found = backtest(tmp_path, "--ticks", str(ticks(tmp_path, symbol)))
    assert found.returncode == 0, found.stderr
    assert max(map(len, found.stdout.splitlines())) <= 80
    assert "A_VERY_L…DEED" in found.stdout
    assert "the ledger matches the broker" in found.stdout


def test_a_report_is_written_where_it_is_wanted(tmp_path):
    file = tmp_path / "new" / "report.html"
    found = backtest(tmp_path, "--ticks", str(ticks(tmp_path)), "--report", str(file))
    assert found.returncode == 0, found.stderr
    assert f"report: {file}" in found.stderr
    assert "<title>Back-test of made.csv</title>" in file.read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--ticks", "nowhere.csv"], "nowhere.csv: no such file"),
        (["--from", "noon"], "--from is 'noon', must be an ISO time"),
        (["--to", "1999-01-01"], "no rows to 1999-01-01"),
        (["--strategy", "nobody"], "strategy nobody is not in [[strategies]]"),
        (["--compare", "nowhere"], "--compare nowhere: no gateway.sqlite"),
        (["--report", "/"], "--report / is a folder; expected the name of a file"),
    ],
)
def test_a_bad_argument_is_a_sentence(tmp_path, arguments, sentence):
    if "--ticks" not in arguments:
        arguments = ["--ticks", str(ticks(tmp_path)), *arguments]
    found = backtest(tmp_path, *arguments)
    assert found.returncode in (1, 2)
    assert sentence in found.stderr
    assert "Traceback" not in found.stderr
    assert found.stdout == ""


def test_a_bad_line_is_named_before_anything_runs(tmp_path):
    path = written(tmp_path, "bad.csv", ["time,price", "1700000000,1", "1700000001,x"])
    found = backtest(tmp_path, "--ticks", str(path), "--json")
    assert found.returncode == 1
    assert f"{path}: line 3: last is 'x'" in found.stderr
    assert "running" not in found.stderr


def test_real_ticks_end_with_equal_books(tmp_path):
    path = DATA / "esh4_20231225_l1_trades.csv.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not here; made files are tested instead")
    window = ("--from", "2023-12-25T23:00Z", "--to", "2023-12-25T23:20Z")
    found = subprocess.run(
        [*BACKTEST, "--ticks", str(path), *window, "--json"],
        capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    figures = json.loads(found.stdout)
    assert figures["faults"] == []
    assert figures["orders"] > 10
    assert figures["messages_sent"] == figures["messages_received"] > 5000
