"""The market data part of the broker port: which lines are wanted, and what comes over them."""

from typing import Literal, NamedTuple, Protocol

from tapewire.common.events import Greeks, IrregularTrade, Midpoint, Tick

BesideTicks = Midpoint | IrregularTrade
"""What comes beside ticks, and is none."""


class FeedNews(NamedTuple):
    """What has become of a symbol's market data: the broker refuses it and says why, its ticks are
    delayed, or live again, or they have to come soon if they come at all. Without a symbol it is
    about all that are read. Of a trading halt `reason` is the kind, none of one that has ended; of
    data that are "reduced" it is what they lack, and nothing where that has come."""

    symbol: str
    state: Literal["refused", "delayed", "live", "doubtful", "halted", "reduced"]
    reason: str = ""


class MarketFeed(Protocol):
    """The market data of one login."""

    def take_ticks(self) -> list[tuple[str, list[Tick]]]:
        """Ticks since the last call, by symbol."""

    def take_greeks(self) -> list[Greeks]:
        """The newest greeks of each option and basis since the last call."""

    def take_beside(self) -> list[BesideTicks]:
        """What came beside ticks since the last call."""

    def want(self, symbol: str) -> bool:
        """Somebody reads `symbol`: open its market data. False if it is not configured."""

    def unwant(self, symbol: str) -> None:
        """Nobody reads `symbol` any more: close its market data."""

    def reopen(self, symbol: str) -> None:
        """The market data of `symbol` is silent: ask for it again."""

    def take_feed_news(self) -> list[FeedNews]:
        """What has become of market data since the last call."""
