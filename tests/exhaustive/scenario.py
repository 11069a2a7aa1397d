"""What is searched: a small group with one strategy that gives its intents at one quote.

PAIR: a limit order that is modified and cancelled at the next quote, and a market order that the
limit on the position lets through only once the first has ended. BRACKET: an entry with a stop and
a target, and a market that reaches the target. The market moves at any moment.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from tapewire import Quote, Strategy
from tapewire.common.config.settings import (
    Config,
    InstrumentConfig,
    RiskConfig,
    RuleConfig,
    StrategyConfig,
)
from tapewire.common.config.tws import TwsConfig
from tapewire.common.ticks.rows import Row
from tapewire.virtual.world import SECOND_NS

NAMES: Final = ("pair", "bracket")
ACCOUNT: Final = "DU1000001"
SYMBOL: Final = "AAPL"
BID: Final = Decimal(100)
SECOND_ASK: Final = Decimal(102)
LIMIT: Final = Decimal(4)
"""Contracts: less than both intents come to, more than either."""
STARTS_NS: Final = 1_700_000_000 * SECOND_NS
QUIET_MS: Final = 60_000  # nobody asks TWS for its time only to see whether it is there
BEGINS_S: Final = 10
"""When the market has its first news, seconds after it began: the group is READY by then."""


class IntentsParameters(msgspec.Struct, frozen=True):
    """How many intents, and whether they are a bracket."""

    intents: int = 2
    bracket: bool = False


class Intents(Strategy[IntentsParameters]):
    """Gives its signals at the bid `BID`; modifies and cancels at the ask `SECOND_ASK`."""

    def on_start(self) -> None:
        self.first = ""
        self.is_over = False

    def on_quote(self, quote: Quote) -> None:
        if not self.first and quote.bid == BID:
            self.first = self.signal()
        elif self.first and quote.ask == SECOND_ASK and not self.is_over:
            self.modify(self.first, 1)
            self.cancel(self.first)
            self.is_over = True

    def signal(self) -> str:
        """All intents; returns the id of the first."""
        if self.parameters.bracket:
            return self.buy(SYMBOL, 2, stop_loss=BID - 5, take_profit=BID + 5)
        first = self.buy(SYMBOL, 2, limit=BID)
        if self.parameters.intents > 1:
            self.buy(SYMBOL, 3)
        return first


class Market:
    """Rows in their order."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = tuple(rows)
        self._next = 0

    def __iter__(self) -> Iterator[Row]:
        return self

    def __next__(self) -> Row:
        if self._next == len(self._rows):
            raise StopIteration
        self._next += 1
        return self._rows[self._next - 1]


class Scenario(NamedTuple):
    """A configuration of the search."""

    name: str
    config: Config
    rows: tuple[Row, ...]


def scenario(name: str, intents: int = 2) -> Scenario:
    """One of `NAMES`."""
    is_bracket = name == "bracket"
    quotes = ((100, 101), (105, 106)) if is_bracket else ((100, 101), (100, 102), (99, 100))
    rule = RuleConfig(rule="MaxContractsPerInstrument", parameters={"limit": LIMIT})
    config = Config(
        instruments=(InstrumentConfig(symbol=SYMBOL),),
        strategies=(
            StrategyConfig(
                name="a", strategy="tests.exhaustive.scenario:Intents", account=ACCOUNT,
                parameters={"intents": intents, "bracket": is_bracket},
            ),
        ),
        risk=RiskConfig(rules=(rule,), heartbeat_ms=1000),
        tws=TwsConfig(probe_after_ms=QUIET_MS // 2, hang_up_after_ms=QUIET_MS),
    )  # fmt: skip
    news = BEGINS_S * SECOND_NS
    rows = (_row(0, 97, 98), *(_row(news, *quote) for quote in quotes))
    return Scenario(name, config, rows)


def _row(ts_ns: int, bid: int, ask: int) -> Row:
    return Row(ts_ns, SYMBOL, f"{bid}", f"{ask}", "100", "100", None, None)
