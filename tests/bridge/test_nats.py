"""Mirrors in a real cluster of three nodes: whatever happens to it, the stream is the journal."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tapewire.benchmarks.load.nats_cluster import Cluster, cluster
from tests.bridge.mirrored import a_desk, configured, leader_of, needs_nats

pytestmark = needs_nats


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Cluster]:
    with cluster(tmp_path) as found:
        yield found


@pytest.mark.soak
def test_a_leader_is_killed_while_records_are_on_their_way(three: Cluster, tmp_path: Path):
    config = configured(three)
    with a_desk(tmp_path / "run", config) as desk:
        desk.write(3_000)
        desk.start()
        desk.until(records=1_000)
        leader = leader_of(three, config)
        three.kill(leader)
        desk.write(3_000)
        desk.until()
        three.start(leader)
        assert desk.mirrored() == desk.lines()
        assert desk.mirror().note == ""


def test_a_bridge_goes_on_where_an_earlier_one_was_killed(three: Cluster, tmp_path: Path):
    """Between a publish and its answer, and with two journals at a time."""
    with a_desk(tmp_path / "run", configured(three), "risk", "executor") as desk:
        for _ in range(2):
            desk.write(1_500)
            desk.write(200, "executor")
            desk.start()
            desk.until(records=desk.journals["risk"].head.seq - 1_400)
            desk.abandon()
        desk.start()
        desk.until()
        desk.until("executor")
        assert desk.stop() == ""
        for role in desk.roles:
            assert desk.mirrored(role) == desk.lines(role)


@pytest.mark.soak
def test_a_leader_that_comes_back_from_behind_a_partition_changes_nothing(
    three: Cluster, tmp_path: Path
):
    config = configured(three)
    with a_desk(tmp_path / "run", config) as desk:
        desk.write(500)
        desk.start()
        desk.until()
        leader = leader_of(three, config)
        three.pause(leader)  # it holds itself to be the leader, and its clients' connections open
        desk.write(1_000)
        desk.until()
        three.resume(leader)
        desk.write(500)
        desk.until()
        assert desk.mirrored() == desk.lines()


def test_two_bridges_of_one_journal_do_not_write_a_record_twice(three: Cluster, tmp_path: Path):
    with a_desk(tmp_path / "run", configured(three)) as desk:
        desk.write(1_000)
        desk.start()
        first, engines = desk.bridge, desk.engines
        desk.start()
        second = desk.bridge
        for _ in range(30):
            if desk.journals["risk"].head.seq < 2_000:
                desk.write(50)
            for desk.bridge in (first, second):
                desk.turn()
        desk.until()
        assert desk.mirrored() == desk.lines()
        desk.bridge = first
        desk.engines, others = engines, desk.engines
        desk.abandon()
        desk.bridge, desk.engines = second, others
