"""A strategy that trades all the time and holds next to nothing: whatever happens meets it."""

from collections import Counter

import msgspec

from tapewire import Quote, Strategy


class SteadyParameters(msgspec.Struct, frozen=True):
    """A market order for one unit every `every` quotes of a symbol."""

    every: int = 20


class Steady(Strategy[SteadyParameters]):
    """Buys one and sells one, in turn, of each symbol."""

    def on_start(self) -> None:
        self.quotes: Counter[str] = Counter()

    def on_quote(self, quote: Quote) -> None:
        self.quotes[quote.symbol] += 1
        turn, place = divmod(self.quotes[quote.symbol], self.parameters.every)
        if place == 0:
            (self.buy if turn % 2 else self.sell)(quote.symbol, 1)
