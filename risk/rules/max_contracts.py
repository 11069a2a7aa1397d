"""MaxContracts: the largest position of a symbol, either way."""

from decimal import Decimal

from tapewire.common.events import SubmitOrder
from tapewire.risk.rules.base import ZERO, Exposure


class MaxContracts:
    """No symbol's position may exceed `limit` contracts, long or short, whatever still fills."""

    name = "MaxContracts"

    def __init__(self, limit: Decimal) -> None:
        if limit <= 0:
            raise ValueError(f"MaxContracts limit is {limit}, must be above 0")
        self.limit = limit

    def refusal(self, order: SubmitOrder, exposure: Exposure) -> str:
        """Refuse an order after which the position could end beyond the limit on its side."""
        after = exposure.with_order(order)
        worst, side = (after.highest, "long") if order.action == "BUY" else (-after.lowest, "short")
        if worst <= self.limit:
            return ""
        return (
            f"MaxContracts: {order.symbol} could get {worst} {side} with this order,"
            f" the limit is {self.limit}"
        )

    def violation(self, symbol: str, exposure: Exposure) -> str:
        """A position that is, or with what is working could get, beyond the limit.

        What the broker reports is not added to what works: it may have the same fills in it.
        """
        filled = exposure._replace(reported=None)
        worst = max(filled.highest, -filled.lowest, abs(exposure.reported or ZERO))
        if worst <= self.limit:
            return ""
        return f"{symbol} is or could get {worst} contracts, the limit is {self.limit}"
