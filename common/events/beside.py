"""Market data beside the ticks: midpoints, trades that are not the market's, values of TWS's."""

from typing import Annotated

import msgspec

from tapewire.common.events.base import Event, Name, Price, Size, TimeNs

WORDS_MAX = 64
Words = Annotated[str, msgspec.Meta(max_length=WORDS_MAX)]


class IrregularTrade(Event, frozen=True, tag="trade.irregular"):
    """A trade that was reported, and is no price of the market: an exchange does not count it as
    its last one (`unreported`: an odd lot, a combo, an average price), or it is outside the limits
    of the day (`past_limit`). It is no `Trade`: it moves no mark, no bar and no limit.

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
