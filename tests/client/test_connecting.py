"""Connecting: names that cannot be taken for another's, and sentences about what is missing."""

import asyncio
import json
from pathlib import Path

import pytest

from tapewire.client import (
    Client,
    Closed,
    ConfigError,
    NameTaken,
    NotConnected,
    connect,
    connecting,
)
from tapewire.common.bus import wire
from tapewire.common.config import settings as configuration
from tapewire.common.events import Heartbeat
from tapewire.common.runtime.role_lock import RoleTaken
from tapewire.console.group import control, launch
from tests.client.bench import Bench, on_a_loop


async def connected(**given) -> Client:
    return await connect(**given)


def test_it_can_be_awaited_or_entered_and_a_name_is_free_again_afterwards(run_dir: Path):
    async def twice() -> None:
        client = await connect(name="mine")
        assert not client.is_connected
        with pytest.raises(NameTaken, match=r"client of this process .*close\(\)"):
            await connect(name="mine")
        await client.close()
        async with connect(name="mine", run_dir=None) as again:
            assert again.symbols == ["AAPL", "MSFT", "ESZ6"]

    asyncio.run(twice())


def test_a_name_of_another_process_is_refused_with_its_id(run_dir: Path, monkeypatch):
    def taken(folder: Path, role: str) -> None:
        raise RoleTaken(role, "123", folder)

    monkeypatch.setattr(connecting, "take_role", taken)
    with pytest.raises(NameTaken, match="process 123 of this group has the name 'mine'"):
        asyncio.run(connected(name="mine"))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("momentum-fast", "is that of a strategy of the group"),
        ("momentum-fast-2", "is that of a strategy of the group, or of an instance of one"),
        ("manual", "stands for orders that no program gives"),
        ("risk", "stands for orders that no program gives"),
        ("mine/1", "it must be 1 to 32 letters"),
        ("", "it must be 1 to 32 letters"),
    ],
)
def test_a_name_that_could_be_taken_for_anothers_is_refused(run_dir: Path, name: str, says: str):
    with pytest.raises((ConfigError, NameTaken), match=says):
        asyncio.run(connected(name=name))


def test_the_group_that_is_meant_must_be_known(run_dir: Path, tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="no group was started there"):
        asyncio.run(connected(name="mine", run_dir=tmp_path))
    for variable in ("TAPEWIRE_CONFIG", "TAPEWIRE_RUN_DIR", "TAPEWIRE_TWS__PORT"):
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"no tapewire.toml in .*Or name a run_dir"):
        asyncio.run(connected(name="mine"))


def test_a_file_that_is_not_there_leads_to_no_group_not_to_one_that_runs_here(
    run_dir: Path, tmp_path, monkeypatch
):
    (tmp_path / "run").mkdir()
    launch.keep(configuration.load(), tmp_path / "run")
    monkeypatch.setattr(control, "listens", lambda _run_dir: True)
    for variable in ("TAPEWIRE_CONFIG", "TAPEWIRE_RUN_DIR", "TAPEWIRE_TWS__PORT"):
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"papre.toml: no such file"):
        asyncio.run(connected(name="mine", config="papre.toml"))


def test_an_account_that_no_login_has_is_refused(run_dir: Path, monkeypatch):
    gateways = [{"name": "one", "accounts": ["DU1"]}]
    monkeypatch.setenv("TAPEWIRE_GATEWAYS", json.dumps(gateways))
    with pytest.raises(ConfigError, match="'DU2', which is of none of the"):
        asyncio.run(connected(name="mine", account="DU2"))


@on_a_loop
async def test_a_group_that_is_not_there_is_named_process_by_process(bench: Bench):
    await bench.client.close()
    client = Bench(ready=False).client
    says = "executor sends nothing; gateway sends nothing; risk sends nothing"
    with pytest.raises(NotConnected, match=f"after 0 s: {says}"):
        await client.ensure_connected(timeout_s=0)
    await client.close()


@on_a_loop
async def test_what_waits_says_what_it_waits_for(bench: Bench):
    beat = Heartbeat(0, "WAITING", "TWS does not answer", 0, "")
    body = wire.encode_batch("gateway", "1", 0, [beat])
    bench.wires.put("gateway.events", wire.topic("heartbeat.gateway"), body)
    await bench.settle()
    assert bench.client.missing() == "gateway is WAITING: TWS does not answer"
    bench.beat("gateway")
    await bench.settle()
    assert bench.client.is_connected
    await bench.client.ensure_connected(timeout_s=0)


@on_a_loop
async def test_a_journal_that_went_back_is_not_believed(bench: Bench):
    bench.publish("executor")
    bench._seqs["executor"] = 5
    bench.beat("executor")
    await bench.settle()
    bench._seqs["executor"] = 2
    bench.beat("executor", epoch="2")
    await bench.settle()
    assert "connect again afterwards" in bench.client.missing()


@on_a_loop
async def test_a_client_that_cannot_go_on_says_so_to_those_who_wait(bench: Bench, monkeypatch):
    def broken(_timeout_ms: int) -> None:
        raise RuntimeError("no memory")

    waiting = asyncio.create_task(bench.client.until(lambda: False))
    await asyncio.sleep(0)
    monkeypatch.setattr(bench.service, "turn", broken)
    bench.client._loop.wake()
    with pytest.raises(Closed, match="connect again"):
        await waiting
    assert bench.client.problems == ["the client has ended: RuntimeError('no memory')"]
    assert bench.client.missing() == "the client is closed"


def test_a_group_with_slow_heartbeats_is_not_called_silent_between_them():
    async def slow() -> None:
        bench = Bench(heartbeat_ms=1000)
        await bench.settle(7900)
        assert bench.client.is_connected
        await bench.settle(200)
        assert "has been silent for 8 s" in bench.client.missing()
        await bench.client.close()

    asyncio.run(slow())


def test_a_client_is_used_on_its_own_loop_alone_and_elsewhere_nothing_is_sent():
    async def opened() -> Bench:
        return Bench()

    loop = asyncio.new_event_loop()
    bench = loop.run_until_complete(opened())
    with pytest.raises(RuntimeError, match="belongs to another asyncio loop"):
        asyncio.run(asyncio.wait_for(bench.client.place_order("AAPL", "BUY", 1), 1))
    assert bench.client.orders == []
    loop.run_until_complete(bench.client.close())
    loop.close()
