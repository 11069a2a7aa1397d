"""Throughput: ticks through a market PUB into a strategy's callback, in another process.

Made quotes -> `common.streams.TickPublisher` -> ZeroMQ (ipc) -> `python -m strategy` as it is,
with a strategy whose `on_quote` counts: one Python call a tick. Beside it, in slices that take
turns with its own: NautilusTrader, vn.py's EventEngine, pyzmq with msgpack and one tick a
message, and the floor, which is Tapewire's own messages received and dropped.
"""

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from benchmarks.children import Children, Talk
from benchmarks.contest import Contender, Entry, contest, faults, where_of
from benchmarks.contest_show import show
from benchmarks.figures import goal
from benchmarks.made import MARK, symbols
from benchmarks.options import counts, seconds
from benchmarks.tick_source import QUEUE_MESSAGES, READ_TICKS

__all__ = ["add_options", "measure", "show"]

Figures = dict[str, Any]

TICKS_PER_S_GOAL: Final = 2_000_000
RATIO_GOALS: Final = {"nautilus": 7.0, "vnpy": 12.0, "pyzmq_plain": 10.0}

_CONFIG: Final = """\
run_dir = "{run_dir}"
bus = {{ messages_max = {messages_max} }}

[[strategies]]
name = "bench"
strategy = "benchmarks.strategies:Counting"

{instruments}
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """How long, and of how many symbols."""
    parser.add_argument(
        "--seconds", type=seconds, default=6.0, help="measured a contender and count (6)"
    )
    parser.add_argument("--symbols", type=counts, default=[1, 6], help="with commas (1,6)")


def measure(options: argparse.Namespace) -> Figures:
    """Each number of symbols, with new processes."""
    runs = [_measure(count, options.seconds) for count in options.symbols]
    return {
        "benchmark": "throughput",
        "seconds": options.seconds,
        "ticks_per_read": READ_TICKS,
        "runs": runs,
        "goals": [one for run in runs for one in _goals(run)],
        "faults": [one for run in runs for one in faults(run, where_of(run))],
    }


def _measure(symbol_count: int, measured_s: float) -> Figures:
    with (
        tempfile.TemporaryDirectory(prefix="tapewire-bench-") as name,
        Children(Path(name)) as children,
    ):
        entries = {
            "tapewire": Entry(lambda: _tapewire(children, symbol_count)),
            "nautilus": Entry(_alone(children, "with_nautilus", symbol_count), "nautilus_trader"),
            "vnpy": Entry(
                _alone(children, "with_vnpy", symbol_count), "vnpy", "pip install --no-deps vnpy"
            ),
            "pyzmq_plain": Entry(_pyzmq(children, "plain", symbol_count)),
            "pyzmq_floor": Entry(_pyzmq(children, "floor", symbol_count)),
        }
        return {"symbols": symbol_count, **contest(entries, measured_s)}


def _tapewire(children: Children, symbol_count: int) -> Contender:
    run_dir, config = children.folder / "run", children.folder / "tapewire.toml"
    names = (*symbols(symbol_count), MARK)
    config.write_text(
        _CONFIG.format(
            run_dir=run_dir,
            messages_max=QUEUE_MESSAGES,
            instruments="\n".join(f'[[instruments]]\nsymbol = "{name}"' for name in names),
        )
    )
    source = Talk(children, "source", ["benchmarks.tick_source", run_dir, symbol_count])
    sink = Talk(children, "strategy-bench", ["strategy", "bench"], config=config)
    source.hear()
    return Contender(source, sink, {"source": source.pid, "strategy": sink.pid})


def _alone(children: Children, module: str, symbol_count: int) -> Callable[[], Contender]:
    """One process that is source and sink."""

    def start() -> Contender:
        talk = Talk(children, module, [f"benchmarks.{module}", symbol_count])
        talk.hear()
        return Contender(talk, talk, {})

    return start


def _pyzmq(children: Children, kind: str, symbol_count: int) -> Callable[[], Contender]:
    def start() -> Contender:
        address = f"ipc://{children.folder / kind}"
        source, sink = (
            Talk(
                children, f"{kind}-{role}",
                ["benchmarks.with_pyzmq", kind, role, address, symbol_count],
            )
            for role in ("pub", "sub")
        )  # fmt: skip
        source.hear()
        return Contender(source, sink, {"source": source.pid, "sink": sink.pid})

    return start


def _goals(run: Figures) -> list[Figures]:
    where, contenders = where_of(run), run["contenders"]
    rate = contenders["tapewire"]["ticks_per_s"]
    return [
        goal(f"{where}: into one strategy", rate, "/s", least=TICKS_PER_S_GOAL),
        *(
            goal(
                f"{where}: times {name}", run["ratios"][name], "x",
                least=least, figure=contenders[name].get("ticks_per_s"),
            )
            for name, least in RATIO_GOALS.items()
            if "skipped" not in contenders[name]
        ),
    ]  # fmt: skip
