"""One order of this gateway: its terms, its state, and the change of it that is under way."""

from decimal import Decimal
from typing import Final

from tapewire.common.events import ModifyOrder, OrderState, SubmitOrder

LIVE: Final = ("INTENDED", "ACCEPTED", "UNKNOWN")
ZERO: Final = Decimal(0)

Terms = tuple[Decimal, Decimal | None]
"""Quantity and limit price of an order."""


class Intent:
    """One order, from its intent on. `sent_ns` is when its bytes were written, in this process.

    `terms` are those in force as far as TWS has told; `change` is one that it has not told of
    yet, and `told` the terms that it told last, with the time.
    """

    def __init__(self, order: SubmitOrder, order_id: int) -> None:
        self.order = order
        self.order_id = order_id
        self.state: OrderState = "INTENDED"
        self.perm_id = 0
        self.filled = ZERO
        self.sent_ns: int | None = None
        self.reason = ""
        self.terms: Terms = (order.quantity, order.limit_price)
        self.change: ModifyOrder | None = None
        self.change_sent_ns: int | None = None
        self.told: tuple[int, Terms] | None = None

    def __repr__(self) -> str:
        return f"<Intent {self.order.intent_id}: {self.state}, filled {self.filled}>"

    @property
    def live(self) -> bool:
        """Whether it is working, or may be."""
        return self.state in LIVE

    @property
    def larger(self) -> Decimal:
        """The whole quantity; while a change is under way, the larger of the old and the new."""
        quantity = self.terms[0]
        return quantity if self.change is None else max(quantity, self.change.quantity)

    @property
    def remaining(self) -> Decimal:
        """What may still be filled, while it is live."""
        return max(self.larger - self.filled, ZERO) if self.live else ZERO
