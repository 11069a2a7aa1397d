"""TWS: bytes on a TCP socket through the gateway into a strategy's callback, in another process.

tickPrice and tickSize messages, half and half, each of which changes a quote, as fast as they are
taken -> `python -m gateway` -> ZeroMQ -> `python -m strategy` with a strategy whose `on_quote`
counts. Beside it, in slices that take turns, the same bytes into ibapi as shipped (socket to
callback) and ib_async (socket to event), which publish to nobody.
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

__all__ = ["add_options", "measure", "show"]

Figures = dict[str, Any]

TICKS_PER_S_GOALS: Final = {6: 1_200_000, 500: 500_000}
RATIO_GOALS: Final = {"ibapi": 16.0, "ib_async": 5.0}

_CONFIG: Final = """\
run_dir = "{run_dir}"
tws = {{ port = {port}, rate_max_per_s = 0, settle_ms = 0, reconnect_ms = 100 }}

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
    parser.add_argument("--symbols", type=counts, default=[6, 500], help="with commas (6,500)")


def measure(options: argparse.Namespace) -> Figures:
    """Each number of symbols, with new processes."""
    runs = [_measure(count, options.seconds) for count in options.symbols]
    return {
        "benchmark": "tws",
        "seconds": options.seconds,
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
            "ibapi": Entry(_client(children, "ibapi", symbol_count), "ibapi"),
            "ib_async": Entry(_client(children, "ib_async", symbol_count), "ib_async"),
        }
        return {"symbols": symbol_count, **contest(entries, measured_s)}


def _flood(children: Children, name: str, symbol_count: int) -> tuple[Talk, int]:
    """A TWS for one client, and the port it listens on."""
    flood = Talk(children, f"flood-{name}", ["benchmarks.tws_flood", symbol_count])
    return flood, flood.hear()["port"]


def _tapewire(children: Children, symbol_count: int) -> Contender:
    flood, port = _flood(children, "tapewire", symbol_count)
    config = children.folder / "tapewire.toml"
    instruments = (
        f'[[instruments]]\nsymbol = "{name}"\ncon_id = {number}'
        for number, name in enumerate((*symbols(symbol_count), MARK), 1)
    )
    config.write_text(
        _CONFIG.format(
            run_dir=children.folder / "run", port=port, instruments="\n".join(instruments)
        )
    )
    gateway = children.start("gateway", ["gateway"], config=config)
    sink = Talk(children, "strategy-bench", ["strategy", "bench"], config=config)
    flood.hear()
    return Contender(flood, sink, {"gateway": gateway.pid, "strategy": sink.pid}, True)


def _client(children: Children, name: str, symbol_count: int) -> Callable[[], Contender]:
    def start() -> Contender:
        flood, port = _flood(children, name, symbol_count)
        sink = Talk(children, name, [f"benchmarks.with_{name}", port, symbol_count])
        flood.hear()
        return Contender(flood, sink, {"client": sink.pid}, True)

    return start


def _goals(run: Figures) -> list[Figures]:
    where, contenders = where_of(run), run["contenders"]
    found = []
    if run["symbols"] in TICKS_PER_S_GOALS:
        rate, least = contenders["tapewire"]["ticks_per_s"], TICKS_PER_S_GOALS[run["symbols"]]
        found.append(goal(f"{where}: through the gateway", rate, "/s", least=least))
    return found + [
        goal(
            f"{where}: times {name}", run["ratios"][name], "x",
            least=least, figure=contenders[name].get("ticks_per_s"),
        )
        for name, least in RATIO_GOALS.items()
        if "skipped" not in contenders[name]
    ]  # fmt: skip
