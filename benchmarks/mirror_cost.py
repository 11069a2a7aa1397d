"""What a mirror costs the gateway: its CPU time per tick with a bridge that is up to date, and
without one, in turns.

The group trades against a scripted TWS, at a rate: a tick in so many becomes an order, which is
some records of the gateway's journal. Only the bridge begins and ends. One that was merely stopped
(SIGSTOP) might do so in the middle of a read, and SQLite would keep the past for it.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

from tapewire.benchmarks.latency import start_group
from tapewire.benchmarks.load.children import BenchmarkError, Children, Load
from tapewire.benchmarks.load.machine import cpu_s
from tapewire.benchmarks.load.nats_cluster import Cluster
from tapewire.benchmarks.report.figures import goal, median, ratio
from tapewire.bridge.engine import MirrorError
from tapewire.bridge.login import Login
from tapewire.bridge.reading import Mirrors
from tapewire.common import roles
from tapewire.common.config import settings as configuration
from tapewire.common.config.cluster import ClusterConfig
from tapewire.common.runtime.journal import SqliteJournal
from tapewire.console.group import status
from tapewire.console.group.status import wait_for

Figures = dict[str, Any]

TICKS_PER_S: Final = 2_000
TICKS_PER_ORDER: Final = 51
"""About 40 orders per second; odd, so that an order's tick has any place in its millisecond."""
TURNS: Final = 10
"""Of each kind: many short ones, for a shared machine's speed changes from second to second."""
WARM_UP_S: Final = 0.5
"""In each turn: a gateway that had nothing to do for a moment is slower at first."""
COST_PERCENT_MOST: Final = 2.0
WAIT_S: Final = 120.0
LOOK_S: Final = 0.05
_MORE: Final = 'cluster = {{ enabled = true, nats = {}, prefix = "cost" }}'


def measure(folder: Path, nodes: Cluster, seconds: float) -> Figures:
    """Turns of `seconds` together, half of them with a bridge. The group is in `folder`."""
    turn_s = seconds / (2 * TURNS)
    found: dict[bool, list[float]] = {True: [], False: []}
    with Children(folder) as children:
        load = Load(children)
        run_dir = start_group(children, load, TICKS_PER_ORDER, _MORE.format(json.dumps(nodes.urls)))
        gateway = status.read(run_dir)[roles.GATEWAY]["pid"]
        bridge = _Bridge(children)
        for turn in range(2 * TURNS):
            mirrored = turn % 4 in (0, 3)  # what gets slower by and by is in both alike
            (bridge.begin if mirrored else bridge.end)()
            load.slice("group", TICKS_PER_S, TICKS_PER_ORDER, WARM_UP_S)
            before_s = cpu_s(gateway)
            ran = load.slice("group", TICKS_PER_S, TICKS_PER_ORDER, turn_s)
            found[mirrored].append((cpu_s(gateway) - before_s) / (TICKS_PER_S * turn_s) * 1e6)
        records = bridge.begin()
        children.check()
    mirrored_us, alone_us = (median(found[kind]) for kind in (True, False))
    return {
        "cpu_us_per_tick": [mirrored_us, alone_us],
        "cpu_us_by_turn": [found[True], found[False]],
        "cost_percent": round(((ratio(mirrored_us, alone_us) or 0.0) - 1) * 100, 1),
        "ticks_per_s": TICKS_PER_S,
        "ticks": ran["ticks"],
        "records": records,
    }


def goals(figures: Figures) -> list[Figures]:
    """What it may cost at most."""
    return [goal("cost to the gateway, CPU", figures["cost_percent"], "%", most=COST_PERCENT_MOST)]


def lines(figures: Figures) -> Iterator[str]:
    """What was measured, to be read."""
    mirrored_us, alone_us = figures["cpu_us_per_tick"]
    yield (
        f"the gateway, {figures['ticks_per_s']:,} ticks per second, {figures['records']:,} records"
        f" for {figures['ticks']:,} ticks: {mirrored_us:.1f} us of CPU per tick with a bridge,"
        f" {alone_us:.1f} without"
    )


class _Bridge:
    """The process, begun and ended again and again."""

    def __init__(self, children: Children) -> None:
        self._children = children
        self._file = children.folder / "tapewire.toml"
        self._config = configuration.load(str(self._file)).cluster
        self._process: subprocess.Popen[str] | None = None

    def begin(self) -> int:
        """Run it until the mirror has all of the gateway's journal; the number of its records."""
        if self._process is None:
            self._process = self._children.start(
                roles.BRIDGE, ["tapewire.bridge"], config=self._file
            )
        path = self._children.folder / "run" / "journals" / f"{roles.GATEWAY}.sqlite"
        with closing(SqliteJournal(path, read_only=True)) as journal:
            seq = journal.head.seq
        wait_for_mirror(self._children, self._config, roles.GATEWAY, seq)
        return seq

    def end(self) -> None:
        """Run it no longer."""
        if self._process is not None:
            self._children.end(self._process)
            self._process = None


def wait_for_mirror(children: Children, config: ClusterConfig, role: str, seq: int) -> None:
    """Until so many records of a role's journal are in its stream."""
    with Mirrors(config, Login()) as mirrors:

        def is_there() -> bool:
            children.check()
            with suppress(MirrorError):  # a stream that is being made: listed, but not there yet
                end = mirrors.end(role)
                return end is not None and end.seq >= seq
            return False

        if not wait_for(is_there, WAIT_S, LOOK_S):
            raise BenchmarkError(f"{seq:,} records were not mirrored within {WAIT_S:.0f} s")
