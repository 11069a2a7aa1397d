"""A running group as a person watches and steers it."""

import json
import os
import signal
from urllib.request import urlopen

from tests.pipeline.running import tapewire
from tests.waiting import wait_for


def test_ticks_reach_every_strategy_and_orders_come_back_filled(shared):
    shared.until_fills(5)
    found = tapewire("status", "--json")
    assert found.returncode == 0, found.stderr
    shown = json.loads(found.stdout)
    assert set(shown) == set(shared.group.names())
    assert shown["gateway"]["hops_us"]["tick_to_order"]["count"] > 0
    assert all(not any(s["missed"].values()) for n, s in shown.items() if "missed" in s)
    assert "READY" in tapewire("status").stdout


def test_halt_resume_and_flatten_answer_what_they_led_to(shared):
    shared.until_fills(1)
    everything = {"account": "", "strategy": "", "symbol": ""}
    assert json.loads(tapewire("halt", "--reason", "lunch", "--json").stdout) == {
        "ok": True, "state": "HALTED", "text": "lunch", "scope": everything,
    }  # fmt: skip
    assert "ACTIVE" in tapewire("resume").stdout
    flat = tapewire("flatten")
    assert flat.returncode == 0, flat.stderr
    assert flat.stdout.startswith("flat: every position was closed; trading is HALTED until")
    assert "trading is HALTED: manual; cancelling every order of the login" in flat.stderr
    assert not any(p.quantity for p in shared.traded().book.positions.values())
    assert "ACTIVE" in tapewire("resume").stdout
    shared.until_fills(shared.fills() + 1)


def test_a_signal_to_any_process_pulls_the_kill_switch_of_the_group(shared):
    shared.until_fills(1)
    file = shared.run_dir / "HALT"
    try:
        os.kill(shared.pids()["executor"], signal.SIGUSR1)
        wait_for(lambda: "HALTED" in tapewire("status").stdout, "everything is halted", 20)
        assert file.read_text() == "SIGUSR1 to executor\n"
        refused = tapewire("resume")
        assert refused.returncode == 1
        assert "HALT is there and says 'SIGUSR1 to executor'; remove it" in refused.stdout
    finally:
        file.unlink(missing_ok=True)
    wait_for(lambda: tapewire("resume").returncode == 0, "the group is resumed", 20)
    shared.until_fills(shared.fills() + 1)


def test_a_second_group_in_one_run_directory_is_refused(shared):
    second = tapewire("up")
    assert second.returncode == 1
    assert f"a group already runs in {shared.run_dir}; `tapewire down` stops it" in second.stderr
    assert shared.group.is_up()


def test_every_process_serves_prometheus_and_is_listed(shared):
    shared.until_fills(1)
    listed = {p.stem: json.loads(p.read_text()) for p in (shared.run_dir / "targets").iterdir()}
    assert set(listed) == set(shared.group.names()) - {"simulator"}
    page = urlopen(f"http://{listed['gateway'][0]['targets'][0]}/metrics").read().decode()
    assert 'tapewire_orders_sent_total{label="",process="gateway"}' in page
    assert 'tapewire_hop_seconds_count{hop="tick_to_order",process="gateway"}' in page
