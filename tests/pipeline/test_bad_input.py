"""A full disk, a TWS that is not there, a port that is taken, a bad file: a clear sentence."""

import json
import resource

from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.config import settings as configuration
from tapewire.console.group.supervisor import Group
from tests.pipeline.running import Running, python, tapewire
from tests.places import free_port


def test_a_disk_that_is_full_ends_the_gateway_before_it_announces_anything(running):
    running.until_ready()
    running.until_fills(1)
    gateway = running.pids()["gateway"]
    resource.prlimit(gateway, resource.RLIMIT_FSIZE, (1, 1))  # as a full disk: no file may grow
    running.until(lambda: running.pids()["gateway"] != gateway, "the gateway to end")
    running.until(lambda: running.state("gateway") == "READY", "it to be back with room again")
    log = (running.run_dir / "logs" / "gateway.log").read_text()
    (error,) = [one["error"] for one in map(json.loads, log.splitlines()) if "error" in one]
    written_first = ("nothing was written or published", "status/gateway.partial'")
    assert error.endswith(written_first), "whichever file it wanted to write first is named"
    running.until_fills(running.fills() + 1)
    running.flatten()
    assert running.faults_at_the_end() == []


def test_a_gateway_waits_for_a_tws_that_is_not_there_and_says_so(run_dir, monkeypatch):
    monkeypatch.setenv("TAPEWIRE_SIMULATOR__AUTOSTART", "false")
    group = Group(configuration.load())
    group.up()
    waiting = Running(group)
    try:
        waiting.until(lambda: "cannot connect" in _reason(waiting), "the gateway to say so")
        assert "the simulator has not started yet" in _reason(waiting)
        assert waiting.state("gateway") == "WAITING"
        group.start("simulator")
        waiting.until_ready()
    finally:
        group.down()


def _reason(running) -> str:
    return running.status("gateway").get("reason", "")


def test_a_port_in_use_is_named(run_dir, monkeypatch):
    taken = free_port()
    transport = ZmqTransport()
    transport.bind("there", "pub", f"tcp://127.0.0.1:{taken}")
    monkeypatch.setenv("TAPEWIRE_BUS__TRANSPORT", "tcp")
    monkeypatch.setenv("TAPEWIRE_BUS__PORTS", f'{{"risk": {taken}, "control": {free_port()}}}')
    try:
        found = python("-m", "tapewire.risk")
    finally:
        transport.close()
    assert found.returncode == 1
    assert f"tcp://127.0.0.1:{taken}" in found.stderr
    assert "is another process on it?" in found.stderr


def test_a_bad_line_of_a_tick_file_is_named_by_its_number(tmp_path):
    ticks = tmp_path / "bad.csv"
    head = "ts_ns,symbol,bid,ask,bid_size,ask_size,last,last_size"
    for line in (
        "1700000000200000000,AAA,abc,10.01,5,5,,",  # not a number
        "1700000000000000000,AAA,10.00,10.01,5,5,,",  # out of order
        "1700000000200000000,AAA,10.00",  # too short
    ):
        ticks.write_text(f"{head}\n1700000000100000000,AAA,10.00,10.01,5,5,,\n{line}\n")
        found = tapewire("demo", "--ticks", str(ticks), "--speed", "max")
        assert found.returncode != 0
        assert "bad.csv" in found.stderr
        assert "line 3" in found.stderr, line
