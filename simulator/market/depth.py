"""Made-up depth behind a quote: the quote itself is the first level.

The exchange trades with the quote alone. The levels behind it are there to be looked at: each is
one price step further away and larger than the one before it.
"""

from decimal import Decimal
from typing import NamedTuple

from tapewire.simulator.exchange.book import QuoteSide


class Level(NamedTuple):
    """A price of the book, and the size there."""

    price: Decimal
    size: Decimal


def levels(side: QuoteSide, step: Decimal, rows: int) -> list[Level]:
    """A side of the book, the best price first; `step` is below 0 for bids. No level has a price of
    0 or below. An empty side has none."""
    price = side.quoted()
    if price is None or side.size is None:
        return []
    size = Decimal(side.size)
    found = (Level(price + n * step, size * (n + 2) // 2 or size) for n in range(rows))
    return [one for one in found if one.price > 0]
