"""Growth: what it costs to start with a long past, process by process.

For each size, journals of that many records of past trading are written, and the checkpoint that
the group's keeper makes of them. Then the group is started on them against the simulator, the sizes
in turn, so that all of them meet the same machine. Printed are, of each process, the time from its
start to READY and the processor time that it took (medians of the starts), and the most memory that
it held; and what the checkpoint took.
"""

import argparse
import contextlib
import os
import re
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
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
STARTS: Final = 3
READY_S_MAX: Final = 3.0
LATER_S_MAX: Final = 0.5  # than with an empty past, in the same minute
GROWN_MB_MAX: Final = 20.0
ACCOUNT: Final = "DU1234567"
SYMBOL: Final = "BENCH"
STRATEGY: Final = roles.strategy_role("bench")
LOOK_S: Final = 0.02
FIGURES: Final = ("ready_s", "cpu_s", "peak_mb")
TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
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
    """How many records, how many starts, and how long to wait."""
    parser.add_argument(
        "--sizes", type=sizes, default=SIZES, help="records, commas (0,100000,1000000)"
    )
    parser.add_argument("--starts", type=int, default=STARTS, help=f"of each size ({STARTS})")
    parser.add_argument(
        "--seconds", type=seconds, default=120.0, help="how long to wait for READY (120)"
    )


def measure(options: argparse.Namespace) -> Figures:
    """Each size in a folder of its own."""
    with ExitStack() as stack:
        stands = []
        for size in options.sizes:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tapewire-bench-"))
            stands.append(Stand(Path(folder), size))
        for _ in range(options.starts):
            for stand in stands:
                stand.start(options.seconds)
        found = [stand.figures() for stand in stands]
    return {
        "benchmark": "growth",
        "sizes": found,
        "goals": [one for size in found for one in _goals(size, found[0])],
        "faults": [
            f"{name} was not READY within {options.seconds:g} s with {size['records']} records"
            for size in found
            for name, one in size["started"].items()
            if one["ready_s"] is None
        ],
    }


class Stand:
    """A run directory with a past, and what the starts on it came to."""

    def __init__(self, folder: Path, records: int) -> None:
        self._folder, self._run_dir = folder, folder / "run"
        self._config = folder / "tapewire.toml"
        self._config.write_text(_CONFIG.format(run_dir=self._run_dir, symbol=SYMBOL))
        self._records = records
        self._past = PastTrading(ACCOUNT, "bench", SYMBOL, records)
        self._run_dir.mkdir(mode=0o700)
        self._checkpoint: Figures | None = None
        self._ready_s: defaultdict[str, list[float | None]] = defaultdict(list)
        self._cpu_s: defaultdict[str, list[float | None]] = defaultdict(list)
        self._peak_mb: defaultdict[str, list[float]] = defaultdict(list)
        if records:
            self._past.write(self._run_dir / "journals")
            self._checkpoint = self._keep()

    def figures(self) -> Figures:
        """Of each process the median of its starts, and its peak of memory."""
        return {
            "records": self._records,
            "journals": self._past.counts,
            "checkpoint": self._checkpoint,
            "started": {
                role: {
                    "ready_s": _median(times),
                    "cpu_s": _median(self._cpu_s[role]),
                    "peak_mb": max(self._peak_mb[role]),
                }
                for role, times in self._ready_s.items()
            },
        }

    def _keep(self) -> Figures:
        """Let the keeper make its checkpoint; what that took."""
        with Children(self._folder) as children:
            began_s, peak_mb = time.monotonic(), 0.0
            keeper = children.start(
                "keeper", ["tapewire.common.runtime.keeper", "--once"], config=self._config
            )
            while keeper.poll() is None:
                with contextlib.suppress(OSError, AssertionError):  # it has just ended
                    peak_mb = max(peak_mb, _peak_mb(keeper.pid))
                time.sleep(LOOK_S)
            if keeper.returncode:
                children.check()
        size = sum(path.stat().st_size for path in self._run_dir.glob("checkpoints/*"))
        took_s = round(time.monotonic() - began_s, 1)
        return {"made_s": took_s, "peak_mb": peak_mb, "size_mb": round(size / 1e6, 1)}

    def start(self, wait_s: float) -> None:
        """Start the whole group, and end it."""
        for old in (self._run_dir / "status").glob("*.json"):
            old.unlink()
        with Children(self._folder) as children:
            children.start("simulator", ["tapewire.simulator", "--member"], config=self._config)
            began_s, pids = {}, {}
            for role, module in GROUP.items():
                began_s[role] = time.monotonic()
                pids[role] = children.start(role, module, config=self._config).pid
            ready_s = _ready_s(children, self._run_dir, began_s, wait_s)
            for role, pid in pids.items():
                self._ready_s[role].append(ready_s.get(role))
                self._cpu_s[role].append(_cpu_s(pid))
                self._peak_mb[role].append(_peak_mb(pid))


def _median(times: Sequence[float | None]) -> float | None:
    known = [one for one in times if one is not None]
    return round(statistics.median(known), 2) if len(known) == len(times) else None


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


def _cpu_s(pid: int) -> float:
    """The processor time that a process took so far: its 14th and 15th field in `proc(5)`."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def _goals(size: Figures, fresh: Figures) -> list[Figures]:
    """Of each process: soon READY, hardly later and hardly larger than with the smallest past."""
    goals = []
    for role, one in size["started"].items():
        name, before = f"{size['records']:,} records: {role}", fresh["started"][role]
        times = (one["ready_s"], before["ready_s"])
        later_s = round(times[0] - times[1], 2) if None not in times else None
        grown_mb = round(one["peak_mb"] - before["peak_mb"], 1)
        goals.append(goal(f"{name} READY", one["ready_s"], "s", most=READY_S_MAX))
        goals.append(goal(f"{name} later by", later_s, "s", most=LATER_S_MAX))
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
    made = size["checkpoint"]
    kept = (
        f"; checkpoint of {made['size_mb']} MB made in {made['made_s']} s with {made['peak_mb']} MB"
        if made
        else ""
    )
    table = Table(title=f"records: {counts}{kept}", title_justify="left")
    for column in ("", "READY after s", "processor s", "largest MB"):
        table.add_column(column, justify="right" if column else "left")
    for role, one in size["started"].items():
        cells = ("-" if one[figure] is None else f"{one[figure]}" for figure in FIGURES)
        table.add_row(role, *cells)
    return table
