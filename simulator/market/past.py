"""The synthetic market before it began, made from the same seed: any moment, at any scale.

A client can ask for the daily bars of a year, or for the ticks of one second in it, and both have
to be of the same market. So nothing is walked from the beginning. A day is an open, a high, a low
and a close; it is divided into hours, which are divided into shorter stretches down to seconds.
A division keeps what it divides: the first part opens where the whole does, the last one closes
where it does, each part begins where the one before it ends, one of them reaches the high and one
the low, none goes beyond, and the volumes add up. Each division is made from a random number that
depends on the seed, the symbol and the stretch alone. So what a bar says is exactly what its
seconds say, and a stretch costs the divisions that lead to it. (A bar's average price alone is an
estimate.)

The last day ends where the live market begins, at the price that it begins with. Days are worked
out backwards from there.
"""

import math
import random
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple, Protocol

from tapewire.common.ticks.rows import Row
from tapewire.simulator.market.plain import digits
from tapewire.simulator.market.summary import Bar, Summary, join

NS_PER_S: Final = 1_000_000_000
DAY_S: Final = 86_400
LENGTHS: Final = (DAY_S, 3_600, 300, 60, 5, 1)
"""The lengths of stretches in seconds; each divides the one before it."""
DAYS_MAX: Final = 2_000
"""So many days before its beginning the market has a past."""
DAY_MOVE: Final = 0.012
DAY_VOLUME: Final = 4_000_000
PRICE_MIN: Final = 50
"""The lowest price that the past reaches, in ticks."""
TRADES_PER_S: Final = 4
CACHED: Final = 20_000


class Past(Protocol):
    """What one symbol's market was before it began. Times are whole seconds UTC."""

    @property
    def has_trades(self) -> bool:
        """Whether there are trades in it, and not quotes alone."""

    @property
    def first_s(self) -> int:
        """The first second of which anything is known."""

    def summary(self, from_s: int, to_s: int) -> Summary:
        """What the seconds from `from_s` on and before `to_s` come to."""

    def rows(self, from_s: int, to_s: int) -> Iterator[tuple[int, Row]]:
        """The rows of these seconds, with their times in nanoseconds."""


class Stretch(NamedTuple):
    """The bid from one second to another, in ticks, and what was traded. The ask is one tick
    higher, and trades are at the bid."""

    open: int
    high: int
    low: int
    close: int
    volume: int


class SymbolPast:
    """The past of one symbol, which ends at the second `end_s` with the bid at `last` ticks of
    `tick` each."""

    has_trades: Final = True

    def __init__(self, symbol: str, tick: float, last: int, seed: int, end_s: int) -> None:
        self._symbol = symbol
        self._tick = tick
        self._seed = seed
        self._end_s = end_s
        self._last = last
        self._days: list[Stretch] = []  # the newest first
        self._parts = lru_cache(CACHED)(self._divided)
        self.first_s = (end_s // DAY_S - DAYS_MAX) * DAY_S

    def summary(self, from_s: int, to_s: int) -> Summary:
        """What the seconds from `from_s` on and before `to_s` come to."""
        whole: Summary = {}
        for stretch, seconds in self._covering(max(from_s, self.first_s), min(to_s, self._end_s)):
            join(whole, self._summary_of(stretch, seconds))
        return whole

    def rows(self, from_s: int, to_s: int) -> Iterator[tuple[int, Row]]:
        """The rows of these seconds, with their times in nanoseconds."""
        for second in range(max(from_s, self.first_s), min(to_s, self._end_s)):
            yield from self._rows_of(second)

    def price(self, at_s: int) -> float:
        """The bid at the beginning of a second."""
        if at_s >= self._end_s:
            return self._price(self._last)
        at_s = max(at_s, self.first_s)
        ((stretch, _),) = self._covering(at_s, at_s + 1)
        return self._price(stretch.open)

    # ---- stretches -------------------------------------------------------------------------------

    def _covering(self, from_s: int, to_s: int) -> Iterator[tuple[Stretch, int]]:
        """The stretches, each as long as can be, that make up these seconds, in order, and how
        many seconds each has."""
        for day in range(from_s // DAY_S, -(-to_s // DAY_S)):
            yield from self._within(0, day * DAY_S, self._day(day), from_s, to_s)

    def _within(
        self, level: int, begin_s: int, stretch: Stretch, from_s: int, to_s: int
    ) -> Iterator[tuple[Stretch, int]]:
        end_s = min(begin_s + LENGTHS[level], self._end_s)
        if end_s <= from_s or begin_s >= to_s:
            return
        if from_s <= begin_s and end_s <= to_s:
            yield stretch, end_s - begin_s
            return
        for number, part in enumerate(self._parts(level, begin_s, stretch)):
            part_s = begin_s + number * LENGTHS[level + 1]
            yield from self._within(level + 1, part_s, part, from_s, to_s)

    def _day(self, day: int) -> Stretch:
        """A day. The days before the last are walked backwards, each once."""
        newest = (self._end_s - 1) // DAY_S
        while len(self._days) <= newest - day:
            close = self._days[-1].open if self._days else self._last
            self._days.append(self._made(newest - len(self._days), close))
        return self._days[newest - day]

    def _made(self, day: int, close: int) -> Stretch:
        rng = self._random("day", day)
        seconds = min(self._end_s - day * DAY_S, DAY_S)
        move = DAY_MOVE * math.sqrt(seconds / DAY_S)
        opened = max(PRICE_MIN, round(close * math.exp(rng.gauss(0, move))))
        high = round(max(opened, close) * (1 + abs(rng.gauss(0, move)) / 2))
        low = round(min(opened, close) * (1 - abs(rng.gauss(0, move)) / 2))
        volume = round(DAY_VOLUME * seconds / DAY_S * rng.uniform(0.5, 1.5))
        least = seconds * TRADES_PER_S
        return Stretch(opened, high, max(PRICE_MIN, low), close, max(volume, least))

    def _divided(self, level: int, begin_s: int, whole: Stretch) -> list[Stretch]:
        """The parts of a stretch; the last stretch of all has fewer, and its last one is short."""
        length = LENGTHS[level + 1]
        seconds = min(LENGTHS[level], self._end_s - begin_s)
        count = -(-seconds // length)
        rng = self._random(level, begin_s)
        edges = _bridge(whole, count, rng)
        spans = [_span(*edge, whole, rng) for edge in pairwise(edges)]
        _reach(spans, whole)
        last_s = seconds - (count - 1) * length
        least = [TRADES_PER_S * part for part in [length] * (count - 1) + [last_s]]
        volumes = _shares(whole.volume, least, rng)
        return [
            Stretch(edges[n], spans[n][1], spans[n][0], edges[n + 1], volumes[n])
            for n in range(count)
        ]

    def _random(self, *what: object) -> random.Random:
        return random.Random(f"{self._seed} {self._symbol} {what}")

    # ---- what a stretch says ---------------------------------------------------------------------

    def _price(self, ticks: float) -> float:
        return round(ticks * self._tick, 10)

    def _summary_of(self, one: Stretch, seconds: int) -> Summary:
        def bar(above: float) -> Bar:
            opened, high, low, close = (self._price(ticks + above) for ticks in one[:4])
            return Bar(opened, high, low, close)

        trades = bar(0)
        trades.volume, trades.count = float(one.volume), seconds * TRADES_PER_S
        trades.value = self._price((one.high + one.low + 2 * one.close) / 4) * one.volume
        return {"TRADES": trades, "BID": bar(0), "ASK": bar(1), "MIDPOINT": bar(0.5)}

    def _rows_of(self, second: int) -> Iterator[tuple[int, Row]]:
        """The rows of a second: it opens, reaches its high and its low, and closes."""
        ((one, _),) = self._covering(second, second + 1)
        rng = self._random("rows", second)
        ends = (one.low, one.high) if one.close >= one.open else (one.high, one.low)
        prices = (one.open, *ends, one.close)
        volumes = _shares(one.volume, [1] * TRADES_PER_S, rng)
        for number, (price, volume) in enumerate(zip(prices, volumes, strict=True)):
            at_ns = second * NS_PER_S + number * NS_PER_S // TRADES_PER_S
            yield at_ns, self._row(at_ns, price, volume, rng)

    def _row(self, at_ns: int, price: int, volume: int, rng: random.Random) -> Row:
        bid, ask = (digits(self._price(price + above)) for above in (0, 1))
        bid_size, ask_size = (str(rng.randint(1, 40) * 10) for _ in range(2))
        return Row(at_ns, self._symbol, bid, ask, bid_size, ask_size, bid, str(volume))


def _bridge(whole: Stretch, count: int, rng: random.Random) -> list[int]:
    """A walk in `count` steps from the open to the close, between the low and the high."""
    width = max(1.0, (whole.high - whole.low) / math.sqrt(count))
    walk = [0.0]
    for _ in range(count):
        walk.append(walk[-1] + rng.gauss(0, width))
    edges = []
    for number, at in enumerate(walk):
        way = number / count
        price = round(whole.open + (whole.close - whole.open) * way + at - walk[-1] * way)
        price = whole.high - abs(whole.high - price)  # what would go beyond comes back
        price = whole.low + abs(price - whole.low)
        edges.append(min(whole.high, price))
    edges[0], edges[-1] = whole.open, whole.close
    return edges


def _span(begin: int, end: int, whole: Stretch, rng: random.Random) -> list[int]:
    """The low and the high of a part."""
    room = max(1, (whole.high - whole.low) // 4)
    low = max(whole.low, min(begin, end) - rng.randint(0, room) // 2)
    high = min(whole.high, max(begin, end) + rng.randint(0, room) // 2)
    return [low, high]


def _reach(spans: list[list[int]], whole: Stretch) -> None:
    """Let the part that comes closest reach the low, and one the high."""
    min(spans, key=lambda one: one[0])[0] = whole.low
    max(spans, key=lambda one: one[1])[1] = whole.high


def _shares(volume: int, least: list[int], rng: random.Random) -> list[int]:
    """A volume divided by chance, so that each part has at least what is given for it."""
    rest = volume - sum(least)
    weights = [part * rng.uniform(0.2, 1.8) for part in least]
    total, done, given, shares = sum(weights), 0.0, 0, []
    for part, weight in zip(least, weights, strict=True):
        done += weight
        share = round(rest * done / total) - given
        given += share
        shares.append(part + share)
    return shares
