"""A group, its strategies on other hosts, and its mirror, through partitions and dead nodes."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewire.common import roles
from tapewire.common.accounting.lifecycle import LIVE
from tapewire.common.events import OrderIntended
from tests.cluster.hosts import HOME, LEFT, RIGHT, Hosts, needs_nats, three_hosts
from tests.cluster.needs import needs_hosts

pytestmark = [needs_hosts, needs_nats, pytest.mark.cluster]


@pytest.fixture
def hosts(tmp_path: Path, run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosts]:
    with three_hosts(tmp_path, run_dir, monkeypatch) as found:
        yield found


def test_through_two_partitions_and_two_dead_leaders_nothing_is_lost_doubled_or_late(hosts: Hosts):
    hosts.running.until_ready()
    hosts.until_trades(HOME, LEFT, RIGHT)
    one_is_cut_off(hosts)
    hosts.kill_leader(roles.EXECUTOR)
    home_is_cut_off(hosts)
    hosts.kill_leader(roles.GATEWAY)
    settle(hosts)
    assert late(hosts) == []
    assert hosts.running.faults_at_the_end() == []
    assert hosts.differing() == []


def one_is_cut_off(hosts: Hosts) -> None:
    """Its strategy may not trade; those of the other hosts do, and the mirror has two nodes."""
    since_ns = time.time_ns()
    hosts.network.cut(LEFT)
    hosts.until_live(False, LEFT)
    hosts.until_trades(HOME, RIGHT)
    hosts.goes_on(roles.GATEWAY)
    comes_back(hosts, since_ns, LEFT)


def home_is_cut_off(hosts: Hosts) -> None:
    """No far strategy may trade; what happens at home is mirrored later."""
    since_ns = time.time_ns()
    hosts.network.cut(HOME)
    hosts.until_live(False, LEFT, RIGHT)
    hosts.falls_behind(roles.GATEWAY)
    hosts.until_trades(HOME)
    comes_back(hosts, since_ns, LEFT, RIGHT)
    hosts.goes_on(roles.GATEWAY)


def comes_back(hosts: Hosts, since_ns: int, *far: int) -> None:
    """What was asked for meanwhile has expired or was answered, and all trade again."""
    meanwhile = {one: hosts.asked(one, since_ns) for one in far}
    hosts.network.mend(HOME, *far)
    hosts.until_live(True, *far)
    for one, asked in meanwhile.items():
        hosts.until_ended(one, asked)
    hosts.until_trades(*far)


def settle(hosts: Hosts) -> None:
    """Everything is closed, and each order has come to its end."""
    running = hosts.running
    running.flatten()
    running.until(lambda: not LIVE & set(running.status(roles.EXECUTOR)["orders"]), "every end")
    for host in (HOME, LEFT, RIGHT):
        hosts.until_ended(host, hosts.asked(host))


def late(hosts: Hosts) -> list[OrderIntended]:
    """The orders that were taken after the signal had expired that they are of."""
    taken = [one for one in hosts.running.journal("gateway") if isinstance(one, OrderIntended)]
    assert {one.order.strategy for one in taken} >= {"at-home", "at-left", "at-right"}
    return [one for one in taken if one.ts_ns > one.order.expires_ns]
