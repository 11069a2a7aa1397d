"""Denials as a pattern: after three denied orders in a minute a strategy orders nothing more."""

from tapewire import Quote, Strategy
from tapewire.common.events import OrderDenied
from tapewire.strategy.patterns import Match, event, pattern, quote, step, times, trade

denied = times(3, event(OrderDenied)).by("strategy").within("1m")
unanswered = step(trade.size >= 500).then_not(quote, "5s")


class QuietAfterDenials(Strategy):
    """Buys one whenever the bid is above the last ask, until it is denied three times a minute."""

    def on_start(self) -> None:
        """Nothing was denied yet."""
        self.is_quiet = False
        self.asks: dict[str, float] = {}

    def on_quote(self, quote: Quote) -> None:
        """Buy where the bid has passed the ask."""
        if quote.bid is None or quote.ask is None:
            return
        before = self.asks.get(quote.symbol, quote.ask)
        self.asks[quote.symbol] = quote.ask
        if quote.bid > before and not self.is_quiet and not self.pending(quote.symbol):
            self.buy(quote.symbol, 1)

    @pattern(denied)
    def on_denied(self, match: Match) -> None:
        """Three denied orders of one strategy in a minute."""
        if match.last.strategy == self.name:
            self.is_quiet = True
            self.log.warning("quiet: three orders were denied", reason=match.last.reason)

    @pattern(unanswered)
    def on_unanswered(self, match: Match) -> None:
        """A large trade, and then no quote for 5 s."""
        self.log.info("no quote after a large trade", size=match.first.size)
