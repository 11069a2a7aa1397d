"""NautilusTrader's BacktestEngine: `python -m tapewire.benchmarks.peers.nautilus_peer SYMBOLS`.

Its own best way to give recorded ticks to a strategy: `QuoteTick` objects that exist already,
sorted, handed over before the clock starts; logging off, no orders, no reports. What is timed is
`run` alone, from the engine's first tick to the last `on_quote_tick`. One process, nothing
serialised.
"""

import sys
import time
from decimal import Decimal
from itertools import cycle, islice
from typing import Any

from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import BacktestEngineConfig, LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, OmsType
from nautilus_trader.model.identifiers import InstrumentId, Venue
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

from tapewire.benchmarks.load import made_ticks as made
from tapewire.benchmarks.load.talk import say, slices

TICKS_MAX = 1_000_000  # a slice: they are objects in memory
VENUE = "XNAS"
STEP_NS = 1000


class Counter(Strategy):  # type: ignore[misc]
    """Subscribes to all and counts."""

    def __init__(self, instruments: list[InstrumentId]) -> None:
        super().__init__()
        self.instruments = instruments
        self.ticks = 0

    def on_start(self) -> None:
        """Ask for the quotes of each."""
        for instrument in self.instruments:
            self.subscribe_quote_ticks(instrument)

    def on_quote_tick(self, _tick: QuoteTick) -> None:
        """Count."""
        self.ticks += 1


def made_ticks(names: list[str], instruments: list[InstrumentId], count: int) -> list[Any]:
    """`made.quotes` as `QuoteTick`s, a microsecond apart."""
    ids = dict(zip(names, instruments, strict=True))
    fields = [
        (
            ids[q.symbol],
            Price(q.bid or q.ask, 2),
            Price(q.ask or q.bid, 2),
            Quantity(q.bid_size or 1, 0),
            Quantity(q.ask_size or 1, 0),
        )
        for q in made.quotes(names, 20_000, 0)
    ]
    turns = islice(cycle(fields), count)
    return [QuoteTick(*one, n * STEP_NS, n * STEP_NS) for n, one in enumerate(turns, 1)]


def main(symbol_count: int) -> None:
    """Run what is asked for."""
    names = made.symbols(symbol_count)
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=RiskEngineConfig(bypass=True),
            run_analysis=False,
        )
    )
    engine.add_venue(
        Venue(VENUE), OmsType.NETTING, AccountType.CASH, [Money(Decimal(1_000_000), USD)]
    )
    equities = [TestInstrumentProvider.equity(symbol=name, venue=VENUE) for name in names]
    for equity in equities:
        engine.add_instrument(equity)
    counter = Counter([equity.id for equity in equities])
    engine.add_strategy(counter)
    say(ready=True)
    for count in slices():
        done = 0
        elapsed_ns = 0
        counter.ticks = 0
        while done < count:  # in pieces, for what memory holds
            piece = min(count - done, TICKS_MAX)
            engine.reset()
            engine.clear_data()
            engine.add_data(made_ticks(names, counter.instruments, piece))
            began_ns = time.perf_counter_ns()
            engine.run()
            elapsed_ns += time.perf_counter_ns() - began_ns
            done += piece
        say(ticks=0, ns=0)
        say(ticks=counter.ticks, ns=elapsed_ns)


if __name__ == "__main__":
    main(int(sys.argv[1]))
