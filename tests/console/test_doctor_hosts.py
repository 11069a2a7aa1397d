"""What `doctor` says of other hosts."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tapewire.common.config.settings import Config
from tapewire.common.runtime import key_files, statuses
from tapewire.console.doctor import hosts
from tapewire.console.doctor.finding import Finding
from tapewire.console.views import words
from tests.conftest import _folder
from tests.relay.two_hosts import configured, with_keys

CLOCK = {"offset_ns": -3_207_000, "uncertainty_ns": 214_000, "measured_ns": 1}


@pytest.fixture
def folder() -> Iterator[Path]:
    with _folder() as found:
        yield found


@pytest.fixture
def both(folder: Path) -> tuple[Config, Config]:
    return with_keys(configured(folder / "tapewire.toml"), folder / "h", folder / "f")


def found(config: Config) -> dict[str, Finding]:
    return {one.check: one for one in hosts.check(config, 0.5)}


def reported(home: Config, state: str, age_s: float = 0) -> None:
    relay: dict[str, Any] = {
        "role": "relay-far", "state": state, "reason": "", "clock": CLOCK, "pid": 1,
        "ts_ns": time.time_ns() - int(age_s * 1e9),
    }  # fmt: skip
    path = statuses.path_of_host(home.run_dir, "far")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"statuses": {"relay-far": relay}}))


def test_a_group_on_one_machine_has_no_hosts_to_check(folder: Path):
    assert hosts.check(Config(run_dir=folder), 0.5) == []


def test_at_home_each_far_host_is_looked_at(both: tuple[Config, Config]):
    home, _ = both
    assert found(home)["hosts far"].ok is None, "it has not reported"
    reported(home, "READY")
    assert found(home)["hosts far"] == Finding(
        "hosts far", True, "home's clock -3.207 ms, to within 0.214 ms; role strategy"
    )
    reported(home, "READY", age_s=60)
    assert (found(home)["hosts far"].ok, found(home)["hosts far"].found) == (
        False, "its relay is SILENT",
    )  # fmt: skip
    key_files.revoke(home.run_dir, host="far")
    assert found(home)["hosts far"].found == "no key of far is allowed here"


def test_on_a_far_host_home_must_take_connections(both: tuple[Config, Config]):
    far = both[1]
    assert found(far)["hosts keys"].ok
    assert found(far)["hosts home"].ok is False
    with socket.create_server(("127.0.0.1", far.bus.ports["hosts"])):
        assert found(far)["hosts home"].ok


def test_without_keys_that_is_all_that_is_said(both: tuple[Config, Config]):
    for config in both:
        (config.run_dir / "keys" / "own.toml").unlink()
        assert [(one.check, one.ok) for one in found(config).values()] == [("hosts keys", False)]


def test_a_far_host_says_where_trading_is_shown():
    relay = {"state": "READY", "reason": "", "age_s": 0}
    assert words.trading({"relay-far": relay})[0] == "ELSEWHERE"
    assert words.trading({"relay-far": {**relay, "host": "far"}})[0] == "STARTING"
    assert words.trading({})[0] == "STARTING"
