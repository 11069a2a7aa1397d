"""Momentum: go with a price that has left its recent range, over a numpy window a symbol."""

from typing import ClassVar

import msgspec
import numpy as np

from common.events import Quote
from strategy import Strategy


class MomentumParameters(msgspec.Struct, frozen=True):
    """`window` quotes make the range, `entry` is the distance from its mean in deviations,
    `quantity` the position taken either way, `pause` how many quotes to wait after a signal."""

    window: int = 100
    entry: float = 2.0
    quantity: int = 10
    pause: int = 200


class Momentum(Strategy):
    """Long above the range, short below it; one order at a time a symbol."""

    Parameters: ClassVar[type[msgspec.Struct]] = MomentumParameters

    def on_start(self) -> None:
        """An empty window a symbol."""
        self.mids = {s: np.full(self.parameters.window, np.nan) for s in self.symbols}
        self.count = dict.fromkeys(self.symbols, 0)
        self.silent_until = dict.fromkeys(self.symbols, self.parameters.window)

    def on_quote(self, quote: Quote) -> None:
        """Into the window; go where it has left the window's range."""
        if quote.bid is None or quote.ask is None:
            return
        symbol, mid = quote.symbol, (quote.bid + quote.ask) / 2
        mids, count = self.mids[symbol], self.count[symbol]
        mids[count % len(mids)] = mid
        self.count[symbol] = count + 1
        if count < self.silent_until[symbol] or self.pending(symbol):
            return
        deviation = mids.std()
        if deviation == 0 or abs(mid - mids.mean()) < self.parameters.entry * deviation:
            return
        self.go(symbol, 1 if mid > mids.mean() else -1)

    def go(self, symbol: str, side: int) -> None:
        """Bring the position to the full quantity on `side`."""
        change = side * self.parameters.quantity - self.position(symbol)
        if change * side <= 0:
            return
        sent = self.buy(symbol, change) if change > 0 else self.sell(symbol, -change)
        if sent:
            self.silent_until[symbol] = self.count[symbol] + self.parameters.pause
