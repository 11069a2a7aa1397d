"""Small files of ticks with figures that were worked out by hand, and a scripted strategy."""

from decimal import Decimal
from pathlib import Path

import msgspec

from tapewire.common.accounting.book import Book
from tapewire.common.events import Commission, Event, Fill, Quote, Side
from tapewire.common.ticks.rows import HEADER
from tapewire.strategy import Strategy

START_S = 1_700_000_000
SECOND_NS = 10**9
ACCOUNT = "DU1"
SCRIPT = "tests.backtest.made:Script"
ASKS = ("10.02", "10.12", "10.22", "10.42", "10.32", "10.52", "10.62")
ACTS = {"10.02": 100, "10.22": -300, "10.32": 200, "10.52": 10}
"""A quote every 10 s with a spread of 2 cents; at these asks the script trades these quantities.

Fees are those of US stocks: 0.005 a share, at least 1 an order. So: bought 100 at 10.02 (fee 1);
sold 300 at 10.20 (fee 1.50: 0.50 for the end of the long trip, 1 for the start of the short one);
bought 200 at 10.32 (fee 1); bought 10 at 10.52 (fee 1), and they are still held at the end.
"""

CONFIG = """
[[risk.rules]]
rule = "MaxContractsPerInstrument"
parameters = { limit = 1000 }
[[strategies]]
name = "script"
strategy = "tests.backtest.made:Script"
[strategies.parameters.acts]
"10.02" = 100
"10.22" = -300
"10.32" = 200
"10.52" = 10
[[strategies]]
name = "idle"
strategy = "tapewire.strategy.base:Strategy"
"""


class ScriptParameters(msgspec.Struct, frozen=True):
    """The quantity, below 0 to sell, by the ask at which it is ordered."""

    acts: dict[str, int]


class Script(Strategy[ScriptParameters]):
    """Orders once at each ask that is named."""

    def on_start(self) -> None:
        self.left = dict(self.parameters.acts)

    def on_quote(self, quote: Quote) -> None:
        quantity = self.left.pop(f"{quote.ask or 0:.2f}", 0)
        if quantity:
            act = self.buy if quantity > 0 else self.sell
            act(quote.symbol, abs(quantity))


def ticks(folder: Path, symbol: str = "XYZ") -> Path:
    """The quotes as a file of Tapewire's own columns."""
    lines = [HEADER]
    for n, ask in enumerate(ASKS):
        bid = Decimal(ask) - Decimal("0.02")
        lines.append(f"{(START_S + 10 * n) * SECOND_NS},{symbol},{bid},{ask},1000,1000,,")
    return written(folder, "made.csv", lines)


def written(folder: Path, name: str, lines: list[str]) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def strategy(name: str, dotted: str, *lines: str) -> str:
    """The entry of a strategy in a configuration."""
    return "\n".join(("[[strategies]]", f'name = "{name}"', f'strategy = "{dotted}"', *lines, ""))


def config(folder: Path) -> Path:
    return written(folder, "made.toml", [CONFIG])


def fill(
    side: Side, quantity: object, price: object, second: int, strategy: str | None = "s",
    symbol: str = "XYZ", number: int = 0, intent: str | None = None, account: str = ACCOUNT,
) -> Fill:  # fmt: skip
    exec_id = f"x{number or second}.01"
    return Fill(
        second * SECOND_NS, account, exec_id, "1", symbol, side, Decimal(str(quantity)),
        Decimal(str(price)), intent_id=intent, strategy=strategy,
    )  # fmt: skip


def fee(of: Fill, amount: object) -> Commission:
    return Commission(of.ts_ns, of.account, of.exec_id, Decimal(str(amount)), "USD")


def book(*events: Event, **multipliers: int) -> Book:
    """A book of these executions and commissions, with multipliers by symbol."""
    folded = Book({symbol: Decimal(units) for symbol, units in multipliers.items()})
    for event in events:
        assert folded.apply(event)
    return folded
