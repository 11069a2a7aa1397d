"""Moving averages: long above the slow one, with stop loss and take profit at the broker."""

from collections import deque

from tapewire import Bar, Strategy

FAST, SLOW, TRADES, QUANTITY = 5, 20, 20, 10  # bars, bars, trades per bar, shares


class MovingAverage(Strategy):
    """Enter where the fast average crosses above the slow one; the bracket leaves."""

    def on_start(self) -> None:
        """No symbol has an average yet."""
        self.closes = {symbol: deque[float](maxlen=SLOW) for symbol in self.symbols}
        self.above = dict.fromkeys(self.symbols, True)
        for symbol in self.symbols:
            self.bars(symbol, "tick", TRADES)

    def on_bar(self, bar: Bar) -> None:
        """Compare the averages of the last closes."""
        closes, symbol, price = self.closes[bar.symbol], bar.symbol, bar.close
        closes.append(price)
        was_above = self.above[symbol]
        self.above[symbol] = sum(list(closes)[-FAST:]) / FAST > sum(closes) / SLOW
        if len(closes) < SLOW or was_above or not self.above[symbol] or self.pending(symbol):
            return
        on_tick = self.instrument(symbol).round
        stop, target = on_tick(price * 0.998), on_tick(price * 1.004)
        self.buy(symbol, QUANTITY, stop_loss=stop, take_profit=target)
