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
        self.range = dict.fromkeys(self.symbols, (0.0, 0.0))  # its middle and its reach

    def on_quote(self, quote: Quote) -> None:
        """Into the window; go where it has left the window's range."""
        if quote.bid is None or quote.ask is None:
            return
        symbol, mid, count = quote.symbol, (quote.bid + quote.ask) / 2, self.count[quote.symbol]
        mids, self.count[symbol] = self.mids[symbol], count + 1
        mids[count % len(mids)] = mid
        if count % (len(mids) // 10 or 1) == 0:  # on every quote it would cost more than the rest
            self.range[symbol] = mids.mean(), self.parameters.entry * mids.std()
        middle, reach = self.range[symbol]
        if reach and abs(mid - middle) >= reach and count >= self.silent_until[symbol]:
            self.go(symbol, 1 if mid > middle else -1)

    def go(self, symbol: str, side: int) -> None:
        """Bring the position to the full quantity on `side`, one order at a time."""
        change = side * (side * self.parameters.quantity - self.position(symbol))
        act = self.buy if side > 0 else self.sell
        if change > 0 and not self.pending(symbol) and act(symbol, change):
            self.silent_until[symbol] = self.count[symbol] + self.parameters.pause
