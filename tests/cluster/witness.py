"""A strategy that trades by its own clock, and writes down whether it may and what became of it.

By a timer, not by ticks: one whose host is cut off gets no ticks, and is to try all the same.
"""

import json
import time
from pathlib import Path

import msgspec

from tapewire import Strategy
from tapewire.common.accounting.lifecycle import LIVE
from tapewire.common.events import OrderDenied, OrderExpired, OrderStateChanged
from tapewire.strategy.base import OrderNews

SIGNALS_MS = 150
"""So often it trades."""


class WitnessParameters(msgspec.Struct, frozen=True):
    """`file` gets a line of JSON for each try, and for each end of a signal."""

    file: str


class Witness(Strategy[WitnessParameters]):
    """Buys one and sells one, in turn, of each symbol."""

    def on_start(self) -> None:
        self.buys = dict.fromkeys(self.symbols, True)
        self.every(SIGNALS_MS)

    def on_timer(self, interval_ms: int) -> None:
        for symbol in self.symbols:
            if self.live and self.pending(symbol):
                continue
            buys = self.buys[symbol]
            asked = (self.buy if buys else self.sell)(symbol, 1)
            if asked:
                self.buys[symbol] = not buys
            self.write(live=self.live, asked=asked)

    def on_order(self, news: OrderNews) -> None:
        if isinstance(news, OrderStateChanged):
            if news.state not in LIVE:
                self.write(ended=news.intent_id.removesuffix("/1"), how=news.state)
        elif isinstance(news, OrderDenied | OrderExpired):
            self.write(ended=news.signal_id, how=type(news).__name__)

    def write(self, **line: object) -> None:
        with Path(self.parameters.file).open("a") as file:
            file.write(json.dumps({"ts_ns": time.time_ns(), **line}) + "\n")
