"""`tapewire mirror`, and `events --from-mirror`, on a node of this machine."""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tapewire.benchmarks.load.nats_cluster import Cluster, cluster
from tapewire.bridge.journals import Source
from tapewire.bridge.login import Login
from tapewire.bridge.nats_engine import NatsEngine
from tapewire.bridge.service import BridgeService
from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.clock import SystemClock
from tapewire.common.config import settings as configuration
from tests.bridge.mirrored import needs_nats
from tests.console.journaled import EVENTS
from tests.console.running import Tapewire
from tests.places import free_port
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("node"), 1) as found:
        yield found


@pytest.fixture
def mirrored(node: Cluster, run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The journals of a short session, and their mirror."""
    monkeypatch.setenv("TAPEWIRE_CLUSTER__NATS", json.dumps(node.urls))
    monkeypatch.setenv("TAPEWIRE_CLUSTER__REPLICAS", "1")
    monkeypatch.setenv("TAPEWIRE_CLUSTER__PREFIX", tmp_path.name[-30:].replace("_", "-"))
    mirror_all(run_dir)
    return run_dir


def mirror_all(run_dir: Path) -> None:
    config = configuration.load().cluster
    with ExitStack() as stack:
        engine, transport = NatsEngine(config, Login()), ZmqTransport()
        stack.callback(transport.close)
        transport.attach(engine.name, engine)
        sources = {
            path.stem: Source(path, durable=True) for path in (run_dir / "journals").iterdir()
            if path.suffix == ".sqlite"
        }  # fmt: skip
        bridge = BridgeService(
            sources, [engine], transport, SystemClock(), epoch="e", starts_over=False
        )

        def is_done() -> bool:
            bridge.turn(20)
            return not any(one.lag_records for one in bridge.mirrors.values())

        wait_for(is_done, "the mirror", 30)
        assert bridge.on_stop(bridge.clock.now()) == ""


@needs_nats
def test_status_shows_each_stream_and_verify_walks_it(mirrored: Path, tapewire: Tapewire):
    journals = tapewire("journals", "verify", "--json").json
    status = tapewire("mirror", "status", "--json")
    assert status.status == 0
    verified = tapewire("mirror", "verify", "--json")
    assert verified.status == 0
    for role in EVENTS:
        shown, walked = status.json["streams"][role], verified.json[role]
        assert (shown["records"], shown["chain"]) == (walked["records"], walked["chain"])
        assert (walked["records"], walked["chain"]) == (
            journals[role]["records"],
            journals[role]["chain"],
        )
    assert "sound" in tapewire("mirror", "verify", "gateway").out
    assert "led by" in tapewire("mirror").out


@needs_nats
def test_events_are_the_same_from_the_mirror(mirrored: Path, tapewire: Tapewire):
    own = tapewire("events", "replay", "--json").lines
    assert len(own) > 5
    shutil.rmtree(mirrored / "journals")
    assert tapewire("events", "replay", "--from-mirror", "--json").lines == own
    only = tapewire("events", "--from-mirror", "--json", "--source", "gateway").lines
    assert only == [one for one in own if one["source"] == "gateway"]


@needs_nats
def test_a_lost_run_directory_is_restored_and_one_that_is_there_is_not(
    mirrored: Path, tapewire: Tapewire
):
    before = tapewire("journals", "verify", "--json").json
    refused = tapewire("mirror", "restore")
    assert (refused.status, "is not empty" in refused.err) == (2, True)
    shutil.rmtree(mirrored)
    restored = tapewire("mirror", "restore", "--json")
    assert restored.status == 0, restored.err
    after = tapewire("journals", "verify", "--json").json
    assert {role: one["chain"] for role, one in after.items() if one["exists"]} == {
        role: one["chain"] for role, one in before.items() if one["exists"]
    }
    assert tapewire("events", "replay", "--json").lines


@needs_nats
def test_another_stream_is_begun_beside_the_one_that_there_is(mirrored: Path, tapewire: Tapewire):
    begun = tapewire("mirror", "begin", "risk", "--json")
    assert begun.json["stream"].endswith("-risk-2")
    assert tapewire("mirror", "status", "--json").json["streams"]["risk"]["records"] == 0
    assert tapewire("mirror", "begin", "rsik").status == 2


def test_without_a_cluster_it_says_what_to_set(config: Path, tapewire: Tapewire):
    ended = tapewire("mirror", "status")
    assert ended.status == 2
    assert "cluster.nats is empty; expected the nodes" in ended.err


def test_a_cluster_that_is_away_does_not_keep_what_the_bridge_has_reported(
    run_dir: Path, tapewire: Tapewire, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TAPEWIRE_CLUSTER__NATS", f'["nats://127.0.0.1:{free_port()}"]')
    late = {"lag_records": 12, "lag_s": 61.5, "stopped": False, "fault": "gone", "note": ""}
    mirrors = {"nats": {"risk": late}}
    bridge = {"role": "bridge", "state": "READY", "reason": "", "ts_ns": 1, "mirrors": mirrors}
    (run_dir / "status").mkdir(exist_ok=True)
    (run_dir / "status" / "bridge.json").write_text(json.dumps(bridge))
    ended = tapewire("mirror", "status")
    assert ended.status == 1
    assert "nats: risk 12 records behind, for 61.5 s: gone" in ended.out
    assert "start the cluster, or correct cluster.nats" in ended.out


@pytest.mark.soak
@needs_nats
def test_a_cluster_that_is_away_is_a_sentence_and_a_line_of_the_doctor(
    run_dir: Path, tapewire: Tapewire, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TAPEWIRE_CLUSTER__ENABLED", "true")
    monkeypatch.setenv("TAPEWIRE_CLUSTER__NATS", f'["nats://127.0.0.1:{free_port()}"]')
    ended = tapewire("mirror", "verify")
    assert (ended.status, "no connection to nats://127.0.0.1:" in ended.err) == (1, True)
    (found,) = [
        one for one in tapewire("doctor", "--json", "--timeout", "0.1").json
        if one["check"] == "mirror"
    ]  # fmt: skip
    assert found["ok"] is False
    assert "the group trades without it meanwhile" in found["advice"]
