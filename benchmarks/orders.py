"""Orders: how many signals per second become orders at TWS, durably and once each.

The whole group against a scripted TWS that paces nothing and fills at once: each tick becomes a
signal, each signal an order, with a bounded number of ticks unanswered, so that nothing waits
long enough to be sent again. The gateway has each intent on disk (synchronous FULL, one commit a
loop turn) before its bytes go to TWS.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from tapewire.benchmarks.latency import start_group
from tapewire.benchmarks.load.children import Children, Load
from tapewire.benchmarks.load.group import BENCH
from tapewire.benchmarks.options import seconds
from tapewire.benchmarks.report.figures import goal, median, summary_us
from tapewire.benchmarks.report.goal_table import goal_table
from tapewire.common import roles
from tapewire.console.group import status

Figures = dict[str, Any]

ORDERS_PER_S_GOAL: Final = 2000
OUTSTANDING: Final = 128
WARM_UP_ORDERS: Final = 500
ROUNDS: Final = 3


def add_options(parser: argparse.ArgumentParser) -> None:
    """How long, and how many at a time."""
    parser.add_argument("--seconds", type=seconds, default=8.0, help="measured (8)")
    parser.add_argument(
        "--outstanding", type=int, default=OUTSTANDING, help="ticks unanswered at a time (128)"
    )


def measure(options: argparse.Namespace) -> Figures:
    """A warm-up that tells how many orders a round has, then the rounds."""
    with tempfile.TemporaryDirectory(prefix="tapewire-bench-") as name:
        folder = Path(name)
        with Children(folder) as children:
            load = Load(children)
            run_dir = start_group(children, load, every=1)
            warm = load.window("group", WARM_UP_ORDERS, options.outstanding)
            count = max(100, round(WARM_UP_ORDERS / warm["seconds"] * options.seconds / ROUNDS))
            rounds = [load.window("group", count, options.outstanding) for _ in range(ROUNDS)]
            children.check()
        statuses = status.read(run_dir)  # the last ones, written at the processes' ends
    rates = [count / one["seconds"] for one in rounds]
    counts = _counts(rounds[-1], statuses)
    return {
        "benchmark": "orders",
        "seconds": options.seconds,
        "outstanding": options.outstanding,
        "orders_per_s": round(median(rates) or 0),
        "orders_per_s_by_round": [round(rate) for rate in rates],
        "orders_per_commit": _orders_per_commit(counts["orders"], statuses[roles.GATEWAY]),
        "tick_to_order_us": summary_us(ns for one in rounds for ns in one["latency_ns"]),
        "counts": counts,
        "goals": [goal("signals to orders", median(rates), "/s", least=ORDERS_PER_S_GOAL)],
        "faults": _faults(counts),
    }


def show(figures: Figures) -> None:
    """Print all of it."""
    console = Console(markup=False)
    console.print(", ".join(f"{name} {count}" for name, count in figures["counts"].items()))
    console.print(f"orders a commit of the gateway: {figures['orders_per_commit']}")
    latency = figures["tick_to_order_us"]
    console.print(
        f"tick to order, {figures['outstanding']} at a time:"
        f" p50 {latency['p50']:.0f} us, p99 {latency['p99']:.0f} us"
    )
    console.print(goal_table({figures["benchmark"]: figures}))
    for fault in figures["faults"]:
        console.print(fault, style="red")


def _counts(last: Figures, statuses: dict[str, status.Status]) -> Figures:
    """Over the whole run, warm-up included."""
    return {
        "ticks": last["ticks"],
        "signals": statuses[roles.strategy_role(BENCH)]["signals"],
        "orders": last["orders"],
        "duplicates": last["duplicates"],
        "dead_letters": sum(status.counter(one, "dead_letters") for one in statuses.values()),
    }


def _faults(counts: Figures) -> list[str]:
    """What was counted wrong, a sentence each."""
    expected = {
        "signals": counts["ticks"],
        "orders": counts["ticks"],
        "duplicates": 0,
        "dead_letters": 0,
    }
    return [
        f"{name} is {counts[name]}, expected {number}"
        for name, number in expected.items()
        if counts[name] != number
    ]


def _orders_per_commit(orders: int, gateway: status.Status) -> float | None:
    commits = gateway.get("times_us", {}).get("commit", {}).get("count")
    return round(orders / commits, 1) if commits else None
