"""The group as a person starts, watches, steers and stops it."""

import json
import os
import pty
import signal
import subprocess
import sys

from tapewire.common.config import settings as configuration
from tapewire.console.group.supervisor import Group
from tests.pipeline.running import Running, alive, tapewire
from tests.places import ROOT, free_port
from tests.waiting import wait_for

GROUP_SIZE = 7


def test_up_returns_once_all_are_ready_and_a_typo_in_the_file_takes_no_brake_away(
    run_dir, tmp_path, monkeypatch
):
    group = Group(configuration.load())
    started = tapewire("up", "--wait", "60")
    try:
        assert started.returncode == 0, started.stdout + started.stderr
        assert started.stdout == f"started {GROUP_SIZE} processes in {run_dir}, all READY\n"
        assert group.not_ready() == {}
        refused = tmp_path / "tapewire.toml"
        refused.write_text("[risk]\nmax_contract = 1\n")
        monkeypatch.setenv("TAPEWIRE_CONFIG", str(refused))
        assert tapewire("up").returncode == 2
        halted = tapewire("halt", "--json")
        assert json.loads(halted.stdout)["state"] == "HALTED", halted.stderr
        assert halted.stderr == "", "it needs nothing of the file"
        resumed = tapewire("resume")
        assert resumed.stdout.startswith("trading is ACTIVE"), resumed.stderr
        assert tapewire("flatten").stdout.startswith("flat: ")
    finally:
        ended = tapewire("down")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "no orders work at the broker\nstopped\n"


def test_what_the_simulator_traded_does_not_count_where_tws_takes_its_place(
    running, run_dir, monkeypatch
):
    running.until_ready()
    running.until_fills(1)
    running.group.down()
    monkeypatch.setenv("TAPEWIRE_SIMULATOR__ENABLED", "false")
    group = Group(configuration.load())
    said: list[str] = []
    group.up(said.append)
    try:
        (ended,) = (run_dir / "ended").iterdir()
        assert said == [
            f"earlier trading is in {ended}, as the simulator's account starts empty; look at it"
            f" with `tapewire blotter --run-dir {ended}`"
        ]
        now = tapewire("fills", "--json")  # also while the journals are being created
        assert (now.stderr, json.loads(now.stdout)) == ("", {"fills": [], "groups": []})
        assert json.loads(tapewire("fills", "--json", "--run-dir", str(ended)).stdout)["fills"]
    finally:
        group.down()


def test_without_tws_only_the_gateways_are_late_and_a_flatten_is_not_let_loose_on_another_tws(
    run_dir, monkeypatch
):
    monkeypatch.setenv("TAPEWIRE_SIMULATOR__ENABLED", "false")
    group = Group(configuration.load())
    group.up()
    try:
        wait_for(lambda: set(group.not_ready()) == {"gateway", "liquidation"}, "the others", 30)
        for name in ("gateway", "liquidation"):
            wait_for(lambda n=name: "cannot connect to TWS" in group.not_ready()[n][1], name, 30)
        found = group.wait_ready(0)
        assert {name: state for name, (state, _) in found.items()} == {
            "gateway": "WAITING", "liquidation": "WAITING",
        }  # fmt: skip
        shown = tapewire("status")
        assert shown.returncode == 1
        assert "gateway: connection CONNECTING, cannot connect to TWS at 127.0.0.1:" in shown.stdout
        assert "trading is HALTED: manual" in tapewire("flatten", "--wait", "0").stderr
        wait_for(lambda: "flatten CANCELLING" in tapewire("status").stdout, "the headline", 30)
    finally:
        stopped = group.down([].append)
    assert stopped.flattening
    monkeypatch.setenv("TAPEWIRE_TWS__PORT", str(free_port()))
    refused = tapewire("up", "--wait", "0")
    assert (refused.returncode, group.is_up()) == (1, False)
    assert "this is another TWS than it was meant for" in refused.stderr


def test_ctrl_c_ends_a_live_view_and_leaves_nothing_behind(run_dir):
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tapewire.console.cli", "run"],
        cwd=ROOT,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    shown = b""

    def sees(text: bytes) -> bool:
        nonlocal shown
        shown += os.read(master, 65536)
        return text in shown

    wait_for(lambda: sees(b"tick read to order written"), "the live view", 30)
    wait_for(lambda: len([*(run_dir / "status").glob("*.json")]) == GROUP_SIZE, "statuses", 60)
    pids = [json.loads(p.read_text())["pid"] for p in (run_dir / "status").glob("*.json")]
    os.kill(process.pid, signal.SIGINT)
    wait_for(lambda: sees(b"stopped; journals") or process.poll() is not None, "the end", 30)
    assert process.wait(10) == 0
    os.close(master)
    assert not any(alive(pid) for pid in pids)
    left = [p for p in run_dir.rglob("*") if p.is_socket() or p.suffix in (".lock", ".pid")]
    assert left == []


def test_a_group_started_elsewhere_reads_the_file_of_that_folder(run_dir, tmp_path, monkeypatch):
    (tmp_path / "strategies").mkdir()
    example = ROOT / "strategy" / "examples" / "momentum.py"
    (tmp_path / "strategies" / "own.py").write_text(example.read_text())
    (tmp_path / "tapewire.toml").write_text(ELSEWHERE)
    monkeypatch.delenv("TAPEWIRE_CONFIG")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.chdir(tmp_path)
    group = Group(configuration.load())
    started = subprocess.run(
        [sys.executable, "-m", "tapewire.console.cli", "up", "--wait", "0"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert started.returncode == 0, started.stderr
    try:
        here = Running(group)
        here.until(lambda: here.state("strategy-own") == "READY", "the own strategy")
        here.until(lambda: "strategy-bad" in group.broken(), "the broken one to be told")
        assert "no_such" in group.broken()["strategy-bad"]
        looks = [group.not_ready()["strategy-bad"][0] for _ in range(100)]
        assert set(looks) == {"BROKEN"}, "also while it is tried again"
        assert group.names() == [*group.names()[:5], "strategy-own", "strategy-bad"]
        here.until(lambda: here.status("executor")["orders"].get("DENIED", 0) > 0, "denials")
        here.until(lambda: here.status("gateway")["tick_seqs"], "the gateway to tell of ticks")
        assert set(here.status("gateway")["tick_seqs"]) == {"AAPL"}
    finally:
        group.down()


ELSEWHERE = """
[simulator]
enabled = true
[[instruments]]
symbol = "AAPL"
[[risk.rules]]
rule = "MaxContractsPerInstrument"
parameters = { limit = 7 }
[[strategies]]
name = "own"
strategy = "strategies.own:Momentum"
parameters = { window = 50, pause = 50 }
[[strategies]]
name = "bad"
strategy = "strategies.no_such:Nothing"
"""
