"""Ticks from TWS's market data messages: one typed `Quote` or `Trade` per change.

These messages are nearly all that TWS sends, so they are read here from their fields, without
ibapi's decoder. What a message does not carry is what it was before.
"""

from collections.abc import Callable, Mapping
from typing import Final

from tapewire.common.events import Basis, Greeks, Quote, Tick, Trade
from tapewire.common.events.base import PRICE_MAX, SIZE_MAX
from tapewire.gateway.market_feed import FeedNews
from tapewire.gateway.tws.beside import Beside
from tapewire.gateway.tws.by_request import Opened
from tapewire.gateway.tws.by_tick import ByTick
from tapewire.gateway.tws.line import Line, check_fields, side_of
from tapewire.gateway.tws.option_computations import BASES, DELAYED, OPTION_COMPUTATION, greeks_of
from tapewire.gateway.tws.streams import DEPTH, QUOTES, TOP, TRADES

TICK_PRICE: Final = b"1"
TICK_SIZE: Final = b"2"
TICK_BY_TICK: Final = b"99"
MARKET_DATA_TYPE: Final = b"58"
TICK_GENERIC: Final = b"45"
TICK_STRING: Final = b"46"
TICK_NEWS: Final = b"84"
REAL_TIME_BAR: Final = b"50"
MARKET_DEPTH: Final = b"12"
MARKET_DEPTH_BY_MAKER: Final = b"13"
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

PRICE_PARTS: Final = 10  # a tickPrice frame split at NULs: three of its length, seven fields
SIZE_PARTS: Final = 8
PRICE_ID: Final = ord(TICK_PRICE)
SIZE_ID: Final = ord(TICK_SIZE)
PASSED_OVER_MAX: Final = 25
"""So many values of the top of book without a tick of the stream that has each: it is dead."""
RUN_BEGINS: Final = (TICK_PRICE + b"\0", TICK_SIZE + b"\0")
"""How a payload begins with which `read_run` can begin."""
_HEADS: Final = {
    bytes((length, message_id)): (message_id == PRICE_ID, 4 + length)
    for length in range(256)
    for message_id in (PRICE_ID, SIZE_ID)
}
"""The length's last byte and the message id, to: is it a tickPrice, and how many bytes in all."""

FIRST_REQUEST_ID: Final = 1_000_000_000  # far above any order id, so that errors can be told apart


class MarketData:
    """All market data lines of a session, and the ticks that came since they were last taken.

    `dead` are requests whose streams bring nothing, though the top of book moves.
    """

    def __init__(self) -> None:
        self._opened: dict[bytes, Opened] = {}  # by request
        self._by_symbol: dict[str, Line] = {}
        # By the request of the top of book: lines whose ticks all come from it, and the others.
        self._lines: dict[bytes, Line] = {}
        self._shared: dict[bytes, Line] = {}
        self.beside = Beside(self._opened)
        self.dead: list[int] = []
        self._touched: list[Line] = []
        self._next_request_id = FIRST_REQUEST_ID
        self._greeks: dict[tuple[str, Basis], Greeks] = {}
        self._news: list[FeedNews] = []
        self.messages = 0
        self._by_tick = ByTick(self._opened, self.beside, self._quote, self._trade)
        self.readers: dict[bytes, Callable[[list[bytes], int], None]] = {
            TICK_PRICE: self._on_price,
            TICK_SIZE: self._on_size,
            TICK_BY_TICK: self._on_tick_by_tick,
            OPTION_COMPUTATION: self._on_option_computation,
            MARKET_DATA_TYPE: self._on_type,
            TICK_GENERIC: self._on_generic,
            TICK_STRING: self._on_text,
            TICK_NEWS: self._on_text,
            REAL_TIME_BAR: self.beside.read_bar,
            MARKET_DEPTH: self.beside.read_depth,
            MARKET_DEPTH_BY_MAKER: self.beside.read_depth,
        }

    def open(self, symbol: str, kind: str = TOP, *, values: bool = False) -> int:
        """A request for data of `symbol`; returns its id. Those of one symbol make one line. With
        `values` more is read of its top of book than quotes and trades."""
        request_id, self._next_request_id = self._next_request_id, self._next_request_id + 1
        key = str(request_id).encode()
        line = self._by_symbol.setdefault(symbol, Line(symbol))
        self._opened[key] = Opened(line, kind)
        if kind == TOP:
            line.top, line.has_values = key, values
        elif kind == QUOTES:
            line.quotes = key
            line.heard(trade=False)
        elif kind in TRADES:
            line.trades = key
            line.heard(trade=True)
        elif kind == DEPTH:
            self.beside.begin(symbol)
        self._place(line)
        return request_id

    def close(self, request_id: int) -> None:
        """A request is over; with its last one a line is forgotten, and its values."""
        key = str(request_id).encode()
        opened = self._opened.pop(key, None)
        if opened is None:
            return
        line = opened.line
        if key == line.top:
            line.top = b""
            self._lines.pop(key, None)
            self._shared.pop(key, None)
        if opened.kind == DEPTH:
            self.beside.begin(line.symbol)
        line.take_back(key)
        self._place(line)
        if all(one.line is not line for one in self._opened.values()):
            self._by_symbol.pop(line.symbol, None)

    def _place(self, line: Line) -> None:
        """The fast path reads the lines whose ticks all come from the top of book."""
        if line.top:
            is_shared = bool(line.quotes or line.trades)
            kept, left = self._lines, self._shared
            if is_shared:
                kept, left = left, kept
            left.pop(line.top, None)
            kept[line.top] = line

    def _top(self, request_id: bytes) -> Line | None:
        return self._lines.get(request_id) or self._shared.get(request_id)

    def drop(self, symbol: str) -> None:
        """Nobody reads `symbol` any more: what came of it and was not taken is given to nobody, or
        it would be the newest of its symbol until it is read again."""
        for line in [one for one in self._touched if one.symbol == symbol]:
            self._touched.remove(line)
            line.ticks = []
        self._greeks = {key: one for key, one in self._greeks.items() if key[0] != symbol}

    def take_dead(self) -> list[int]:
        """Requests whose streams have fallen silent since the last call."""
        taken, self.dead = self.dead, []
        return taken

    @property
    def subscriptions(self) -> int:
        """How many are open."""
        return len(self._opened)

    def is_silent(self, request_id: int) -> bool:
        """Whether nothing has come of what was requested."""
        key = str(request_id).encode()
        opened = self._opened.get(key)
        if opened is None or opened.kind != TOP:
            return opened is not None and not opened.heard
        line = opened.line
        known = line.aside if line.aside is not None else line
        return line.delayed is None and (known.bid, known.ask, known.last) == (None, None, None)

    def about(self, request_id: int) -> str | None:
        """The symbol of the line that a request id opened."""
        opened = self._opened.get(str(request_id).encode())
        return opened.symbol if opened else None

    def close_all(self) -> None:
        """Forget all lines: the session they belonged to is over."""
        for opened in self._opened.values():
            if opened.kind == DEPTH:
                self.beside.begin(opened.symbol)
        for lines in (self._opened, self._by_symbol, self._lines, self._shared):
            lines.clear()
        self.dead.clear()

    def take(self) -> list[tuple[str, list[Tick]]]:
        """The ticks since the last call, by symbol."""
        taken = [(line.symbol, line.ticks) for line in self._touched]
        for line in self._touched:
            line.ticks = []
        self._touched = []
        return taken

    def take_greeks(self) -> list[Greeks]:
        """The newest greeks of each option and basis since the last call."""
        taken, self._greeks = [*self._greeks.values()], {}
        return taken

    def take_news(self) -> list[FeedNews]:
        """Which symbols have become delayed, or live again, since the last call."""
        taken, self._news = self._news, []
        return taken

    def read_run(  # noqa: PLR0912 - one loop: a call per tick would cost what it saves
        self, parts: list[bytes], place: int, now_ns: int
    ) -> tuple[int, int]:
        """Read tickPrice and tickSize frames as long as nothing else comes: the fast path.

        `parts` is the buffer split at its NULs and `place` where a frame begins in it: two empty
        parts, one more, then the length's last byte with the message id, then the fields (for a
        frame shorter than 256 bytes). So a whole read costs one split, where a frame at a time
        costs one each. Returns how many parts and how many bytes were read. What it does not take,
        such as a value out of bounds or a delayed tick, is left to the readers of single messages,
        which say why. A size that TWS repeats behind its price is read here and is no tick.
        """
        begun, size, frames, last = place, 0, 0, len(parts) - PRICE_PARTS
        lines, touched, heads = self._lines, self._touched, _HEADS
        price_max, size_max, quote = PRICE_MAX, SIZE_MAX, Quote
        try:
            while place < last and not parts[place + 1] and not parts[place + 2]:
                line, (is_price, length) = lines[parts[place + 5]], heads[parts[place + 3]]
                kind, value = parts[place + 6], float(parts[place + 7])
                changed = True
                if is_price:
                    shown = float(parts[place + 8])
                    if not (0 < value <= price_max and 0 <= shown <= size_max):
                        break
                    if kind == b"1":
                        line.bid, line.bid_size = value, shown
                    elif kind == b"2":
                        line.ask, line.ask_size = value, shown
                    elif kind == b"4":
                        self._trade(line, value, shown, now_ns)
                        changed = False
                    else:
                        break
                    place += PRICE_PARTS
                else:
                    if not 0 <= value <= size_max:
                        break
                    if kind == b"0":
                        changed, line.bid_size = value != line.bid_size, value
                    elif kind == b"3":
                        changed, line.ask_size = value != line.ask_size, value
                    else:
                        break
                    place += SIZE_PARTS
                size += length
                frames += 1
                if changed:
                    ticks = line.ticks
                    if not ticks:
                        touched.append(line)
                    ticks.append(
                        quote(line.symbol, now_ns, line.bid, line.bid_size, line.ask, line.ask_size)
                    )
        except (ValueError, KeyError):
            pass  # not a number, or another kind of message: its own reader takes it
        self.messages += frames
        return place - begun, size

    def _on_type(self, fields: list[bytes], _now_ns: int) -> None:
        """TWS says of a request whether its data are live."""
        line = self._top(fields[2])
        if line is not None:
            self._is_delayed(line, delayed=fields[3] in _DELAYED_TYPES)

    def _on_generic(self, fields: list[bytes], now_ns: int) -> None:
        """A value that is no price; one of them says whether trading is halted."""
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
        if line is not None and line.has_values:
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
            known.bid, known.bid_size = price, size
        elif part == "ask":
            known.ask, known.ask_size = price, size
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

    def _on_tick_by_tick(self, fields: list[bytes], now_ns: int) -> None:
        self.messages += 1
        self._by_tick.read(fields, now_ns)

    def _on_option_computation(self, fields: list[bytes], now_ns: int) -> None:
        self.messages += 1
        check_fields(fields, 12)
        place = 1 if self._top(fields[1]) else 2  # behind a version from an old server
        line, basis = self._top(fields[place]), BASES.get(fields[place + 1])
        if line is None or basis is None:
            return
        delayed = fields[place + 1] in DELAYED
        greeks = greeks_of(fields, line.symbol, basis, now_ns, delayed=delayed)
        if greeks is not None:
            self._greeks[line.symbol, basis] = greeks

    def _quote(self, line: Line, now_ns: int, *, delayed: bool = False) -> None:
        known = line.values(delayed=delayed)
        if not line.ticks:
            self._touched.append(line)
        line.ticks.append(
            Quote(
                line.symbol, now_ns, known.bid, known.bid_size, known.ask, known.ask_size, delayed
            )
        )

    def _trade(
        self, line: Line, price: float, size: float | None, now_ns: int, *, delayed: bool = False
    ) -> None:
        known = line.values(delayed=delayed) if delayed else line
        known.last, known.last_size = price, size
        if not line.ticks:
            self._touched.append(line)
        line.ticks.append(Trade(line.symbol, now_ns, price, size, delayed))
