"""A million records through partitions and deaths of the leader: the stream is the journal."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tapewire.benchmarks.load.namespaces import lacking, network
from tapewire.benchmarks.load.nats_cluster import NODES, Cluster, cluster
from tapewire.bridge.engine import TAIL
from tapewire.common.runtime.journal import verify
from tests.bridge.mirrored import (
    Desk,
    a_desk,
    configured,
    is_the_journal,
    leader_of,
    needs_nats,
    until_replicated,
)

pytestmark = [needs_nats, pytest.mark.soak]
RECORDS = int(os.environ.get("MIRROR_RECORDS", "1000000"))
TURNS = int(os.environ.get("MIRROR_TURNS", "20"))
STEP = 1_000
Act = Callable[[int], None]


@contextmanager
def three_nodes(folder: Path) -> Iterator[tuple[Cluster, Act, Act]]:
    """Three nodes, what cuts one off, and what ends that. Where there are no namespaces, it is
    stopped: nobody hears of it either."""
    if lacking():
        with cluster(folder) as three:
            yield three, three.pause, three.resume
    else:
        with network(NODES) as made, cluster(folder, hosts=made.hosts) as three:
            yield three, made.cut, made.mend


def test_a_million_records_through_twenty_partitions_and_twenty_dead_leaders(tmp_path: Path):
    with (
        three_nodes(tmp_path) as (three, cut, mend),
        a_desk(tmp_path / "run", configured(three)) as desk,
    ):
        desk.start()
        for turn in range(TURNS):
            write(desk, RECORDS // TURNS // 2)
            node = leader_of(three, desk.config) if turn % 2 else turn // 2 % NODES
            cut(node)
            goes_on(desk)
            mend(node)
            three.wait_ready()
            until_replicated(desk.config)  # one that was away counts as gone until it has all
            write(desk, RECORDS // TURNS // 2)
            leader = leader_of(three, desk.config)
            three.kill(leader)
            goes_on(desk)
            three.start(leader)
            until_replicated(desk.config)
        desk.until()
        verify(desk.journals["risk"])
        assert desk.mirror().acked == desk.journals["risk"].head.seq >= RECORDS
        assert is_the_journal(desk.path("risk"), desk.config)


def write(desk: Desk, records: int) -> None:
    """So many records, of which the mirror is behind by at most twice as many."""
    for first in range(0, records, STEP):
        desk.write(min(STEP, records - first))
        desk.turn()
    desk.until(records=max(0, desk.journals["risk"].head.seq - 2 * records))


def goes_on(desk: Desk) -> None:
    """More is mirrored, with two of three nodes, than can have been under way."""
    wanted = desk.mirror().acked + 2 * TAIL
    desk.write(max(1, wanted - desk.journals["risk"].head.seq))
    desk.until(records=wanted)
