"""The top of book, message by message: prices, sizes, values by name, and whether data are delayed.

Most of TWS's prices and sizes are read in runs (`market_data.MarketData.read_run`). What comes here
is what a run leaves: delayed ticks, other kinds of values, what is out of bounds, and the top of
book of which another stream makes the ticks.
"""

from collections.abc import Mapping
from typing import Final

from tapewire.common.events.base import SIZE_MAX
from tapewire.gateway.market_feed import FeedNews
from tapewire.gateway.tws import own_time
from tapewire.gateway.tws.beside import Beside
from tapewire.gateway.tws.line import Line, check_fields, side_of

TICK_NEWS: Final = b"84"
_HALTED: Final = b"49"  # of TWS's tick types; a delayed one is 90
_HALTED_DELAYED: Final = b"90"
_HALTS: Final = {0.0: "", 1.0: "general", 2.0: "volatility"}
"""TWS's values of a halt, but for -1: it does not know."""

# TWS's tick types, live and delayed, to the part of the line that they change.
_PRICES: Final = {b"1": "bid", b"2": "ask", b"4": "last"}
_SIZES: Final = {b"0": "bid", b"3": "ask", b"5": "last"}
_DELAYED_PRICES: Final = {b"66": "bid", b"67": "ask", b"68": "last"}
_DELAYED_SIZES: Final = {b"69": "bid", b"70": "ask", b"71": "last"}
_DELAYED_TYPES: Final = frozenset({b"3", b"4"})
"""TWS's types of market data that are delayed, and delayed from a market that is closed."""
PASSED_OVER_MAX: Final = 25
"""So many values of the top of book without a tick of the stream that has each: it is dead."""


class TopOfBook:
    """A part of `MarketData`."""

    messages: int
    is_recording: bool
    beside: Beside
    dead: list[int]
    _news: list[FeedNews]

    def _top(self, request_id: bytes) -> Line | None:
        raise NotImplementedError

    def _quote(self, line: Line, now_ns: int, *, delayed: bool = False) -> None:
        raise NotImplementedError

    def _trade(
        self, line: Line, price: float, size: float | None, now_ns: int, *, delayed: bool = False
    ) -> None:
        raise NotImplementedError

    def _on_type(self, fields: list[bytes], _now_ns: int) -> None:
        """TWS says of a request whether its data are live."""
        line = self._top(fields[2])
        if line is not None:
            self._is_delayed(line, delayed=fields[3] in _DELAYED_TYPES)

    def _on_generic(self, fields: list[bytes], now_ns: int) -> None:
        """A value that is not a price; one of them says whether trading is halted."""
        check_fields(fields, 5)
        line, kind = self._top(fields[2]), _HALTS.get(float(fields[4]))
        if line is None:
            return
        if fields[3] not in (_HALTED, _HALTED_DELAYED):
            if line.has_values:
                self.beside.value(line.symbol, fields[3], fields[4], now_ns)
        elif kind is not None:
            self._news.append(FeedNews(line.symbol, "halted", kind))

    def _on_text(self, fields: list[bytes], now_ns: int) -> None:
        is_news = fields[0] == TICK_NEWS
        line = self._top(fields[1 if is_news else 2])
        is_time = self.is_recording and not is_news and fields[3:4] == [own_time.LAST_TIMESTAMP]
        if line is not None and is_time:
            check_fields(fields, 5)
            own_time.read(line, fields[4])
        elif line is not None and line.has_values:
            read = self.beside.read_news if is_news else self.beside.read_text
            read(line.symbol, fields, now_ns)

    def _is_delayed(self, line: Line, *, delayed: bool) -> None:
        if line.is_delayed != delayed:
            line.is_delayed = delayed
            self._news.append(FeedNews(line.symbol, "delayed" if delayed else "live"))

    def _part(
        self, fields: list[bytes], live: Mapping[bytes, str], delayed: Mapping[bytes, str]
    ) -> tuple[Line | None, str | None, bool]:
        """The line of a message, what of it the message changes, and whether that is delayed."""
        line, kind = self._top(fields[2]), fields[3]
        is_delayed = kind in delayed
        if line is not None and is_delayed:
            self._is_delayed(line, delayed=True)
        return line, (delayed if is_delayed else live).get(kind), is_delayed

    def _on_price(self, fields: list[bytes], now_ns: int) -> None:
        self.messages += 1
        check_fields(fields, 7)
        line, part, delayed = self._part(fields, _PRICES, _DELAYED_PRICES)
        if line is None:
            return
        price, size = side_of(float(fields[4]), float(fields[5]) if fields[5] else None)
        if part is None:
            if price is not None and line.has_values:
                self.beside.value(line.symbol, fields[3], fields[4], now_ns)
            return
        aside = None if delayed else line.kept_aside(part)
        known = aside or line.values(delayed=delayed)
        if part == "bid":
            known.bid, known.bid_size, known.read_ns = price, size, now_ns
        elif part == "ask":
            known.ask, known.ask_size, known.read_ns = price, size, now_ns
        elif aside is not None:
            known.last, known.last_size = price, size
        elif price is not None:
            self._trade(line, price, size, now_ns, delayed=delayed)
        if aside is not None:
            self._pass_over(line, part)
        elif part != "last":
            self._quote(line, now_ns, delayed=delayed)

    def _pass_over(self, line: Line, part: str) -> None:
        """The top of book has a value of which another stream makes the ticks, if it lives."""
        if line.passes_over(part) == PASSED_OVER_MAX:
            self.dead.append(int(line.trades if part == "last" else line.quotes))

    def _on_size(self, fields: list[bytes], now_ns: int) -> None:
        self.messages += 1
        check_fields(fields, 5)
        line, part, delayed = self._part(fields, _SIZES, _DELAYED_SIZES)
        if line is None:
            return
        if part is None:
            if line.has_values:
                self.beside.value(line.symbol, fields[3], fields[4], now_ns)
            return
        size = float(fields[4])
        if not 0 <= size <= SIZE_MAX:
            raise ValueError(f"size {size}, expected 0 to {SIZE_MAX}")
        known = line.values(delayed=delayed)
        if not delayed and line.kept_aside(part) is not None:
            return  # a price follows, or what is kept aside is not far off
        if part == "last":
            # TWS repeats a trade's size behind its price; a new size alone is a new trade.
            if known.last is not None and size != known.last_size:
                self._trade(line, known.last, size, now_ns, delayed=delayed)
            return
        if part == "bid":
            unchanged, known.bid_size = size == known.bid_size, size
        else:
            unchanged, known.ask_size = size == known.ask_size, size
        if not unchanged:
            self._quote(line, now_ns, delayed=delayed)
