"""News: whether TWS would send anything for a row of a symbol, so that a gateway has a turn."""

from tapewire.common.instruments import QUOTES_BY_TICK, TRADES_BY_TICK, Instrument
from tapewire.common.options import terms_of
from tapewire.common.ticks.rows import Row
from tapewire.simulator.market.screen import Screen, middle_of


class News:
    """Of one symbol, whose rows it is given in order.

    A row that repeats the quote wakes no gateway, and neither does a trade where quotes alone are
    read tick by tick, or a quote where trades alone are. Midpoints are sent as they change. Of an
    option TWS sends what it computes with each row, to those who read the top of its book.
    """

    def __init__(self, instrument: Instrument) -> None:
        self._screen = Screen()
        self._middle: float | None = None
        ticks = instrument.ticks
        self._of_quotes = instrument.reads_top or QUOTES_BY_TICK in ticks
        self._of_trades = instrument.reads_top or any(one in ticks for one in TRADES_BY_TICK)
        self._of_middles = "mid_point" in ticks and not self._of_quotes
        self._is_computed = instrument.reads_top and terms_of(instrument) is not None

    def take(self, row: Row) -> bool:
        """Take a row over; whether it is news."""
        has_changed = self._screen.take(row)
        if self._of_middles and has_changed:
            before, self._middle = self._middle, middle_of(*self._screen.prices())
            is_news = self._middle is not None and self._middle != before
        else:
            is_news = self._of_quotes and has_changed
        return is_news or self._is_computed or (self._of_trades and row.last is not None)
