"""A million records through twenty deaths of the leader: the stream is the journal."""

import itertools
import os
from contextlib import closing
from pathlib import Path

import pytest

from tapewire.benchmarks.load.nats_cluster import cluster
from tapewire.bridge.login import Login
from tapewire.bridge.reading import Mirrors
from tapewire.bridge.restoring import pieces
from tapewire.common.runtime.journal import SqliteJournal, verify
from tests.bridge.mirrored import Desk, a_desk, configured, leader_of, needs_nats

pytestmark = [needs_nats, pytest.mark.soak]
RECORDS = int(os.environ.get("MIRROR_RECORDS", "1000000"))
KILLS = 20
STEP = 1_000


def is_the_journal(desk: Desk) -> bool:
    """Record by record, some at a time."""
    with (
        closing(SqliteJournal(desk.path("risk"), read_only=True)) as journal,
        Mirrors(desk.config, Login()) as mirrors,
    ):
        mirrored = mirrors.journal("risk")
        assert mirrored is not None
        assert mirrored.head == journal.head
        both = itertools.zip_longest(pieces(journal), pieces(mirrored))
        return all(own == other for own, other in both)


def test_a_million_records_through_twenty_deaths_of_the_leader(tmp_path: Path):
    with cluster(tmp_path) as three, a_desk(tmp_path / "run", configured(three)) as desk:
        desk.start()
        for _ in range(KILLS):
            for _ in range(RECORDS // KILLS // STEP):
                desk.write(STEP)
                desk.turn()
            desk.until(records=desk.journals["risk"].head.seq - RECORDS // KILLS // 2)
            leader = leader_of(three, desk.config)
            three.kill(leader)
            desk.until(records=desk.mirror().acked + STEP)
            three.start(leader)
        desk.until()
        verify(desk.journals["risk"])
        assert desk.mirror().acked == desk.journals["risk"].head.seq
        assert is_the_journal(desk)
