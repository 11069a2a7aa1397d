"""Mean reversion: trade against a price far from its moving mean, close when it is back."""

from math import sqrt

import msgspec

from tapewire import Quote, Strategy


class MeanReversionParameters(msgspec.Struct, frozen=True):
    """A mean of about `memory` quotes; enter at `entry` deviations from it, close at the mean."""

    memory: int = 200
    entry: float = 2.5
    quantity: int = 10


class MeanReversion(Strategy[MeanReversionParameters]):
    """Short above the mean, long below it; one order at a time per symbol."""

    def on_start(self) -> None:
        """No symbol has a mean yet."""
        self.seen = dict.fromkeys(self.symbols, 0)
        self.mean, self.variance = (dict.fromkeys(self.symbols, 0.0) for _ in range(2))

    def on_quote(self, quote: Quote) -> None:
        """Compare the price with the mean before it, then include it in the mean."""
        symbol, mid = quote.symbol, quote.mid
        if mid is None:
            return
        distance, deviation = mid - self.mean[symbol], sqrt(self.variance[symbol])
        self.seen[symbol] += 1
        share = max(1 / self.seen[symbol], 1 / self.parameters.memory)
        self.mean[symbol] += share * distance
        self.variance[symbol] = (1 - share) * (self.variance[symbol] + share * distance**2)
        if self.seen[symbol] > self.parameters.memory and deviation and not self.pending(symbol):
            self.judge(symbol, distance / deviation)

    def judge(self, symbol: str, score: float) -> None:
        """Enter where the price is far from the mean, close where it has come back."""
        held = self.position(symbol)
        if not held and abs(score) > self.parameters.entry:
            (self.sell if score > 0 else self.buy)(symbol, self.parameters.quantity)
        elif held and (held > 0) == (score > 0):
            (self.sell if held > 0 else self.buy)(symbol, abs(held))
