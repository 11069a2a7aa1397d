"""Breakout and retest, as patterns: buy where the day's high was broken and then held."""

import msgspec

from tapewire import Strategy, Trade
from tapewire.strategy.patterns import Match, highest, pattern, previous, run, step, trade

high = highest(trade.price, "day", zone="America/New_York")
broke = step(trade.price > high)
retest = broke.then(trade.price <= broke[high]).within("10m")
falling = run(5, trade.price < previous[trade.price]).within("2s")


class BreakoutParameters(msgspec.Struct, frozen=True):
    """`stop`: how far below the level that was broken the stop is, in the price's units."""

    quantity: int = 10
    stop: float = 0.5


class BreakoutRetest(Strategy[BreakoutParameters]):
    """One position per symbol: entered at the retest, left at its stop or in a fast fall."""

    @pattern(retest)
    def on_retest(self, match: Match) -> None:
        """The price is back at the level that it broke."""
        back: Trade = match[retest]
        if not self.position(match.symbol) and not self.pending(match.symbol):
            limit = self.instrument(match.symbol).round(back.price - self.parameters.stop)
            self.buy(match.symbol, self.parameters.quantity, stop_loss=limit)

    @pattern(falling)
    def on_falling(self, match: Match) -> None:
        """Five falling trades within 2 s."""
        if self.position(match.symbol):
            self.close(match.symbol)
