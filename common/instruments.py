"""What can be traded: one instrument as TWS and the books need it."""

from decimal import Decimal
from typing import Final, Literal

import msgspec

SYMBOL_PATTERN: Final = r"[!-~](?:[ -~]{0,62}[!-~])?"
"""A symbol: 1 to 64 printable ASCII characters, as TWS's protocol has them."""


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """A contract by its symbol.

    `multiplier` is units of the underlying a contract (50 for ES), `min_tick` the price step, `lot`
    the step of its quantities, `con_id` IB's contract id (0: not known). `feed` chooses TWS's
    top-of-book stream (`top`) or the tick-by-tick one, of which TWS grants five at a time.

    Of an option, `underlying` is the symbol of what it is on, `expiry` its last day as YYYYMMDD,
    `strike` the price and `right` what it gives: C to buy, P to sell. See `common.options`.
    """

    symbol: str
    sec_type: str = "STK"
    exchange: str = "SMART"
    currency: str = "USD"
    multiplier: Decimal = Decimal(1)
    min_tick: Decimal = Decimal("0.01")
    lot: Decimal = Decimal(1)
    con_id: int = 0
    feed: Literal["top", "tick_by_tick"] = "top"
    underlying: str = ""
    expiry: str = ""
    strike: Decimal | None = None
    right: Literal["", "C", "P"] = ""
