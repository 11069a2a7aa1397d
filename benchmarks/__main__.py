"""`python -m tapewire.benchmarks NAME [--json] [--seconds N]`: run one benchmark, or `all` of them.

`latency` and `all` take `--plot FOLDER` besides, and `tws` takes `--version N`.

Exit status: 0 if what was counted is right, 1 if something was lost or doubled or did not start,
2 for a command that makes no sense. A goal that is missed is shown and changes nothing: the
machine has a say in it.
"""

import argparse
import importlib
import json
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any, Final, Protocol

from rich.console import Console

from tapewire.benchmarks.load import host
from tapewire.benchmarks.load.children import BenchmarkError
from tapewire.benchmarks.options import add_plot_option, seconds
from tapewire.benchmarks.report.goal_table import goal_table
from tapewire.benchmarks.report.plot import leave

KNOWN: Final = (
    "throughput", "tws", "latency", "orders", "fanout", "recovery", "risk", "halt", "console",
    "growth", "costs", "backtest", "recorder", "patterns", "cluster",
)  # fmt: skip

Figures = dict[str, Any]


class Benchmark(Protocol):
    """What a benchmark's module has."""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Its own options."""

    def measure(self, options: argparse.Namespace) -> Figures:
        """Run it; figures, ratios, goals, and under `faults` what was counted wrong."""

    def show(self, figures: Figures) -> None:
        """Print the figures for a person."""


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark that the first argument names."""
    name = arguments[0] if arguments else "nothing"
    if name in ("-h", "--help"):
        print(
            f"{__doc__}\nNAME is one of: {', '.join((*KNOWN, 'all'))}; NAME --help has its options."
        )
        return 0
    if name not in (*KNOWN, "all"):
        known = ", ".join((*KNOWN, "all"))
        print(f"benchmarks: {name} is not a benchmark; expected one of: {known}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    try:
        return _all(arguments[1:]) if name == "all" else _one(name, arguments[1:])
    except BenchmarkError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1


def _one(name: str, arguments: Sequence[str]) -> int:
    benchmark = _load(name)
    options = _options(name, arguments, benchmark)
    machine = host.described()
    figures = {**benchmark.measure(options), "machine": machine}
    if options.json:
        print(json.dumps(figures))
    else:
        print(host.line(machine))
        benchmark.show(figures)
    if getattr(options, "plot", None) is not None:
        leave(options.plot, figures, figures)
    return 1 if figures["faults"] else 0


def _all(arguments: Sequence[str]) -> int:
    """Each with its default options, then one table; one that fails does not end the others."""
    options = _options("all", arguments)
    machine, began_s = host.described(), time.monotonic()
    given = [] if options.seconds is None else ["--seconds", str(options.seconds)]
    found: Figures = {}
    for name in KNOWN:
        benchmark, one_began_s = _load(name), time.monotonic()
        try:
            found[name] = benchmark.measure(_options(name, given, benchmark))
        except BenchmarkError as error:
            found[name] = {"benchmark": name, "goals": [], "faults": [str(error)]}
        found[name] |= {"machine": machine, "took_s": round(time.monotonic() - one_began_s, 1)}
        if not options.json:
            print(f"{name}: {'; '.join(found[name]['faults']) or 'done'}", flush=True)
    figures = {
        "machine": machine,
        "took_s": round(time.monotonic() - began_s, 1),
        "benchmarks": found,
        "faults": [f"{name}: {fault}" for name, one in found.items() for fault in one["faults"]],
    }
    if options.json:
        print(json.dumps(figures))
    else:
        print(f"{host.line(machine)}; took {figures['took_s']:.0f} s")
        Console(markup=False).print(goal_table(found))
    if options.plot is not None:
        leave(options.plot, figures, found["latency"])
    return 1 if figures["faults"] else 0


def _options(
    name: str, arguments: Sequence[str], benchmark: Benchmark | None = None
) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=f"python -m tapewire.benchmarks {name}")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    if benchmark is not None:
        benchmark.add_options(parser)
    else:
        parser.add_argument("--seconds", type=seconds, help="instead of each one's own")
        add_plot_option(parser)
    return parser.parse_args(arguments)


def _load(name: str) -> Benchmark:
    benchmark: Any = importlib.import_module(f"tapewire.benchmarks.{name}")
    found: Benchmark = benchmark
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
