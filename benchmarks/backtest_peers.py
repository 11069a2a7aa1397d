"""The back-test beside NautilusTrader on ticks and backtesting.py on bars, in turns in one run.

Each runs the same strategy with as many orders on the same file. Of ours all CPU time counts, from
the file's columns in the cache to the statistics. Of theirs their engine's `run` alone does: their
data are objects in memory by then. Rates are rows of the file per second, as each makes other ticks
of a row.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from tapewire.benchmarks import peers
from tapewire.benchmarks.report.figures import goal, median, ratio
from tapewire.common import extras

Figures = dict[str, Any]
ROUNDS: Final = 3


class Peer(NamedTuple):
    """Another system: what it is called, its module, its script, and what our rate is to be times
    its own."""

    name: str
    module: str
    script: str
    install: str
    times: float


class Task(NamedTuple):
    """A file with so many rows or bars, an order each so many of them, and the peer that does it
    too. Ours has so many quotes of each: a row changes both sides, a bar is up to four rows."""

    name: str
    peer: Peer
    path: Path
    orders_every: int
    quotes: int


NAUTILUS: Final = Peer(
    "NautilusTrader", "nautilus_trader", "nautilus_backtest.py",
    "pip install nautilus_trader, in an environment of Python 3.12 for its newest release", 1.5,
)  # fmt: skip
BACKTESTING: Final = Peer(
    "backtesting.py", "backtesting", "backtesting_py.py", "pip install backtesting", 1.0
)  # fmt: skip
Own = Callable[[Path, int], float]
"""Runs ours on a file, with an order each so many quotes; gives CPU seconds."""


def compare(tasks: list[Task], own: Own, python: str) -> Figures:
    """Each task in turns, ours and the peer's; `python` is the one whose environment has peers."""
    return {one.name: _compared(one, own, python) for one in tasks}


def _compared(task: Task, own: Own, python: str) -> Figures:
    if lacking := _missing(task.peer, python):
        return {"peer": task.peer.name, "skipped": lacking}
    ours, theirs, ratios, last = list[float](), list[float](), list[float](), Figures()
    for _ in range(ROUNDS):
        cpu_s = own(task.path, task.orders_every * task.quotes)
        last = _run(task, python)
        ours.append(last["rows"] / cpu_s)
        theirs.append(last["rows"] / last["cpu_s"])
        ratios.append(ours[-1] / theirs[-1])
    return {
        "peer": task.peer.name,
        "version": last["version"],
        "rows_per_s": median(ours),
        "peer_rows_per_s": median(theirs),
        "peer_orders": last["orders"],
        "times": ratio(median(ratios), 1.0),
    }


def _run(task: Task, python: str) -> Figures:
    """The last line that a peer prints."""
    line = [python, "-W", "ignore", str(_script(task.peer)), str(task.path), str(task.orders_every)]
    ended = subprocess.run(line, capture_output=True, text=True, check=True)
    found: Figures = json.loads(ended.stdout.splitlines()[-1])
    return found


def _script(peer: Peer) -> Path:
    return Path(next(iter(peers.__path__))) / peer.script


def _missing(peer: Peer, python: str) -> str:
    """A sentence where an environment does not have a peer."""
    if python == sys.executable:
        return extras.missing(peer.module, peer.install)
    look = f"import importlib.util as u; raise SystemExit(u.find_spec({peer.module!r}) is None)"
    has = subprocess.run([python, "-c", look], capture_output=True, check=False).returncode == 0
    return "" if has else f"{python} has no {peer.module}; {peer.install}"


def goals(found: Figures) -> list[Figures]:
    """How many times as fast ours is, beside what it is to be, and the peer's own rate."""
    least = {one.name: one.times for one in (NAUTILUS, BACKTESTING)}
    return [
        goal(
            f"{name}: {one['peer']} {one['version']}", one["times"], "x",
            least=least[one["peer"]], figure=one["peer_rows_per_s"],
        )
        for name, one in found.items()
        if "skipped" not in one
    ]  # fmt: skip
