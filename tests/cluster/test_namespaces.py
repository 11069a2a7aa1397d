"""Hosts of the test's own: cables that are pulled, and nothing that is left behind."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tapewire.benchmarks.load.namespaces import Network, network
from tests.cluster.needs import needs_hosts
from tests.pipeline.running import alive
from tests.places import ROOT
from tests.waiting import wait_for

pytestmark = [needs_hosts, pytest.mark.cluster]
LISTENS = """
import socket, sys
with socket.create_server((sys.argv[1], 7000)) as server:
    print("listens", flush=True)
    while True:
        server.accept()[0].close()
"""
CONNECTS = """
import socket, sys
socket.create_connection((sys.argv[1], 7000), timeout=2).close()
"""
HOLDS = """
import sys
from tapewire.benchmarks.load.namespaces import network
with network(2) as found:
    print(found.cable, *(host.enter[1].split("/")[2] for host in found.hosts), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def two() -> Iterator[Network]:
    with network(2) as found:
        command = found.hosts[0].command(sys.executable, "-c", LISTENS, found.hosts[0].address)
        with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
            assert server.stdout is not None
            server.stdout.readline()
            yield found
            server.kill()


def reaches(network: Network) -> bool:
    """Whether the second host reaches the first."""
    command = network.hosts[1].command(sys.executable, "-c", CONNECTS, network.hosts[0].address)
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


@pytest.mark.parametrize("host", [0, 1])
def test_hosts_reach_each_other_while_both_cables_are_plugged_in(two: Network, host: int):
    assert reaches(two)
    two.cut(host)
    assert not reaches(two)
    two.mend(host)
    wait_for(lambda: reaches(two), "the other host")


def test_the_loopback_of_a_host_is_its_own(two: Network):
    with socket.create_server(("127.0.0.1", 0)) as here:
        connects = CONNECTS.replace("7000", str(here.getsockname()[1]))
        command = two.hosts[0].command(sys.executable, "-c", connects, "127.0.0.1")
        assert subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_of_a_network_is_left_however_its_maker_ends(how: signal.Signals):
    maker = subprocess.Popen(
        [sys.executable, "-c", HOLDS], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with maker:
        assert maker.stdout is not None
        cable, *holders = maker.stdout.readline().decode().split()
        assert len(holders) == 2
        assert is_there(cable)
        maker.send_signal(how)
    wait_for(lambda: not any(alive(int(pid)) for pid in holders), "the end of the holders")
    wait_for(lambda: not is_there(cable), "the end of this machine's cable")


def is_there(cable: str) -> bool:
    return cable in {name for _, name in socket.if_nameindex()}
