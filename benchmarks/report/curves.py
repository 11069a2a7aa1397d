"""Latency by percentile, as points: what share of the samples was faster than that."""

import math
from collections.abc import Iterable
from typing import Final

from tapewire.benchmarks.report.figures import Summary

Point = tuple[float, float]
"""The share of all samples that were faster, from 0 to below 1, and the latency in us."""

POINTS_PER_NINE: Final = 20
NAMED: Final = {"p50": 0.5, "p99": 0.99, "p999": 0.999}


def curve_us(samples_ns: Iterable[int]) -> list[Point]:
    """Points evenly over the nines, from the fastest sample to the slowest: nothing is between
    samples, and nothing beyond the last, of which the share 1 - 1/n was faster."""
    ordered = sorted(samples_ns)
    count = len(ordered)
    if not count:
        return []
    steps = math.ceil(math.log10(count) * POINTS_PER_NINE) + 1
    slower = {max(1, round(count * 10 ** (-step / POINTS_PER_NINE))) for step in range(steps)}
    return [((count - left) / count, ordered[-left] / 1000) for left in sorted(slower)[::-1]]


def points_us(summary: Summary) -> list[Point]:
    """The few points that a process's own histogram tells, as far as it has samples for them."""
    count, slowest = summary.get("count"), summary.get("max")
    if not count or slowest is None:
        return []
    last = 1 - 1 / count
    told = [(share, summary.get(name)) for name, share in NAMED.items() if share < last]
    return [(share, us) for share, us in told if us is not None] + [(last, slowest)]
