"""Mirrors on a single node: what the stream must be like, and what is refused."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import nats
import pytest

from tapewire.benchmarks.load.nats_cluster import Cluster, cluster
from tapewire.bridge import restoring
from tapewire.bridge.engine import CHAIN, MirrorError
from tapewire.bridge.login import Login
from tapewire.bridge.nats_streams import told
from tapewire.bridge.reading import Mirrors
from tapewire.common.errors import ConfigError
from tapewire.common.runtime.journal import JournalDamagedError, SqliteJournal, verify
from tests.bridge.mirrored import Desk, a_desk, configured, needs_nats
from tests.places import free_port
from tests.waiting import wait_for

pytestmark = needs_nats
STREAM = "tapewire-risk-1"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("node"), 1) as found:
        yield found


@pytest.fixture
def desk(node: Cluster, tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path / "run", configured(node)) as desk:
        yield desk
        stranger(desk, forget)


def stranger(desk: Desk, do) -> None:
    """Somebody else at the same server."""

    async def run() -> None:
        client = await nats.connect([*desk.config.nats])
        try:
            await do(client.jetstream())
        finally:
            await client.close()

    asyncio.run(run())


async def forget(jetstream) -> None:
    for info in await jetstream.streams_info():
        await jetstream.delete_stream(info.config.name)


async def write(jetstream) -> None:
    await jetstream.publish("tapewire.risk.1", b"mine", headers={CHAIN: "0" * 32})


def mirrored(desk: Desk, count: int = 10) -> None:
    """Mirror so many records, and end the bridge."""
    desk.write(count)
    desk.start()
    desk.until()
    desk.stop()


def test_a_record_of_somebody_else_stops_the_mirror_and_stays_the_last(desk: Desk):
    mirrored(desk)
    stranger(desk, write)
    desk.write(5)
    desk.start()
    fault = desk.until_stopped()
    assert f"record 11 of {STREAM} is not that of risk's journal" in fault
    assert len(desk.mirrored()) == 11
    assert desk.bridge.readiness(desk.bridge.clock.now())[0] == "HALTED"


def test_a_record_of_somebody_else_in_mid_run_stops_the_mirror(desk: Desk):
    desk.write(10)
    desk.start()
    desk.until()
    stranger(desk, write)
    desk.write(5)
    assert f"record 11 of {STREAM}" in desk.until_stopped()


def test_a_journal_that_was_replaced_stops_the_mirror_until_a_person_begins_another(desk: Desk):
    mirrored(desk)
    desk.journals["risk"].close()
    desk.path("risk").unlink()
    desk.journals["risk"] = SqliteJournal(desk.path("risk"), "NORMAL")
    desk.write(20, name="b")
    desk.start()
    assert f"record 1 of {STREAM} is not that of risk's journal" in desk.until_stopped()
    with Mirrors(desk.config, Login()) as mirrors:
        assert mirrors.begin("risk") == 2
    desk.mirror()._due_ns = 0  # it looks again by itself after 10 s
    desk.until(records=20)
    assert desk.mirrored(generation=2) == desk.lines()
    assert len(desk.mirrored(generation=1)) == 10


def test_the_journals_of_a_simulators_next_account_get_streams_of_their_own(desk: Desk):
    mirrored(desk)
    desk.journals["risk"].close()
    desk.path("risk").unlink()
    desk.journals["risk"] = SqliteJournal(desk.path("risk"), "NORMAL")
    desk.write(3, name="b")
    desk.start(starts_over=True)
    desk.until()
    assert desk.mirror().stream == "tapewire-risk-2"
    assert len(desk.mirrored(generation=1)) == 10


def test_nobody_can_remove_a_single_record(desk: Desk):
    mirrored(desk)

    async def remove(jetstream) -> None:
        for refused in (jetstream.delete_msg(STREAM, 3), jetstream.purge_stream(STREAM)):
            with pytest.raises(nats.js.errors.APIError):
                await refused

    stranger(desk, remove)
    assert desk.mirrored() == desk.lines()


def test_a_stream_that_was_deleted_is_mirrored_again(desk: Desk):
    desk.write(10)
    desk.start()
    desk.until()
    stranger(desk, forget)
    desk.write(5)
    desk.until()
    assert desk.mirrored() == desk.lines()


@pytest.mark.soak
def test_a_full_stream_delays_the_mirror_and_says_so(desk: Desk):
    desk.config = desk.config.model_copy(update={"stream_max_mb": 1})
    desk.write(8_000)
    desk.start()
    desk.until(records=1_000)
    for _ in range(300):
        desk.turn()
        if desk.mirror().fault:
            break
    assert "maximum bytes" in desk.mirror().fault
    assert desk.mirror().lag_records > 1_000
    assert not desk.mirror().is_stopped


def test_a_stream_that_forgets_records_is_none_to_mirror_to(desk: Desk):
    async def make(jetstream) -> None:
        await jetstream.add_stream(name=STREAM, subjects=["tapewire.risk.1"], max_age=3600)

    stranger(desk, make)
    desk.write(3)
    desk.start()
    assert f"{STREAM} forgets records" in desk.until_stopped()


def test_a_mirror_verifies_as_a_journal_does_and_is_restored_byte_by_byte(
    desk: Desk, tmp_path: Path
):
    mirrored(desk, 1_200)
    other = tmp_path / "other"
    other.mkdir()
    with Mirrors(desk.config, Login()) as mirrors:
        journal = mirrors.journal("risk")
        assert journal is not None
        verify(journal)
        assert journal.head == desk.journals["risk"].head
        risk, gateway = restoring.restore(mirrors, ("risk", "gateway"), other)
    assert (risk.head, gateway.stream) == (desk.journals["risk"].head, "")
    path = other / "journals" / "risk.sqlite"
    with closing(SqliteJournal(path)) as restored:
        verify(restored)
        assert restored.read(1, 9_999) == desk.journals["risk"].read(1, 9_999)
    assert [one.name for one in other.iterdir()] == ["journals"]


def test_a_damaged_mirror_is_found_and_nothing_is_restored_of_it(desk: Desk, tmp_path: Path):
    mirrored(desk)
    stranger(desk, write)
    other = tmp_path / "other"
    other.mkdir()
    with Mirrors(desk.config, Login()) as mirrors:
        journal = mirrors.journal("risk")
        with pytest.raises(JournalDamagedError, match=f"{STREAM}: record 11 is not as it was"):
            verify(journal)
        wanted = f"record 11 .*; --stream {STREAM}@10 restores the records before it"
        with pytest.raises(JournalDamagedError, match=wanted):
            restoring.restore(mirrors, ("risk",), other)
        with pytest.raises(ConfigError, match="the mirror has no stream of gateway"):
            restoring.restore(mirrors, ("gateway",), other)
        assert [*other.iterdir()] == []
        chosen = restoring.chosen("tapewire", ("risk",), [f"{STREAM}@10"])
        (risk,) = restoring.restore(mirrors, ("risk",), other, chosen)
        assert risk.head == desk.journals["risk"].head


def test_a_stream_that_was_begun_just_before_the_loss_is_not_restored_unasked(
    desk: Desk, tmp_path: Path
):
    mirrored(desk)
    other = tmp_path / "other"
    other.mkdir()
    with Mirrors(desk.config, Login()) as mirrors:
        assert mirrors.begin("risk") == 2
        wanted = f"tapewire-risk-2 has no records, and {STREAM} before it 10 records; expected"
        with pytest.raises(ConfigError, match=wanted):
            restoring.restore(mirrors, ("risk",), other)
        assert [*other.iterdir()] == []
        chosen = restoring.chosen("tapewire", ("gateway", "risk"), [STREAM])
        (risk,) = restoring.restore(mirrors, ("risk",), other, chosen)
        assert (risk.stream, risk.head.seq) == (STREAM, 10)
        missing = restoring.chosen("tapewire", ("risk",), ["tapewire-risk-7"])
        with pytest.raises(ConfigError, match="the mirror has no stream 7 of risk"):
            restoring.restore(mirrors, ("risk",), tmp_path, missing)


@pytest.mark.parametrize(
    "text", ["risk", "desk-risk-1", f"{STREAM}@", f"{STREAM}@0", "tapewire-x-1"]
)
def test_what_is_no_stream_is_refused_with_what_one_is_called(text: str):
    with pytest.raises(ConfigError, match="expected the name of a stream, tapewire-risk-1 for one"):
        restoring.chosen("tapewire", ("risk", "gateway"), [text])


def test_a_journal_of_which_nothing_was_mirrored_is_no_journal(desk: Desk):
    with Mirrors(desk.config, Login()) as mirrors:
        assert mirrors.journal("risk") is None
        assert mirrors.generations("risk") == []


def test_nothing_is_restored_where_something_is(tmp_path: Path):
    (tmp_path / "epochs").mkdir()
    restoring.require_empty(tmp_path)
    (tmp_path / "epochs" / "risk").touch()
    with pytest.raises(ConfigError, match="is not empty"):
        restoring.require_empty(tmp_path)
    restoring.require_empty(tmp_path / "new")


def test_a_server_that_is_away_is_a_reason_and_its_records_wait(tmp_path: Path):
    config = configured_away()
    with a_desk(tmp_path / "run", config) as desk:
        desk.write(3)
        desk.start()
        wait_for(lambda: (desk.turn(), desk.mirror().fault)[1], "a reason", 30)
        assert desk.mirror().lag_records == 3
        state = desk.bridge.readiness(desk.bridge.clock.now())
        assert state == ("READY", "")  # no reason yet: it is not late
        assert json.dumps(desk.bridge.detail())
        assert desk.stop() == "3 records to mirror after the next start"
    with pytest.raises(MirrorError, match="no connection to"):
        Mirrors(config, Login())


def test_a_token_that_is_not_the_servers_is_the_reason(tmp_path: Path):
    node = Cluster(tmp_path, 1, more="}\nauthorization {\n  token: right")
    try:
        node.start()
        with pytest.raises(MirrorError, match="Authorization Violation"):
            Mirrors(configured(node), Login(token="wrong"))
    finally:
        node.close()


def test_a_server_that_cannot_keep_the_replicas_says_what_to_set(desk: Desk):
    config = desk.config.model_copy(update={"replicas": 3})
    with Mirrors(config, Login()) as mirrors, pytest.raises(MirrorError) as found:
        mirrors.begin("risk")
    assert str(found.value).endswith("for a single node set cluster.replicas = 1")


def configured_away():
    from tapewire.common.config.cluster import ClusterConfig

    return ClusterConfig(enabled=True, nats=(f"nats://127.0.0.1:{free_port()}",))


def test_what_nobody_answered_says_what_may_be_the_reason():
    assert told(TimeoutError()).startswith("no answer in time: nodes are away, or elect a leader")
