"""Strategies that trade options, for the tests of greeks in a whole group."""

from tapewire import Strategy


class OptionBuyer(Strategy):
    """Buys a contract of its first symbol every second."""

    def on_start(self) -> None:
        self.every(1000)

    def on_timer(self, interval_ms: int) -> None:
        self.buy(self.symbols[0], 1)


class SpreadBuyer(Strategy):
    """Buys a vertical spread of its two symbols every second, as one order."""

    def on_start(self) -> None:
        self.every(1000)

    def on_timer(self, interval_ms: int) -> None:
        self.vertical(*self.symbols, 1, combo=True)
