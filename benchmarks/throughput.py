"""Throughput: ticks through a market PUB into a strategy's callback, in another process.

Made quotes -> `common.bus.streams.TickPublisher` -> ZeroMQ (ipc) -> `python -m tapewire.strategy`,
with a strategy whose `on_quote` counts: one Python call per tick. Beside it, in slices that take
turns with its own: NautilusTrader, vn.py's gateway and its engine alone, pyzmq with msgpack and
one tick per message, and the floor, which is Tapewire's own messages received and dropped. After
that, what the strategy's latency histograms cost.
"""

from collections.abc import Callable
from typing import Any, Final

from tapewire.benchmarks.contest import Contender, Entry, where_of
from tapewire.benchmarks.histograms import cost
from tapewire.benchmarks.load.children import Children, Talk
from tapewire.benchmarks.load.tick_source import QUEUE_MESSAGES
from tapewire.benchmarks.report.figures import goal
from tapewire.benchmarks.tick_contest import (
    TickContest,
    alone,
    rate_goal,
    ratio_goals,
    write_config,
)

__all__ = ["add_options", "measure", "show"]

Figures = dict[str, Any]

TICKS_PER_S_GOAL: Final = 2_000_000
RATIO_GOALS: Final = {"nautilus": 7.0, "vnpy": 12.0, "vnpy_engine": None, "pyzmq_plain": 10.0}
HISTOGRAMS_GOAL: Final = 1.02  # times the CPU a tick without them

_VNPY: Final = ("vnpy", "pip install --no-deps vnpy")


def _entries(children: Children, symbol_count: int) -> dict[str, Entry]:
    def vnpy(kind: str) -> Entry:
        return Entry(alone(children, f"vnpy-{kind}", "vnpy_peer", kind, symbol_count), *_VNPY)

    return {
        "tapewire": Entry(lambda: _tapewire(children, symbol_count, "Counting")),
        "nautilus": Entry(
            alone(children, "nautilus", "nautilus_peer", symbol_count), "nautilus_trader"
        ),
        "vnpy": vnpy("gateway"),
        "vnpy_engine": vnpy("engine"),
        "pyzmq_plain": Entry(_pyzmq(children, "plain", symbol_count)),
        "pyzmq_floor": Entry(_pyzmq(children, "floor", symbol_count)),
    }


def _tapewire(children: Children, symbol_count: int, strategy: str) -> Contender:
    """A source and one of `load.strategies`, in a run directory of their own."""
    folder, bus = children.folder / strategy, f"bus = {{ messages_max = {QUEUE_MESSAGES} }}"
    config = write_config(folder, symbol_count, bus, strategy)
    source = Talk(
        children,
        f"source-{strategy}",
        ["tapewire.benchmarks.load.tick_source", folder / "run", symbol_count],
    )
    sink = Talk(children, f"strategy-{strategy}", ["tapewire.strategy", "bench"], config=config)
    source.hear()
    return Contender(source, sink, {"source": source.pid, "strategy": sink.pid})


def _pyzmq(children: Children, kind: str, symbol_count: int) -> Callable[[], Contender]:
    def start() -> Contender:
        address = f"ipc://{children.folder / kind}"
        source, sink = (
            Talk(
                children, f"{kind}-{role}",
                ["tapewire.benchmarks.peers.pyzmq_peer", kind, role, address, symbol_count],
            )
            for role in ("pub", "sub")
        )  # fmt: skip
        source.hear()
        return Contender(source, sink, {"source": source.pid, "sink": sink.pid})

    return start


def _histograms(children: Children, symbol_count: int, seconds: float) -> Figures:
    """Twice as long as a contender has: a percent is looked for."""
    return {"histograms": cost(_tapewire(children, symbol_count, "Toggling"), 2 * seconds)}


def _goals(run: Figures) -> list[Figures]:
    histograms = run["histograms"]
    return [
        rate_goal(run, "into one strategy", TICKS_PER_S_GOAL),
        goal(
            f"{where_of(run)}: latency histograms, CPU with to without",
            histograms["cpu_ratio"], "x", most=HISTOGRAMS_GOAL,
            figure=histograms["unrecorded_cpu_ns"], figure_unit="ns",
        ),
        *ratio_goals(run, RATIO_GOALS),
    ]  # fmt: skip


_CONTEST: Final = TickContest("throughput", (1, 6), _entries, _goals, _histograms)
add_options, measure, show = _CONTEST.add_options, _CONTEST.measure, _CONTEST.show
