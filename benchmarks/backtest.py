"""Back-test: ticks per second of CPU through the direct lane, beside the whole group.

One strategy, whose `on_quote` follows a mean and orders now and then, on a made file. In turns: the
lane with columns from the cache, the lane with the first reading of the file, and `--full` on a
part of it. Then bars from the command line, from the start of the program to its end. And both
beside other systems, see `backtest_peers`.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from rich.console import Console

from tapewire.backtest.run import run
from tapewire.backtest.scan import Window
from tapewire.benchmarks.backtest_peers import BACKTESTING, NAUTILUS, Own, Task, compare, goals
from tapewire.benchmarks.load import made_files
from tapewire.benchmarks.options import seconds
from tapewire.benchmarks.report.figures import goal, median, ratio
from tapewire.benchmarks.report.goal_table import goal_table
from tapewire.common.config.settings import Config, InstrumentConfig, StrategyConfig
from tapewire.common.ticks.cache import folder, table_of_file
from tapewire.common.ticks.file import TickFile

__all__ = ["add_options", "measure", "show"]

Figures = dict[str, Any]

ROWS: Final = 1_000_000
FULL_ROWS: Final = 30_000
PEER_ROWS: Final = 200_000
QUOTES_PER_ROW: Final = 2
QUOTES_PER_BAR: Final = 8
NEVER: Final = 10**9
ORDERS_EVERY: Final = 200_000
SECONDS: Final = 15.0
STRATEGY: Final = "tapewire.benchmarks.load.strategies:Following"
GOALS: Final = {"cached": 1_000_000, "first": 300_000, "full": None}
BAR_GOALS_S: Final = {"daily": 3.0, "minute": 5.0}


def add_options(parser: argparse.ArgumentParser) -> None:
    """How long to go round."""
    parser.add_argument(
        "--seconds", type=seconds, default=SECONDS, help=f"of rounds, at least one ({SECONDS:g})"
    )
    parser.add_argument(
        "--peers", default=sys.executable, metavar="PYTHON",
        help="the Python of an environment with NautilusTrader or backtesting.py (this one)",
    )  # fmt: skip


def measure(options: argparse.Namespace) -> Figures:
    """Rates of CPU time, and seconds of the command line."""
    with TemporaryDirectory() as made, _cache_in(Path(made) / "cache"):
        path, faults = made_files.ticks(Path(made) / "ticks.csv", ROWS), list[str]()
        rates: dict[str, list[float]] = {name: [] for name in GOALS}
        until_s = time.monotonic() + options.seconds
        while not rates["full"] or time.monotonic() < until_s:
            for name, one in _ways(path).items():
                rates[name].append(one(faults))
        found = {name: median(each) for name, each in rates.items()}
        taken = {kind: _bars(Path(made), kind, faults) for kind in BAR_GOALS_S}
        peers = compare(_tasks(Path(made)), _own(faults), options.peers)
    return {
        "benchmark": "backtest",
        "ticks_per_s": found,
        "rounds": len(rates["full"]),
        "bars_s": taken,
        "peers": peers,
        "goals": [*_rate_goals(found), *_bar_goals(taken), *goals(peers)],
        "faults": faults,
    }


def _rate_goals(found: dict[str, float | None]) -> list[Figures]:
    goals = [goal(f"ticks, {name}", rate, "/s", least=GOALS[name]) for name, rate in found.items()]
    times = ratio(found["cached"], found["full"])
    return [*goals, goal("cached to full", times, "x", figure=found["full"])]


def _bar_goals(taken: dict[str, Figures]) -> list[Figures]:
    return [
        goal(f"{kind} bars, {what}", one[key], "s", most=BAR_GOALS_S[kind] if key == "s" else None)
        for kind, one in taken.items()
        for what, key in (("start to end", "s"), ("CPU", "cpu_s"))
    ]


def _ways(path: Path) -> dict[str, Callable[[list[str]], float]]:
    def first(faults: list[str]) -> float:
        for entry in folder().glob("*"):
            entry.unlink()
        return _rate(path, faults)

    return {
        "first": first,
        "cached": lambda faults: _rate(path, faults),
        "full": lambda faults: _rate(path, faults, full=True),
    }


def _rate(path: Path, faults: list[str], *, full: bool = False) -> float:
    """Ticks per second of this process's CPU time, the file's reading and the figures included."""
    file = TickFile(path)
    first_ns = next(file.rows(None, None)).ts_ns
    window = Window(None, first_ns + FULL_ROWS * made_files.TICK_NS) if full else Window()
    began_s = time.process_time()
    outcome = run(file, window, _config(), [], full=full, say=lambda _text: None)
    taken_s = time.process_time() - began_s
    faults += outcome.figures["faults"]
    ticks: int = outcome.figures["ticks_published"]
    return ticks / taken_s


def _tasks(made: Path) -> list[Task]:
    few = made_files.ticks(made / "few.csv", PEER_ROWS)
    return [
        Task("ticks, 2 orders", NAUTILUS, few, PEER_ROWS // 2, QUOTES_PER_ROW),
        Task("ticks, an order per 2,000", NAUTILUS, few, 2_000, QUOTES_PER_ROW),
        Task("minute bars, no order", BACKTESTING, made / "minute.csv", NEVER, QUOTES_PER_BAR),
        Task("daily bars, an order per 100", BACKTESTING, made / "daily.csv", 100, QUOTES_PER_BAR),
    ]


def _own(faults: list[str]) -> Own:
    """Ours on a file whose columns are in the cache."""

    def own(path: Path, orders_every: int) -> float:
        table_of_file(TickFile(path))
        began_s = time.process_time()
        outcome = run(TickFile(path), Window(), _config(orders_every), [], say=lambda _text: None)
        taken_s = time.process_time() - began_s
        faults.extend(outcome.figures["faults"])
        return taken_s

    return own


def _config(orders_every: int = ORDERS_EVERY) -> Config:
    strategy = StrategyConfig(
        name="following", strategy=STRATEGY, parameters={"orders_every": orders_every}
    )
    symbols = tuple(InstrumentConfig(symbol=symbol) for symbol in ("AAPL", "MSFT"))
    return Config(instruments=symbols, strategies=(strategy,))


@contextmanager
def _cache_in(path: Path) -> Any:
    """Nothing of the user's own cache is used, or touched."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(path)
    try:
        yield
    finally:
        os.environ.pop("XDG_CACHE_HOME")
        if before is not None:
            os.environ["XDG_CACHE_HOME"] = before


def _bars(made: Path, kind: str, faults: list[str]) -> Figures:
    """A back-test on bars as a person runs it: seconds from its start to its end, and of CPU."""
    config, path = made / "bars.toml", made / f"{kind}.csv"
    made_files.bars(path, minutes=kind == "minute")
    config.write_text(f'[[strategies]]\nname = "following"\nstrategy = "{STRATEGY}"\n')
    line = [sys.executable, "-m", "tapewire.console.cli", "backtest", "--ticks", str(path)]
    before, began_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    ended = subprocess.run(
        [*line, "--config", str(config), "--json"], capture_output=True, text=True, check=False
    )
    taken_s, after = time.monotonic() - began_s, resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.returncode:
        faults.append(f"the back-test of {kind} bars ended with {ended.returncode}: {ended.stderr}")
    cpu_s = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return {"s": round(taken_s, 2), "cpu_s": round(cpu_s, 2)}


def show(figures: Figures) -> None:
    """Print all of it."""
    console = Console(markup=False)
    console.print(goal_table({figures["benchmark"]: figures}))
    for one in figures["peers"].values():
        if "skipped" in one:
            console.print(f"{one['peer']} is skipped: {one['skipped']}")
    for fault in figures["faults"]:
        console.print(fault, style="red")
