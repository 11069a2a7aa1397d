"""`tapewire data` against a running group: the whole way to the simulated TWS and back."""

import csv
import json
from pathlib import Path

from tests.pipeline.running import Running, tapewire

HISTORY = ("data", "history", "AAPL", "--bars", "1 min")


def test_a_person_asks_for_history_and_options(shared: Running, tmp_path: Path):
    ended = tapewire(*HISTORY, "--back", "1800 S", "--json")
    assert ended.returncode == 0, ended.stderr + ended.stdout
    bars = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(bars) in (29, 30, 31)
    assert all(bar["low"] <= bar["close"] <= bar["high"] for bar in bars)

    file = tmp_path / "aapl.csv"
    ended = tapewire(*HISTORY, "--back", "600 S", "--to", str(file))
    assert ended.returncode == 0, ended.stderr + ended.stdout
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert len(rows) in (9, 10, 11)
    assert rows[0]["time"].endswith("Z")

    ended = tapewire(*HISTORY, "--back", "600 S", "--keep", "--json")
    assert ended.returncode == 0, ended.stderr + ended.stdout
    kept = json.loads(ended.stdout)["kept"]
    assert kept in (9, 10, 11)
    listed = json.loads(tapewire("data", "list", "--symbol", "AAPL", "--json").stdout)
    bars = [one for one in listed["recorded"] if one["table"] == "bars/1-min-TRADES"]
    assert sum(one["rows"] for one in bars) == kept

    parts = ("--bars", "1 secs", "--from", "-1h")
    ended = tapewire("data", "history", "MSFT", *parts, "--json")
    assert ended.returncode == 0, ended.stderr + ended.stdout
    times = [json.loads(line)["ts_ns"] for line in ended.stdout.splitlines()]
    assert times == sorted(set(times))
    assert 3590 <= len(times) <= 3610
    assert ended.stderr == "", "no progress in a pipe"

    refused = tapewire(*HISTORY, "--back", "two days")
    assert refused.returncode != 0
    assert "duration string is invalid" in refused.stderr
    assert "(321)" in refused.stderr

    ended = tapewire("data", "chain", "AAPL", "--json")
    assert ended.returncode == 0, ended.stderr + ended.stdout
    assert all(json.loads(line)["strikes"] for line in ended.stdout.splitlines())

    ended = tapewire("data", "scan", "TOP_TRADE_COUNT", "--rows", "2", "--json")
    assert ended.returncode == 0, ended.stderr + ended.stdout
    ranked = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [row["rank"] for row in ranked] == [0, 1]
    assert "as of " in ended.stderr
    ended = tapewire("data", "summary")
    assert ended.returncode == 0, ended.stderr + ended.stdout
    assert "equity" in ended.stdout
