"""What TWS estimates of an order that is not placed: its order state, under our names."""

import math
from decimal import Decimal
from typing import Any, Final

from ibapi.common import UNSET_DOUBLE

from tapewire.gateway.tws.messages import WhatIfEstimate

MARGINS: Final = {
    "initial_margin": "initMargin",
    "maintenance_margin": "maintMargin",
    "equity_with_loan": "equityWithLoan",
}
"""Our names of the amounts that TWS states as they would be after the order, and as changes."""


def estimate(order_id: int, client_id: int, state: Any) -> WhatIfEstimate:
    """An answer to a what-if order; `state` is ibapi's order state."""
    money: dict[str, Decimal | None] = {}
    for ours, theirs in MARGINS.items():
        money[ours] = _amount(getattr(state, f"{theirs}After"))
        money[f"{ours}_change"] = _amount(getattr(state, f"{theirs}Change"))
    # TWS states one commission, or the least and the most.
    one = _amount(state.commission)
    money["commission"] = one if one is not None else _amount(state.minCommission)
    money["commission_max"] = one if one is not None else _amount(state.maxCommission)
    return WhatIfEstimate(
        order_id,
        client_id,
        {name: amount for name, amount in money.items() if amount is not None},
        state.commissionCurrency or "",
        state.warningText or "",
    )


def _amount(value: float | str) -> Decimal | None:
    """An amount, which TWS writes as text here; None where it wrote none, or its "unset"."""
    if value == "":
        return None
    number = float(value)
    if number == UNSET_DOUBLE or not math.isfinite(number):
        return None
    return Decimal(repr(number)).normalize() if number else Decimal(0)
