"""A strategy that notes each tick it sees, without its time."""

from typing import ClassVar

from tapewire import Quote, Strategy, Trade


class Recorder(Strategy):
    """The ticks of every run, in order; empty `seen` before a run."""

    seen: ClassVar[list[tuple[object, ...]]] = []

    def on_quote(self, quote: Quote) -> None:
        self.seen.append((quote.symbol, quote.bid, quote.bid_size, quote.ask, quote.ask_size))

    def on_trade(self, trade: Trade) -> None:
        self.seen.append((trade.symbol, trade.price, trade.size))
