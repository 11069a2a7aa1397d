"""`kill -9` of each process, with ticks flowing and orders under way."""

import os
import signal

import pytest

from tapewire.console.group import control
from tapewire.executor.order_state import FINAL
from tests.pipeline.running import alive


@pytest.mark.parametrize("victim", ["gateway", "executor", "risk", "strategy-momentum-fast"])
def test_a_killed_process_comes_back_and_the_books_agree(running, victim):
    running.until_ready()
    running.until_fills(3)
    before = running.pids()
    running.kill_9(victim)
    running.until(lambda: running.pids()[victim] not in (0, before[victim]), f"a new {victim}")
    running.until(
        lambda: (
            running.status(victim).get("pid") == running.pids()[victim]
            and running.state(victim) == "READY"
        ),
        f"{victim} to be READY",
    )
    others = {n: p for n, p in running.pids().items() if n != victim}
    assert others == {n: p for n, p in before.items() if n != victim}, "another one died too"
    running.until_fills(running.fills() + 3)
    running.flatten()
    running.until(lambda: _ended(running), "every order to have its end")
    assert not any(p.quantity for p in running.traded().book.positions.values())
    assert running.faults_at_the_end() == []


def _ended(running) -> bool:
    return set(running.status("executor")["orders"]) <= {*FINAL, "DENIED"}


def test_a_halt_survives_the_death_of_risk_and_is_lifted_by_hand_only(running):
    running.until_ready()
    running.until_fills(1)
    assert control.ask(running.group.config, "halt", "a test").state == "HALTED"
    risk = running.kill_9("risk")
    running.until(lambda: running.status("risk")["pid"] != risk, "a new risk")
    running.until(lambda: running.state("risk") == "HALTED", "risk to be HALTED again")
    assert running.status("risk")["reason"] == "a test"
    signals = running.status("executor")["counters"].get("signals_received", 0)
    running.until(
        lambda: (
            running.status("executor")["orders"].get("REFUSED", 0)
            or running.status("executor")["counters"]["signals_received"] > signals + 5
        ),
        "strategies to try",
    )
    held = {s: p["quantity"] for s, p in running.status("risk")["positions"].items()}
    assert control.ask(running.group.config, "resume", "a test").ok
    running.until(
        lambda: {s: p["quantity"] for s, p in running.status("risk")["positions"].items()} != held,
        "trading to go on",
    )
    assert running.faults_at_the_end() == []


def test_the_group_ends_itself_when_its_supervisor_is_killed(running):
    running.until_ready()
    pids = running.pids().values()
    supervisor = int(running.group.call("getPID"))
    os.kill(supervisor, signal.SIGKILL)
    running.until(lambda: not any(alive(pid) for pid in pids), "all processes to end", 15)


def test_a_stopped_gateway_sends_nothing_that_waited_for_it(running):
    """A gateway that wakes up late finds risk's lease old: what was queued meanwhile is refused."""
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
