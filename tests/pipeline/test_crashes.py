"""Each process is killed, with ticks flowing and orders under way."""

import json
import os
import signal

import pytest

from tapewire.common.accounting.lifecycle import LIVE
from tapewire.console.group import control
from tests.pipeline.running import Running, alive, tapewire

VICTIMS = {
    "gateway": signal.SIGKILL,
    "executor": signal.SIGKILL,
    "risk": signal.SIGKILL,
    "strategy-momentum-fast": signal.SIGKILL,
    "liquidation": signal.SIGTERM,  # which it takes as an end in order: it comes back all the same
}


def test_each_process_that_is_killed_comes_back_and_the_books_agree(running):
    running.until_ready()
    for victim, how in VICTIMS.items():
        running.until_fills(running.fills() + 1)
        before = running.pids()
        killed = before[victim]
        os.kill(killed, how)
        running.until(lambda v=victim, p=killed: _is_back(running, v, p), f"a new {victim}, READY")
        others = {n: p for n, p in running.pids().items() if n != victim}
        assert others == {n: p for n, p in before.items() if n != victim}, "another one died too"
        assert f"{victim}: restarted 1x, " in tapewire("status").stdout
        assert json.loads(tapewire("status", "--json").stdout)[victim]["restarts"] == 1
    running.until_fills(running.fills() + 1)
    running.flatten()
    running.until(lambda: not LIVE & set(running.status("executor")["orders"]), "every end")
    assert not any(p.quantity for p in running.traded().book.positions.values())
    assert running.faults_at_the_end() == []


def _is_back(running: Running, name: str, before: int) -> bool:
    pid = running.pids()[name]
    return (
        pid not in (0, before)
        and running.status(name).get("pid") == pid
        and running.state(name) == "READY"
    )


def test_a_halt_survives_the_death_of_risk_and_is_lifted_by_hand_only(running):
    running.until_ready()
    running.until_fills(1)
    assert control.ask(running.group.config, "halt", "a test").state == "HALTED"
    risk = running.kill_9("risk")
    running.until(lambda: running.status("risk").get("pid") not in (None, risk), "a new risk")
    running.until(lambda: running.state("risk") == "HALTED", "risk to be HALTED again")
    assert running.status("risk")["reason"] == "a test"
    denied = _denied(running)
    running.until(lambda: _denied(running) > denied, "a strategy to try in vain")
    assert control.ask(running.group.config, "resume", "a test").ok
    running.until_fills(running.fills() + 1)
    assert running.faults_at_the_end() == []


def _denied(running: Running) -> int:
    return int(running.status("executor")["orders"].get("DENIED", 0))


def test_the_group_ends_itself_when_its_supervisor_is_killed(running):
    running.until_ready()
    pids = running.pids().values()
    supervisor = int(running.group.call("getPID"))
    os.kill(supervisor, signal.SIGKILL)
    running.until(lambda: not any(alive(pid) for pid in pids), "all processes to end")


@pytest.mark.soak
def test_a_stopped_gateway_sends_nothing_that_waited_for_it(running):
    """A gateway that wakes up late finds risk's lease old: what was queued meanwhile is denied."""
    running.until_ready()
    running.until_fills(1)
    gateway = running.pids()["gateway"]
    os.kill(gateway, signal.SIGSTOP)
    try:
        running.until(lambda: running.status("gateway")["age_s"] > 4, "the lease to run out")
    finally:
        os.kill(gateway, signal.SIGCONT)
    running.until_fills(running.fills() + 2)
    assert running.faults_at_the_end() == []
