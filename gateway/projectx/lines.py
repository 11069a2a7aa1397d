"""Market data of the Gateway as ticks: a `Quote` when either side changes, a `Trade` for a trade.

The Gateway's quotes have no sizes, so those of a tick are 0. A quote is the newest one: under load
the client leaves some out. Trades are all there.
"""

from typing import Final

from tapewire.common.events import Quote, Tick, Trade
from tapewire.common.events.base import PRICE_MAX, SIZE_MAX
from tapewire.gateway.projectx.words import Json

UNKNOWN: Final = 0.0


class Line:
    """One symbol that is read: its newest sides, and the ticks that were not taken yet."""

    __slots__ = ("ask", "bid", "symbol", "ticks")

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.bid: float | None = None
        self.ask: float | None = None
        self.ticks: list[Tick] = []

    def quote(self, found: Json, now_ns: int) -> None:
        """The quote as it stands; a side that is left out is as before. Raises ValueError."""
        bid = _price(found["bestBid"]) if "bestBid" in found else self.bid
        ask = _price(found["bestAsk"]) if "bestAsk" in found else self.ask
        if (bid, ask) == (self.bid, self.ask):
            return
        self.bid, self.ask = bid, ask
        sizes = [None if side is None else UNKNOWN for side in (bid, ask)]
        self.ticks.append(Quote(self.symbol, now_ns, bid, sizes[0], ask, sizes[1]))

    def trade(self, found: Json, now_ns: int) -> None:
        """A trade of the market. Raises ValueError."""
        price, size = _price(found["price"]), float(found["volume"])
        if price is None or not 0 <= size <= SIZE_MAX:
            raise ValueError(f"price {price} with size {size}")
        self.ticks.append(Trade(self.symbol, now_ns, price, size))


def _price(value: object) -> float | None:
    """A price; None for a side that is empty."""
    if value is None:
        return None
    found = float(str(value))
    if not -PRICE_MAX <= found <= PRICE_MAX:
        raise ValueError(f"price {found}")
    return found
