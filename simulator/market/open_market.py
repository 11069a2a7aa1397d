"""A synthetic market that grows: whatever a client asks for trades on it from then on.

Every contract has a market of its own, made from the seed and its symbol alone, so that its prices
do not depend on what else was asked for, or in which order. An option follows the price of what it
is on, which is listed with it.
"""

import heapq
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from tapewire.common.instruments import Instrument
from tapewire.common.options import OPTION, STOCK_OPTION_MULTIPLIER
from tapewire.common.ticks.rows import Row
from tapewire.simulator.exchange import futures
from tapewire.simulator.exchange.contracts import Chain, ContractQuery
from tapewire.simulator.exchange.made import con_id_of, described
from tapewire.simulator.market.levels import level_of
from tapewire.simulator.market.past import NS_PER_S, Past
from tapewire.simulator.market.synthetic import SyntheticMarket

RATE_PER_S: Final = 10.0
"""Rows per second of each contract that was not listed."""
MADE_MAX: Final = 500
"""So many contracts are made for clients: each has a book, a market, and history."""
EXPIRIES: Final = 6
STRIKE_STEPS: Final = ((25, "0.5"), (100, "1"), (250, "2.5"), (1_000, "5"))
"""How far strikes are apart, for prices below each level."""
LARGE_STEP: Final = Decimal(25)
WIDTH: Final = Decimal("0.3")
"""Strikes reach so far from the first price, as a share of it."""


class OpenMarket:
    """The market of the listed instruments, and of all that are added; an endless iterator."""

    def __init__(
        self, listed: Sequence[Instrument], seed: int, rate_per_s: float, start_ns: int
    ) -> None:
        self._seed = seed
        self._today = datetime.fromtimestamp(start_ns // NS_PER_S, UTC).date()
        self._now_ns = start_ns
        base = SyntheticMarket(listed, seed, rate_per_s, start_ns)
        self._markets = {one.symbol: base for one in listed}
        self._made = 0
        self._next: list[tuple[int, int, Row, SyntheticMarket]] = []
        self._draw(0, base)

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        _, number, row, market = self._next[0]
        self._now_ns = row.ts_ns
        following = next(market)
        heapq.heapreplace(self._next, (following.ts_ns, number, following, market))
        return row

    def past_of(self, symbol: str, began_ns: int, speed: float) -> Past | None:
        """What a symbol's market was before it began; see `SyntheticMarket`."""
        market = self._markets.get(symbol)
        return None if market is None else market.past_of(symbol, began_ns, speed)

    @property
    def is_full(self) -> bool:
        """Whether no more contracts are made."""
        return self._made >= MADE_MAX

    def describe(self, query: ContractQuery) -> Instrument | None:
        """The contract that a query describes, with its id; None if it describes none."""
        found = described(query, self._today)
        return None if found is None else self._numbered(found)

    def underlying_of(self, instrument: Instrument) -> Instrument | None:
        """What has to be listed before an option."""
        if instrument.sec_type != OPTION or not instrument.underlying:
            return None
        return self._numbered(Instrument(symbol=instrument.underlying))

    def add(self, instrument: Instrument) -> None:
        """Let an instrument trade from now on; its underlying must do so already."""
        if instrument.symbol in self._markets:
            return
        on = self._markets.get(instrument.underlying) if instrument.sec_type == OPTION else None
        market = SyntheticMarket(
            [instrument],
            self._seed,
            RATE_PER_S,
            self._now_ns,
            alone=True,
            levels={instrument.symbol: level_of(instrument, self._seed)},
            underlyings=on,
        )
        self._markets[instrument.symbol] = market
        self._made += 1
        self._draw(self._made, market)

    def chain(self, underlying: str) -> Chain | None:
        """The options on a share that a client can look for: the monthly ones, in dollars."""
        market = self._markets.get(underlying)
        if market is None:
            return None
        level = market.first_price(underlying)
        return Chain(
            "SMART", underlying, STOCK_OPTION_MULTIPLIER, monthly(self._today), strikes_at(level)
        )

    def _numbered(self, instrument: Instrument) -> Instrument:
        return replace(instrument, con_id=con_id_of(self._seed, instrument.symbol))

    def _draw(self, number: int, market: SyntheticMarket) -> None:
        row = next(market)
        heapq.heappush(self._next, (row.ts_ns, number, row, market))


def monthly(today: date) -> tuple[str, ...]:
    """The expiries of the next monthly options."""
    months = (
        divmod(today.year * 12 + today.month - 1 + ahead, 12) for ahead in range(EXPIRIES + 1)
    )
    days = [futures.third_friday(year, month + 1) for year, month in months]
    return tuple(f"{day:%Y%m%d}" for day in days if day > today)[:EXPIRIES]


def strikes_at(level: Decimal) -> tuple[Decimal, ...]:
    """The strikes of options on something that trades at a level."""
    steps = (Decimal(step) for below, step in STRIKE_STEPS if level < below)
    step = next(steps, LARGE_STEP)
    first = max(1, int(level * (1 - WIDTH) / step))
    return tuple(step * n for n in range(first, int(level * (1 + WIDTH) / step) + 1))
