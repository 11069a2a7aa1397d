"""Three hosts on this machine: a group at home, strategies on two more, a node of the cluster on
each."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tapewire.benchmarks.load.namespaces import Host, Network, network
from tapewire.benchmarks.load.nats_cluster import Cluster, binary, cluster
from tapewire.bridge.engine import MirrorError
from tapewire.common import roles
from tapewire.common.bus.allowed import Allowed
from tapewire.common.bus.endpoints import prepare_run_dir
from tapewire.common.config import settings as configuration
from tapewire.common.config.settings import Config
from tapewire.common.runtime import key_files
from tapewire.console.group.supervisor import Group
from tests.bridge.mirrored import is_the_journal, leader_of
from tests.pipeline.running import Running
from tests.places import ROOT
from tests.waiting import looked, wait_for

NAMES = ("home", "left", "right")
HOME, LEFT, RIGHT = range(3)
WAIT_S = 60.0
needs_nats = pytest.mark.skipif(binary() is None, reason="no nats-server")

CONFIG = """\
run_dir = "{run_dir}"
web = {{ enabled = false }}
cluster = {{ enabled = true, nats = {urls}, prefix = "hosts" }}

[simulator]
enabled = true
rate_per_s = 200

[[instruments]]
symbol = "AAPL"

[[instruments]]
symbol = "MSFT"
"""
ENTRIES = """
[[hosts]]
name = "{name}"
address = "{address}"
home = {home}

[[strategies]]
name = "at-{name}"
host = "{name}"
strategy = "witness:Witness"
path = "{here}"
parameters = {{ file = "{file}" }}
signal_ttl_ms = 2000
"""


class Hosts:
    """The network, the nodes, the group at home, and what each strategy has written down."""

    def __init__(
        self, network: Network, nodes: Cluster, running: Running, files: list[Path]
    ) -> None:
        self.network = network
        self.nodes = nodes
        self.running = running
        self._files = files

    @property
    def config(self) -> Config:
        return self.running.group.config

    # ---- the strategies ------------------------------------------------------------------------

    def lines(self, host: int, since_ns: int = 0) -> list[dict[str, Any]]:
        """What a host's strategy has written, from a moment on; its last line may be half there."""
        file = self._files[host]
        whole = file.read_bytes().rpartition(b"\n")[0].splitlines() if file.exists() else []
        return [line for line in map(json.loads, whole) if line["ts_ns"] >= since_ns]

    def until_live(self, live: bool, *hosts: int) -> None:
        """Wait until the strategies of these hosts may trade, or may not."""
        for host in hosts:
            wait_for(lambda h=host: self._is_live(h) is live, f"live to be {live}", WAIT_S)

    def until_trades(self, *hosts: int) -> None:
        """Wait until each of these strategies has an order filled that it asked for after now."""
        for host in hosts:
            before = self.filled(host)
            wait_for(lambda h=host, b=before: self.filled(h) > b, "a fill", WAIT_S)

    def filled(self, host: int) -> int:
        return sum(line.get("how") == "FILLED" for line in self.lines(host))

    def until_ended(self, host: int, asked: set[str]) -> None:
        """Wait until a strategy knows how each of these signals has ended."""
        wait_for(lambda: asked <= self._ended(host), "the end of each signal", WAIT_S)

    def asked(self, host: int, since_ns: int = 0) -> set[str]:
        """The signals that a strategy has given, from a moment on."""
        return {line["asked"] for line in self.lines(host, since_ns) if line.get("asked")}

    def _ended(self, host: int) -> set[str]:
        return {line["ended"] for line in self.lines(host) if "ended" in line}

    def _is_live(self, host: int) -> bool | None:
        tries = [line["live"] for line in self.lines(host) if "live" in line]
        return tries[-1] if tries else None

    # ---- the mirror ----------------------------------------------------------------------------

    def goes_on(self, role: str, records: int = 50) -> None:
        """Wait until so many more records of a journal are mirrored."""
        wanted = self._mirror(role, "records") + records
        self.running.until(
            lambda: self._mirror(role, "records") >= wanted, f"{role} mirrored", WAIT_S
        )

    def falls_behind(self, role: str, records: int = 50) -> None:
        """Wait until so many records of a journal are at home alone."""
        self.running.until(
            lambda: self._mirror(role, "lag_records") >= records, f"{role} to be late", WAIT_S
        )

    def _mirror(self, role: str, name: str) -> int:
        """What the bridge has reported of a journal's mirror."""
        found = self.running.status(roles.BRIDGE).get("mirrors", {}).get("nats", {})
        return int(found.get(role, {}).get(name, 0))

    def kill_leader(self, role: str) -> None:
        """Kill the node that leads a stream; the mirror goes on with the others before it is
        back. One that was away has to be up to date first, or two would be gone."""
        self.nodes.wait_ready()
        leader = leader_of(self.nodes, self.config.cluster, role)
        self.nodes.kill(leader)
        self.goes_on(role)
        self.nodes.start(leader)

    def differing(self) -> list[str]:
        """The journals that are not their streams, record by record, once a bridge has had its
        time after the end of the group."""
        command = self.network.hosts[HOME].command(sys.executable, "-m", "tapewire.bridge")
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as bridge:
            try:
                return [one for one in self.config.logins().roles if not self._is_there(one)]
            finally:
                bridge.terminate()

    def _is_there(self, role: str) -> bool:
        path = self.running.run_dir / "journals" / f"{role}.sqlite"

        def is_there() -> bool:
            try:
                return is_the_journal(path, self.config.cluster, role)
            except MirrorError:  # while the nodes elect a leader
                return False

        return looked(is_there, WAIT_S)


@contextmanager
def three_hosts(folder: Path, run_dir: Path, patch: pytest.MonkeyPatch) -> Iterator[Hosts]:
    """All of it up, and ended whatever comes."""
    with ExitStack() as stack:
        made = stack.enter_context(network(len(NAMES)))
        nodes = stack.enter_context(cluster(folder, hosts=made.hosts))
        files = [folder / f"{name}.jsonl" for name in NAMES]
        patch.setenv("TAPEWIRE_CONFIG", str(_written(folder, run_dir, made, nodes, files)))
        run_dirs = [run_dir, *(stack.enter_context(_run_dir()) for _ in NAMES[1:])]
        _introduce(run_dirs)
        starting = []
        for host, name, where in zip(made.hosts, NAMES, run_dirs, strict=True):
            stack.callback(lambda h=host, w=where: _command(h, w, "down").wait())
            starting.append(_command(host, where, "up", "--host", name))
        for one in starting:  # which may find a busy machine not READY yet
            one.wait()
        yield Hosts(made, nodes, Running(Group(configuration.load())), files)


def _written(folder: Path, run_dir: Path, made: Network, nodes: Cluster, files: list[Path]) -> Path:
    text = CONFIG.format(run_dir=run_dir, urls=json.dumps(nodes.urls))
    for name, host, file in zip(NAMES, made.hosts, files, strict=True):
        home = json.dumps(name == NAMES[HOME])
        here = Path(__file__).parent
        text += ENTRIES.format(name=name, address=host.address, home=home, here=here, file=file)
    path = folder / "tapewire.toml"
    path.write_text(text)
    return path


@contextmanager
def _run_dir() -> Iterator[Path]:
    """One with a short path, since a socket's name has 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="tw-"))
    yield path
    shutil.rmtree(path)


def _introduce(run_dirs: list[Path]) -> None:
    """Keys for each host; home allows the others, and they trust it."""
    home, *_ = keys = [key_files.make_own(prepare_run_dir(one)).public for one in run_dirs]
    for run_dir, name, key in list(zip(run_dirs, NAMES, keys, strict=True))[1:]:
        key_files.trust(run_dir, home)
        key_files.allow(run_dirs[HOME], Allowed(key, name, "strategy"))


def _command(host: Host, run_dir: Path, *words: str) -> "subprocess.Popen[bytes]":
    """The command line on a host, in a run directory."""
    return subprocess.Popen(
        host.command(sys.executable, "-m", "tapewire.console.cli", *words),
        env={**os.environ, "TAPEWIRE_RUN_DIR": str(run_dir)}, cwd=ROOT, stdin=subprocess.DEVNULL,
    )  # fmt: skip
