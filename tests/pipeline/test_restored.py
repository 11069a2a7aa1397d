"""A host is lost with all that it had; the group goes on elsewhere with the same positions."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewire.benchmarks.load.nats_cluster import Cluster, cluster
from tapewire.common import roles
from tapewire.common.config import settings as configuration
from tapewire.console.group.supervisor import Group
from tests.bridge.mirrored import needs_nats
from tests.console.running import simulator
from tests.pipeline.running import Running, alive, tapewire
from tests.waiting import wait_for

pytestmark = [needs_nats, pytest.mark.soak]


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Cluster]:
    with cluster(tmp_path) as found:
        yield found


@pytest.fixture
def group(run_dir: Path, three: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Group]:
    """At a TWS that outlives it, mirrored to three nodes."""
    with simulator("--rate", "600") as port:
        for name, value in {
            "SIMULATOR__ENABLED": "false",
            "TWS__PORT": str(port),
            "CLUSTER__ENABLED": "true",
            "CLUSTER__NATS": json.dumps(three.urls),
        }.items():
            monkeypatch.setenv(f"TAPEWIRE_{name}", value)
        one = Group(configuration.load())
        yield one
        if one.is_up():
            one.down([].append)


def test_a_lost_host_is_rebuilt_and_the_group_goes_on_with_the_same_positions(group: Group):
    running = traded(group)
    assert tapewire("halt", "--reason", "the host is about to be lost").returncode == 0
    before = heads_of(group)
    wait_for(lambda: is_mirrored(running, before), "the mirror of all journals", 60)
    positions = positions_of(running)
    assert positions
    after = lose(group)
    restored = tapewire("mirror", "restore", "--json")
    assert restored.returncode == 0, restored.stderr
    found = json.loads(restored.stdout)["journals"]
    for role, one in found.items():
        assert before[role] <= one["records"] <= after[role]
    assert tapewire("journals", "verify").returncode == 0
    assert positions_of(running) == positions
    goes_on(group, positions)


def goes_on(group: Group, positions: object) -> None:
    group.up([].append)
    running = Running(group)
    states = {**dict.fromkeys(group.names(), "READY"), roles.RISK: "HALTED"}
    running.until(
        lambda: {name: running.state(name) for name in states} == states,
        "all to be READY, and the halt in force that was",
    )
    assert positions_of(running) == positions
    reconciled = tapewire("reconcile", "--json")
    assert reconciled.returncode == 0, reconciled.stdout
    fills = running.fills()
    assert tapewire("resume").returncode == 0
    running.until_fills(fills + 5)
    running.until_ready()
    wait_for(lambda: tapewire("mirror", "verify").returncode == 0, "a sound mirror", 60)
    assert running.state(roles.BRIDGE) == "READY"


def traded(group: Group) -> Running:
    group.up([].append)
    running = Running(group)
    running.until_ready()
    running.until_fills(10)
    return running


def positions_of(running: Running) -> dict[object, object]:
    held = running.traded().book.of()
    return {(one.account, one.symbol): one.quantity for one in held if one.quantity}


def heads_of(group: Group) -> dict[str, int]:
    ended = tapewire("journals", "verify", "--json")
    assert ended.stdout, ended.stderr
    verified = json.loads(ended.stdout)
    return {role: verified[role]["records"] for role in group.config.logins().roles}


def is_mirrored(running: Running, heads: dict[str, int]) -> bool:
    reported = running.status(roles.BRIDGE).get("mirrors", {}).get("nats", {})
    return all(reported.get(role, {}).get("records", 0) >= seq for role, seq in heads.items())


def lose(group: Group) -> dict[str, int]:
    """All processes at once, then the disk; how far its journals went."""
    pids = [int(group.call("getPID")), *Running(group).pids().values()]
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not any(map(alive, pids[1:])), "the end of all processes", 30)
    heads = heads_of(group)
    shutil.rmtree(group.run_dir)
    return heads
