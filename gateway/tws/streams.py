"""Streams of market data at TWS: what can be asked for of a symbol, and how it is asked."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from ibapi.contract import Contract

from tapewire.common.instruments import Instrument, TickSource
from tapewire.gateway.tws.encoder import RequestEncoder

Share = Literal["lines", "tick_by_tick"]
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

_CALLED: Final = {
    QUOTES: "tick-by-tick quotes",
    **dict.fromkeys(TRADES, "tick-by-tick trades"),
    MIDPOINTS: "tick-by-tick midpoints",
}


class Stream(NamedTuple):
    """A request for market data of a symbol: `top` of book, or one of TWS's tick-by-tick kinds."""

    symbol: str
    kind: str

    @property
    def share(self) -> Share:
        """Which limit it counts in."""
        return "lines" if self.kind == TOP else "tick_by_tick"

    @property
    def called(self) -> str:
        """What comes of it, as a person calls it."""
        return _CALLED.get(self.kind, "market data")

    @property
    def has_prices(self) -> bool:
        """Whether ticks come of it that the top of book has, too, though fewer of them."""
        return self.kind == QUOTES or self.kind in TRADES

    def opening(self, encode: RequestEncoder, request_id: int, contract: Contract) -> bytes:
        """The request."""
        if self.kind == TOP:
            return encode.market_data(request_id, contract)
        return encode.tick_by_tick(request_id, contract, self.kind)

    def closing(self, encode: RequestEncoder, request_id: int) -> bytes:
        """The end of what was requested."""
        if self.kind == TOP:
            return encode.cancel_market_data(request_id)
        return encode.cancel_tick_by_tick(request_id)


def streams_of(instrument: Instrument) -> tuple[Stream, ...]:
    """What is asked for to have data of an instrument, in this order."""
    kinds = [TOP] if TOP in instrument.ticks else []
    kinds += [kind for source, kind in BY_TICK.items() if source in instrument.ticks]
    return tuple(Stream(instrument.symbol, kind) for kind in kinds)
