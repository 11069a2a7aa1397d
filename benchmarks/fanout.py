"""Fan-out: what a further strategy costs the gateway, who loses ticks, and what memory it takes.

The whole group on 20,000 ticks per second of one symbol, with 1, 2, 4, 8 and 16 strategies that
count: each stage adds processes to the ones that run. What the gateway computes is the kernel's
own count of its CPU time, all its threads together.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tapewire.benchmarks.load.children import Children, Load
from tapewire.benchmarks.load.endpoints import SYMBOL
from tapewire.benchmarks.load.group import CORE, strategy
from tapewire.benchmarks.load.machine import cpu_s, rss_mb
from tapewire.benchmarks.options import counts, seconds
from tapewire.benchmarks.report.figures import goal
from tapewire.benchmarks.report.goal_table import goal_table
from tapewire.common import roles
from tapewire.console.group import status

Figures = dict[str, Any]

RATE_PER_S: Final = 20_000
LOSSLESS_UP_TO: Final = 8
RSS_MB_GOAL: Final = 80.0
RISK_RSS_MB_GOAL: Final = 160.0
NEVER: Final = 1 << 40  # ticks per order
SETTLE_S: Final = 10.0
WARM_UP_S: Final = 1.0
_CONFIG: Final = """\
run_dir = "{run_dir}"
tws = {{ port = {port}, rate_max_per_s = 0, settle_ms = 0, reconnect_ms = 100 }}

[[instruments]]
symbol = "{symbol}"
con_id = 1

{strategies}
"""
COUNTING: Final = "tapewire.benchmarks.load.strategies:Counting"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options: duration, rate and number of strategies."""
    parser.add_argument("--seconds", type=seconds, default=4.0, help="measured per stage (4)")
    parser.add_argument("--rate", type=int, default=RATE_PER_S, help="ticks/s (20000)")
    parser.add_argument(
        "--strategies", type=counts, default=[1, 2, 4, 8, 16], help="rising (1,2,4,8,16)"
    )


def measure(options: argparse.Namespace) -> Figures:
    """Stage after stage in one group."""
    with (
        tempfile.TemporaryDirectory(prefix="tapewire-bench-") as name,
        Children(Path(name)) as children,
    ):
        stages, memory = _stages(children, options.strategies, options.rate, options.seconds)
    added = _added(stages)
    return {
        "benchmark": "fanout",
        "seconds": options.seconds,
        "rate_per_s": options.rate,
        "stages": stages,
        "gateway_cpu_us_per_tick_and_strategy": added,
        "rss_mb": memory,
        "goals": _goals(stages, memory, added),
        "faults": _faults(stages),
    }


def _stages(
    children: Children, strategies: Sequence[int], rate: int, measured_s: float
) -> tuple[list[Figures], dict[str, float]]:
    load = Load(children)
    run_dir, config = children.folder / "run", children.folder / "tapewire.toml"
    names = [f"bench-{number}" for number in range(1, max(strategies) + 1)]
    config.write_text(
        _CONFIG.format(
            run_dir=run_dir,
            port=load.ports["group"],
            symbol=SYMBOL,
            strategies="\n".join(
                f'[[strategies]]\nname = "{n}"\nstrategy = "{COUNTING}"\n' for n in names
            ),
        )
    )
    pids = {
        name: children.start(name, arguments, config=config).pid for name, arguments in CORE.items()
    }
    stages: list[Figures] = []
    for count in strategies:
        for name in names[len(pids) - len(CORE) : count]:
            role = roles.strategy_role(name)
            pids[role] = children.start(role, strategy(name), config=config).pid
        children.wait_ready(run_dir, list(pids))
        load.slice("group", rate, NEVER, min(WARM_UP_S, measured_s))
        readers = [roles.strategy_role(name) for name in names[:count]]
        stages.append(_stage(load, run_dir, readers, pids, rate, measured_s))
        children.check()
    return stages, {name: rss_mb(pid) for name, pid in pids.items()}


def _stage(
    load: Load,
    run_dir: Path,
    readers: Sequence[str],
    pids: dict[str, int],
    rate: int,
    measured_s: float,
) -> Figures:
    """One slice of load on what runs now."""
    before, computed = _settled(run_dir, readers), {n: cpu_s(pid) for n, pid in pids.items()}
    load.slice("group", rate, NEVER, measured_s)
    spent = {n: cpu_s(pid) - computed[n] for n, pid in pids.items()}
    after, sent = _settled(run_dir, readers), round(rate * measured_s)
    return {
        "strategies": len(readers),
        "ticks": sent,
        "received_min": min(after[n][0] - before[n][0] for n in readers),
        "received_max": max(after[n][0] - before[n][0] for n in readers),
        "missed_messages": sum(after[n][1] - before[n][1] for n in readers),
        "gateway_cpu_us_per_tick": round(spent[roles.GATEWAY] / sent * 1e6, 2),
        "gateway_cpu_percent": round(spent[roles.GATEWAY] / measured_s * 100, 1),
        "strategy_cpu_percent": round(
            sum(spent[n] for n in readers) / len(readers) / measured_s * 100, 1
        ),
    }


def _settled(run_dir: Path, readers: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Ticks received and messages missed by each, once two status files in a row say the same."""
    deadline, last = time.monotonic() + SETTLE_S, None
    while True:
        statuses = status.read(run_dir)
        now = {
            name: (
                status.counter(statuses[name], "ticks_received"),
                sum(statuses[name]["missed"].values()),
            )
            for name in readers
        }
        if now == last or time.monotonic() > deadline:
            return now
        last = now
        time.sleep(1.2)  # two periods of the status files, and a little


def _added(stages: Sequence[Figures]) -> float | None:
    """The CPU a tick that each further strategy adds at the gateway, first stage to last."""
    first, last = stages[0], stages[-1]
    more = last["strategies"] - first["strategies"]
    spent = last["gateway_cpu_us_per_tick"] - first["gateway_cpu_us_per_tick"]
    return round(spent / more, 3) if more else None


def _goals(
    stages: Sequence[Figures], memory: dict[str, float], added: float | None
) -> list[Figures]:
    risk = memory[roles.RISK]
    others = max(mb for name, mb in memory.items() if name != "risk")
    return [
        goal("a further strategy at the gateway, CPU a tick", added, "us"),
        *(
            goal(
                f"{one['strategies']} strategies: ticks lost",
                one["ticks"] - one["received_min"], "", most=0,
            )
            for one in stages
            if one["strategies"] <= LOSSLESS_UP_TO
        ),
        goal("memory a process, the largest", others, "MB", most=RSS_MB_GOAL),
        goal("memory of risk", risk, "MB", most=RISK_RSS_MB_GOAL),
    ]  # fmt: skip


def _faults(stages: Sequence[Figures]) -> list[str]:
    """A loss below the bound, and a tick twice at any number."""
    lost = [
        f"{one['strategies']} strategies: one had {one['received_min']} of {one['ticks']} ticks"
        for one in stages
        if one["strategies"] <= LOSSLESS_UP_TO and one["received_min"] < one["ticks"]
    ]
    doubled = [
        f"{one['strategies']} strategies: one had {one['received_max']} ticks of {one['ticks']}"
        for one in stages
        if one["received_max"] > one["ticks"]
    ]
    return lost + doubled


def show(figures: Figures) -> None:
    """Print all of it."""
    console = Console(markup=False)
    table = Table(title=f"{figures['rate_per_s']} ticks/s", title_justify="left")
    for column in ("strategies", "gateway: us a tick", "% of a core", "a strategy: %", "lost"):
        table.add_column(column, justify="right")
    for one in figures["stages"]:
        table.add_row(
            str(one["strategies"]),
            f"{one['gateway_cpu_us_per_tick']:.2f}",
            f"{one['gateway_cpu_percent']:.1f}",
            f"{one['strategy_cpu_percent']:.1f}",
            str(one["ticks"] - one["received_min"]),
        )
    console.print(table)
    console.print(
        "a further strategy adds at the gateway, us a tick:"
        f" {figures['gateway_cpu_us_per_tick_and_strategy']}"
    )
    console.print("MB: " + ", ".join(f"{name} {mb}" for name, mb in figures["rss_mb"].items()))
    console.print(goal_table({figures["benchmark"]: figures}))
    for fault in figures["faults"]:
        console.print(fault, style="red")
