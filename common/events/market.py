"""Ticks: what the gateway makes of TWS's market data messages; bars: what is made of ticks."""

from typing import Annotated

import msgspec

from tapewire.common.events.base import Event, Name, Price, Size, TimeNs


class Quote(Event, frozen=True, tag="quote"):
    """Best bid and ask after a change of either; `None` is a side that has not been seen.

    `ts_ns` is when the gateway read it from TWS (UTC). `ask < bid` happens before an opening.
    No price is NaN: the wire refuses it.
    """

    symbol: Name
    ts_ns: TimeNs
    bid: Price | None
    bid_size: Size | None
    ask: Price | None
    ask_size: Size | None

    @property
    def mid(self) -> float | None:
        """The price halfway between bid and ask; None unless both sides have been seen."""
        bid, ask = self.bid, self.ask
        return None if bid is None or ask is None else (bid + ask) / 2

    @property
    def spread(self) -> float | None:
        """Ask minus bid, in the price's own units; None unless both sides have been seen. It is
        negative where the quote is crossed."""
        bid, ask = self.bid, self.ask
        return None if bid is None or ask is None else ask - bid


class Trade(Event, frozen=True, tag="trade"):
    """A trade that TWS reported; `ts_ns` is when the gateway read it (UTC)."""

    symbol: Name
    ts_ns: TimeNs
    price: Price
    size: Size | None


class Bar(Event, frozen=True, tag="bar"):
    """The trades of a stretch of time, of a number of trades or of a volume.

    `start_ns` is inside it, `ts_ns` its end: for a time bar the first moment after it, otherwise
    the last trade's time. `volume` is the sum of the known sizes; `vwap` is None without one.
    """

    symbol: Name
    ts_ns: TimeNs
    start_ns: TimeNs
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Size
    count: Annotated[int, msgspec.Meta(ge=1)]
    vwap: Price | None


Tick = Quote | Trade
