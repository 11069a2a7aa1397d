"""Recorder: what it costs to capture 50,000 ticks per second, by ticks per message.

Made quotes -> `TickPublisher` -> ZeroMQ (ipc) -> `python -m tapewire.recorder`, which appends them
to a segment and puts them on the disk each second. What it computes is the kernel's own count of
its CPU time, all its threads together. Afterwards everything is made Parquet and counted: a cost
without the rows would be none.
"""

import argparse
import signal
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from tapewire.benchmarks.load import made_ticks as made
from tapewire.benchmarks.load.children import Children
from tapewire.benchmarks.load.machine import cpu_s, rss_mb
from tapewire.benchmarks.load.paced import Publishing
from tapewire.benchmarks.load.tick_source import open_market, wait_for
from tapewire.benchmarks.options import counts, seconds
from tapewire.benchmarks.report.figures import goal
from tapewire.benchmarks.report.goal_table import goal_table
from tapewire.benchmarks.tick_contest import write_config
from tapewire.common.bus import wire
from tapewire.common.bus.endpoints import endpoint, prepare_run_dir
from tapewire.common.config.settings import BusConfig
from tapewire.recorder.compaction import compact
from tapewire.recorder.folder import Folder
from tapewire.recorder.store import Store

Figures = dict[str, Any]

RATE_PER_S: Final = 50_000
PER_MESSAGE: Final = (20, 5)
CPU_PERCENT_GOAL: Final = 3.0
SYMBOLS: Final = 6
WARM_UP_S: Final = 1.0
SETTLE_S: Final = 1.5
"""Until all that was sent is taken and on the disk."""
END_S: Final = 10.0
QUEUE_MESSAGES: Final = 10_000


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options: duration, rate and ticks per message."""
    parser.add_argument("--seconds", type=seconds, default=8.0, help="measured per stage (8)")
    parser.add_argument("--rate", type=int, default=RATE_PER_S, help="ticks/s (50000)")
    parser.add_argument(
        "--per-message", type=counts, default=PER_MESSAGE, help="ticks in a message (20,5)"
    )


def measure(options: argparse.Namespace) -> Figures:
    """A recorder of its own for each number of ticks in a message."""
    stages = [_stage(count, options.rate, options.seconds) for count in options.per_message]
    return {
        "benchmark": "recorder",
        "seconds": options.seconds,
        "rate_per_s": options.rate,
        "stages": stages,
        "goals": [
            goal(
                f"{one['per_message']} ticks per message: CPU of the recorder",
                one["cpu_percent"], "%", most=CPU_PERCENT_GOAL,
            )
            for one in stages
        ],
        "faults": [
            f"{one['per_message']} per message: {one['recorded']:,} of {one['sent']:,} recorded"
            for one in stages
            if one["recorded"] != one["sent"]
        ],
    }  # fmt: skip


def _stage(per_message: int, rate: int, measured_s: float) -> Figures:
    with (
        tempfile.TemporaryDirectory(prefix="tapewire-bench-") as name,
        Children(Path(name)) as children,
    ):
        run_dir = prepare_run_dir(children.folder / "run")
        config = write_config(children.folder, SYMBOLS, "recorder = { enabled = true }", "Counting")
        recorder = children.start("recorder", ["tapewire.recorder"], config=config)
        market = open_market(endpoint("market", BusConfig(), run_dir), QUEUE_MESSAGES)
        wait_for(market, {wire.topic(f"tick.{one}") for one in made.symbols(SYMBOLS)})
        publish = Publishing(market, SYMBOLS, per_message)
        publish.run(rate, WARM_UP_S)
        before_s = cpu_s(recorder.pid)
        publish.run(rate, measured_s)
        spent_s = cpu_s(recorder.pid) - before_s
        children.check()
        time.sleep(SETTLE_S)
        memory = rss_mb(recorder.pid)
        recorder.send_signal(signal.SIGTERM)
        recorder.wait(END_S)
        market.close()
        recorded = _recorded(run_dir)
    return {
        "per_message": per_message,
        "sent": publish.sent,
        "recorded": recorded,
        "cpu_percent": round(spent_s / measured_s * 100, 2),
        "rss_mb": memory,
    }


def _recorded(run_dir: Path) -> int:
    """The rows of all that was recorded, once it is Parquet."""
    (path,) = run_dir.glob("recorded*")
    folder = Folder(path)
    compact(folder)
    return sum(entry.rows for entry in Store(folder).entries([]))


def show(figures: Figures) -> None:
    """Print all of it."""
    console = Console(markup=False)
    for one in figures["stages"]:
        console.print(
            f"{one['per_message']} ticks per message: {one['cpu_percent']} % of a core,"
            f" {one['recorded']:,} of {one['sent']:,} ticks recorded, {one['rss_mb']} MB"
        )
    console.print(goal_table({figures["benchmark"]: figures}))
    for fault in figures["faults"]:
        console.print(fault, style="red")
