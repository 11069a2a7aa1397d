"""What can be traded: one instrument as TWS and the books need it."""

from decimal import Decimal
from functools import cached_property
from typing import Final, Literal

import msgspec

from tapewire.common.events.instruments import PriceStep

SYMBOL_PATTERN: Final = r"[!-~](?:[ -~]{0,62}[!-~])?"
"""A symbol: 1 to 64 printable ASCII characters, as TWS's protocol has them."""
ZERO: Final = Decimal(0)
DEFAULT_TICK: Final = Decimal("0.01")
PENNY: Final = Decimal(1)
PENNY_TICK: Final = Decimal("0.0001")
"""Below this price a share has this tick, whatever it has above (SEC rule 612)."""

TickSource = Literal["top", "bid_ask", "last", "all_last", "mid_point"]
"""Where the ticks of an instrument come from: TWS's top of book, which sends what has changed some
times per second, or one of its tick-by-tick kinds, which send every change."""
QUOTES_BY_TICK: Final = "bid_ask"
TRADES_BY_TICK: Final = ("last", "all_last")


def ticks_fault(ticks: tuple[TickSource, ...]) -> str:
    """What a choice of tick sources must be and is not; empty if it can be had. None at all is no
    fault: somebody else chooses then."""
    if len({*ticks}) < len(ticks):
        return "sources of which each is named once"
    if {*TRADES_BY_TICK} <= {*ticks}:
        return '"last" or "all_last", not both: the trades of one are among those of the other'
    if ticks == ("mid_point",):
        return 'with a source of prices, such as ["top", "mid_point"]'
    return ""


class Instrument(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A contract by its symbol.

    `multiplier` is units of the underlying a contract (50 for ES), `min_tick` the price step, `lot`
    the step of its quantities, `con_id` IB's contract id (0: not known). `ticks` are the sources of
    its ticks; where several have the same, the one that is by tick counts. `generic_ticks` are
    TWS's numbers of what it adds to them (see `common.generic_ticks`).

    Of an option, `underlying` is the symbol of its underlying, `expiry` its last day as YYYYMMDD,
    `strike` the price and `right` what it gives: C to buy, P to sell. See `common.options`.
    """

    symbol: str
    sec_type: str = "STK"
    exchange: str = "SMART"
    currency: str = "USD"
    multiplier: Decimal = Decimal(1)
    min_tick: Decimal = DEFAULT_TICK
    lot: Decimal = Decimal(1)
    con_id: int = 0
    ticks: tuple[TickSource, ...] = ("top",)
    generic_ticks: tuple[int, ...] = ()
    underlying: str = ""
    expiry: str = ""
    strike: Decimal | None = None
    right: Literal["", "C", "P"] = ""

    @property
    def reads_top(self) -> bool:
        """Whether its top of book is asked for: as a source of ticks, or for its generic ticks.
        In both cases its quotes and trades are ticks, unless those come tick by tick."""
        return "top" in self.ticks or bool(self.generic_ticks)

    @cached_property
    def price_steps(self) -> tuple[PriceStep, ...]:
        """The steps of its prices, the lowest first; none where nobody has said them.

        The default is the tick of US shares. Of anything else it only says that none was
        configured: a currency pair has 0.00005, a bond future 1/64.
        """
        is_share, step = self.sec_type == "STK", self.min_tick
        if step == DEFAULT_TICK and not (is_share and self.currency == "USD"):
            return ()
        if is_share and step > PENNY_TICK:
            return (PriceStep(ZERO, PENNY_TICK), PriceStep(PENNY, step))
        return (PriceStep(ZERO, step),)
