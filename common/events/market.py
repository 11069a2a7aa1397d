"""Ticks and greeks: what the gateway makes of TWS's market data; bars: what is made of ticks."""

from typing import Annotated, Literal

import msgspec

from tapewire.common.events.base import Event, Name, Price, Size, TimeNs


class Quote(Event, frozen=True, tag="quote"):
    """Best bid and ask after a change of either; `None` is a side that has not been seen.

    `ts_ns` is when the gateway read it from TWS (UTC). `market_ns` is the time of the market that
    it is of, where that is a recording which is played again; None where it is the present one.
    A strategy is given a tick of a recording with that time as its `ts_ns`.
    `ask < bid` happens before an opening.
    No price is NaN: the wire refuses it. `delayed` prices are some 15 minutes old, since the login
    has no subscription to live ones; limits do not take them for the market.
    """

    symbol: Name
    ts_ns: TimeNs
    bid: Price | None
    bid_size: Size | None
    ask: Price | None
    ask_size: Size | None
    delayed: bool = False
    market_ns: TimeNs | None = None

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
    """A trade that TWS reported; `ts_ns` is when the gateway read it (UTC). `delayed` and
    `market_ns` are as a `Quote`'s."""

    symbol: Name
    ts_ns: TimeNs
    price: Price
    size: Size | None
    delayed: bool = False
    market_ns: TimeNs | None = None


class Bar(Event, frozen=True, tag="bar"):
    """The trades of a stretch of time, of a number of trades or of a volume.

    `start_ns` is inside it, `ts_ns` its end: for a time bar the first moment after it, otherwise
    the last trade's time. `volume` is the sum of the known sizes; `vwap` is None without one. The
    broker's bars of a currency pair are of midpoints: then `volume` and `count` are 0.
    """

    symbol: Name
    ts_ns: TimeNs
    start_ns: TimeNs
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Size
    count: Annotated[int, msgspec.Meta(ge=0)]
    vwap: Price | None


Tick = Quote | Trade

Basis = Literal["bid", "ask", "last", "model"]
"""What greeks are of: a side of the quote, the last trade, or the value by the broker's model."""


class Greeks(Event, frozen=True, tag="greeks"):
    """An option's implied volatility and greeks, per unit of its underlying (not per contract).

    `source` is `tws`, or `computed` by the gateway where TWS sends none; `ts_ns` is when it read or
    computed them (UTC). `implied_vol` is per year (0.25 is 25 %), `gamma` what `delta` changes by
    if the underlying goes up by 1, `vega` what the option gains by a point of volatility (0.01),
    `theta` by a day. `price` is the option's that they are of, `underlying_price` that of the
    underlying. None is what was not computed. `delayed` greeks are of prices that are.
    """

    symbol: Name
    ts_ns: TimeNs
    source: Literal["tws", "computed"]
    basis: Basis
    implied_vol: Price | None = None
    delta: Price | None = None
    gamma: Price | None = None
    vega: Price | None = None
    theta: Price | None = None
    price: Price | None = None
    underlying_price: Price | None = None
    delayed: bool = False
