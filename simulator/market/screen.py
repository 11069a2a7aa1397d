"""A symbol's quote as rows leave it, one after the other."""

from collections.abc import Iterable
from typing import Final

from tapewire.common.ticks.rows import Row
from tapewire.simulator.market.plain import plain

_DIGITS = 10
_LOOK_BACK = 10_000
"""So many rows are read backwards at most to find a quote."""
EMPTY: Final = "-1"
"""The price of a side without a size that nobody quotes."""


class Screen:
    """Both sides of the quote, as text without trailing zeros; None where nothing was shown."""

    def __init__(self) -> None:
        self.bid: str | None = None
        self.ask: str | None = None
        self.bid_size: str | None = None
        self.ask_size: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether both sides are shown, with their sizes."""
        return None not in (self.bid, self.ask, self.bid_size, self.ask_size)

    @classmethod
    def after(cls, backwards: Iterable[Row]) -> "Screen":
        """What rows have left, the newest of which comes first."""
        screen = cls()
        for row, _ in zip(backwards, range(_LOOK_BACK), strict=False):
            screen._fill(row)
            if screen.is_complete:
                break
        return screen

    def take(self, row: Row) -> bool:
        """Apply a row; whether that has changed the quote."""
        was = self._shown()
        if row.bid is not None:
            self.bid = plain(row.bid)
        if row.ask is not None:
            self.ask = plain(row.ask)
        if row.bid_size is not None:
            self.bid_size = plain(row.bid_size)
        if row.ask_size is not None:
            self.ask_size = plain(row.ask_size)
        return was != self._shown()

    def _shown(self) -> tuple[str | None, str | None, str, str]:
        return self.bid, self.ask, size_shown(self.bid_size), size_shown(self.ask_size)

    def prices(self) -> tuple[float | None, float | None]:
        """Bid and ask; None for an empty side."""
        return price_of_side(self.bid, self.bid_size), price_of_side(self.ask, self.ask_size)

    def _fill(self, row: Row) -> None:
        """An older row: it says what the newer ones have not said."""
        if self.bid is None and row.bid is not None:
            self.bid = plain(row.bid)
        if self.ask is None and row.ask is not None:
            self.ask = plain(row.ask)
        if self.bid_size is None and row.bid_size is not None:
            self.bid_size = plain(row.bid_size)
        if self.ask_size is None and row.ask_size is not None:
            self.ask_size = plain(row.ask_size)


def middle_of(bid: float | None, ask: float | None) -> float | None:
    """The midpoint; None with a side missing."""
    return None if bid is None or ask is None else round((bid + ask) / 2, _DIGITS)


def price_of_side(price: str | None, size: str | None) -> float | None:
    """A side's price; None for an empty side, which TWS shows as -1 without a size."""
    if price is None:
        return None
    found = float(price)
    return None if found == -1 and not float(size or 0) else found


def size_shown(size: str | None) -> str:
    """A side's size as TWS writes it: one that never came is 0, so a 0 after it is not a change."""
    return size or "0"
