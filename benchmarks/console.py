"""Console: what the web console costs with 20 pages open, and how far behind they are.

20,000 ticks/s and ten orders/s go through a group with one strategy, in slices: without a console,
with one at which nobody looks, and with one whose stream 20 viewers have. They take turns, so that
what the machine does beside it hits all alike, and what is compared is the gateway's CPU. The lag
is the age of what a page shows at its oldest: from when the gateway read the newest tick of one
message to when the next message has arrived.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from tapewire.benchmarks.latency import start_group
from tapewire.benchmarks.load.children import Children, Load, Talk
from tapewire.benchmarks.load.endpoints import SYMBOL
from tapewire.benchmarks.load.machine import cpu_s
from tapewire.benchmarks.load.ports import free_port
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
RATIO_MAX: Final = 1.05
KINDS: Final = ("alone", "console", "viewers")
"""The slices of a round, in their order."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """How long, how fast and how many look."""
    parser.add_argument(
        "--seconds", type=seconds, default=20.0, help="measured of each kind of slice (20)"
    )
    parser.add_argument("--rate", type=int, default=RATE_PER_S, help="ticks/s (20000)")
    parser.add_argument("--viewers", type=int, default=VIEWERS, help="pages that look (20)")


def measure(options: argparse.Namespace) -> Figures:
    """Slices with and without a console, in turns."""
    with (
        tempfile.TemporaryDirectory(prefix="tapewire-bench-") as name,
        Children(Path(name)) as children,
    ):
        load, port = Load(children), free_port()
        run_dir = start_group(children, load, EVERY, _web(port, options.viewers))
        load.slice("group", options.rate, EVERY, WARM_UP_S)
        gateway = status.read(run_dir)[roles.GATEWAY]["pid"]
        bench = _Bench(children, load, gateway, port, options)
        rounds = [(bench.alone(), *bench.watched()) for _ in range(ROUNDS)]
    return _figures(options, rounds)


def show(figures: Figures) -> None:
    """Print all of it."""
    console = Console(markup=False)
    lag = figures["lag_ms"]
    console.print(
        f"{figures['viewers']} viewers at {figures['rate_per_s']:,} ticks/s:"
        f" console {figures['cpu_percent']} % of a core, gateway"
        f" {figures['gateway_percent']['viewers']} %, with no viewer"
        f" {figures['gateway_percent']['console']} %, with no console"
        f" {figures['gateway_percent']['alone']} %,"
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
        """A slice in which nobody looks."""
        with self._ticking():
            before_s = cpu_s(self._gateway)
            time.sleep(self._measured_s)
            spent_s = cpu_s(self._gateway) - before_s
        return {"gateway": spent_s / self._measured_s}

    def watched(self) -> tuple[Figures, Figures]:
        """A slice with one at which nobody looks, and one with those who look."""
        folder = self._children.folder
        config = folder / "tapewire.toml"
        web = self._children.start(roles.WEB, ["tapewire.web"], config=config)
        self._children.wait_ready(folder / "run", [roles.WEB])
        unseen = self.alone()
        token = tokens.path_of(folder / "run", roles.WEB, "viewer")
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
        return unseen, {"gateway": shares[0], "web": shares[1], **seen}

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


def _figures(options: argparse.Namespace, rounds: Sequence[tuple[Figures, ...]]) -> Figures:
    watched = [one[-1] for one in rounds]
    lag_ms = summary_ms([ns for one in watched for ns in one["lag_ns"]])
    share = round((median([one["web"] for one in watched]) or 0.0) * 100, 1)
    by_viewers, by_console = _ratio(rounds, 2, 1), _ratio(rounds, 1, 0)
    return {
        "benchmark": "console",
        "seconds": options.seconds,
        "rate_per_s": options.rate,
        "viewers": options.viewers,
        "lag_ms": lag_ms,
        "cpu_percent": share,
        "gateway_percent": {
            name: round((median([one[kind]["gateway"] for one in rounds]) or 0.0) * 100, 1)
            for kind, name in enumerate(KINDS)
        },
        "gateway_ratio": {"viewers": by_viewers, "console": by_console},
        "messages": sum(one["messages"] for one in watched),
        "goals": [
            goal("pages behind by: p99", lag_ms["p99"], "ms", most=LAG_MS_MAX),
            goal("CPU of the console", share, "%", most=CPU_PERCENT_MAX),
            goal("CPU of the gateway, viewers to none", by_viewers, "x", most=RATIO_MAX),
            goal("CPU of the gateway, console to none", by_console, "x", most=RATIO_MAX),
        ],
        "faults": [
            f"{one['silent']} of {options.viewers} viewers got nothing"
            for one in watched
            if one["silent"]
        ],
    }


def _ratio(rounds: Sequence[tuple[Figures, ...]], of: int, to: int) -> float | None:
    """The gateway's CPU in one kind of slice to that in another: the median of the rounds'."""
    found = [ratio(one[of]["gateway"], one[to]["gateway"]) for one in rounds]
    middle = median([one for one in found if one is not None])
    return None if middle is None else round(middle, 2)
