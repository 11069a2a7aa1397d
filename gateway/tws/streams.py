"""Streams of market data at TWS: what can be asked for of a symbol, and how it is asked."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from ibapi.contract import Contract

from tapewire.common.instruments import Instrument, TickSource
from tapewire.common.shorthands import PAIR
from tapewire.gateway.tws.contracts import SMART
from tapewire.gateway.tws.encoder import RequestEncoder

Share = Literal["lines", "tick_by_tick", "depth"]
"""What streams are counted together as."""
TOP: Final = "top"
BY_TICK: Final[Mapping[TickSource, str]] = {
    "bid_ask": "BidAsk",
    "last": "Last",
    "all_last": "AllLast",
    "mid_point": "MidPoint",
}
"""TWS's names of its tick-by-tick kinds, in the order in which they are asked for."""
QUOTES: Final = "BidAsk"
TRADES: Final = ("Last", "AllLast")
MIDPOINTS: Final = "MidPoint"
GENERIC: Final = "generic ticks"
"""Stands for what the top of book has besides, where TWS refuses it."""
DEPTH: Final = "depth"
BARS: Final = "bar5"
CALLED: Final = {
    QUOTES: "tick-by-tick quotes",
    **dict.fromkeys(TRADES, "tick-by-tick trades"),
    MIDPOINTS: "tick-by-tick midpoints",
    GENERIC: GENERIC,
    DEPTH: "market depth",
    BARS: "real-time bars",
}
"""What comes of a stream, as a person calls it; of the top of book market data."""


class Terms(NamedTuple):
    """What a stream is asked for with."""

    instrument: Instrument
    generic: str = ""
    rows: int = 10

    @property
    def is_smart(self) -> bool:
        """Whether a book is that of all exchanges together."""
        return self.instrument.exchange == SMART

    @property
    def show(self) -> str:
        """What real-time bars are of: a currency pair has no trades."""
        return "MIDPOINT" if self.instrument.sec_type == PAIR else "TRADES"


class Stream(NamedTuple):
    """A request for market data of a symbol, by the kinds above."""

    symbol: str
    kind: str

    @property
    def share(self) -> Share:
        """Which limit it counts in; TWS counts real-time bars as lines."""
        if self.kind == DEPTH:
            return "depth"
        return "lines" if self.kind in (TOP, BARS) else "tick_by_tick"

    @property
    def called(self) -> str:
        """What comes of it, as a person calls it."""
        return CALLED.get(self.kind, "market data")

    @property
    def has_prices(self) -> bool:
        """Whether ticks come of it that the top of book has, too, though fewer of them."""
        return self.kind == QUOTES or self.kind in TRADES

    def opening(
        self, encode: RequestEncoder, request_id: int, contract: Contract, terms: Terms
    ) -> bytes:
        """The request."""
        if self.kind == TOP:
            return encode.market_data(request_id, contract, terms.generic)
        if self.kind == DEPTH:
            return encode.depth(request_id, contract, terms.rows, is_smart=terms.is_smart)
        if self.kind == BARS:
            return encode.real_time_bars(request_id, contract, terms.show)
        return encode.tick_by_tick(request_id, contract, self.kind)

    def closing(self, encode: RequestEncoder, request_id: int, terms: Terms) -> bytes:
        """The end of what was requested."""
        if self.kind == TOP:
            return encode.cancel_market_data(request_id)
        if self.kind == DEPTH:
            return encode.cancel_depth(request_id, is_smart=terms.is_smart)
        if self.kind == BARS:
            return encode.cancel_real_time_bars(request_id)
        return encode.cancel_tick_by_tick(request_id)


def streams_of(instrument: Instrument) -> tuple[Stream, ...]:
    """What is asked for to have ticks of an instrument, in this order."""
    kinds = [TOP] if instrument.reads_top else []
    kinds += [kind for source, kind in BY_TICK.items() if source in instrument.ticks]
    return tuple(Stream(instrument.symbol, kind) for kind in kinds)
