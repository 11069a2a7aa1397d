"""A strategy that buys one option after the other, for the tests of greeks in a whole group."""

from tapewire.strategy.base import Strategy


class OptionBuyer(Strategy):
    """Buys a contract of its first symbol every second."""

    def on_start(self) -> None:
        self.every(1000)

    def on_timer(self, interval_ms: int) -> None:
        self.buy(self.symbols[0], 1)
