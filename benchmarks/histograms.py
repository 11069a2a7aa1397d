"""What recording latencies costs: one strategy process, with its histograms and without, in turns.

Two processes of the same program differ by some percent in CPU time, for where their memory lies.
So it is one process, `load.strategies.Toggling`, whose slices are recorded and not, in turns. It
reports its own CPU time; the median of the pairs' ratios is the cost. How far the quartiles are
apart says how much of it is the machine.
"""

import statistics
from typing import Any, Final

from tapewire.benchmarks.contest import Contender

PAIRS: Final = 80
WARM_UP_TICKS: Final = 100_000

Figures = dict[str, Any]


def cost(contender: Contender, seconds: float) -> Figures:
    """CPU ns per tick, recorded and not, and the ratio; `seconds` are for all pairs together."""
    _slice(contender, WARM_UP_TICKS)  # a process takes longer for its first
    warm = _slice(contender, WARM_UP_TICKS)  # the second is not recorded: the next one is
    count = max(WARM_UP_TICKS // 10, round(seconds / PAIRS / 2 / warm["s"] * WARM_UP_TICKS))
    pairs = [(_slice(contender, count), _slice(contender, count)) for _ in range(PAIRS)]
    recorded, unrecorded = ([one["cpu_ns"] for one in side] for side in zip(*pairs, strict=True))
    ratios = [ours / bare for ours, bare in zip(recorded, unrecorded, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    return {
        "recorded_cpu_ns": round(statistics.median(recorded), 1),
        "unrecorded_cpu_ns": round(statistics.median(unrecorded), 1),
        "cpu_ratio": round(middle, 3),
        "cpu_ratio_quartiles": [round(low, 3), round(high, 3)],
        "pairs": PAIRS,
    }


def _slice(contender: Contender, count: int) -> dict[str, float]:
    """Its seconds, and CPU ns per tick."""
    contender.source.tell(ticks=count)
    begun, ended = contender.sink.hear(), contender.sink.hear()
    return {
        "s": (ended["ns"] - begun["ns"]) / 1e9,
        "cpu_ns": (ended["cpu_ns"] - begun["cpu_ns"]) / count,
    }
