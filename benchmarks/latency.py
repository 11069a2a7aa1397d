"""Latency: every hop of the running group, and its whole way from TWS's socket back to it.

Beside it, in slices that take turns with its own, runs the bare chain: the same hops with nothing
in them. What the machine costs, both pay; their ratio is what the group costs.
"""

import argparse
import tempfile
import time
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from tapewire.benchmarks.load.children import Children, Load
from tapewire.benchmarks.load.endpoints import SYMBOL
from tapewire.benchmarks.load.group import BENCH, GROUP
from tapewire.benchmarks.load.tws_load import CHAINS
from tapewire.benchmarks.options import add_plot_option, rates, seconds
from tapewire.benchmarks.report.curves import curve_us, points_us
from tapewire.benchmarks.report.figures import GOALS, goal, ratio, summary_us
from tapewire.benchmarks.report.show import show
from tapewire.common import roles
from tapewire.console.group import status

__all__ = ["add_options", "measure", "show"]

Figures = dict[str, Any]

RATES_PER_S: Final = (1000, 10_000, 50_000)
ORDERS_PER_S: Final = 100
ROUNDS: Final = 4  # slices a chain
WARM_UP_S: Final = 2.0
SYNCHRONOUS: Final = {"bare": "FULL", "bare_without_fsync": "OFF"}
ROLES: Final = ("executor", "strategy", "io")

_CONFIG: Final = """\
run_dir = "{run_dir}"
tws = {{ port = {port}, rate_max_per_s = 0, settle_ms = 0, reconnect_ms = 100 }}
{more}
[gateway]
orders_max_per_s = 0

[risk]
lease_ms = 15000

[[risk.rules]]
rule = "MaxContractsPerInstrument"
parameters = {{ limit = 1000000 }}

[[instruments]]
symbol = "{symbol}"
con_id = 1

[[strategies]]
name = "bench"
strategy = "tapewire.benchmarks.load.strategies:EveryNth"
parameters = {{ every = {every} }}
signal_ttl_ms = 30000
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """How long and how fast."""
    parser.add_argument(
        "--seconds", type=seconds, default=8.0, help="measured per rate and chain (8)"
    )
    parser.add_argument(
        "--rates", type=rates, default=RATES_PER_S, help="ticks/s, commas (1000,10000,50000)"
    )
    add_plot_option(parser)


def measure(options: argparse.Namespace) -> Figures:
    """All rates, one after the other, each with a new group."""
    rates = [_measure(rate, options.seconds) for rate in options.rates]
    return {
        "benchmark": "latency",
        "seconds": options.seconds,
        "clock_ns": _clock_ns(),
        "rates": rates,
        "goals": [goal for figures in rates for goal in _goals(figures)],
        "faults": [fault for figures in rates for fault in _faults(figures)],
    }


def _measure(rate: int, seconds: float) -> Figures:
    every = max(1, rate // ORDERS_PER_S) | 1  # odd: the tick's place in its millisecond varies
    warm_up_s = min(WARM_UP_S, seconds)
    with tempfile.TemporaryDirectory(prefix="tapewire-bench-") as name:
        folder = Path(name)
        with Children(folder) as children:
            load = Load(children)
            _start_bare_chains(children, load, every)
            run_dir = start_group(children, load, every)
            warm = {chain: load.slice(chain, rate, every, warm_up_s) for chain in CHAINS}
            slices: dict[str, list[Figures]] = {chain: [] for chain in CHAINS}
            for _ in range(ROUNDS):
                for chain in CHAINS:
                    slices[chain].append(load.slice(chain, rate, every, seconds / ROUNDS))
                    children.check()
        statuses = status.read(run_dir)  # the last ones, written at the processes' ends
        hop_ns = _samples(folder / "bare_without_fsync" / "hop.ns")[warm["bare"]["ticks"] :]
    return {
        "rate_per_s": rate,
        "ticks_per_order": every,
        **_latencies(slices, statuses, hop_ns),
        "counts": _counts(slices, statuses),
    }


def start_group(children: Children, load: Load, every: int, more: str = "") -> Path:
    """The group's processes, waited for until READY; returns their run directory. `more` goes into
    its configuration."""
    run_dir = children.folder / "run"
    config = children.folder / "tapewire.toml"
    config.write_text(
        _CONFIG.format(
            run_dir=run_dir, port=load.ports["group"], symbol=SYMBOL, every=every, more=more
        )
    )
    for name, arguments in GROUP.items():
        children.start(name, arguments, config=config)
    children.wait_ready(run_dir, list(GROUP))
    return run_dir


def _start_bare_chains(children: Children, load: Load, every: int) -> None:
    for chain, synchronous in SYNCHRONOUS.items():
        folder = children.folder / chain
        folder.mkdir()
        for role in ROLES:
            arguments = [role, folder, load.ports[chain], every, synchronous]
            children.start(f"{chain}-{role}", ["tapewire.benchmarks.load.bare_chain", *arguments])


def _latencies(
    slices: dict[str, list[Figures]], statuses: dict[str, status.Status], hop_ns: Sequence[int]
) -> Figures:
    """The group's `whole` is measured by the load, as the bare chains' are; its hops by itself.

    Its own histograms begin with the processes, so they have the warm-up in them; `whole` has not.
    """
    pooled = {
        chain: [ns for one in parts for ns in one["latency_ns"]] for chain, parts in slices.items()
    }
    late_ns = (ns for parts in slices.values() for one in parts for ns in one["late_ns"])
    bare_ns = {
        "whole": pooled["bare"],
        "whole_without_fsync": pooled["bare_without_fsync"],
        "hop": hop_ns,
    }
    group = {"whole": summary_us(pooled["group"]), **status.hops(statuses)}
    bare = {name: summary_us(samples) for name, samples in bare_ns.items()}
    growth = _growth([one["latency_ns"] for one in slices["group"]])
    hop = group.get("gateway_to_strategy", {})
    return {
        "group_us": group,
        "bare_us": bare,
        "load_late_us": summary_us(late_ns),
        "growth_us": growth,
        "curves_us": {
            "group: whole": curve_us(pooled["group"]),
            "group: gateway_to_strategy": points_us(hop),
            **{f"bare: {name}": curve_us(samples) for name, samples in bare_ns.items()},
        },
        "ratios": {
            "tick_to_order_p50": ratio(group["whole"]["p50"], bare["whole"]["p50"]),
            "tick_to_order_p99": ratio(group["whole"]["p99"], bare["whole"]["p99"]),
            "gateway_to_strategy_p50": ratio(hop.get("p50"), bare["hop"]["p50"]),
            "gateway_to_strategy_p99": ratio(hop.get("p99"), bare["hop"]["p99"]),
            "last_quarter_p50": ratio(growth["last_quarter_p50"], growth["first_quarter_p50"]),
        },
    }


def _growth(slices_ns: Sequence[Sequence[int]]) -> Figures:
    """The median of the first quarter of the slices' latencies, and of the last: where a queue
    grows all the time, the last is many times the first. Each slice begins with empty queues."""
    quarters = [(ns, len(ns) // 4) for ns in slices_ns]
    first = (one for ns, quarter in quarters for one in ns[:quarter])
    last = (one for ns, quarter in quarters for one in ns[len(ns) - quarter :])
    return {
        "first_quarter_p50": summary_us(first)["p50"],
        "last_quarter_p50": summary_us(last)["p50"],
    }


def _counts(slices: dict[str, list[Figures]], statuses: dict[str, status.Status]) -> Figures:
    """Over the whole run, warm-up included."""
    last = {chain: parts[-1] for chain, parts in slices.items()}
    strategy = statuses[roles.strategy_role(BENCH)]
    return {
        "ticks_sent": last["group"]["ticks"],
        "ticks_received": status.counter(strategy, "ticks_received"),
        "gaps": sum(strategy["missed"].values()),
        "signals": strategy["signals"],
        "orders_expected": last["group"]["orders_expected"],
        "orders": last["group"]["orders"],
        "duplicates": last["group"]["duplicates"],
        "dead_letters": sum(status.counter(one, "dead_letters") for one in statuses.values()),
        "bare_orders_missing": sum(
            last[chain]["orders_expected"] - last[chain]["orders"] for chain in SYNCHRONOUS
        ),
    }


def _faults(figures: Figures) -> list[str]:
    """What was counted wrong, a sentence each."""
    counts = figures["counts"]
    expected = {
        "ticks_received": counts["ticks_sent"],
        "orders": counts["orders_expected"],
        **dict.fromkeys(("gaps", "duplicates", "dead_letters", "bare_orders_missing"), 0),
    }
    return [
        f"at {figures['rate_per_s']} ticks/s {name} is {counts[name]}, expected {number}"
        for name, number in expected.items()
        if counts[name] != number
    ]


def _goals(figures: Figures) -> list[Figures]:
    rate, whole = figures["rate_per_s"], figures["bare_us"]["whole"]
    against = {
        "tick_to_order_p50": whole["p50"],
        "tick_to_order_p99": whole["p99"],
        "gateway_to_strategy_p50": figures["bare_us"]["hop"]["p50"],
        "gateway_to_strategy_p99": figures["bare_us"]["hop"]["p99"],
        "last_quarter_p50": figures["growth_us"]["first_quarter_p50"],
    }
    return [
        {
            "rate_per_s": rate,
            **goal(
                name,
                figures["ratios"][name],
                "x",
                most=most,
                figure=against[name],
                figure_unit="us",
            ),
        }
        for name, most in GOALS.items()
    ]


def _samples(path: Path) -> Sequence[int]:
    samples = array("q")
    samples.frombytes(path.read_bytes())
    return samples


def _clock_ns(times: int = 100_000) -> float:
    """What reading the clock costs: part of every hop, as each is stamped at both ends."""
    begun = time.perf_counter_ns()
    for _ in range(times):
        time.time_ns()
    return round((time.perf_counter_ns() - begun) / times, 1)
