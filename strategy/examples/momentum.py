"""Momentum: go with a price that has left its recent range, over a numpy window a symbol."""

import msgspec
import numpy as np

from common.events import Quote
from strategy import Strategy


class MomentumParameters(msgspec.Struct, frozen=True):
    """`window` quotes make the range, left at `entry` deviations; `pause` quotes after a signal."""

    window: int = 100
    entry: float = 2.0
    quantity: int = 10
    pause: int = 200


class Momentum(Strategy):
    """Long above the range, short below it; one order at a time a symbol."""

    Parameters = MomentumParameters

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
        mids[count % len(mids)], self.count[symbol] = mid, count + 1
        if count < self.silent_until[symbol] or self.pending(symbol):
            return
        distance, deviation = mid - mids.mean(), mids.std()
        if deviation and abs(distance) >= self.parameters.entry * deviation:
            self.go(symbol, 1 if distance > 0 else -1)

    def go(self, symbol: str, side: int) -> None:
        """Bring the position to the full quantity on `side`."""
        change = side * self.parameters.quantity - self.position(symbol)
        act = self.buy if side > 0 else self.sell
        if change * side > 0 and act(symbol, change * side):
            self.silent_until[symbol] = self.count[symbol] + self.parameters.pause
