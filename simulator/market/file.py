"""The simulator's market from a file that a back-test can read too, and the symbols in it."""

import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.rows import HEADER, Row

__all__ = ["HEADER", "market_of", "plain", "symbols_of", "tick_of"]

_PRICES_ENOUGH = 100  # fewer distinct prices do not show a coarser grid


def market_of(path: str | Path, from_ns: int | None = None) -> Iterator[Row]:
    """The file's rows from `from_ns` on, in UTC nanoseconds; raises ValueError as `TickFile`."""
    return TickFile(Path(path)).rows(from_ns, None)


def symbols_of(path: str | Path, limit: int, rows_max: int = 50_000) -> dict[str, Decimal]:
    """The first `limit` symbols in the first `rows_max` rows, each with the step of its prices."""
    prices: dict[str, set[Decimal]] = {}
    for number, row in enumerate(market_of(path)):
        if number >= rows_max:
            break
        if row.symbol not in prices and len(prices) >= limit:
            continue
        seen = prices.setdefault(row.symbol, set())
        seen.update(Decimal(text) for text in (row.bid, row.ask, row.last) if text)
    return {symbol: tick_of(seen) for symbol, seen in prices.items()}


def plain(text: str) -> str:
    """A number's text without the trailing zeros of its fraction: "61837.6300" -> "61837.63"."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def tick_of(prices: set[Decimal]) -> Decimal:
    """The step that all of `prices` lie on: the finest decimal place that any of them uses, or 2,
    2.5 or 5 of it where all of many lie on that grid (the quarter points of ES)."""
    places = max((_places(price) for price in prices), default=2)
    finest = Decimal(1).scaleb(-places)
    if len(prices) < _PRICES_ENOUGH:
        return finest
    step = math.gcd(*(int(price.scaleb(places)) for price in prices))
    return finest * step if step in (2, 5, 10, 20, 25, 50) else finest


def _places(price: Decimal) -> int:
    text = plain(format(price, "f"))
    return len(text.partition(".")[2])
