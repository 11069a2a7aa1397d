"""The order types of the simulated exchange, each in one row: prices, trigger, and what it trades.

TWS has two price fields in an order, `lmtPrice` and `auxPrice`, and what the second one means
depends on the type: a stop, a price to be touched, a trailing amount, or an offset from the
midpoint. The rules are those of IB's order type pages and of the TWS API documentation.
"""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

Need = Literal["no", "may", "must"]
Waits = Literal["", "beyond", "touch", "close"]


class TypeRules(msgspec.Struct, frozen=True, kw_only=True):
    """How orders of one type behave.

    `limit` says whether an order has a limit price, `aux` whether `auxPrice` is given, and `means`
    what that price is. An order that `waits` is held until the market is at its stop price or
    `beyond`, until it has come to `touch` its price, or until the `close`. A type without
    `sec_types` is for every kind of contract.
    """

    limit: Need = "no"
    aux: Need = "no"
    means: Literal["stop", "trail", "offset"] = "stop"
    waits: Waits = ""
    is_pegged: bool = False
    sec_types: frozenset[str] = frozenset()
    does: str

    @property
    def has_trigger(self) -> bool:
        """Whether the order is held until the market has reached a price."""
        return self.waits in ("beyond", "touch")

    @property
    def trails(self) -> bool:
        """Whether its stop price follows the market."""
        return self.means == "trail"


_AUCTIONED = frozenset({"STK", "FUT", "OPT"})
KINDS: Final[Mapping[str, TypeRules]] = {
    "MKT": TypeRules(does="trades with the opposite quote"),
    "LMT": TypeRules(limit="must", does="trades at its limit or better"),
    "STP": TypeRules(aux="must", waits="beyond", does="a market order once the stop is reached"),
    "STP LMT": TypeRules(
        limit="must", aux="must", waits="beyond", does="a limit order once the stop is reached"
    ),
    "TRAIL": TypeRules(
        aux="may", means="trail", waits="beyond",
        does="a stop that follows the market by `auxPrice` or by `trailingPercent`",
    ),
    "TRAIL LIMIT": TypeRules(
        limit="may", aux="may", means="trail", waits="beyond",
        does="a trailing stop with a limit that keeps `lmtPriceOffset` from the stop",
    ),
    "MIT": TypeRules(
        aux="must", waits="touch", does="a market order once the market touches `auxPrice`"
    ),
    "LIT": TypeRules(
        limit="must", aux="must", waits="touch",
        does="a limit order once the market touches `auxPrice`",
    ),
    "MOC": TypeRules(waits="close", sec_types=_AUCTIONED, does="fills at the close"),
    "LOC": TypeRules(
        limit="must", waits="close", sec_types=_AUCTIONED,
        does="fills at the close if the closing price is at its limit or better",
    ),
    "PEG MID": TypeRules(
        limit="may", aux="may", means="offset", is_pegged=True,
        sec_types=frozenset({"STK", "OPT"}),
        does="trades at the midpoint of the quote, less aggressive by `auxPrice`",
    ),
}  # fmt: skip
"""The order types that `Exchange` has rules for. It rejects all others."""

TIMES_IN_FORCE: Final[Mapping[str, str]] = {
    "DAY": "to the close; without a close it stays as long as GTC",
    "GTC": "until it is cancelled",
    "GTD": "to `goodTillDate`",
    "IOC": "what does not trade at once is cancelled",
    "FOK": "cancelled unless all of it can trade at once",
    "OPG": "fills at the open: a market or limit order for the opening price",
}
"""The times in force that are simulated."""
