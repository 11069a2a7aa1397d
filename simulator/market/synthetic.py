"""A synthetic market, made from a seed: trends worth trading, quotes that never cross."""

import random
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import msgspec

from tapewire.common.instruments import Instrument
from tapewire.common.options import OPTION, terms_of
from tapewire.common.ticks.rows import Row
from tapewire.simulator.market.levels import pair_start
from tapewire.simulator.market.options import OptionPast, OptionQuotes
from tapewire.simulator.market.past import NS_PER_S, Past, SymbolPast

START_NS = 1_704_722_400_000_000_000  # 2024-01-08 14:00 UTC, an ordinary Monday
TRADE_SHARE = 0.2
STEP_PER_TICK = 20_000  # one step is about half a basis point of the price
WANDER_MAX = 0.15  # beyond this distance from its first price, a symbol trends back
_PAIR_LOT = 1_000  # currencies trade in larger sizes
_FIRST_PRICE = {"STK": (40, 400), "FUT": (2_000, 6_000), "CRYPTO": (1_000, 60_000)}
NO_LEVELS: Mapping[str, Decimal | None] = {}


def start_of(instruments: Sequence[Instrument], now_ns: int) -> int:
    """When a market begins that is made now: for options it is now, for they end one day."""
    return now_ns if any(one.sec_type == OPTION for one in instruments) else START_NS


class _Walk(msgspec.Struct):
    """The state of one symbol; prices are counted in ticks."""

    symbol: str
    tick: Decimal
    first: int
    mid: int
    step: int
    lot: int
    drift: float = 0.0
    rows_left: int = 0


class SyntheticMarket:
    """An endless, seeded iterator of rows, `rate_per_s` for all symbols together.

    Each symbol walks at random on its tick grid and follows a trend for a few hundred rows at a
    time. The same seed gives the same rows. An option's quotes are made from the price of what it
    is on; that walks too, unseen, if it is not one of the `instruments`. Options have time until
    their expiry, so with them `start_ns` is to be the time of the day.

    A market that is `alone` has one instrument, whose rows depend on its symbol too. `levels` are
    first prices that are not left to chance. `underlyings` is the market of what options are on.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        seed: int,
        rate_per_s: float,
        start_ns: int = START_NS,
        *,
        alone: bool = False,
        levels: Mapping[str, Decimal | None] = NO_LEVELS,
        underlyings: "SyntheticMarket | None" = None,
    ) -> None:
        if not instruments:
            raise ValueError("simulator: no instruments, expected at least one")
        if not rate_per_s > 0:
            raise ValueError(f"simulator: the rate is {rate_per_s} rows/s, must be above 0")
        self._random = random.Random(f"{seed} {instruments[0].symbol}" if alone else seed)
        self._levels = levels
        self._seed = seed
        self._gap_ns = 1e9 / rate_per_s
        self._now_ns = float(start_ns)
        self._walks = [self._walk(one) for one in instruments]
        self._options = self._option_quotes(instruments, seed, underlyings)
        self._unquoted = list(self._walks)

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        self._now_ns += self._random.expovariate(1.0) * self._gap_ns
        if self._unquoted:  # every symbol opens with a quote
            return self._quote(self._unquoted.pop(0))
        walk = self._random.choice(self._walks)
        if walk.symbol in self._options:
            return self._quote(walk)
        if self._random.random() < TRADE_SHARE:
            return self._trade(walk)
        self._move(walk)
        return self._quote(walk)

    def past_of(self, symbol: str, began_ns: int, _speed: float) -> Past | None:
        """What a symbol's market was before it began, which was at `began_ns` in UTC. The first
        quote continues it."""
        end_s = began_ns // NS_PER_S
        if symbol in self._options:
            quotes, on, _ = self._options[symbol]
            return OptionPast(quotes, self._past(on, end_s), end_s)
        walk = next((one for one in self._walks if one.symbol == symbol), None)
        return None if walk is None else self._past(walk, end_s)

    def first_price(self, symbol: str) -> Decimal:
        """Where a symbol, which must be one of this market, began."""
        walk = next(one for one in self._walks if one.symbol == symbol)
        return walk.first * walk.tick

    def _past(self, walk: _Walk, end_s: int) -> SymbolPast:
        return SymbolPast(walk.symbol, float(walk.tick), walk.first, self._seed, end_s)

    def _walk(self, instrument: Instrument) -> _Walk:
        low, high = _FIRST_PRICE.get(instrument.sec_type, (40, 400))
        tick = instrument.min_tick
        level = self._levels.get(instrument.symbol) or pair_start(instrument, self._seed)
        level = level or Decimal(self._random.randint(low, high))
        first, lot = max(50, int(level / tick)), _PAIR_LOT if instrument.sec_type == "CASH" else 1
        return _Walk(instrument.symbol, tick, first, first, max(1, first // STEP_PER_TICK), lot)

    def _option_quotes(
        self,
        instruments: Sequence[Instrument],
        seed: int,
        underlyings: "SyntheticMarket | None",
    ) -> dict[str, tuple[OptionQuotes, _Walk, bool]]:
        """The options that can be priced: with what each is on, and whether that walks unseen."""
        elsewhere = underlyings._walks if underlyings is not None else []
        walks = {walk.symbol: walk for walk in (*elsewhere, *self._walks)}
        seen = frozenset(walks)
        found: dict[str, tuple[OptionQuotes, _Walk, bool]] = {}
        for one in instruments:
            terms = terms_of(one)
            if terms is None:
                continue
            on = walks.get(terms.underlying)
            if on is None:
                on = walks[terms.underlying] = self._walk(Instrument(symbol=terms.underlying))
            quotes = OptionQuotes(one, terms, float(on.first * on.tick), seed)
            found[one.symbol] = quotes, on, terms.underlying not in seen
        return found

    def _move(self, walk: _Walk) -> None:
        if walk.rows_left <= 0:
            self._turn(walk)
        walk.rows_left -= 1
        chance = self._random.random()
        if chance < 0.3 + walk.drift:
            walk.mid += walk.step
        elif chance > 0.7 + walk.drift:
            walk.mid -= walk.step
        walk.mid = max(walk.mid, 10)

    def _turn(self, walk: _Walk) -> None:
        """Choose the next trend: up, down or none, but back when far from the first price."""
        away = walk.mid / walk.first - 1
        if abs(away) > WANDER_MAX:
            walk.drift = -0.25 if away > 0 else 0.25
        else:
            walk.drift = self._random.choice((-0.25, 0.0, 0.25))
        walk.rows_left = self._random.randint(60, 400)

    def _quote(self, walk: _Walk) -> Row:
        if walk.symbol in self._options:
            return self._option_quote(*self._options[walk.symbol])
        ask = walk.mid + self._random.randint(1, 2)
        bid_size, ask_size = (str(self._random.randint(1, 40) * 10 * walk.lot) for _ in range(2))
        bid, offer = self._text(walk, walk.mid), self._text(walk, ask)
        return Row(int(self._now_ns), walk.symbol, bid, offer, bid_size, ask_size, None, None)

    def _option_quote(self, quotes: OptionQuotes, on: _Walk, is_unseen: bool) -> Row:
        if is_unseen:
            self._move(on)
        spot, now_ns = float(on.tick * on.mid), int(self._now_ns)
        bid, ask = (format(price, "f") for price in quotes.at(spot, now_ns))
        bid_size, ask_size = (str(self._random.randint(1, 40)) for _ in range(2))
        return Row(now_ns, quotes.symbol, bid, ask, bid_size, ask_size, None, None)

    def _trade(self, walk: _Walk) -> Row:
        price = self._text(walk, walk.mid + self._random.randint(0, 1))
        size = str(self._random.randint(1, 50) * walk.lot)
        return Row(int(self._now_ns), walk.symbol, None, None, None, None, price, size)

    @staticmethod
    def _text(walk: _Walk, ticks: int) -> str:
        return format(walk.tick * ticks, "f")
