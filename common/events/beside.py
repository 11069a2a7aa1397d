"""Market data beside the ticks: midpoints, trades that are not prices of the market, values by
name, and books of depth."""

from typing import Annotated, Final

import msgspec

from tapewire.common.events.base import Event, Name, Price, Size, Text, TimeNs

WORDS_MAX: Final = 64
VALUE_MAX: Final = 4096
LEVELS_MAX: Final = 100
"""Levels of one side of a book, far more than TWS gives."""
Words = Annotated[str, msgspec.Meta(max_length=WORDS_MAX)]


class IrregularTrade(Event, frozen=True, tag="trade.irregular"):
    """A trade that was reported, and is not a price of the market: an exchange does not count it as
    its last one (`unreported`: an odd lot, a combo, an average price), or it is outside the limits
    of the day (`past_limit`). It is not a `Trade`: it moves no mark, no bar and no limit.

    `conditions` are the exchange's codes for it; `ts_ns` is when the gateway read it (UTC).
    """

    symbol: Name
    ts_ns: TimeNs
    price: Price
    size: Size | None
    unreported: bool
    past_limit: bool
    exchange: Words = ""
    conditions: Words = ""


class Midpoint(Event, frozen=True, tag="midpoint"):
    """The midpoint of the quote after a change, as TWS gives it, to a part of a price step;
    `ts_ns` is when the gateway read it (UTC)."""

    symbol: Name
    ts_ns: TimeNs
    price: Price


class GenericTick(Event, frozen=True, tag="tick.generic"):
    """A value of a symbol that is neither quote nor trade: what an instrument's `generic_ticks` ask
    for, and what TWS adds by itself (the day's open, high, low, volume, the last close).

    `kind` is TWS's name of its type of tick in lower case, such as `option_implied_vol`; `value` a
    number, or a text as TWS writes it. `ts_ns` is when the gateway read it (UTC).
    """

    symbol: Name
    ts_ns: TimeNs
    kind: Name
    value: float | Annotated[str, msgspec.Meta(max_length=VALUE_MAX)]


class DepthLevel(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A price of a book with what is to be had there; `maker` is the market maker's name, or the
    exchange's where the book is that of all exchanges."""

    price: Price
    size: Size
    maker: Words = ""


Levels = Annotated[tuple[DepthLevel, ...], msgspec.Meta(max_length=LEVELS_MAX)]


class Depth(Event, frozen=True, tag="depth"):
    """The book of a symbol as a whole, the best level of each side first.

    It is empty while it is not known; `problem` then says why. `ts_ns` is when the gateway read the
    newest change in it (UTC).
    """

    symbol: Name
    ts_ns: TimeNs
    bids: Levels
    asks: Levels
    problem: Text = ""
