"""A group on two hosts, with real processes: a far strategy trades through relay and door."""

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tapewire.common import roles
from tapewire.common.events import Fill, OrderIntended
from tapewire.common.runtime import checkpoint, keeper
from tapewire.console.group import status
from tapewire.console.group.supervisor import Group
from tests import replay
from tests.conftest import _folder
from tests.pipeline.running import Running, tapewire
from tests.pipeline.test_prometheus import scraped
from tests.relay.two_hosts import configured, with_keys

TOML = """
[simulator]
enabled = true
rate_per_s = 300
[[instruments]]
symbol = "AAPL"
[[strategies]]
name = "dip"
strategy = "tests.simulation.trader:Trader"
parameters = { every = 20, until_ns = 4611686018427387904 }
host = "far"
"""


STRIKES = 40


class Hosts(NamedTuple):
    home: Running
    far: Running


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosts]:
    with _folder() as folder:
        file = folder / "tapewire.toml"
        monkeypatch.setenv("TAPEWIRE_CONFIG", str(file))
        configs = with_keys(configured(file, TOML), folder / "h", folder / "f")
        home, far = map(Group, configs)
        try:
            home.up()
            far.up()
            yield Hosts(Running(home), Running(far))
        finally:
            for group in (far, home):
                if group.is_up():
                    group.down()


def intents(home: Running) -> list[str]:
    journal = home.journal(roles.GATEWAY)
    return [one.order.intent_id for one in journal if isinstance(one, OrderIntended)]


def partitioned(hosts: Hosts) -> None:
    """Nothing passes for longer than risk's lease: the strategy signals no more, what it had
    signalled is answered or over, and home trades no signal of that time later."""
    home, far = hosts
    door = home.pids()["door"]
    os.kill(door, signal.SIGSTOP)
    try:
        far.until(lambda: far.state("strategy-dip") == "WAITING", "the strategy to notice")
        assert "has been silent for" in far.status("strategy-dip")["reason"]
        signals = far.status("strategy-dip")["signals"]
        far.until(lambda: far.state("relay-far") == "WAITING", "the relay to notice")
        assert far.status("strategy-dip")["signals"] == signals
    finally:
        os.kill(door, signal.SIGCONT)
    before = home.fills()
    far.until_ready()
    home.until(lambda: home.fills() > before, "fills after the partition")


def starts_with_a_checkpoint_as_without(home: Running, far: Running) -> None:
    """A far strategy that starts knows what home's journals say, whether home gives its checkpoint
    or all journals are read from record 1."""
    file = far.run_dir / "known.json"
    reporting = {
        "strategy": "tests.pipeline.reporting:Reporting",
        "parameters": {"file": str(file)},
    }
    config = far.group.config
    (dip,) = config.strategies
    again = Running(
        Group(config.model_copy(update={"strategies": (dip.model_copy(update=reporting),)}))
    )

    def in_the_journals() -> dict[str, object]:
        journals = {role: home.journal(role) for role in roles.JOURNALED}
        context = replay.strategy(home.group.config, journals, "dip").context
        orders = sorted(one.id for one in context.orders())
        return {"position": str(context.position("AAPL")), "orders": orders}

    for has_checkpoint in (True, False):
        if has_checkpoint:
            keeper.work(home.group.config)
        else:
            checkpoint.discard(home.run_dir)
        again.group.up()
        try:
            again.until(
                lambda: file.exists() and json.loads(file.read_text()) == in_the_journals(),
                "the strategy to know what the journals say",
            )
            assert (far.run_dir / "checkpoints" / "group.sqlite").exists() is has_checkpoint
        finally:
            again.group.down()
        file.unlink()


def has_metrics(running: Running, role: str, *names: str) -> None:
    page = scraped(running, role)
    assert [name for name in names if f"tapewire_{name}{{" not in page] == []


def test_a_far_strategy_trades_and_neither_death_makes_an_order_twice_or_loses_a_fill(
    hosts: Hosts,
):
    home, far = hosts
    far.until_ready()
    home.until(lambda: home.fills() >= 2, "fills of a far strategy")
    for running, name in ((far, "relay-far"), (home, "door")):
        before, pid = home.fills(), running.kill_9(name)
        running.until(lambda r=running, n=name, p=pid: r.pids()[n] not in (0, p), "its restart")
        home.until(lambda n=before: home.fills() > n + 1, f"fills after the death of {name}")
    far.until_ready()
    partitioned(hosts)
    shown = json.loads(tapewire("status", "--json", "--run-dir", str(home.run_dir)).stdout)
    assert shown["strategy-dip"]["host"] == "far"
    clock = shown["relay-far"]["clock"]
    assert abs(clock["offset_ns"]) <= clock["uncertainty_ns"], "it is one machine"
    has_metrics(
        home, "door", "host_silent_seconds", "passed_total", "passed_on_total", "far_clients"
    )
    has_metrics(
        far, "relay-far", "clock_offset_seconds", "clock_uncertainty_seconds", "passed_total"
    )
    far.until(lambda: far.status("strategy-dip").get("unanswered") == 0, "all to be answered")
    far.group.down()
    found = status.read(home.run_dir)
    assert found["strategy-dip"]["host"] == "far"
    starts_with_a_checkpoint_as_without(home, far)
    fills = [one for one in home.journal(roles.GATEWAY) if isinstance(one, Fill)]
    assert {one.strategy for one in fills} == {"dip"}
    assert len({*intents(home)}) == len(intents(home))
    assert home.faults_at_the_end() == []


@pytest.mark.soak
def test_many_deaths_and_partitions_make_no_order_twice_and_lose_no_fill(hosts: Hosts):
    """Relay, door and the processes at home die, and the door stands still, in an order that the
    seed gives, with orders under way."""
    home, far = hosts
    chosen = random.Random(16)
    far.until_ready()
    for _ in range(STRIKES):
        victim = chosen.choice(["relay-far", "door", "gateway", "executor", "risk", "partition"])
        before = home.fills()
        if victim == "partition":
            pid = home.pids()["door"]
            os.kill(pid, signal.SIGSTOP)
            time.sleep(chosen.uniform(0.1, 6))
            os.kill(pid, signal.SIGCONT)
        else:
            (far if victim == "relay-far" else home).kill_9(victim)
        home.until(lambda n=before: home.fills() > n, f"fills after {victim}", 60)
    far.until_ready()
    far.until(lambda: far.status("strategy-dip").get("unanswered") == 0, "all to be answered")
    far.group.down()
    assert len({*intents(home)}) == len(intents(home))
    assert home.faults_at_the_end() == []
