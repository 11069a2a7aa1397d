"""The market data part of the broker port: which lines are wanted, and what comes over them."""

from typing import Final, Literal, NamedTuple, Protocol

from tapewire.common.events import (
    Bar,
    DepthLevel,
    GenericTick,
    Greeks,
    IrregularTrade,
    Midpoint,
    Tick,
)

Extra = Literal["depth", "bar5"]
"""What is subscribed apart from ticks: a book, or the broker's bars of five seconds."""
Operation = Literal["begin", "insert", "update", "delete"]
NO_LEVEL: Final = DepthLevel(0.0, 0.0)


class BookChange(NamedTuple):
    """What has become of a book: it begins, without a level, or one of its levels changes. Levels
    are counted from the best, which is 0. With a `fault` nothing of the book can be believed."""

    symbol: str
    operation: Operation
    is_bid: bool = False
    place: int = 0
    level: DepthLevel = NO_LEVEL
    fault: str = ""


BesideTicks = Midpoint | IrregularTrade | GenericTick | Bar | BookChange
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

    def has_values(self, symbol: str) -> bool:
        """Whether values besides quotes and trades are asked for with the ticks of `symbol`."""

    def want_extra(self, symbol: str, extra: Extra) -> bool:
        """Somebody reads more than ticks of `symbol`: subscribe it. False where there is none."""

    def unwant_extra(self, symbol: str, extra: Extra) -> None:
        """Nobody reads it any more."""

    def reopen_extra(self, symbol: str, extra: Extra) -> None:
        """What came makes no sense: subscribe it again."""

    def take_feed_news(self) -> list[FeedNews]:
        """What has become of market data since the last call."""


class TicksAlone:
    """The part of a `MarketFeed` that carries quotes and trades and nothing beside them: bars are
    made of ticks, books are not read, and greeks are computed here."""

    def take_greeks(self) -> list[Greeks]:
        """See `MarketFeed.take_greeks`."""
        return []

    def take_beside(self) -> list[BesideTicks]:
        """See `MarketFeed.take_beside`."""
        return []

    def has_values(self, symbol: str) -> bool:
        """See `MarketFeed.has_values`."""
        return False

    def want_extra(self, symbol: str, extra: Extra) -> bool:
        """See `MarketFeed.want_extra`."""
        return False

    def unwant_extra(self, symbol: str, extra: Extra) -> None:
        """See `MarketFeed.unwant_extra`: it was never wanted."""

    def reopen_extra(self, symbol: str, extra: Extra) -> None:
        """See `MarketFeed.reopen_extra`: there is none."""
