"""Momentum: follow a price that has left its recent range; one NumPy window per symbol."""

import msgspec
import numpy as np

from tapewire import Quote, Strategy


class MomentumParameters(msgspec.Struct, frozen=True):
    """The range: `entry` deviations of the last `window` quotes. `pause`: quotes after a signal."""

    window: int = 100
    entry: float = 2.0
    quantity: int = 10
    quantities: dict[str, int] = {}  # by symbol, instead of `quantity`
    pause: int = 200


class Momentum(Strategy[MomentumParameters]):
    """Long above the range, short below it; one order at a time per symbol."""

    def on_start(self) -> None:
        """An empty window per symbol."""
        self.mids = {s: np.full(self.parameters.window, np.nan) for s in self.symbols}
        self.count = dict.fromkeys(self.symbols, 0)
        self.silent_until = dict.fromkeys(self.symbols, self.parameters.window)
        self.range = dict.fromkeys(self.symbols, (0.0, 0.0))  # its middle, and how far it extends

    def on_quote(self, quote: Quote) -> None:
        """Add the midpoint to the window; trade where it has left the window's range."""
        symbol, mid = quote.symbol, quote.mid
        if mid is None:
            return
        mids, count = self.mids[symbol], self.count[symbol]
        self.count[symbol] = count + 1
        mids[count % len(mids)] = mid
        if count % (len(mids) // 10 or 1) == 0:  # on every quote it would cost more than the rest
            self.range[symbol] = mids.mean(), self.parameters.entry * mids.std()
        middle, reach = self.range[symbol]
        if not reach or abs(mid - middle) < reach or count < self.silent_until[symbol]:
            return
        side, act = (1, self.buy) if mid > middle else (-1, self.sell)
        full = self.parameters.quantities.get(symbol, self.parameters.quantity)
        change = full - side * self.position(symbol)
        if change > 0 and not self.pending(symbol) and act(symbol, change):
            self.silent_until[symbol] = count + 1 + self.parameters.pause
