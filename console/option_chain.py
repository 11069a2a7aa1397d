"""The option chain that a demo trades: which options of a file, and the strategy that does it.

A login has a hundred lines of market data, and a file may have the whole chain of a share. So the
demo takes the options of one expiry that are nearest to the money, and of the next one where that
has too few; then there is room for what they are on.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from tapewire.common.config.sections import StrategyConfig
from tapewire.common.errors import ConfigError
from tapewire.common.options import OptionTerms, read_name
from tapewire.common.ticks.file import TickFile
from tapewire.common.ticks.stamps import iso
from tapewire.simulator.market.file import tick_of
from tapewire.simulator.market.screen import Screen, middle_of

OPTIONS_MAX: Final = 90
ROWS_MAX: Final = 50_000
STRATEGY: Final = "tapewire.strategy.examples.vertical_spread:VerticalSpread"


class Chain(NamedTuple):
    """Options and what they are on, each with the step of its prices; `expiry` is YYYYMMDD."""

    underlying: str
    expiry: str
    symbols: dict[str, Decimal]

    def strategy(self, accounts: Sequence[str]) -> StrategyConfig:
        """The example that trades vertical spreads of the chain, in the first of the accounts."""
        return StrategyConfig(
            name="vertical-spread",
            strategy=STRATEGY,
            account=accounts[0] if len(accounts) > 1 else "",
            symbols=tuple(self.symbols),
            parameters={"chain": f"{self.underlying} {self.expiry}"},
        )


class _Seen:
    """What the first rows of a file show of an underlying and of the options on it."""

    def __init__(self, ticks: Path, underlying: str, from_ns: int | None) -> None:
        self.options: dict[str, OptionTerms] = {}
        self.screens: dict[str, Screen] = {}
        self.spot: float | None = None
        self.first_ns = 0
        self._prices: dict[str, set[Decimal]] = {}
        terms: dict[str, OptionTerms | None] = {}
        for row in islice(TickFile(ticks).rows(from_ns, None), ROWS_MAX):
            symbol = row.symbol
            if symbol not in terms:
                terms[symbol] = read_name(symbol)
            found = terms[symbol]
            if symbol != underlying and (found is None or found.underlying != underlying):
                continue
            self.first_ns = self.first_ns or row.ts_ns
            screen = self.screens.setdefault(symbol, Screen())
            screen.take(row)
            texts = (row.bid, row.ask, row.last)
            self._prices.setdefault(symbol, set()).update(Decimal(text) for text in texts if text)
            if found is not None and None not in screen.prices():
                self.options[symbol] = found
            elif found is None and self.spot is None:
                self.spot = middle_of(*screen.prices())

    def step_of(self, symbols: list[str]) -> Decimal:
        """The finest step of these symbols' prices: one option alone may have shown few."""
        return min(tick_of(self._prices[symbol]) for symbol in symbols)


def chain_of(ticks: Path, underlying: str, from_ns: int | None) -> Chain:
    """The chain on `underlying` in the first rows of a file, of those from `from_ns` on. Raises
    `ConfigError` where there is none."""
    seen = _Seen(ticks, underlying, from_ns)
    if seen.spot is None:
        raise ConfigError(f"--chain is {underlying}, and {ticks} has no quote of it")
    today = iso(seen.first_ns)[:10]
    later = {name: one for name, one in seen.options.items() if f"{one.expiry}" > today}
    options = nearest(later, seen.spot)
    if len(options) < 2:
        raise ConfigError(
            f"--chain is {underlying}, and {ticks} has quotes of {len(options)} options on it that"
            " expire later; expected two or more, by their OCC names"
        )
    on_it = {underlying: seen.step_of([underlying])}
    return Chain(
        underlying,
        f"{later[options[0]].expiry:%Y%m%d}",
        on_it | dict.fromkeys(options, seen.step_of(options)),
    )


def nearest(options: Mapping[str, OptionTerms], spot: float) -> list[str]:
    """Up to `OPTIONS_MAX` of them: those of the expiry with the most first, and of an expiry those
    that are nearest to the money."""
    sizes = Counter(one.expiry for one in options.values())

    def rank(symbol: str) -> tuple[object, ...]:
        terms = options[symbol]
        away = abs(math.log(float(terms.strike) / spot))
        return -sizes[terms.expiry], terms.expiry, away, symbol

    return sorted(options, key=rank)[:OPTIONS_MAX]
