"""Ticks: what the gateway makes of TWS's market data messages."""

from common.events.base import Event, Name, Price, Size, TimeNs


class Quote(Event, frozen=True, tag="quote"):
    """Best bid and ask after a change of either; `None` is a side that has not been seen.

    `ts_ns` is when the gateway read it from TWS (UTC). `ask < bid` happens before an opening.
    """

    symbol: Name
    ts_ns: TimeNs
    bid: Price | None
    bid_size: Size | None
    ask: Price | None
    ask_size: Size | None


class Trade(Event, frozen=True, tag="trade"):
    """A trade that TWS reported; `ts_ns` is when the gateway read it (UTC)."""

    symbol: Name
    ts_ns: TimeNs
    price: Price
    size: Size | None


Tick = Quote | Trade
