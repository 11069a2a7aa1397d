"""The history of a file that a back-test plays: all rows of the file up to now, and none after.

The file's rows keep their own times, and the clock of a back-test shows the time of the row that is
played. So nothing has to be taken down while the market is played. What is asked about is read from
the file once more, from its beginning on, each row once, and never further than the present moment:
a strategy that asks for the past cannot be given the future, whatever it asks.
"""

from collections.abc import Iterator

from tapewire.common.ticks.rows import Row
from tapewire.simulator.market.history import History
from tapewire.simulator.market.replay_clock import ReplayClock
from tapewire.simulator.market.screen import Screen
from tapewire.simulator.market.summary import Summary
from tapewire.simulator.market.tape import Reel, Shown


class FileHistory(History):
    """`rows` are those of the whole file; nothing of it is read before somebody asks."""

    def __init__(self, rows: Iterator[Row], clock: ReplayClock) -> None:
        super().__init__(None, clock, 1)
        self._rows = rows
        self._next: Row | None = None
        self._is_read = False
        self._now_ns = 0

    def take(self, row: Row, now_ns: int) -> None:
        """See `History`: the row is in the file."""
        self._now_ns = now_ns

    def add(self, symbol: str, now_ns: int) -> None:
        """See `History`."""

    def begin(self, now_ns: int) -> None:
        """See `History`."""
        self._now_ns = now_ns
        super().begin(now_ns)

    def asked(self, now_ns: int) -> None:
        """See `History`: what is asked about the past does not begin the market."""
        self._now_ns = now_ns

    def head_ns(self, symbol: str) -> int | None:
        """See `History`."""
        reel = self._reel(symbol)
        return None if reel is None else reel.first()

    def summary(self, symbol: str, from_ns: int, to_ns: int) -> Summary:
        """See `History`."""
        reel = self._reel(symbol)
        if reel is None:
            return {}
        return reel.summary(max(from_ns, reel.first() or to_ns), min(to_ns, self._now_ns + 1))

    def rows(self, symbol: str, from_ns: int, to_ns: int) -> Iterator[Shown]:
        """See `History`."""
        reel = self._reel(symbol)
        return iter(()) if reel is None else reel.rows(from_ns, min(to_ns, self._now_ns + 1))

    def screen(self, symbol: str, before_ns: int) -> Screen:
        """See `History`."""
        reel = self._reel(symbol)
        return Screen() if reel is None else reel.screen(min(before_ns, self._now_ns + 1))

    def _reel(self, symbol: str) -> Reel | None:
        """The rows of a symbol up to now."""
        if not self._is_read:
            self._is_read = True
            self._next = next(self._rows, None)
        while (row := self._next) is not None and row.ts_ns <= self._now_ns:
            (self._reels.get(row.symbol) or self._begin_reel(row.symbol)).take(row, row.ts_ns)
            self._next = next(self._rows, None)
        return self._reels.get(symbol)
