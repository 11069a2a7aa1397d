"""Figures: exact quantiles of samples, ratios, and the goals that they are held against."""

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Any, Final

Summary = dict[str, float | None]

QUANTILES: Final = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}
GOALS: Final = {
    "tick_to_order_p50": 0.75,
    "tick_to_order_p99": 1.0,
    "gateway_to_strategy_p50": 1.2,
    "gateway_to_strategy_p99": 1.5,
    "last_quarter_p50": 2.0,
}
"""How many times the bare chain's latency the group's may be; and how many times its own of a
slice's first quarter its last quarter's, as nothing may queue without bound."""


def summary_us(samples_ns: Iterable[int]) -> Summary:
    """p50, p99, p999 and max in microseconds, and the count: as the processes' own histograms."""
    ordered = sorted(samples_ns)
    count = len(ordered)
    found: Summary = {
        name: ordered[max(0, math.ceil(q * count) - 1)] / 1000 if count else None
        for name, q in QUANTILES.items()
    }
    return {**found, "count": count}


def summary_ms(samples_ns: Iterable[int | None]) -> Summary:
    """The same in milliseconds; None is one that never came, and left out."""
    summary = summary_us(ns for ns in samples_ns if ns is not None)
    found: Summary = {
        name: None if us is None else round(us / 1000, 1)
        for name, us in summary.items()
        if name != "count"
    }
    return {**found, "count": summary["count"]}


def ratio(ours: float | None, bare: float | None) -> float | None:
    """How many times `bare` ours is; None where one was not measured."""
    return round(ours / bare, 2) if ours is not None and bare else None


def median(samples: Sequence[float]) -> float | None:
    """The middle one; None of nothing."""
    return statistics.median(samples) if samples else None


def goal(
    name: str,
    found: float | None,
    unit: str,
    *,
    least: float | None = None,
    most: float | None = None,
    figure: float | None = None,
    figure_unit: str = "/s",
) -> dict[str, Any]:
    """One line of the table: what was found, and the bound that it is held against.

    Where `found` is a ratio (unit `x`), `figure` is the other's own, in `figure_unit`.
    """
    met: bool | None = None  # of a figure without a goal
    if least is not None:
        met = found is not None and found >= least
    elif most is not None:
        met = found is not None and found <= most
    bound = {"goal_min": least} if least is not None else {"goal_max": most}
    if unit != "x":
        figure_unit = unit
    return {
        "name": name,
        "found": found,
        "unit": unit,
        "figure": figure,
        "figure_unit": figure_unit,
        **bound,
        "met": met,
    }
