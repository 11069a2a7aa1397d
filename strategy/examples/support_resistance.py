"""Support and resistance: orders that rest at the lows and highs of the last bars, and move."""

from collections import deque

import msgspec

from tapewire import Bar, Strategy


class SupportResistanceParameters(msgspec.Struct, frozen=True):
    """The levels are the lowest low and the highest high of the last `bars` bars of `bar_ms`."""

    bar_ms: int = 60_000
    bars: int = 20
    quantity: int = 10


class SupportResistance(Strategy[SupportResistanceParameters]):
    """Buys at support with a resting limit order, sells at resistance with another."""

    def on_start(self) -> None:
        """Ask for bars; the levels come with them."""
        self.past = {s: deque[Bar](maxlen=self.parameters.bars) for s in self.symbols}
        for symbol in self.symbols:
            self.bars(symbol, "time", self.parameters.bar_ms)

    def on_bar(self, bar: Bar) -> None:
        """New levels: move the order that rests there, or place one."""
        past = self.past[bar.symbol]
        past.append(bar)
        if len(past) < self.parameters.bars:
            return
        held = self.position(bar.symbol)
        # A price that was traded at lies on the contract's tick, so it is a valid limit.
        level = max(b.high for b in past) if held else min(b.low for b in past)
        resting = next((order for order in self.orders if order.symbol == bar.symbol), None)
        if resting is None and not self.pending(bar.symbol):
            act, quantity = (self.sell, held) if held else (self.buy, self.parameters.quantity)
            act(bar.symbol, quantity, limit=level)
        elif resting and held and resting.side == "BUY":  # partly filled: the rest is too late
            self.cancel(resting.id)
        elif resting and float(resting.limit or 0) != level:
            self.modify(resting.id, limit=level)
