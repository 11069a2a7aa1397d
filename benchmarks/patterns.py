"""Patterns: ticks per second through ten patterns on one symbol, on one core.

The ticks are made by seed: a walk of 200 ticks per second, a quote and a trade in turns. They are
given as messages of the market bring them, `BATCH` at once, to a `Matcher` that holds all ten.
Counted is the process's CPU time, and the fastest of the rounds: whatever else the machine does
only takes time away.

The naive matcher is the specification, and gets the first `NAIVE_TICKS` of the same ticks. Its
time grows with their square, so the ratio says what compiling saves at that length; of more ticks
it is larger. Whether both find the same is checked on them: if not, that is a fault.
"""

import argparse
import random
import time
from collections.abc import Sequence
from typing import Any, Final

from rich.console import Console

from tapewire.benchmarks.options import seconds
from tapewire.benchmarks.report.figures import goal, ratio
from tapewire.benchmarks.report.goal_table import goal_table
from tapewire.common.events import Quote, Tick, Trade
from tapewire.common.patterns import naive
from tapewire.common.patterns.declare import Pattern, run, step, times
from tapewire.common.patterns.expressions import previous
from tapewire.common.patterns.figures import highest, last, lowest
from tapewire.common.patterns.matcher import Matcher
from tapewire.common.patterns.sources import quote, trade

Figures = dict[str, Any]

SYMBOL: Final = "AAPL"
TICKS: Final = 200_000
NAIVE_TICKS: Final = 400
BATCH: Final = 100
GOAL_PER_S: Final = 500_000
BEGIN_NS: Final = 1_704_724_200 * 10**9


def ten() -> dict[str, Pattern[Any]]:
    """The patterns, by name."""
    high, low = highest(trade.price, "day"), lowest(trade.price, "day")
    broke, fell = step(trade.price > high), step(trade.price < low)
    wide = step(quote.spread >= 0.05)
    lifted = step(trade.price >= last(quote.ask))
    return {
        "five rising trades within 2 s": run(5, trade.price > previous[trade.price]).within("2s"),
        "five falling trades within 2 s": run(5, trade.price < previous[trade.price]).within("2s"),
        "a rising bid, six times": run(6, quote.bid > previous[quote.bid]).within("1s"),
        "break of the high, retest": broke.then(trade.price <= broke[high] - 0.05).within("10m"),
        "break of the low, retest": fell.then(trade.price >= fell[low] + 0.05).within("10m"),
        "three large trades within 1 s": times(3, trade.size >= 900).within("1s"),
        "a price and a size": step((trade.price > 100) & (trade.size >= 990)),
        "a wide quote, then a large trade": wide.then(trade.size >= 950).within("1s"),
        "a trade at the ask": lifted,
        "a huge trade, no wide quote": step(trade.size >= 995).then_not(
            quote.spread >= 0.05, "30ms"
        ),
    }


def made(count: int, seed: int = 1) -> list[Tick]:
    """A walk of whole cents."""
    chance, cents, now = random.Random(seed), 10_000, BEGIN_NS
    found: list[Tick] = []
    for number in range(count):
        now += 5_000_000
        cents += chance.choice((-1, 0, 0, 1))
        if number % 2:
            found.append(Trade(SYMBOL, now, cents / 100, float(chance.randint(1, 1000))))
        else:
            wide = chance.choice((1, 1, 1, 2, 5))
            found.append(Quote(SYMBOL, now, cents / 100, 1.0, (cents + wide) / 100, 1.0))
    return found


def add_options(parser: argparse.ArgumentParser) -> None:
    """How long to measure."""
    parser.add_argument("--seconds", type=seconds, default=5.0, help="of measuring (5)")


def measure(options: argparse.Namespace) -> Figures:
    """Rounds over the same ticks until the time is over, and the naive matcher once."""
    patterns, ticks = ten(), made(TICKS)
    rates: list[float] = []
    matches = 0
    ends = time.monotonic() + options.seconds
    while not rates or time.monotonic() < ends:
        rate, matches = _round(list(patterns.values()), ticks)
        rates.append(rate)
    few = ticks[:NAIVE_TICKS]
    naive_rate, expected = _naive(list(patterns.values()), few)
    ours, _ = _round(list(patterns.values()), few)
    found = _compiled(list(patterns.values()), few)
    best = max(rates)
    return {
        "benchmark": "patterns",
        "patterns": [*patterns],
        "ticks": TICKS,
        "rounds": len(rates),
        "ticks_per_s": round(best),
        "ns_per_tick": round(1e9 / best),
        "matches": matches,
        "naive": {"ticks": NAIVE_TICKS, "ticks_per_s": round(naive_rate)},
        "goals": [
            goal("ten patterns, one symbol, one core", best, "/s", least=GOAL_PER_S),
            goal("of the naive matcher", ratio(ours, naive_rate), "x", figure=naive_rate),
        ],
        "faults": [] if found == expected else ["the naive matcher finds other matches"],
    }  # fmt: skip


def show(figures: Figures) -> None:
    """The goals, and what was matched."""
    console = Console(markup=False)
    console.print(goal_table({"patterns": figures}))
    console.print(
        f"{figures['ns_per_tick']:,} ns per tick; {figures['matches']:,} matches in"
        f" {figures['ticks']:,} ticks; naive: {figures['naive']['ticks']:,} ticks"
    )


def _round(patterns: Sequence[Pattern[Any]], ticks: Sequence[Tick]) -> tuple[float, int]:
    """Ticks per second of CPU time, and how many matches there were."""
    matcher, matches = Matcher(patterns), 0
    batches = [ticks[at : at + BATCH] for at in range(0, len(ticks), BATCH)]
    began_ns = time.process_time_ns()
    for batch in batches:
        matches += len(matcher.take_ticks(SYMBOL, batch))
    return len(ticks) / (time.process_time_ns() - began_ns) * 1e9, matches


def _compiled(patterns: Sequence[Pattern[Any]], ticks: Sequence[Tick]) -> list[Any]:
    matcher = Matcher(patterns)
    found = matcher.take_ticks(SYMBOL, ticks)
    return [[(m.events, m.ts_ns) for m in found if m.pattern is p] for p in matcher.patterns]


def _naive(patterns: Sequence[Pattern[Any]], ticks: Sequence[Tick]) -> tuple[float, list[Any]]:
    began_ns = time.process_time_ns()
    found = [naive.matches(one, ticks) for one in patterns]
    return len(ticks) / (time.process_time_ns() - began_ns) * 1e9, found
