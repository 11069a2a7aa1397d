"""Halt: how long after a click on the web console the gateway keeps back what adds risk.

The whole group with its console, on the simulator. A program posts the halt as a page does, and
hears from the gateway's own heartbeat that it has taken in risk's decision; then it resumes. What
is measured is from the first byte of the request to that heartbeat.
"""

import argparse
import http.client
import json
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from tapewire.benchmarks.load.children import BenchmarkError
from tapewire.benchmarks.load.ports import free_port
from tapewire.benchmarks.options import seconds
from tapewire.benchmarks.report.figures import goal, summary_us
from tapewire.benchmarks.report.goal_table import goal_table
from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.bus.endpoints import endpoint, sockets_of
from tapewire.common.bus.transport import ZmqTransport
from tapewire.common.config import settings as configuration
from tapewire.common.events import Heartbeat
from tapewire.common.runtime import tokens
from tapewire.console.group import control
from tapewire.console.group.supervisor import Group

Figures = dict[str, Any]

HALTS: Final = 200
P99_MS_MAX: Final = 100.0
READY_S: Final = 60.0
EFFECT_S: Final = 5.0
NAME: Final = "halt"
_CONFIG: Final = """\
run_dir = "{run_dir}"
simulator = {{ enabled = true, rate_per_s = 1000 }}
web = {{ enabled = true, port = {port}, name = "{name}" }}

[[instruments]]
symbol = "BENCH"
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """How often."""
    parser.add_argument("--halts", type=int, default=HALTS, help="how many (200)")
    parser.add_argument("--seconds", type=seconds, help="means nothing here: halts are counted")


def measure(options: argparse.Namespace) -> Figures:
    """Halt, wait for the gateway, resume; as often as asked for."""
    with tempfile.TemporaryDirectory(prefix="tapewire-bench-") as name:
        samples_ns = _in_a_group(Path(name), max(1, options.halts))
    took = [one for one in samples_ns if one is not None]
    figures = summary_us(took)
    p99_us = figures["p99"]
    return {
        "benchmark": "halt",
        "halts": len(samples_ns),
        "effect_us": figures,
        "goals": [
            goal(
                "click to gateway: p99", None if p99_us is None else p99_us / 1000, "ms",
                most=P99_MS_MAX,
            )
        ],
        "faults": [f"{len(samples_ns) - len(took)} halts had no effect within {EFFECT_S:.0f} s"]
        if len(took) < len(samples_ns)
        else [],
    }  # fmt: skip


def show(figures: Figures) -> None:
    """Print all of it."""
    console = Console(markup=False)
    of = figures["effect_us"]
    shown = "  ".join(f"{name} {of[name] / 1000:.1f} ms" for name in ("p50", "p99") if of[name])
    console.print(f"{figures['halts']} halts: {shown}")
    console.print(goal_table({figures["benchmark"]: figures}))


def _in_a_group(folder: Path, halts: int) -> list[int | None]:
    path, port = folder / "tapewire.toml", free_port()
    path.write_text(_CONFIG.format(run_dir=folder / "run", port=port, name=NAME))
    settings = {"TAPEWIRE_CONFIG": str(path), "TAPEWIRE_WEB__ENABLED": "true"}
    config = configuration.load(str(path))
    config = config.model_copy(update={"web": config.web.model_copy(update={"enabled": True})})
    group = Group(config, settings)
    group.up()
    try:
        if late := group.wait_ready(READY_S):
            raise BenchmarkError(f"not READY within {READY_S:.0f} s: {late}")
        gateway, client = Gateway(group), Client(group.run_dir, port)
        try:
            return [_once(group, gateway, client) for _ in range(halts)]
        finally:
            gateway.close()
    finally:
        group.down(say=lambda _kept: None)


def _once(group: Group, gateway: "Gateway", client: "Client") -> int | None:
    """One halt, in ns; None if the gateway did not take it in."""
    before = gateway.risk_seq()
    began_ns = time.monotonic_ns()
    client.halt()
    took = gateway.beyond(before)
    control.ask(group.config, "resume", "benchmark")
    return None if took is None else took - began_ns


class Gateway:
    """Listens to the gateway's heartbeats: a change of what is halted is announced at once."""

    def __init__(self, group: Group) -> None:
        self._transport = ZmqTransport()
        address = endpoint(sockets_of(roles.GATEWAY)[0], group.config.bus, group.run_dir)
        topic = wire.topic(f"heartbeat.{roles.GATEWAY}")
        self._transport.connect("beats", "sub", address, [topic])

    def risk_seq(self) -> int:
        """How far the gateway has taken risk's decisions in, by its newest heartbeat."""
        while not (newest := self._beats(50)):
            pass
        while later := self._beats(0):
            newest = later
        return newest[-1].risk_seq

    def beyond(self, seq: int) -> int | None:
        """When it has taken in more than `seq`, on the monotonic clock; None if it does not."""
        deadline = time.monotonic() + EFFECT_S
        while time.monotonic() < deadline:
            if any(beat.risk_seq > seq for beat in self._beats(10)):
                return time.monotonic_ns()
        return None

    def close(self) -> None:
        """Listen no more."""
        self._transport.close()

    def _beats(self, timeout_ms: int) -> list[Heartbeat]:
        batches = [
            wire.decode_batch(frames[1])[0] for _, frames in self._transport.poll(timeout_ms)
        ]
        return [one for batch in batches for one in batch.events if isinstance(one, Heartbeat)]


class Client:
    """A program with a viewer's token, as little as may halt."""

    def __init__(self, run_dir: Path, port: int) -> None:
        self._port = port
        self._token = tokens.path_of(run_dir, roles.WEB, "viewer").read_text()

    def halt(self) -> None:
        """Post a halt; raises `BenchmarkError` if it is not taken."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=EFFECT_S)
        headers = {
            "Authorization": f"Bearer {self._token}", "Content-Type": "application/json",
        }  # fmt: skip
        connection.request("POST", f"/api/groups/{NAME}/halt", b"{}", headers)
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        if answer.status != http.client.OK or not json.loads(said)["ok"]:
            raise BenchmarkError(f"the halt was refused: {said.decode()}")
