"""How orders fill, as far as it can be chosen; the defaults are those of the simulator."""

from typing import Literal

import msgspec

from tapewire.common.costs.slippage import Slippage
from tapewire.common.costs.tariffs import Tariffs

Queue = Literal["quote", "shown"]
"""When a resting limit order trades.

`quote`: once the opposite quote is at its limit; trades at its price do nothing to it.
`shown`: it stands behind the size that its own side shows at its limit when it joins. Trades at its
limit use that up, and then fill it; a trade or an opposite quote beyond its limit fills it too.
"""
MarginModel = Literal["ib", "cash", "none"]
"""`ib`: the simulator's margins, which are much like IB's; `cash`: positions are paid in full;
`none`: every order is affordable."""


class FillModels(msgspec.Struct, frozen=True, kw_only=True):
    """How orders fill, and what that costs.

    `slippage` is how much worse than the quote an order trades that takes from it, never beyond its
    limit. With `partial` a quote fills no more than the size that it shows; without, all of an
    order. Without `tariffs` commissions are IB's. An order, a modify or a cancel reaches the
    exchange `latency_ns` after it has reached TWS.
    """

    slippage: Slippage = Slippage()
    queue: Queue = "quote"
    partial: bool = True
    tariffs: Tariffs | None = None
    margin: MarginModel = "ib"
    latency_ns: int = 0
