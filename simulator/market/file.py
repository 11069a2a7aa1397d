"""The simulator's market from a file that a back-test can read too, and the symbols in it."""

import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

from tapewire.common.amounts import PLACES_MAX
from tapewire.common.instruments import DEFAULT_TICK
from tapewire.common.ticks.rows import HEADER, Row
from tapewire.simulator.market.past import NS_PER_S, Past
from tapewire.simulator.market.plain import plain
from tapewire.simulator.market.summary import Summary
from tapewire.simulator.market.tape import Reel, Shown

__all__ = ["HEADER", "market_of", "symbols_of", "tick_of"]

_PRICES_ENOUGH = 100  # fewer distinct prices do not show a coarser grid


class FileMarket:
    """The rows of a file from `from_ns` on, in UTC nanoseconds; raises ValueError as `TickFile`.

    Those before are its past. They are taken down with the first row, before the market begins:
    nobody who asks for them later has to wait while it goes on.
    """

    def __init__(self, path: str | Path, from_ns: int | None = None) -> None:
        from tapewire.common.ticks.file import TickFile  # a market that is made up needs none

        self._rows = TickFile(Path(path)).rows(None, None)
        self._from_ns = from_ns or 0
        self._first_ns: int | None = None
        self._reels: dict[str, Reel] = {}

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        row = next(self._rows)
        if self._first_ns is None:
            while row.ts_ns < self._from_ns:
                self._reels.setdefault(row.symbol, Reel()).take(row, row.ts_ns)
                row = next(self._rows)
            self._first_ns = row.ts_ns
        return row

    def past_of(self, symbol: str, began_ns: int, speed: float) -> Past | None:
        """A symbol's rows before `from_ns`, at the times that they would have had on a clock on
        which the first row that is played is of `began_ns`, at that speed."""
        reel = self._reels.get(symbol)
        if reel is None or self._first_ns is None:
            return None
        return FilePast(reel, self._first_ns, began_ns, speed)


class FilePast:
    """What a file has of one symbol before the rows that are played. `reel` has it by the file's
    own time, `first_ns` of which is `began_ns` on TWS's clock."""

    has_trades: Final = True

    def __init__(self, reel: Reel, first_ns: int, began_ns: int, speed: float) -> None:
        self._reel = reel
        self._first_ns = first_ns
        self._began_ns = began_ns
        self._speed = speed
        self.first_s = self._shown(reel.first() or 0) // NS_PER_S

    def summary(self, from_s: int, to_s: int) -> Summary:
        """What the seconds from `from_s` on and before `to_s` come to."""
        return self._reel.summary(self._in_file(max(from_s, self.first_s)), self._in_file(to_s))

    def rows(self, from_s: int, to_s: int) -> Iterator[Shown]:
        """The rows of these seconds, with their times in nanoseconds."""
        for file_ns, row in self._reel.rows(self._in_file(from_s), self._in_file(to_s)):
            yield self._shown(file_ns), row

    def _in_file(self, second: int) -> int:
        """The file's time at a second of TWS's clock."""
        return self._first_ns + math.ceil((second * NS_PER_S - self._began_ns) * self._speed)

    def _shown(self, file_ns: int) -> int:
        """TWS's time at a time of the file."""
        return self._began_ns - math.ceil((self._first_ns - file_ns) / self._speed)


def market_of(path: str | Path, from_ns: int | None = None) -> FileMarket:
    """The market of a file; see `FileMarket`."""
    return FileMarket(path, from_ns)


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


def tick_of(prices: set[Decimal]) -> Decimal:
    """The step that all of `prices` lie on: the finest decimal place that any of them uses, or 2,
    2.5 or 5 of it where all of many lie on that grid (the quarter points of ES). A few prices may
    be whole numbers by chance: they make it no coarser than that of a share."""
    places = min(max((_places(price) for price in prices), default=2), PLACES_MAX)
    finest = Decimal(1).scaleb(-places)
    if len(prices) < _PRICES_ENOUGH:
        return min(finest, DEFAULT_TICK)
    step = math.gcd(*(int(price.scaleb(places)) for price in prices))
    return finest * step if step in (2, 5, 10, 20, 25, 50) else finest


def _places(price: Decimal) -> int:
    text = plain(format(price, "f"))
    return len(text.partition(".")[2])
