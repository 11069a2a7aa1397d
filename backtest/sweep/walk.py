"""Walk-forward: choose the best parameters on one span of time, judge them on the next.

The spans move on by the length of the one that judges, so that those follow each other without a
gap, and none of the days that judge was there when its parameters were chosen. Their runs, one
after the other, are what somebody would have earned who chose again each time.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

import msgspec
import numpy as np

from tapewire.backtest.report.performance import Equity, Statistics, measured
from tapewire.backtest.scan import Window
from tapewire.backtest.sweep.trial import Curve
from tapewire.common.errors import ConfigError
from tapewire.common.ticks.stamps import iso
from tapewire.common.ticks.table import TickTable

UNITS_NS: Final = {"h": 3_600 * 10**9, "d": 86_400 * 10**9, "w": 7 * 86_400 * 10**9}
_SPANS: Final = re.compile(r"(\d{1,5})([hdw]):(\d{1,5})([hdw])")
FOLDS_MAX: Final = 10_000


class Walk(msgspec.Struct, frozen=True):
    """How long the spans are, in nanoseconds of calendar time."""

    train_ns: int
    test_ns: int


class Fold(msgspec.Struct, frozen=True):
    """The span on which parameters are chosen, and the one behind it on which they are judged, if
    there is one."""

    train: Window
    test: Window | None = None


def walk_of(text: str) -> Walk:
    """The lengths of a text such as `90d:30d`; raises `ConfigError`."""
    found = _SPANS.fullmatch(text)
    lengths = found and [int(found[n]) * UNITS_NS[found[n + 1]] for n in (1, 3)]
    if not lengths or 0 in lengths:
        raise ConfigError(
            f"--walk-forward is {text!r:.60}, must be TRAIN:TEST, each in h, d or w: 90d:30d"
            " chooses on 90 days and judges on the next 30"
        )
    return Walk(*lengths)


def folds(table: TickTable, walk: Walk) -> list[Fold]:
    """The spans of a file, from its first row on; the last that judges may be shorter.

    Spans of whole days begin at midnight UTC. Without a row in either of its spans a fold is left
    out: a weekend, say. Raises `ConfigError` if none is left.
    """
    found = [
        one
        for one in _spans(int(table.ts_ns[0]), int(table.ts_ns[-1]), walk)
        if _has_rows(table, one.train) and _has_rows(table, one.test)
    ]
    if not found:
        raise ConfigError(
            f"--walk-forward: the file has {iso(int(table.ts_ns[0]))} to"
            f" {iso(int(table.ts_ns[-1]))}, which is too short for one span to choose on and"
            " another to judge on; give shorter ones"
        )
    return found


def _spans(first_ns: int, last_ns: int, walk: Walk) -> Iterator[Fold]:
    day_ns = UNITS_NS["d"]
    if walk.train_ns % day_ns == 0 and walk.test_ns % day_ns == 0:
        first_ns -= first_ns % day_ns
    start_ns = first_ns
    if (last_ns - first_ns) // walk.test_ns > FOLDS_MAX:
        raise ConfigError(f"--walk-forward makes more than {FOLDS_MAX:,} spans; give longer ones")
    while (middle_ns := start_ns + walk.train_ns) <= last_ns:
        end_ns = min(middle_ns + walk.test_ns, last_ns + 1)
        yield Fold(Window(start_ns, middle_ns), Window(middle_ns, end_ns))
        start_ns += walk.test_ns


def _has_rows(table: TickTable, window: Window | None) -> bool:
    return window is not None and len(table.between(window.from_ns, window.to_ns)) > 0


def joined(curves: Sequence[Curve]) -> Statistics | None:
    """The statistics of runs one after the other, each with what the one before left as its
    capital: their returns are multiplied. None without a run.

    Trades keep the size that they had, and so do the statistics of trades.
    """
    if not curves:
        return None
    capital = curves[0].closes[0]
    factor, parts = 1.0, []
    for curve in curves:
        scale = factor * capital / curve.closes[0]
        parts.append((np.array(curve.values) * scale, np.array(curve.closes) * scale))
        factor = float(parts[-1][1][-1]) / capital
    equity = Equity(
        times_ns=np.array([ts_ns for one in curves for ts_ns in one.times_ns], dtype=np.int64),
        values=np.concatenate([values for values, _ in parts]),
        days=[date.fromisoformat(day) for one in curves for day in one.days],
        closes=np.concatenate([[capital], *(closes[1:] for _, closes in parts)]),
    )
    nets = np.array([net for one in curves for net in one.nets])
    return measured(Decimal(capital), equity, nets, _exposure(curves))


def _exposure(curves: Sequence[Curve]) -> float | None:
    """The share of time with a position: each run counts by its days."""
    known = [(one.exposure, len(one.days)) for one in curves if one.exposure is not None]
    days = sum(count for _, count in known)
    return sum(share * count for share, count in known) / days if days else None
