"""Recovery: from `kill -9` to READY again, process by process; from `tapewire up` to a first tick.

The group as it ships, under supervisord, against the simulator. A killed process is READY when
its heartbeat of a new epoch says so, as its peers hear it; a strategy, which has none, when its
first tick arrives. Supervisord's own delay and the start of Python are in it: an operator waits
for them too. The simulator is not killed: it is not part of a group that trades.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import zmq
from rich.console import Console
from rich.table import Table

from tapewire.benchmarks.load.children import HOME, BenchmarkError
from tapewire.benchmarks.options import seconds
from tapewire.benchmarks.report.figures import goal, summary_ms
from tapewire.common import roles
from tapewire.common.bus import wire
from tapewire.common.bus.endpoints import STREAMS, endpoint
from tapewire.common.config import settings as configuration
from tapewire.common.events import Heartbeat
from tapewire.console.group import status
from tapewire.console.group.status import wait_for
from tapewire.console.group.supervisor import Group

Figures = dict[str, Any]

NAME: Final = "first"
STRATEGY: Final = roles.strategy_role(NAME)
KILLED: Final = (*STREAMS, STRATEGY)
TIMEOUT_S: Final = 30.0
LOOK_S: Final = 0.002
READY_MS: Final = 1000.0
"""How soon after a `kill -9` a process is to be READY again."""
STATUS_AGE_S: Final = 1.0  # older status files may be of before the kill

_CONFIG: Final = """\
run_dir = "{run_dir}"
tws = {{ reconnect_ms = 100 }}
web = {{ enabled = false }}
simulator = {{ enabled = true, rate_per_s = 1000 }}

[[instruments]]
symbol = "BENCH"

[[strategies]]
name = "{name}"
strategy = "tapewire.benchmarks.load.strategies:FirstTick"
parameters = {{ folder = "{notes}" }}
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """How long, and how many starts."""
    parser.add_argument(
        "--seconds", type=seconds, default=15.0, help="how long to kill, each at least once (15)"
    )
    parser.add_argument("--starts", type=int, default=3, help="of the whole group (3)")


def measure(options: argparse.Namespace) -> Figures:
    """The starts; in the last one's group the kills."""
    with tempfile.TemporaryDirectory(prefix="tapewire-bench-") as name:
        stand = Stand(Path(name))
        starts_ns, killed_ns = [], {}
        for left in reversed(range(max(1, options.starts))):
            starts_ns.append(stand.up())
            try:
                if not left:
                    killed_ns = _kills(stand, options.seconds)
            finally:
                stand.group.down(say=lambda _kept: None)
    started = summary_ms(starts_ns)
    ready = {name: summary_ms(samples) for name, samples in killed_ns.items()}
    late = [name for name, samples in killed_ns.items() if None in samples]
    return {
        "benchmark": "recovery",
        "seconds": options.seconds,
        "ready_ms": ready,
        "up_to_first_tick_ms": started,
        "goals": [
            *(goal(f"{name}: p50", one["p50"], "ms", most=READY_MS) for name, one in ready.items()),
            goal("up to first tick: p50", started["p50"], "ms"),
        ],
        "faults": [f"{name} was not READY within {TIMEOUT_S:.0f} s of a kill" for name in late],
    }


class Stand:
    """A group in a folder of its own, and what is needed to see it come up."""

    def __init__(self, folder: Path) -> None:
        self._notes = folder / "notes"
        self._notes.mkdir()
        self._config = folder / "tapewire.toml"
        self._config.write_text(
            _CONFIG.format(run_dir=folder / "run", name=NAME, notes=self._notes)
        )
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith("TAPEWIRE_")}
        self.config = configuration.load(str(self._config))
        self.group = Group(self.config, {"TAPEWIRE_CONFIG": str(self._config)})

    def up(self) -> int:
        """`tapewire up`; returns the ns to the first tick at the strategy, once all are READY."""
        for note in self._notes.iterdir():
            note.unlink()
        began_ns = time.time_ns()
        command = [
            sys.executable,
            "-m",
            "tapewire.console.cli",
            "up",
            "--config",
            str(self._config),
        ]
        done = subprocess.run(
            command, cwd=HOME, env=self._environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise BenchmarkError(f"`tapewire up` ended with {done.returncode}: {done.stderr}")
        first_ns = self.first_tick_ns()
        self.wait_ready()
        return first_ns - began_ns

    def pid(self, name: str) -> int:
        """The process that supervisord runs as `name`."""
        return int(self.group.processes()[name]["pid"])

    def first_tick_ns(self, than: int = 0) -> int:
        """Wait for a strategy's first tick, of another process than `than`; returns its time."""
        found: list[Path] = []

        def is_there() -> bool:
            found[:] = [
                p for p in self._notes.iterdir() if p.name.isdigit() and p.name != str(than)
            ]
            return bool(found)

        if not wait_for(is_there, TIMEOUT_S, LOOK_S):
            raise BenchmarkError(f"no tick came to {STRATEGY} in {TIMEOUT_S:.0f} s")
        first_ns = int(found[0].read_text())
        for note in self._notes.iterdir():
            note.unlink()
        return first_ns

    def wait_ready(self) -> None:
        """Wait until every process says that it is READY, so that one fault is measured alone."""

        def is_ready() -> bool:
            found = {n: status.state_of(s) for n, s in status.read(self.group.run_dir).items()}
            return all(found.get(name, ("", ""))[0] == "READY" for name in self.group.names())

        if not wait_for(is_ready, TIMEOUT_S):
            raise BenchmarkError(f"the group was not READY within {TIMEOUT_S:.0f} s")


class Heartbeats:
    """One source's heartbeats, as its peers hear them."""

    def __init__(self, stand: Stand, source: str) -> None:
        self._sock: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.SUB)
        self._sock.setsockopt(zmq.SUBSCRIBE, wire.topic(f"heartbeat.{source}"))
        self._sock.setsockopt(zmq.RECONNECT_IVL, 5)
        publish, _ = STREAMS[source]
        self._sock.connect(endpoint(publish, stand.config.bus, stand.group.run_dir))
        self._epoch = self._next(TIMEOUT_S)[0]

    def ready_ns(self) -> int | None:
        """When the next run of the source says READY; None if that takes too long."""
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            epoch, beat = self._next(deadline - time.monotonic())
            if beat is not None and epoch != self._epoch and beat.state == "READY":
                return time.time_ns()
        return None

    def close(self) -> None:
        """Listen no more."""
        self._sock.close(linger=0)

    def _next(self, timeout_s: float) -> tuple[str, Heartbeat | None]:
        if not self._sock.poll(max(0, round(timeout_s * 1000))):
            return "", None
        batch, _ = wire.decode_batch(self._sock.recv_multipart()[1])
        return batch.epoch, batch.events[0]


def _kills(stand: Stand, measured_s: float) -> dict[str, list[int | None]]:
    """Each process in turn until the time is over, each at least once."""
    taken_ns: dict[str, list[int | None]] = {name: [] for name in KILLED}
    deadline = time.monotonic() + measured_s
    while not taken_ns[STRATEGY] or time.monotonic() < deadline:
        for name in KILLED:
            taken_ns[name].append(_kill(stand, name))
            time.sleep(STATUS_AGE_S)
            stand.wait_ready()
    return taken_ns


def _kill(stand: Stand, name: str) -> int | None:
    """The ns from a `kill -9` to READY."""
    pid = stand.pid(name)
    if name == STRATEGY:
        return _timed(pid, lambda: stand.first_tick_ns(than=pid))
    beats = Heartbeats(stand, name)
    try:
        return _timed(pid, beats.ready_ns)
    finally:
        beats.close()


def _timed(pid: int, ready_ns: Callable[[], int | None]) -> int | None:
    began_ns = time.time_ns()
    os.kill(pid, signal.SIGKILL)
    found_ns = ready_ns()
    return None if found_ns is None else found_ns - began_ns


def show(figures: Figures) -> None:
    """Print all of it."""
    console = Console(markup=False)
    table = Table(title="milliseconds", title_justify="left")
    columns = ("p50", "p99", "max", "count")
    for column in ("", *columns):
        table.add_column(column, justify="right" if column else "left")
    rows = {f"kill -9 {name}": one for name, one in figures["ready_ms"].items()}
    rows["tapewire up to the first tick"] = figures["up_to_first_tick_ms"]
    for name, one in rows.items():
        table.add_row(name, *("-" if one[c] is None else str(one[c]) for c in columns))
    console.print(table)
    for fault in figures["faults"]:
        console.print(fault, style="red")
