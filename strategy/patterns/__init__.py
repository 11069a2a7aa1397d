"""Patterns over ticks, bars and the system's events, for a strategy's author: docs/patterns.md.

from tapewire.strategy.patterns import Match, pattern, previous, run, trade

rising = run(5, trade.price > previous[trade.price]).within("2s")
"""

from tapewire.common.patterns.declare import Pattern, run, step, times
from tapewire.common.patterns.expressions import Condition, PatternError, Value, previous
from tapewire.common.patterns.figures import count, highest, last, lowest, mean, total
from tapewire.common.patterns.match import Match
from tapewire.common.patterns.matcher import Matcher
from tapewire.common.patterns.sources import bar, event, quote, trade
from tapewire.strategy.patterns.decorator import pattern

__all__ = [
    "Condition", "Match", "Matcher", "Pattern", "PatternError", "Value", "bar", "count", "event",
    "highest", "last", "lowest", "mean", "pattern", "previous", "quote", "run", "step", "times",
    "total", "trade",
]  # fmt: skip
