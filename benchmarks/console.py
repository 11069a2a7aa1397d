"""Console: what the web console costs with 20 pages open, and how far behind they are.

20,000 ticks/s and ten orders/s go through a group with one strategy, in slices. In every other
slice the console runs and 20 viewers have its stream. Compared are the gateway's CPU with it and
without it, in turns, so that what the machine does beside it hits both. The lag is the age of what
a page shows at its oldest: from when the gateway read the newest tick of one message to when the
next message has arrived.
"""

import argparse
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from tapewire.benchmarks.latency import start_group
from tapewire.benchmarks.load.children import Children, Load, Talk
from tapewire.benchmarks.load.endpoints import SYMBOL
from tapewire.benchmarks.load.machine import cpu_s
from tapewire.benchmarks.options import seconds
from tapewire.benchmarks.report.figures import goal, median, ratio, summary_ms
from tapewire.benchmarks.report.goal_table import goal_table
from tapewire.common import roles
from tapewire.common.runtime import tokens
from tapewire.console.group import status

Figures = dict[str, Any]

RATE_PER_S: Final = 20_000
EVERY: Final = 2001
VIEWERS: Final = 20
ROUNDS: Final = 4
WARM_UP_S: Final = 2.0
EDGE_S: Final = 0.5
"""Ticks flow for so long before and after what is measured."""
LAG_MS_MAX: Final = 250.0
CPU_PERCENT_MAX: Final = 50.0
GATEWAY_RATIO_MAX: Final = 1.05


def add_options(parser: argparse.ArgumentParser) -> None:
    """How long, how fast and how many look."""
    parser.add_argument(
        "--seconds", type=seconds, default=20.0, help="measured with and without it, each (20)"
    )
    parser.add_argument("--rate", type=int, default=RATE_PER_S, help="ticks/s (20000)")
    parser.add_argument("--viewers", type=int, default=VIEWERS, help="pages that look (20)")


def measure(options: argparse.Namespace) -> Figures:
    """Slices with and without a console, in turns."""
    with (
        tempfile.TemporaryDirectory(prefix="tapewire-bench-") as name,
        Children(Path(name)) as children,
    ):
        load, port = Load(children), _free_port()
        run_dir = start_group(children, load, EVERY, _web(port, options.viewers))
        load.slice("group", options.rate, EVERY, WARM_UP_S)
        gateway = status.read(run_dir)[roles.GATEWAY]["pid"]
        bench = _Bench(children, load, gateway, port, options)
        alone, watched = [], []
        for _ in range(ROUNDS):
            alone.append(bench.alone())
            watched.append(bench.watched())
    return _figures(options, alone, watched)


def show(figures: Figures) -> None:
    """Print all of it."""
    console = Console(markup=False)
    lag = figures["lag_ms"]
    console.print(
        f"{figures['viewers']} viewers at {figures['rate_per_s']:,} ticks/s:"
        f" console {figures['cpu_percent']} % of a core,"
        f" gateway {figures['gateway_percent']} %, without it"
        f" {figures['gateway_alone_percent']} %,"
        f" pages behind by p50 {lag['p50']} ms, p99 {lag['p99']} ms"
    )
    console.print(goal_table({figures["benchmark"]: figures}))


def _web(port: int, viewers: int) -> str:
    return f'web = {{ enabled = true, port = {port}, name = "bench", viewers_max = {viewers} }}'


class _Bench:
    """What runs, and the measure of a slice."""

    def __init__(
        self, children: Children, load: Load, gateway: int, port: int, options: argparse.Namespace
    ) -> None:
        self._children = children
        self._load = load
        self._gateway = gateway
        self._port = port
        self._options = options
        self._measured_s = options.seconds / ROUNDS

    def alone(self) -> Figures:
        """A slice without a console."""
        with self._ticking():
            before_s = cpu_s(self._gateway)
            time.sleep(self._measured_s)
            spent_s = cpu_s(self._gateway) - before_s
        return {"gateway": spent_s / self._measured_s}

    def watched(self) -> Figures:
        """A slice with one, and with those who look."""
        run_dir = self._children.folder / "run"
        config = self._children.folder / "tapewire.toml"
        web = self._children.start(roles.WEB, ["tapewire.web"], config=config)
        self._children.wait_ready(run_dir, [roles.WEB])
        token = tokens.path_of(run_dir, roles.WEB, "viewer")
        command = ["tapewire.benchmarks.load.viewers", self._port, token, self._options.viewers]
        viewers = Talk(self._children, "viewers", [*command, SYMBOL])
        viewers.hear()
        with self._ticking():
            viewers.tell(do="begin")
            before = cpu_s(self._gateway), cpu_s(web.pid)
            time.sleep(self._measured_s)
            after = cpu_s(self._gateway), cpu_s(web.pid)
            viewers.tell(do="end")
            seen = viewers.hear()
        viewers.end()
        self._children.end(web)
        shares = [(b - a) / self._measured_s for a, b in zip(before, after, strict=True)]
        return {"gateway": shares[0], "web": shares[1], **seen}

    @contextmanager
    def _ticking(self) -> Iterator[None]:
        """Ticks flow meanwhile."""
        for_s = self._measured_s + 2 * EDGE_S
        self._load.tell(
            do="slice", name="group", rate=self._options.rate, every=EVERY, seconds=for_s
        )
        time.sleep(EDGE_S)
        yield
        self._load.hear()


def _figures(options: argparse.Namespace, alone: list[Figures], watched: list[Figures]) -> Figures:
    lag_ms = summary_ms([ns for one in watched for ns in one["lag_ns"]])
    share = median([one["web"] for one in watched]) or 0.0
    ratios = [ratio(b["gateway"], a["gateway"]) for a, b in zip(alone, watched, strict=True)]
    gateway = median([one for one in ratios if one is not None])
    return {
        "benchmark": "console",
        "seconds": options.seconds,
        "rate_per_s": options.rate,
        "viewers": options.viewers,
        "lag_ms": lag_ms,
        "cpu_percent": round(share * 100, 1),
        "gateway_percent": _percent(watched),
        "gateway_alone_percent": _percent(alone),
        "gateway_ratio": gateway,
        "messages": sum(one["messages"] for one in watched),
        "goals": [
            goal("pages behind by: p99", lag_ms["p99"], "ms", most=LAG_MS_MAX),
            goal("CPU of the console", round(share * 100, 1), "%", most=CPU_PERCENT_MAX),
            goal("CPU of the gateway, with it to without", gateway, "x", most=GATEWAY_RATIO_MAX),
        ],
        "faults": [
            f"{one['silent']} of {options.viewers} viewers got nothing"
            for one in watched
            if one["silent"]
        ],
    }


def _percent(slices: list[Figures]) -> float:
    return round((median([one["gateway"] for one in slices]) or 0.0) * 100, 1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
