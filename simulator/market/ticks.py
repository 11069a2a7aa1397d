"""Ticks of history: every trade, quote or midpoint, as tick-by-tick data has them."""

from collections.abc import Iterator
from itertools import islice, takewhile
from typing import Final

from tapewire.simulator.market.history import History
from tapewire.simulator.market.plain import digits, plain
from tapewire.simulator.market.screen import middle_of, size_shown
from tapewire.simulator.protocol.history_messages import Tick, size_text

NS_PER_S: Final = 1_000_000_000
MESSAGES: Final = {"MIDPOINT": "96", "BID_ASK": "97", "TRADES": "98"}
"""The message that carries each kind of tick."""
ROWS_MAX: Final = 60_000
"""So many rows are read for one answer. A market that hardly moves has few ticks among them."""
WINDOW_NS: Final = 60 * NS_PER_S


class Ticks:
    """The ticks of one symbol of one kind. Sizes are written for clients of a version."""

    def __init__(
        self, history: History, symbol: str, what: str, exchange: str, version: int
    ) -> None:
        self._history = history
        self._symbol = symbol
        self._what = what
        self._exchange = exchange
        self._version = version
        self._read = 0

    def since(self, from_ns: int, to_ns: int, count: int) -> list[Tick]:
        """The first `count` ticks from `from_ns` on and before `to_ns`, and what else is of the
        same second as the last of them: whoever asks on from there misses nothing."""
        head_ns = self._history.head_ns(self._symbol)
        if head_ns is None:
            return []
        ticks = self._between(max(from_ns, head_ns), to_ns, ROWS_MAX)
        found = list(islice(ticks, count))
        if found:
            found += takewhile(lambda tick: tick[0] == found[-1][0], ticks)
        return found

    def until(self, to_ns: int, count: int) -> list[Tick]:
        """The last `count` ticks before `to_ns`, with all of the second of the first of them."""
        head_ns = self._history.head_ns(self._symbol)
        window_ns, found = WINDOW_NS, list[Tick]()
        while head_ns is not None:
            found = list(self._between(max(to_ns - window_ns, head_ns), to_ns))
            is_all = to_ns - window_ns <= head_ns or self._read >= ROWS_MAX
            if len(found) >= count or is_all:
                break
            self._read = 0
            window_ns *= 4
        if len(found) > count:
            first = found[-count][0]
            found = [tick for tick in found if tick[0] >= first]
        return found

    def _between(self, from_ns: int, to_ns: int, rows_max: int | None = None) -> Iterator[Tick]:
        from_ns = from_ns // NS_PER_S * NS_PER_S
        screen = self._history.screen(self._symbol, from_ns)
        middle = middle_of(*screen.prices())
        rows = self._history.rows(self._symbol, from_ns, to_ns)
        for at_ns, row in islice(rows, rows_max):
            self._read += 1
            second, is_new = at_ns // NS_PER_S, screen.take(row)
            if self._what == "TRADES":
                if row.last is not None:
                    yield second, self._trade(row.last, row.last_size or "0")
            elif self._what == "BID_ASK":
                if is_new and screen.bid is not None and screen.ask is not None:
                    sizes = (size_shown(screen.bid_size), size_shown(screen.ask_size))
                    yield second, ["0", screen.bid, screen.ask, *map(self._size, sizes)]
            elif (now := middle_of(*screen.prices())) is not None and now != middle:
                middle = now
                yield second, ["0", digits(now), "0"]

    def _trade(self, price: str, size: str) -> list[str]:
        return ["0", plain(price), self._size(size), self._exchange, ""]

    def _size(self, size: str) -> str:
        return size_text(self._version, float(size))
