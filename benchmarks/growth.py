"""Growth: what it costs to start with a long past, process by process.

For each size, journals of that many records of past trading are written, then the group is started
on them against the simulator: twice, as it is ended and started again in daily use. Printed is the
second start: the time from the process's start to READY, and the most memory that it held.
"""

import argparse
import re
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tapewire.benchmarks.load.children import Children
from tapewire.benchmarks.load.group import GROUP
from tapewire.benchmarks.load.past_trading import PastTrading
from tapewire.benchmarks.options import seconds, sizes
from tapewire.benchmarks.report.figures import goal
from tapewire.benchmarks.report.goal_table import goal_table
from tapewire.common import roles
from tapewire.console.group import status

Figures = dict[str, Any]

SIZES: Final = (0, 100_000, 1_000_000)
READY_S_MAX: Final = 3.0
GROWN_MB_MAX: Final = 20.0
ACCOUNT: Final = "DU1234567"
SYMBOL: Final = "BENCH"
STRATEGY: Final = roles.strategy_role("bench")
LOOK_S: Final = 0.02
PEAK: Final = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)

_CONFIG: Final = """\
run_dir = "{run_dir}"
tws = {{ reconnect_ms = 100, settle_ms = 0 }}
simulator = {{ enabled = true, rate_per_s = 1000 }}

[[risk.rules]]
rule = "MaxContractsPerInstrument"
parameters = {{ limit = 10 }}

[[instruments]]
symbol = "{symbol}"

[[strategies]]
name = "bench"
strategy = "tapewire.benchmarks.load.strategies:EveryNth"
parameters = {{ every = 1000000000 }}
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """How many records, and how long to wait."""
    parser.add_argument(
        "--sizes", type=sizes, default=SIZES, help="records, commas (0,100000,1000000)"
    )
    parser.add_argument(
        "--seconds", type=seconds, default=120.0, help="wait so long for READY (120)"
    )


def measure(options: argparse.Namespace) -> Figures:
    """Each size in a folder of its own."""
    found = [_measure(size, options.seconds) for size in options.sizes]
    return {
        "benchmark": "growth",
        "sizes": found,
        "goals": [one for size in found for one in _goals(size, found[0])],
        "faults": [
            f"{name} was not READY within {options.seconds:g} s with {size['records']} records"
            for size in found
            for name, one in size["again"].items()
            if one["ready_s"] is None
        ],
    }


def _measure(records: int, wait_s: float) -> Figures:
    with tempfile.TemporaryDirectory(prefix="tapewire-bench-") as name:
        folder = Path(name)
        config, run_dir = folder / "tapewire.toml", folder / "run"
        config.write_text(_CONFIG.format(run_dir=run_dir, symbol=SYMBOL))
        past = PastTrading(ACCOUNT, "bench", SYMBOL, records)
        run_dir.mkdir(mode=0o700)
        if records:
            past.write(run_dir / "journals")
        first = _start(folder, config, run_dir, wait_s)
        again = _start(folder, config, run_dir, wait_s)
    return {"records": records, "journals": past.counts, "first": first, "again": again}


def _start(folder: Path, config: Path, run_dir: Path, wait_s: float) -> Figures:
    """Start the whole group; for each process the seconds to READY, and its peak of memory."""
    for old in (run_dir / "status").glob("*.json"):
        old.unlink()
    with Children(folder) as children:
        children.start("simulator", ["tapewire.simulator", "--member"], config=config)
        began_s, pids = {}, {}
        for role, module in GROUP.items():
            began_s[role] = time.monotonic()
            pids[role] = children.start(role, module, config=config).pid
        ready_s = _ready_s(children, run_dir, began_s, wait_s)
        return {
            role: {"ready_s": ready_s.get(role), "peak_mb": _peak_mb(pid)}
            for role, pid in pids.items()
        }


def _ready_s(
    children: Children, run_dir: Path, began_s: dict[str, float], wait_s: float
) -> dict[str, float]:
    """When each process was READY for the first time."""
    found: dict[str, float] = {}
    deadline = time.monotonic() + wait_s
    while len(found) < len(began_s) and time.monotonic() < deadline:
        children.check()
        statuses = status.read(run_dir)
        late = status.not_ready(statuses, [role for role in began_s if role not in found])
        now_s = time.monotonic()
        ready = began_s.keys() - found.keys() - late.keys()
        found |= {role: round(now_s - began_s[role], 2) for role in ready}
        time.sleep(LOOK_S)
    return found


def _peak_mb(pid: int) -> float:
    """The most memory that a process held so far, in megabytes of 2^20 bytes."""
    found = PEAK.search(Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return round(int(found[1]) / 1024, 1)


def _goals(size: Figures, fresh: Figures) -> list[Figures]:
    """Of each process: soon READY, and hardly larger than the one of the smallest past."""
    goals = []
    for role, one in size["again"].items():
        name = f"{size['records']:,} records: {role}"
        grown_mb = round(one["peak_mb"] - fresh["again"][role]["peak_mb"], 1)
        goals.append(goal(f"{name} READY", one["ready_s"], "s", most=READY_S_MAX))
        goals.append(goal(f"{name} larger by", grown_mb, "MB", most=GROWN_MB_MAX))
    return goals


def show(figures: Figures) -> None:
    """Print all of it."""
    console = Console(markup=False)
    for size in figures["sizes"]:
        console.print(_table(size))
    console.print(goal_table({figures["benchmark"]: figures}))
    for fault in figures["faults"]:
        console.print(fault, style="red")


def _table(size: Figures) -> Table:
    counts = ", ".join(f"{role} {count:,}" for role, count in size["journals"].items())
    table = Table(title=f"records: {counts}", title_justify="left")
    starts: Sequence[str] = ("first", "again")
    for column in ("", *(f"{start}: {what}" for start in starts for what in ("s", "MB"))):
        table.add_column(column, justify="right" if column else "left")
    for role in size["again"]:
        cells = [
            "-" if size[start][role][figure] is None else f"{size[start][role][figure]}"
            for start in starts
            for figure in ("ready_s", "peak_mb")
        ]
        table.add_row(role, *cells)
    return table
