"""Trend: indicators on bars of two sizes that begin with the past; flat before the close."""

from typing import Annotated

import msgspec

from tapewire import Bar, Indicator, Strategy


class TrendParameters(msgspec.Struct, frozen=True):
    """Long while the average of `fast` minutes is above that of `slow` ones, and the strength index
    of quarters of an hour above 50; flat from `close` to `open` in New York."""

    fast: Annotated[int, msgspec.Meta(ge=2, le=500)] = 10
    slow: Annotated[int, msgspec.Meta(ge=2, le=500)] = 30
    quantity: int = 10
    open: str = "09:30"
    close: str = "15:55"


class Trend(Strategy[TrendParameters]):
    """Buys a rising market; one order at a time per symbol."""

    def on_start(self) -> None:
        """Two sizes of bars and three indicators per symbol, and when the day begins and ends."""
        given, self.is_open = self.parameters, True
        self.fast = {s: Indicator("EMA", timeperiod=given.fast) for s in self.symbols}
        self.slow = {s: Indicator("EMA", timeperiod=given.slow) for s in self.symbols}
        self.strength = {s: Indicator("RSI", timeperiod=14) for s in self.symbols}
        for s in self.symbols:
            self.bars(s, "time", "15m", history="2 D", then=self.strength[s].update)
            self.bars(s, "time", "1m", history="2 D")
        self.schedule(given.open, "America/New_York", lambda: self._turn(is_open=True))
        self.schedule(given.close, "America/New_York", lambda: self._turn(is_open=False))

    def _turn(self, *, is_open: bool) -> None:
        self.is_open, closing = is_open, [*filter(None, map(self.close, self.symbols))]
        self.log.info("the day begins" if is_open else "the day ends", closing=closing)

    def on_bar(self, bar: Bar) -> None:
        """A minute. Those of the past come first, when `live` is false and nothing is signalled."""
        symbol, strong = bar.symbol, self.strength[bar.symbol].value
        fast, slow = self.fast[symbol].update(bar), self.slow[symbol].update(bar)
        if fast is None or slow is None or strong is None or self.pending(symbol):
            return
        if fast < slow:
            self.close(symbol)
        elif strong > 50 and self.is_open and not self.position(symbol):
            self.buy(symbol, self.parameters.quantity)
