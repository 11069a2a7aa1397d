"""The market data of the TWS adapter: that part of the broker port."""

from tapewire.common.events import Greeks, Tick
from tapewire.gateway.market_feed import BesideTicks, Extra, FeedNews
from tapewire.gateway.tws.lines import Lines
from tapewire.gateway.tws.market_data import MarketData


class MarketPort:
    """What `gateway.market_feed.MarketFeed` asks for, from the lines and what comes over them."""

    market: MarketData
    lines: Lines

    @property
    def messages(self) -> int:
        """How many market data messages were read."""
        return self.market.messages

    @property
    def subscriptions(self) -> int:
        """How many market data subscriptions are open."""
        return self.market.subscriptions

    def take_ticks(self) -> list[tuple[str, list[Tick]]]:
        """See `MarketFeed.take_ticks`."""
        return self.market.take()

    def take_greeks(self) -> list[Greeks]:
        """See `MarketFeed.take_greeks`."""
        return self.market.take_greeks()

    def take_beside(self) -> list[BesideTicks]:
        """See `MarketFeed.take_beside`."""
        return self.market.beside.take()

    def want(self, symbol: str) -> bool:
        """See `MarketFeed.want`."""
        return self.lines.want(symbol)

    def unwant(self, symbol: str) -> None:
        """See `MarketFeed.unwant`."""
        self.lines.unwant(symbol)

    def reopen(self, symbol: str) -> None:
        """See `MarketFeed.reopen`."""
        self.lines.reopen(symbol)

    def has_values(self, symbol: str) -> bool:
        """See `MarketFeed.has_values`."""
        return self.lines.has_values(symbol)

    def want_extra(self, symbol: str, extra: Extra) -> bool:
        """See `MarketFeed.want_extra`."""
        return self.lines.want_extra(symbol, extra)

    def unwant_extra(self, symbol: str, extra: Extra) -> None:
        """See `MarketFeed.unwant_extra`."""
        self.lines.unwant_extra(symbol, extra)

    def reopen_extra(self, symbol: str, extra: Extra) -> None:
        """See `MarketFeed.reopen_extra`."""
        self.lines.reopen_extra(symbol, extra)

    def take_feed_news(self) -> list[FeedNews]:
        """See `MarketFeed.take_feed_news`."""
        return self.lines.take_news()
