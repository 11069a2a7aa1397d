"""Figures: exact quantiles of samples, ratios, and the goals that ratios are held against."""

import math
from collections.abc import Iterable
from typing import Final

Summary = dict[str, float | None]

QUANTILES: Final = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}
GOALS: Final = {
    "tick_to_order_p50": 1.3,
    "tick_to_order_p99": 2.0,
    "gateway_to_strategy_p50": 1.5,
}
"""How many times the bare chain's latency the group's may be."""


def summary_us(samples_ns: Iterable[int]) -> Summary:
    """p50, p99, p999 and max in microseconds, and the count: as the processes' own histograms."""
    ordered = sorted(samples_ns)
    count = len(ordered)
    found: Summary = {
        name: ordered[max(0, math.ceil(q * count) - 1)] / 1000 if count else None
        for name, q in QUANTILES.items()
    }
    return {**found, "count": count}


def ratio(ours: float | None, bare: float | None) -> float | None:
    """How many times `bare` ours is; None where one was not measured."""
    return round(ours / bare, 2) if ours is not None and bare else None
