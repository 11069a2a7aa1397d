"""Events in few words, at seconds from a moment."""

from collections.abc import Sequence
from typing import Any

from tapewire.common.events import Event, OrderDenied, Quote, Trade
from tapewire.common.patterns.declare import Pattern
from tapewire.common.patterns.matcher import Matcher

SECOND = 1_000_000_000
BEGIN = 1_700_000_000 * SECOND


def at(seconds: float) -> int:
    """A moment, in nanoseconds."""
    return BEGIN + round(seconds * SECOND)


def paid(seconds: float, price: float, size: float | None = 1.0, symbol: str = "A") -> Trade:
    """A trade."""
    return Trade(symbol, at(seconds), price, size)


def quoted(seconds: float, bid: float | None, ask: float | None, symbol: str = "A") -> Quote:
    """A quote."""
    return Quote(symbol, at(seconds), bid, 1.0, ask, 1.0)


def denied(seconds: float, strategy: str = "dip") -> OrderDenied:
    """A signal that was denied."""
    return OrderDenied(at(seconds), "DU1", strategy, "executor", "no", signal_id="s")


def spans(pattern: Pattern[Any], events: Sequence[Event | int]) -> list[tuple[float, float]]:
    """Of each match the seconds of its first event and those at which it is complete."""
    matcher, found = Matcher([pattern]), []
    for one in events:
        found += matcher.advance(one) if isinstance(one, int) else matcher.take(one)
    return [((m.first.ts_ns - BEGIN) / SECOND, (m.ts_ns - BEGIN) / SECOND) for m in found]
