"""NautilusTrader's back-test of a file: `PYTHON nautilus_backtest.py FILE ORDERS_EVERY`.

It needs nothing but NautilusTrader, so that it runs in an environment of its own: its newest
releases need another Python than others do. The file has Tapewire's columns. `QuoteTick` and
`TradeTick` objects are made and sorted before; what is timed, in CPU seconds, is `run` alone.
Logging and analysis are off, risk checks are bypassed.
"""

import csv
import json
import sys
import time
from decimal import Decimal
from typing import Any

import nautilus_trader
from nautilus_trader.backtest.engine import BacktestEngine
from nautilus_trader.config import BacktestEngineConfig, LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import QuoteTick, TradeTick
from nautilus_trader.model.enums import AccountType, AggressorSide, OmsType, OrderSide
from nautilus_trader.model.identifiers import TradeId, Venue
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

VENUE = "XNAS"
QUANTITY = 10


class Following(Strategy):  # type: ignore[misc]
    """As `tapewire.benchmarks.load.strategies.Following`, on one quote per row of both sides."""

    def __init__(self, instruments: list[Any], every: int) -> None:
        super().__init__()
        self.instruments, self.every, self.left = instruments, every, every
        self.means: dict[Any, float] = {}
        self.orders = 0

    def on_start(self) -> None:
        """Subscribe to all."""
        for instrument in self.instruments:
            self.subscribe_quote_ticks(instrument.id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """Follow, and order if it is time."""
        bid = tick.bid_price.as_double()
        mean = self.means.get(tick.instrument_id, bid)
        self.means[tick.instrument_id] = mean + 0.01 * (bid - mean)
        self.left -= 1
        if not self.left:
            self.left = self.every
            self.orders += 1
            is_long = self.portfolio.is_net_long(tick.instrument_id)
            side = OrderSide.SELL if is_long else OrderSide.BUY
            quantity = Quantity.from_int(QUANTITY)
            self.submit_order(self.order_factory.market(tick.instrument_id, side, quantity))


def ticks_of(path: str, instruments: dict[str, Any]) -> list[Any]:
    """The rows as objects, in order."""
    found: list[Any] = []
    with open(path, newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines)):
            instrument, ts_ns = instruments[row["symbol"]].id, int(row["ts_ns"])
            prices = (Price(float(row[side]), 2) for side in ("bid", "ask"))
            sizes = (Quantity(float(row[side]), 0) for side in ("bid_size", "ask_size"))
            found.append(QuoteTick(instrument, *prices, *sizes, ts_ns, ts_ns))
            if row["last"]:
                price, size = Price(float(row["last"]), 2), Quantity(float(row["last_size"]), 0)
                side, name = AggressorSide.BUYER, TradeId(str(number))
                found.append(TradeTick(instrument, price, size, side, name, ts_ns, ts_ns))
    return found


def main(path: str, every: int) -> None:
    """Run it, and print rows, CPU seconds and orders."""
    config = BacktestEngineConfig(
        logging=LoggingConfig(bypass_logging=True),
        risk_engine=RiskEngineConfig(bypass=True),
        run_analysis=False,
    )
    engine = BacktestEngine(config)
    cash = Money(Decimal(1_000_000), USD)
    engine.add_venue(Venue(VENUE), OmsType.NETTING, AccountType.MARGIN, [cash], base_currency=USD)
    names = ("AAPL", "MSFT")
    known = {one: TestInstrumentProvider.equity(symbol=one, venue=VENUE) for one in names}
    for instrument in known.values():
        engine.add_instrument(instrument)
    strategy = Following(list(known.values()), every)
    engine.add_strategy(strategy)
    ticks = ticks_of(path, known)
    engine.add_data(ticks)
    began_s = time.process_time()
    engine.run()
    taken_s = time.process_time() - began_s
    rows = sum(isinstance(one, QuoteTick) for one in ticks)
    print(json.dumps({
        "rows": rows, "cpu_s": taken_s, "orders": strategy.orders,
        "fills": len(engine.trader.generate_order_fills_report()),
        "version": nautilus_trader.__version__,
    }))  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
