"""A TWS that is not this group's: whatever it answers, nothing that trades reaches it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tapewire.common.config import settings as configuration
from tapewire.common.config import tws_address
from tapewire.common.config.tws_address import IDENTIFY, TwsAddress
from tapewire.console.group.supervisor import Group
from tests.console.running import simulator
from tests.pipeline.running import Running, tapewire

GATEWAYS = ("gateway", "liquidation")
REFUSED = "did not identify itself as this group's simulator"


class Stranger(NamedTuple):
    """A TWS of somebody else, and all that it has seen."""

    port: int
    audit: Path

    def lines(self, kind: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.audit.read_text().splitlines()]
        return [line for line in lines if line["kind"] == kind]


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Stranger]:
    audit = tmp_path / "stranger.jsonl"
    with simulator("--audit", str(audit)) as port:
        yield Stranger(port, audit)


def test_a_tws_on_the_configured_port_is_never_connected_to_nor_when_the_simulator_restarts(
    stranger, run_dir, monkeypatch
):
    monkeypatch.setenv("TAPEWIRE_TWS__PORT", str(stranger.port))
    group = Group(configuration.load())
    group.up()
    running = Running(group)
    try:
        running.until_ready()
        running.until_fills(1)
        before = tws_address.find(group.config, run_dir)
        running.kill_9("simulator")
        running.until(
            lambda: tws_address.find(group.config, run_dir) != before, "the simulator's new port"
        )
        running.until_ready()
        assert running.status("gateway")["orders_reported"]
    finally:
        group.down([].append)
    assert stranger.lines("connection") == []
    assert stranger.lines("message_in") == []


def test_whoever_answers_in_the_simulators_place_without_its_nonce_is_left(
    stranger, run_dir, monkeypatch
):
    monkeypatch.setenv("TAPEWIRE_SIMULATOR__AUTOSTART", "false")
    group = Group(configuration.load())
    group.up()
    running = Running(group)
    said: list[str] = []
    try:
        tws_address.publish(group.run_dir, TwsAddress("127.0.0.1", stranger.port, "nonce"))
        for name in GATEWAYS:
            running.until(
                lambda n=name: REFUSED in running.status(n).get("reason", ""),
                f"{name} to leave it",
            )
            assert running.state(name) == "WAITING"
            log = group.run_dir / "logs" / f"{name}.log"
            said_so = f"127.0.0.1:{stranger.port} {REFUSED}"
            running.until(lambda f=log, s=said_so: s in f.read_text(), f"{name} to log it")
        running.until(_is_shown, "the refusal in the status, between two attempts to connect")
    finally:
        group.down(said.append)
    assert {line["fields"][0] for line in stranger.lines("message_in")} == {IDENTIFY}
    assert not any(line["event"] == "started" for line in stranger.lines("connection"))
    assert said[0].startswith("it is not known which orders work at the broker (gateway: ")


def _is_shown() -> bool:
    shown = tapewire("status")
    assert (shown.returncode, shown.stderr) == (1, "")
    return REFUSED in " ".join(shown.stdout.split())
