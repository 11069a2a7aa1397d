"""What TWS sends beside ticks: midpoints, trades that are not prices of the market, values by name,
changes of books, and bars of five seconds."""

from collections.abc import Mapping
from typing import Final

from ibapi.ticktype import TickTypeEnum

from tapewire.common.events import Bar, DepthLevel, GenericTick, IrregularTrade, Midpoint
from tapewire.common.events.base import SIZE_MAX
from tapewire.common.events.beside import VALUE_MAX, WORDS_MAX
from tapewire.gateway.market_feed import BesideTicks, BookChange, Operation
from tapewire.gateway.tws.by_request import Opened
from tapewire.gateway.tws.checked import moment_ns, price, size
from tapewire.gateway.tws.data_requests import BAR_S
from tapewire.gateway.tws.line import check_fields, side_of
from tapewire.gateway.tws.streams import BARS, DEPTH

NAMES: Final[Mapping[bytes, str]] = {
    str(number).encode(): TickTypeEnum.to_str(number).lower() for number in range(100)
}
"""TWS's types of ticks, by what ibapi calls them."""
OPERATIONS: Final[Mapping[bytes, Operation]] = {b"0": "insert", b"1": "update", b"2": "delete"}
DIGITS_MAX: Final = 6
"""Of a type of tick that is not known."""
SIDES: Final = {b"0": False, b"1": True}
"""Whether a level is a bid."""


class Beside:
    """What came of one session and was not taken yet. `opened` are all requests by id."""

    def __init__(self, opened: Mapping[bytes, Opened]) -> None:
        self._opened = opened
        self._came: list[BesideTicks] = []

    def take(self) -> list[BesideTicks]:
        """What came since the last call, in order."""
        if not self._came:
            return []
        taken, self._came = self._came, []
        return taken

    # ---- of the streams of ticks -----------------------------------------------------------------
    # Each raises ValueError for what nobody would read.

    def midpoint(self, symbol: str, middle: float, now_ns: int) -> None:
        """A midpoint."""
        checked, _ = side_of(middle, None)
        if checked is not None:
            self._came.append(Midpoint(symbol, now_ns, checked))

    def irregular(
        self,
        symbol: str,
        now_ns: int,
        at: float,
        of: float | None,
        *,
        unreported: bool,
        past_limit: bool,
        exchange: bytes,
        conditions: bytes,
    ) -> None:
        """A trade that is not a price of the market."""
        words = (one.decode(errors="replace")[:WORDS_MAX] for one in (exchange, conditions))
        self._came.append(IrregularTrade(symbol, now_ns, at, of, unreported, past_limit, *words))

    def value(self, symbol: str, kind: bytes, text: bytes, now_ns: int) -> None:
        """A number of a line that is not a price of its quotes and trades."""
        value = float(text)
        if not -SIZE_MAX <= value <= SIZE_MAX:
            raise ValueError(f"{value} was found where a value was expected")
        self._came.append(GenericTick(symbol, now_ns, _name(kind), value))

    def text(self, symbol: str, kind: str, text: bytes, now_ns: int) -> None:
        """A text of a line."""
        if len(text) > VALUE_MAX:
            raise ValueError(f"a text of {len(text)} bytes; at most {VALUE_MAX} were expected")
        self._came.append(GenericTick(symbol, now_ns, kind, text.decode(errors="replace")))

    def read_text(self, symbol: str, fields: list[bytes], now_ns: int) -> None:
        """46, tickString: what is not a number, or several in one text."""
        check_fields(fields, 5)
        self.text(symbol, _name(fields[3]), fields[4], now_ns)

    def read_news(self, symbol: str, fields: list[bytes], now_ns: int) -> None:
        """84, tickNews: provider, article and headline, in one text."""
        check_fields(fields, 7)
        self.text(symbol, "news", b";".join(fields[3:6]), now_ns)

    # ---- of their own streams --------------------------------------------------------------------

    def begin(self, symbol: str) -> None:
        """The book of a symbol is empty: what was known of it is over."""
        self._came.append(BookChange(symbol, "begin"))

    def read_bar(self, fields: list[bytes], _now_ns: int) -> None:
        """50: a bar of five seconds; of trades, only one with a trade in it."""
        check_fields(fields, 11)
        opened = self._opened.get(fields[2])
        if opened is None or opened.kind != BARS:
            return
        opens, high, low, close = (price(float(one)) for one in fields[4:8])
        start_ns, end_ns = (moment_ns(int(fields[3]) + after) for after in (0, BAR_S))
        volume, count = size(float(fields[8])), size(int(fields[10]))
        average = price(float(fields[9])) if count else None
        opened.heard = True
        if start_ns < opened.newest_ns or count == 0:
            return
        opened.newest_ns = end_ns
        self._came.append(
            Bar(
                opened.symbol, end_ns, start_ns, opens, high, low, close,
                volume or 0.0, int(count or 0), average,
            )
        )  # fmt: skip

    def read_depth(self, fields: list[bytes], _now_ns: int) -> None:
        """12 and 13: a change of a book; 13 names the market maker, or the exchange.

        What makes no sense may have been the change of any level, so it breaks the book.
        """
        by_maker = fields[0] == b"13"
        opened = self._opened.get(fields[2]) if len(fields) > 2 else None
        if opened is None or opened.kind != DEPTH:
            return
        opened.heard = True
        try:
            check_fields(fields, 10 if by_maker else 8)
            maker = fields[4] if by_maker else b""
            change = _change(opened.symbol, maker, [*fields[3:4], *fields[4 + by_maker :]])
        except (ValueError, KeyError, IndexError) as error:
            fault = f"a message about it cannot be read: {error!r:.200}"
            self._came.append(BookChange(opened.symbol, "begin", fault=fault))
            raise ValueError(fault) from error
        self._came.append(change)


def _change(symbol: str, maker: bytes, fields: list[bytes]) -> BookChange:
    """An operation; `fields` are its place, what it is, its side, its price and its size."""
    operation, is_bid = OPERATIONS[fields[1]], SIDES[fields[2]]
    words = maker.decode(errors="replace")[:WORDS_MAX]
    level = DepthLevel(price(float(fields[3])), size(float(fields[4])) or 0.0, words)
    return BookChange(symbol, operation, is_bid, int(fields[0]), level)


def _name(kind: bytes) -> str:
    known = NAMES.get(kind)
    if known is None and len(kind) > DIGITS_MAX:
        raise ValueError(f"{kind[:20]!r}... was found where a type of tick was expected")
    return known or f"tick_{int(kind)}"
