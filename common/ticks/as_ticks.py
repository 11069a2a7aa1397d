"""Rows of a market as ticks, and ticks as rows of Tapewire's own CSV.

A row has what changed; a quote has both sides. So whoever reads rows keeps each symbol's newest
values. An empty side, which has no price, stands in a file as the price -1 with the size 0, as TWS
has it: nothing at all would be "as before".
"""

from decimal import Decimal
from typing import Final

from tapewire.common.events import Quote, Tick, Trade
from tapewire.common.ticks.rows import Row

EMPTY: Final = ("-1", "0")


class Quoted:
    """One symbol's newest bid and ask with their sizes, while rows become ticks."""

    __slots__ = ("_ask", "_ask_size", "_bid", "_bid_size")

    def __init__(self) -> None:
        self._bid: float | None = None
        self._bid_size: float | None = None
        self._ask: float | None = None
        self._ask_size: float | None = None

    def ticks(self, row: Row) -> list[Tick]:
        """What a row brings: a quote if it has a column of one, a trade if it has its price."""
        found: list[Tick] = []
        carried = (row.bid, row.ask, row.bid_size, row.ask_size)
        if any(text is not None for text in carried):
            self._bid, self._bid_size = _side(row.bid, row.bid_size, self._bid, self._bid_size)
            self._ask, self._ask_size = _side(row.ask, row.ask_size, self._ask, self._ask_size)
            sides = (self._bid, self._bid_size, self._ask, self._ask_size)
            found.append(Quote(row.symbol, row.ts_ns, *sides))
        if row.last is not None:
            size = None if row.last_size is None else float(row.last_size)
            found.append(Trade(row.symbol, row.ts_ns, float(row.last), size))
        return found


def _side(
    price_text: str | None, size_text: str | None, price: float | None, size: float | None
) -> tuple[float | None, float | None]:
    """A side's price and size after a row."""
    price = price if price_text is None else float(price_text)
    size = size if size_text is None else float(size_text)
    return (None, None) if price == -1 and not size else (price, size)


class Lines:
    """Ticks as lines of Tapewire's own CSV, each with all that the tick has. Whether a tick is
    delayed has no column there."""

    def __init__(self) -> None:
        self._shown: set[tuple[str, str]] = set()  # sides that had a price

    def line(self, tick: Tick) -> str:
        """The line of a tick, with its end."""
        if isinstance(tick, Trade):
            return f"{tick.ts_ns},{tick.symbol},,,,,{text_of(tick.price)},{text_of(tick.size)}\n"
        bid, bid_size = self._side(tick.symbol, "bid", tick.bid, tick.bid_size)
        ask, ask_size = self._side(tick.symbol, "ask", tick.ask, tick.ask_size)
        return f"{tick.ts_ns},{tick.symbol},{bid},{ask},{bid_size},{ask_size},,\n"

    def _side(
        self, symbol: str, side: str, price: float | None, size: float | None
    ) -> tuple[str, str]:
        if price is not None:
            self._shown.add((symbol, side))
        elif (symbol, side) in self._shown and size is None:
            return EMPTY
        return text_of(price), text_of(size)


def text_of(value: float | None) -> str:
    """A number as plain digits, from which exactly the same float is read; nothing for None."""
    if value is None:
        return ""
    text = repr(value)
    if "e" in text:
        return format(Decimal(text), "f")
    return text.removesuffix(".0")
