"""Market rows as the gateway's ticks: a `Quote` for each side that a row changed, a `Trade` for its
trade.

The ticks are those that TWS's messages amount to, one by one, so that a strategy sees the same
whichever adapter the gateway has: a change of both sides is two quotes, but one of an instrument
that is read tick by tick; a price without a size shows 0, and a size of 0 that follows changes
nothing; -1 without a size is an empty side, until a size comes that makes a price of it.
"""

from tapewire.common.events import Quote, Tick, Trade
from tapewire.common.events.base import PRICE_MAX, SIZE_MAX
from tapewire.common.instruments import QUOTES_BY_TICK, TRADES_BY_TICK, Instrument
from tapewire.common.ticks.rows import Row

Shown = tuple[float | None, float | None, bool]
"""The price and the size of a side, and whether a price came, if only -1."""


class Side:
    """The newest price of a bid or an ask, and its size. `seen`: a price came, if only -1."""

    __slots__ = ("price", "seen", "size")

    def __init__(self) -> None:
        self.price: float | None = None
        self.size: float | None = None
        self.seen = False

    def renew(self, price_text: str | None, size_text: str | None) -> bool:
        """Take over what a row carries; whether anything of it is new."""
        price = self._newest_price() if price_text is None else float(price_text)
        size = self.size if size_text is None else float(size_text)
        if price is not None:
            price, size = shown(price, size)
        elif size is not None and not 0 <= size <= SIZE_MAX:
            raise ValueError(f"size {size}, expected 0 to {SIZE_MAX}")
        elif self.size is None and not size:
            size = None  # a 0 where there was no size is not news
        first = price_text is not None and not self.seen
        if price == self.price and size == self.size and not first:
            return False
        self.price, self.size, self.seen = price, size, self.seen or first
        return True

    def _newest_price(self) -> float | None:
        return -1.0 if self.price is None and self.seen else self.price


def shown(price: float | None, size: float | None) -> tuple[float | None, float | None]:
    """A price and a size as a tick has them: both None for an empty side. Raises ValueError."""
    size = size or 0.0
    if price is None or (price == -1 and not size):
        return None, None
    if not (-PRICE_MAX <= price <= PRICE_MAX and 0 <= size <= SIZE_MAX):
        raise ValueError(f"price {price} with size {size}")
    return price, size


class Line:
    """One symbol that is read: its newest values, and the ticks that were not taken yet."""

    __slots__ = (
        "_begun", "_by_side", "_each_trade", "_trades", "_whole", "ask", "bid", "symbol", "ticks",
    )  # fmt: skip

    def __init__(self, instrument: Instrument) -> None:
        self.symbol = instrument.symbol
        self.bid = Side()
        self.ask = Side()
        self.ticks: list[Tick] = []
        has_top = instrument.reads_top
        self._whole = QUOTES_BY_TICK in instrument.ticks
        self._by_side = has_top and not self._whole
        self._each_trade = any(one in instrument.ticks for one in TRADES_BY_TICK)
        self._trades = has_top or self._each_trade
        self._begun = False

    def apply(self, row: Row, now_ns: int) -> None:
        """Add the ticks that a row amounts to. The first row is the market as it stood: changes
        alone are read tick by tick, so there it leads to none. A trade of the top of book comes
        before what is read tick by tick. Raises ValueError."""
        is_trade = row.last is not None and self._trades
        if is_trade and not self._each_trade and self._whole:
            self._trade(row, now_ns)
            is_trade = False
        if self._whole:
            self._apply_whole(row, now_ns)
        elif self._by_side:
            bid, ask = self.bid, self.ask
            has_bid = row.bid is not None or row.bid_size is not None
            if has_bid and bid.renew(row.bid, row.bid_size):
                self._quote(now_ns)
            has_ask = row.ask is not None or row.ask_size is not None
            if has_ask and ask.renew(row.ask, row.ask_size):
                self._quote(now_ns)
        if is_trade and (self._begun or not self._each_trade):
            self._trade(row, now_ns)
        self._begun = True

    def _apply_whole(self, row: Row, now_ns: int) -> None:
        changed = self.bid.renew(row.bid, row.bid_size)
        changed = self.ask.renew(row.ask, row.ask_size) or changed
        if changed and self._begun and self.bid.seen and self.ask.seen:
            self._quote(now_ns)

    def caught_up(self, bid: Shown, ask: Shown) -> None:
        """Rows went by whose ticks were made elsewhere; these are the sides after them."""
        self.bid.price, self.bid.size, self.bid.seen = bid
        self.ask.price, self.ask.size, self.ask.seen = ask

    def _quote(self, now_ns: int) -> None:
        bid, ask = self.bid, self.ask
        self.ticks.append(Quote(self.symbol, now_ns, bid.price, bid.size, ask.price, ask.size))

    def _trade(self, row: Row, now_ns: int) -> None:
        size = None if row.last_size is None else float(row.last_size)
        price, size = shown(None if row.last is None else float(row.last), size)
        if price is not None:
            self.ticks.append(Trade(self.symbol, now_ns, price, size))
