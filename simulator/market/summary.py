"""What a stretch of a market comes to: the open, high, low and close of each kind of price.

Summaries of neighbouring stretches add up to that of both together, so that a bar is the same
whatever it was put together from.
"""

from typing import Final, Literal

import msgspec

from tapewire.common.ticks.rows import Row
from tapewire.simulator.market.screen import Screen, middle_of

Kind = Literal["TRADES", "BID", "ASK", "MIDPOINT"]
KINDS: Final[tuple[Kind, ...]] = ("TRADES", "BID", "ASK", "MIDPOINT")
_DIGITS: Final = 10


class Bar(msgspec.Struct, gc=False):
    """The prices of one kind. `volume`, `value` (price times size) and `count` are of trades."""

    open: float
    high: float
    low: float
    close: float
    volume: float = 0.0
    value: float = 0.0
    count: int = 0

    @property
    def average(self) -> float:
        """The average price by volume; the close where nothing was traded."""
        return round(self.value / self.volume, _DIGITS) if self.volume else self.close

    def add(self, price: float) -> None:
        """One more price."""
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        self.close = price

    def join(self, later: "Bar") -> None:
        """What came after it."""
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.value += later.value
        self.count += later.count


Summary = dict[Kind, Bar]
"""A bar of each kind of price that there was."""


def summarise(row: Row, screen: Screen, into: Summary) -> None:
    """Add a row to a summary. `screen` is what the rows before it have left, and takes it."""
    screen.take(row)
    if row.bid is not None or row.ask is not None:
        bid, ask = screen.prices()
        _add(into, "BID", bid if row.bid is not None else None)
        _add(into, "ASK", ask if row.ask is not None else None)
        _add(into, "MIDPOINT", middle_of(bid, ask))
    if row.last is not None:
        price, size = float(row.last), float(row.last_size or 0)
        _add(into, "TRADES", price)
        bar = into["TRADES"]
        bar.volume += size
        bar.value += price * size
        bar.count += 1


def join(whole: Summary, later: Summary) -> None:
    """Add the summary of what came after."""
    for kind, bar in later.items():
        if kind in whole:
            whole[kind].join(bar)
        else:
            whole[kind] = msgspec.structs.replace(bar)


def _add(into: Summary, kind: Kind, price: float | None) -> None:
    if price is None:
        return
    bar = into.get(kind)
    if bar is None:
        into[kind] = Bar(price, price, price, price)
    else:
        bar.add(price)
