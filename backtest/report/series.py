"""What the report draws, from the curves of a back-test: pure functions of arrays.

A report stays small however long the run was: each curve is cut into `BUCKETS` parts of equally
many points, and only the lowest and the highest value of each part are kept. So no spike is lost.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from tapewire.backtest.report.statistics import Floats, Times
from tapewire.common.events import Fill, signed

BUCKETS: Final = 1_000
BINS_MAX: Final = 40
Places = NDArray[np.intp]


class Histogram(msgspec.Struct, frozen=True):
    """How many values are in each of equal ranges; range n is from `edges[n]` to the next."""

    edges: list[float]
    counts: list[int]


class Year(msgspec.Struct, frozen=True):
    """The return of each month, None where it has no trading day, and of the year."""

    year: int
    months: list[float | None]
    total: float


def extremes(values: Floats, buckets: int = BUCKETS) -> Places:
    """The places of the first and the last value, and of the lowest and the highest of each of
    `buckets` parts; every place where there are no more than two per part."""
    size = values.size
    if size <= 2 * buckets:
        return np.arange(size)
    places = {0, size - 1}
    for part in np.array_split(np.arange(size), buckets):
        places |= {int(part[values[part].argmin()]), int(part[values[part].argmax()])}
    return np.array(sorted(places))


def union(*places: Places) -> Places:
    """All of the places, ascending, each once."""
    found: Places = np.unique(np.concatenate(places))
    return found


def in_force(times: Times, values: Floats, moments: Times, before: float) -> Floats:
    """The value in force at each moment: the last one at or ahead of it, `before` without one."""
    places = np.searchsorted(times, moments, side="right")
    found: Floats = np.concatenate(([before], values))[places]
    return found


def gross_value(
    fills: Sequence[Fill],
    prices: Mapping[str, tuple[Times, Floats]],
    multipliers: Mapping[str, Decimal],
    moments: Times,
) -> Floats:
    """The value of all positions at each moment, long and short ones added up without their sign.

    A symbol's position is that of all strategies and accounts together. Before its first price it
    has no value.
    """
    total = np.zeros(moments.size)
    for symbol in sorted({fill.symbol for fill in fills} & prices.keys()):
        own = [fill for fill in fills if fill.symbol == symbol]
        times = np.array([fill.ts_ns for fill in own], dtype=np.int64)
        held = np.cumsum([float(signed(fill.side, fill.quantity)) for fill in own])
        quantity = in_force(times, held, moments, 0.0)
        price = in_force(*prices[symbol], moments, 0.0)
        total += np.abs(quantity * price) * float(multipliers.get(symbol, Decimal(1)))
    return total


def years(days: Sequence[date], closes: Floats) -> list[Year]:
    """The returns of months and years; `closes` begins with the capital, before the first day."""
    named = [(day.year, day.month) for day in days]
    ends = [n for n in range(1, len(days)) if named[n] != named[n - 1]]
    ends += [len(days)] if days else []
    months, before = [], 0
    for end in ends:
        months.append((days[end - 1], float(closes[before]), float(closes[end])))
        before = end
    found = []
    for year, of in groupby(months, key=lambda month: month[0].year):
        row: list[float | None] = [None] * 12
        parts = list(of)
        for day, first, last in parts:
            row[day.month - 1] = _growth(first, last)
        found.append(Year(year, row, _growth(parts[0][1], parts[-1][2]) or 0.0))
    return found


def histogram(values: Floats) -> Histogram | None:
    """The values in about `BINS_MAX` equal ranges at most; None where there are fewer than two.

    One of the ranges begins at 0, so that each has gains or losses only.
    """
    if values.size < 2:
        return None
    wanted = min(max(int(values.size**0.5), 5), BINS_MAX)
    width = float(values.max() - values.min()) / wanted or abs(float(values[0])) or 1.0
    first, last = np.floor(values.min() / width), np.floor(values.max() / width) + 1
    edges = np.arange(first, last + 1) * width
    counts, _ = np.histogram(values, bins=edges)
    return Histogram(edges.tolist(), counts.tolist())


def _growth(first: float, last: float) -> float | None:
    return last / first - 1 if first > 0 else None
