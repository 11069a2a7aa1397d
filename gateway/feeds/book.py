"""A book of depth: one fold of what the broker says of its levels. It is whole, or it is empty.

The broker names a level by its place from the best price on, which is 0. An insert moves those
behind it back, a delete moves them up. So one operation that was lost shifts all that come after
it, and a book that is wrong by one place looks like any other. Therefore an operation that cannot
be (a delete of a place that is not there, an insert behind a gap) breaks the book: it shows
nothing and takes nothing more until it is begun again.

An update of the place behind the last one is taken as an insert: there is only one thing that it
can mean. More levels than were asked for are kept for a while, for the broker inserts a level
before it deletes another one; far more are an operation that cannot be.
"""

from collections.abc import Iterable

from tapewire.common.events import DepthLevel
from tapewire.common.events.beside import LEVELS_MAX
from tapewire.gateway.market_feed import BookChange


class Book:
    """Both sides of a symbol's book, the best level of each first."""

    def __init__(self) -> None:
        self.bids: list[DepthLevel] = []
        self.asks: list[DepthLevel] = []
        self.fault = ""  # why it is broken, in a sentence

    def __repr__(self) -> str:
        state = f"broken: {self.fault}" if self.fault else f"{len(self.bids)}, {len(self.asks)}"
        return f"<Book, bids and asks: {state}>"

    def begin(self) -> None:
        """It is asked for from its beginning: all that comes now is of the new one."""
        self.bids, self.asks, self.fault = [], [], ""

    def apply(self, changes: Iterable[BookChange]) -> None:
        """Take in operations, in order; the first that cannot be breaks the book."""
        for change in changes:
            if self.fault and change.operation != "begin":
                continue
            fault = self._take(change) or change.fault
            if fault:
                self.bids, self.asks, self.fault = [], [], fault

    def _take(self, change: BookChange) -> str:
        """Take in an operation; why it cannot be, "" if it was taken."""
        if change.operation == "begin":
            self.begin()
            return ""
        levels = self.bids if change.is_bid else self.asks
        place, count = change.place, len(levels)
        is_there = 0 <= place < count
        if change.operation == "delete" and is_there:
            del levels[place]
        elif change.operation == "update" and is_there:
            levels[place] = change.level
        elif change.operation != "delete" and 0 <= place <= count < LEVELS_MAX:
            levels.insert(place, change.level)
        else:
            side = "bid" if change.is_bid else "ask"
            return f"{change.operation} of {side} {place:.6g}, and there are {count} of them"
        return ""
