"""A group on two hosts: what each of them runs, and what is refused."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from tapewire.common.config.settings import Config, ConfigError
from tapewire.common.events import ControlReply
from tapewire.common.runtime.head_file import HeadFile, Memory, Remembered
from tapewire.console.commands import lifecycle, order_entry, scale, steer, tail
from tapewire.console.group import control, launch, shutdown, status
from tapewire.console.group.supervisor import Group
from tapewire.console.group.supervisord import GroupError, Supervisord
from tests.conftest import _folder
from tests.console.running import Tapewire
from tests.relay.two_hosts import configured, with_keys

STRATEGIES = """
[simulator]
enabled = true
[[instruments]]
symbol = "AAPL"
[[strategies]]
name = "own"
strategy = "tapewire.strategy.examples.momentum:Momentum"
[[strategies]]
name = "dip"
strategy = "tapewire.strategy.examples.momentum:Momentum"
host = "far"
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    with _folder() as found:
        yield found


@pytest.fixture
def home_and_far(folder: Path) -> tuple[Config, Config]:
    config = configured(folder / "tapewire.toml", STRATEGIES)
    return with_keys(config, folder / "h", folder / "f")


def sections(group: Group) -> set[str]:
    group._write_sections(lambda _sentence: None)
    return {path.stem for path in (group.run_dir / "programs").glob("*.conf")}


def test_home_runs_the_group_the_door_and_its_own_strategies(home_and_far: tuple[Config, Config]):
    group = Group(home_and_far[0])
    assert {"door", "gateway", "strategy-own"} <= {*group.names()}
    assert "strategy-dip" not in group.names()
    before = group.names()
    assert {"door", "gateway", "strategy-own"} <= sections(group)
    assert "strategy-dip" not in sections(group)
    assert group.names() == before


def test_a_far_host_runs_its_relay_and_its_strategies_and_nothing_else(
    home_and_far: tuple[Config, Config],
):
    group = Group(home_and_far[1])
    assert group.names() == ["relay-far", "strategy-dip"]
    assert sections(group) == {"relay-far", "strategy-dip"}
    assert "tapewire.relay far " in (group.run_dir / "programs" / "relay-far.conf").read_text()
    text = launch.supervisord_conf(group.config, group.run_dir).read_text()
    assert "[include]" in text
    assert "[program:" not in text


def test_home_shows_the_processes_of_all_hosts_and_a_far_host_its_own(
    home_and_far: tuple[Config, Config],
):
    home, far = map(Group, home_and_far)
    reported = {"strategy-dip-2": {"host": "far"}}
    assert home.everywhere(reported) == [
        *home.names(), "relay-far", "strategy-dip", "strategy-dip-2",
    ]  # fmt: skip
    assert far.everywhere({}) == far.names()


def test_without_other_hosts_there_is_no_door(folder: Path):
    file = folder / "tapewire.toml"
    configured(file, STRATEGIES.replace('host = "far"', ""))
    config = Config(run_dir=folder / "h")
    group = Group(config)
    assert "door" not in group.names()
    assert "door" not in sections(group)
    launch.require_keys(config, group.run_dir)


@pytest.mark.parametrize(
    ("missing", "at", "sentence"),
    [
        ("own.toml", 0, "has no keys; `tapewire keys new` makes this host's"),
        ("own.toml", 1, "has no keys; `tapewire keys new` makes this host's"),
        ("home.toml", 1, "does not know the public key of home; `tapewire keys trust KEY`"),
    ],
)
def test_without_keys_nothing_is_started(
    home_and_far: tuple[Config, Config], missing: str, at: int, sentence: str
):
    config = home_and_far[at]
    launch.require_keys(config, config.run_dir)
    (config.run_dir / "keys" / missing).unlink()
    with pytest.raises(GroupError) as refused:
        Group(config).up()
    assert sentence in str(refused.value)


@pytest.mark.parametrize("command", ["fills", "positions", "blotter", "orders", "events"])
def test_a_far_host_does_not_say_that_nothing_was_traded(
    home_and_far: tuple[Config, Config], tapewire: Tapewire, command: str
):
    _, far = home_and_far
    launch.keep(far, far.run_dir)
    ended = tapewire(command, "--run-dir", str(far.run_dir))
    assert ended.status == 2
    assert "this is far, a far host, and the journals are at home: run it on home" in ended.err


def test_a_stopped_far_host_shows_what_ran_there_and_how_to_start_it(
    home_and_far: tuple[Config, Config], tapewire: Tapewire, monkeypatch: pytest.MonkeyPatch
):
    home, far = home_and_far
    launch.keep(far, far.run_dir)
    monkeypatch.setenv("TAPEWIRE_CONFIG", str(home.run_dir.parent / "tapewire.toml"))
    monkeypatch.setenv("TAPEWIRE_RUN_DIR", str(far.run_dir))
    assert "`tapewire up --host far` starts one" in tapewire("status").out
    assert [*tapewire("status", "--json").json] == ["relay-far", "strategy-dip"]


def test_what_to_do_about_one_that_is_halted_depends_on_what_it_is():
    assert "mirror status" in lifecycle.next_step("bridge", "HALTED")
    assert "remove HALT here and at home" in lifecycle.next_step("relay-far", "HALTED")


@pytest.mark.parametrize("at", [0, 1])
def test_no_part_is_started_on_a_machine_without_its_address(
    home_and_far: tuple[Config, Config], at: int
):
    """Least of all the whole group, where `--host` was forgotten."""
    config = home_and_far[at]
    hosts = list(config.hosts)
    hosts[at] = hosts[at].model_copy(update={"address": "192.0.2.7"})
    config = config.model_copy(update={"hosts": tuple(hosts)})
    with pytest.raises(GroupError) as refused:
        Group(config).up()
    name, other = ("home", "far") if at == 0 else ("far", "home")
    assert f"this is not host {name}: 192.0.2.7 is no address of this machine" in str(refused.value)
    assert f"expected `tapewire up` with --host {other}" in str(refused.value)


def test_a_strategy_is_scaled_on_the_host_that_it_runs_on(home_and_far: tuple[Config, Config]):
    home, far = home_and_far
    assert [*scale.sections(far, "dip", 2, shards=False)] == ["dip", "dip-2"]
    with pytest.raises(ConfigError, match="dip runs on host far; `tapewire scale` it there"):
        scale.sections(home, "dip", 2, shards=False)
    with pytest.raises(ConfigError, match="own runs on host home"):
        scale.sections(far, "own", 2, shards=False)
    launch.keep(far, far.run_dir)
    started = home.model_copy(update={"run_dir": far.run_dir})
    assert launch.at_started_host(started).placement().is_far
    assert not launch.at_started_host(home).placement().is_far


def test_a_far_host_that_is_stopped_leaves_the_orders_to_home(
    home_and_far: tuple[Config, Config],
):
    stopped: list[str] = []

    class Stopping(Supervisord):
        def processes(self) -> dict[str, dict[str, object]]:
            return {"relay-far": {}, "strategy-dip": {}}

        def stop(self, names: object) -> None:
            stopped.extend(names)  # type: ignore[arg-type]

    far = home_and_far[1].model_copy(update={"executor": {"on_stop": "flatten"}})
    found = shutdown.stop_all(far, Stopping(far.run_dir))
    assert stopped == ["strategy-dip", "relay-far"]
    assert "the group goes on at home" in str(found)


def test_what_a_far_host_remembers_of_the_simulators_journals_is_forgotten_as_they_start_over(
    home_and_far: tuple[Config, Config],
):
    far = home_and_far[1]
    (far.run_dir / "heads").mkdir(exist_ok=True)
    file = HeadFile(far.run_dir, "strategy-dip")
    file.write(Memory("", {name: Remembered(5, "ab") for name in ("gateway", "risk")}, ""))
    launch.forget_simulated(far, far.run_dir)
    assert [*file.read().heads] == ["risk"]
    of_tws = far.model_copy(
        update={"simulator": far.simulator.model_copy(update={"enabled": False})}
    )
    file.write(Memory("", {"gateway": Remembered(5, "ab")}, ""))
    launch.forget_simulated(of_tws, far.run_dir)
    assert [*file.read().heads] == ["gateway"]


def test_what_only_home_knows_is_not_claimed_on_a_far_host(
    home_and_far: tuple[Config, Config], capsys: pytest.CaptureFixture[str]
):
    far = home_and_far[1]
    launch.keep(far, far.run_dir)
    relay = {"state": "READY", "reason": "", "ts_ns": 1, "pid": os.getpid()}
    (far.run_dir / "status" / "relay-far.json").write_text(json.dumps(relay))
    group = control.read(far.run_dir)
    assert group is not None
    with pytest.raises(ConfigError, match="this is a far host, which has no broker"):
        order_entry.account_of(group, None)
    tail._note_unread(["tick.AAPL"], status.read(far.run_dir))
    assert capsys.readouterr().err == ""


def test_a_flatten_is_asked_for_on_a_far_host_and_not_waited_for(
    home_and_far: tuple[Config, Config],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    far = home_and_far[1]
    launch.keep(far, far.run_dir)
    relay = {"state": "READY", "reason": "", "ts_ns": 1, "pid": os.getpid()}
    (far.run_dir / "status" / "relay-far.json").write_text(json.dumps(relay))
    reply = ControlReply(ok=True, state="HALTED", text="it begins")
    monkeypatch.setattr(control, "is_live", lambda _: True)
    monkeypatch.setattr(control, "ask", lambda *_: reply)
    with pytest.raises(typer.Exit) as ended:
        steer.flatten(account="", symbol="", wait=30, run_dir=far.run_dir, as_json=True)
    assert ended.value.exit_code == 0
    assert json.loads(capsys.readouterr().out)["over"] is False
