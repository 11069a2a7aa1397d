"""A sweep on a Ray cluster of two nodes: the results of one machine, also if a node is killed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tapewire.common import extras
from tests.backtest.made import SECOND_NS, START_S, written
from tests.waiting import wait_for

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: make ray")
LOOPBACK = "127.0.0.1"
ON_LOOPBACK = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Without the second, Ray takes this machine's address in the network for its loopback one."""
RUNS, AT_ONCE = 6, 2
STRATEGY = """
import os, time
from pathlib import Path
import msgspec
from tapewire import Strategy
from desk.prices import below

class BuysParameters(msgspec.Struct, frozen=True):
    at: float
    folder: str

class Buys(Strategy[BuysParameters]):
    def on_start(self):
        self.left = below(1)
        folder, at = Path(self.parameters.folder), self.parameters.at
        Path(folder, f"{at}-{os.getpid()}").touch()
        while at > 9 and not Path(folder, "go").exists():
            time.sleep(0.02)

    def on_quote(self, quote):
        if self.left and quote.ask <= self.parameters.at:
            self.left = 0
            self.buy(quote.symbol, 100)
"""
HELPER = """
CALLS = []

def below(limit):
    CALLS.append(limit)
    return limit if len(CALLS) == 1 else 0
"""
"""Of a run that finds what another one left here, nothing would be bought."""


class Desk:
    """A person's folder: a file of a few days, and a strategy whose runs wait for a file `go`, but
    for the first two."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.started = folder, folder / "started"
        self.started.mkdir()
        (folder / "desk").mkdir()
        (folder / "desk" / "buys.py").write_text(STRATEGY)
        (folder / "desk" / "prices.py").write_text(HELPER)
        lines = ["ts,symbol,bid,ask,bid_size,ask_size"]
        lines += [
            f"{(START_S + n * 86_400) * SECOND_NS},XYZ,{price},{price},1000,1000"
            for n, price in enumerate((13, 8, 12, 9, 14))
        ]
        written(folder, "days.csv", lines)
        (folder / "tapewire.toml").write_text(
            'run_dir = "run"\n[[instruments]]\nsymbol = "XYZ"\n'
            '[[strategies]]\nname = "buys"\nstrategy = "desk.buys:Buys"\n'
        )

    def sweep(self, *options: str, **variables: str) -> "subprocess.Popen[str]":
        command = (
            sys.executable, "-m", "tapewire.console.cli", "sweep", "--ticks", "days.csv", "--json",
            "--param", f"at={','.join(str(8 + n) for n in range(RUNS))}",
            "--param", f"folder={self.started}", *options,
        )  # fmt: skip
        environment = {**os.environ, **ON_LOOPBACK, **variables}
        return subprocess.Popen(
            command, cwd=self.folder, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def starts(self) -> list[str]:
        return [path.name.partition("-")[0] for path in self.started.glob("*-*")]

    def done(self) -> int:
        return sum(len(path.read_bytes().splitlines()) for path in self.folder.rglob("*.jsonl"))


def outcome(process: "subprocess.Popen[str]") -> Any:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, out + err
    found = json.loads(out)
    assert found.pop("folder")
    return found


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A Ray cluster of this machine, on loopback addresses alone: a head, and nodes to be added."""
    for name, value in ON_LOOPBACK.items():
        monkeypatch.setenv(name, value)
    from ray.cluster_utils import Cluster

    found = Cluster(initialize_head=True, head_node_args=node_of(1))
    yield found
    found.shutdown()


def node_of(cores: int) -> dict[str, Any]:
    return {
        "num_cpus": cores,
        "node_ip_address": LOOPBACK,
        "include_dashboard": False,
        "object_store_memory": 80_000_000,
    }


@needs_ray
def test_a_node_that_is_killed_costs_no_result_and_the_same_command_has_them_all(
    desk: Desk, cluster: Any
):
    node = cluster.add_node(**node_of(1))
    sweeping = desk.sweep("--ray", "--out", "far", RAY_ADDRESS=cluster.address)
    wait_for(lambda: desk.done() == 2 and len(desk.starts()) == 2 + AT_ONCE, "both nodes", 100)
    cluster.remove_node(node, allow_graceful=False)
    (desk.started / "go").touch()
    far = outcome(sweeping)
    starts = desk.starts()
    assert len(starts) > RUNS, "the killed node was at no run"
    assert set(starts) == {f"{8 + n}.0" for n in range(RUNS)}

    here = outcome(desk.sweep("--out", "here"))
    assert far == here
    assert all(one["net"] > 0 for one in far["results"]), "each has bought"

    before = len(desk.starts())
    assert outcome(desk.sweep("--ray", "--out", "far", RAY_ADDRESS=cluster.address)) == here
    assert len(desk.starts()) == before, "what was done is done"


@needs_ray
def test_a_cluster_that_does_not_answer_is_named(desk: Desk):
    process = desk.sweep("--ray", RAY_ADDRESS=f"{LOOPBACK}:1")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert f"--ray: RAY_ADDRESS is {LOOPBACK}:1, where no cluster answers" in err


def test_without_ray_a_sentence_names_what_to_install(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    from tapewire.console import cli

    monkeypatch.setattr(extras, "find_spec", lambda _module: None)
    monkeypatch.setattr("sys.argv", ["tapewire", "sweep", "--ray", "--param", "at=1"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert "--ray: ray is not installed; install it with: pip install 'tapewire[ray]'" in (
        " ".join(capsys.readouterr().err.split())
    )
