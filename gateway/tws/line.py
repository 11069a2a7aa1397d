"""One market data line: the newest values of a symbol, and which stream makes ticks of them.

Quotes and trades of a symbol come from its top of book, unless a tick-by-tick stream for them is
open: then they come from that one alone, and each change is one tick. What the top of book says
meanwhile is kept aside. It counts again when the other stream ends, for TWS repeats no value.
"""

from tapewire.common.events import Tick
from tapewire.common.events.base import PRICE_MAX, SIZE_MAX


class Line:
    """The newest values of one symbol. Delayed ones are kept apart, so that no quote has a live
    side and a delayed one.

    `top`, `quotes` and `trades` are the ids of the requests that are open: of the top of book, and
    of ticks one by one.
    """

    __slots__ = (
        "_passed_over",
        "aside",
        "ask",
        "ask_size",
        "bid",
        "bid_size",
        "delayed", "has_values",
        "is_delayed",
        "last",
        "last_size",
        "market_ns",
        "quotes",
        "read_ns",
        "stamped",
        "symbol",
        "ticks",
        "top",
        "trades",
    )  # fmt: skip

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.bid: float | None = None
        self.bid_size: float | None = None
        self.ask: float | None = None
        self.ask_size: float | None = None
        self.last: float | None = None
        self.last_size: float | None = None
        self.ticks: list[Tick] = []
        self.delayed: Line | None = None  # its delayed values
        self.is_delayed = False
        self.top = self.quotes = self.trades = b""
        self.has_values = False  # whether somebody has asked for more than quotes and trades
        self.aside: Line | None = None  # what the top of book says of which it makes no ticks
        self.read_ns = 0  # when the newest quote was read, of one kept aside
        self.market_ns: int | None = None  # the time that ticks of a recording are of
        self.stamped = 0  # so many of `ticks` have it
        self._passed_over = {"quotes": 0, "trades": 0}  # such values since the last tick of each

    def values(self, *, delayed: bool) -> "Line":
        """Where the newest values are, live or delayed."""
        if not delayed:
            return self
        if self.delayed is None:
            self.delayed = Line(self.symbol)
        return self.delayed

    def kept_aside(self, part: str) -> "Line | None":
        """Where the top of book's values of a part go, if another stream makes ticks of it."""
        if not (self.trades if part == "last" else self.quotes):
            return None
        if self.aside is None:
            self.aside = Line(self.symbol)
        return self.aside

    def passes_over(self, part: str) -> int:
        """A value is kept aside: how many, since the stream that has each brought a tick."""
        what = "trades" if part == "last" else "quotes"
        self._passed_over[what] += 1
        return self._passed_over[what]

    def heard(self, *, trade: bool) -> None:
        """A tick came from a stream that has each."""
        self._passed_over["trades" if trade else "quotes"] = 0

    def take_back(self, request_id: bytes) -> bool:
        """A stream of ticks one by one is over: what the top of book has said meanwhile counts.
        Whether that is another quote: TWS will not say it again."""
        aside, was_quotes = self.aside, request_id == self.quotes
        if not was_quotes and request_id != self.trades:
            return False
        before = (self.bid, self.bid_size, self.ask, self.ask_size)
        if was_quotes:
            self.quotes = b""
            if aside is not None and (aside.bid is not None or aside.ask is not None):
                self.bid, self.bid_size = aside.bid, aside.bid_size
                self.ask, self.ask_size = aside.ask, aside.ask_size
        else:
            self.trades = b""
            if aside is not None and aside.last is not None:
                self.last, self.last_size = aside.last, aside.last_size
        if not (self.quotes or self.trades):
            self.aside = None
        return before != (self.bid, self.bid_size, self.ask, self.ask_size)


def check_fields(fields: list[bytes], expected: int) -> None:
    """Raise `ValueError` unless a payload that was split at its NULs has `expected` fields."""
    if len(fields) - 1 != expected:
        raise ValueError(f"it has {len(fields) - 1} fields, expected {expected}")


def side_of(price: float, size: float | None) -> tuple[float | None, float | None]:
    """A price with its size; -1 without a size is TWS's way to say that this side is empty.

    Raises `ValueError` for NaN, the infinities, TWS's "unset" and a size below 0.
    """
    if price == -1 and not size:
        return None, None
    if not -PRICE_MAX <= price <= PRICE_MAX or (size is not None and not 0 <= size <= SIZE_MAX):
        raise ValueError(f"price {price} with size {size}")
    return price, size
