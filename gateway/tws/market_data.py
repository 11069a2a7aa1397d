"""Ticks from TWS's market data messages: one typed `Quote` or `Trade` per change.

These messages are nearly all that TWS sends, so they are read here from their fields, without
ibapi's decoder. What a message does not carry is what it was before.
"""

from collections.abc import Callable
from typing import Final

from tapewire.common.events import Greeks, Quote, Tick, Trade
from tapewire.common.events.base import PRICE_MAX, SIZE_MAX
from tapewire.gateway.market_feed import FeedNews
from tapewire.gateway.tws import own_time
from tapewire.gateway.tws.beside import Beside
from tapewire.gateway.tws.by_request import Opened
from tapewire.gateway.tws.by_tick import ByTick
from tapewire.gateway.tws.line import Line
from tapewire.gateway.tws.option_computations import OPTION_COMPUTATION, Computations
from tapewire.gateway.tws.streams import BARS, DEPTH, QUOTES, TOP, TRADES
from tapewire.gateway.tws.top_of_book import TICK_NEWS, TopOfBook

TICK_PRICE: Final = b"1"
TICK_SIZE: Final = b"2"
TICK_BY_TICK: Final = b"99"
MARKET_DATA_TYPE: Final = b"58"
TICK_GENERIC: Final = b"45"
TICK_STRING: Final = b"46"
REAL_TIME_BAR: Final = b"50"
MARKET_DEPTH: Final = b"12"
MARKET_DEPTH_BY_MAKER: Final = b"13"
PRICE_PARTS: Final = 10  # a tickPrice frame split at NULs: three of its length, seven fields
SIZE_PARTS: Final = 8
PRICE_ID: Final = ord(TICK_PRICE)
SIZE_ID: Final = ord(TICK_SIZE)
RUN_BEGINS: Final = (TICK_PRICE + b"\0", TICK_SIZE + b"\0")
"""How a payload begins with which `read_run` can begin."""
_HEADS: Final = {
    bytes((length, message_id)): (message_id == PRICE_ID, 4 + length)
    for length in range(256)
    for message_id in (PRICE_ID, SIZE_ID)
}
"""The length's last byte and the message id, to: is it a tickPrice, and how many bytes in all."""

FIRST_REQUEST_ID: Final = 1_000_000_000  # far above any order id, so that errors can be told apart


class MarketData(TopOfBook):
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
        self._computations = Computations(self._top)
        self._news: list[FeedNews] = []
        self.messages = 0
        self.is_recording = False  # whether TWS tells the time that its ticks are of
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
        if kind in (DEPTH, BARS):
            self._opened[key] = Opened(symbol, kind)
            if kind == DEPTH:
                self.beside.begin(symbol)
            return request_id
        line = self._by_symbol.setdefault(symbol, Line(symbol))
        self._opened[key] = Opened(symbol, kind, line)
        if kind == TOP:
            line.top, line.has_values = key, values
        elif kind == QUOTES:
            line.quotes = key
            line.heard(trade=False)
        elif kind in TRADES:
            line.trades = key
            line.heard(trade=True)
        self._place(line)
        return request_id

    def close(self, request_id: int) -> None:
        """A request is over; with its last one a line is forgotten, and its values."""
        key = str(request_id).encode()
        opened = self._opened.pop(key, None)
        if opened is None:
            return
        line = opened.line
        if line is None:
            if opened.kind == DEPTH:
                self.beside.begin(opened.symbol)
            return
        if key == line.top:
            line.top = b""
            self._lines.pop(key, None)
            self._shared.pop(key, None)
        aside = line.aside
        if line.take_back(key) and line.top and aside is not None:
            self._quote(line, aside.read_ns)
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

    def reset(self, request_id: int) -> None:
        """A book is empty from here on. Called where TWS says so among its changes: behind them, it
        would drop those that follow."""
        opened = self._opened.get(str(request_id).encode())
        if opened is not None and opened.kind == DEPTH:
            self.beside.begin(opened.symbol)

    def drop(self, symbol: str) -> None:
        """Nobody reads `symbol` any more: what came of it and was not taken is given to nobody, or
        it would be the newest of its symbol until it is read again."""
        for line in [one for one in self._touched if one.symbol == symbol]:
            self._touched.remove(line)
            line.ticks, line.stamped = [], 0
        self._computations.forget(symbol)

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
        if opened is None or opened.line is None or opened.kind != TOP:
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
        if self.is_recording:
            for line in self._touched:
                own_time.stamp(line)
                line.stamped = 0
        taken = [(line.symbol, line.ticks) for line in self._touched]
        for line in self._touched:
            line.ticks = []
        self._touched = []
        return taken

    def take_greeks(self) -> list[Greeks]:
        """The newest greeks of each option and basis since the last call."""
        return self._computations.take()

    def take_news(self) -> list[FeedNews]:
        """Which symbols have become delayed, or live again, since the last call."""
        taken, self._news = self._news, []
        return taken

    # A whole read costs one split where a frame at a time costs one each. `parts` is the buffer
    # split at its NULs and `place` where a frame begins in it: two empty parts, one more, then the
    # length's last byte with the message id, then the fields (for a frame shorter than 256 bytes).
    # What is not taken, such as a value out of bounds or a delayed tick, is left to the readers of
    # single messages, which say why. A size that TWS repeats behind its price is read and is no
    # tick.

    def read_run(  # noqa: PLR0912 - one loop: a call per tick would cost what it saves
        self, parts: list[bytes], place: int, now_ns: int
    ) -> tuple[int, int]:
        """Read tickPrice and tickSize frames as long as nothing else comes: the fast path. Returns
        how many parts and how many bytes were read."""
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

    def _on_tick_by_tick(self, fields: list[bytes], now_ns: int) -> None:
        self.messages += 1
        self._by_tick.read(fields, now_ns)

    def _on_option_computation(self, fields: list[bytes], now_ns: int) -> None:
        self.messages += 1
        self._computations.read(fields, now_ns)

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
