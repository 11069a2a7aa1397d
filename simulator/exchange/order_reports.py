"""Reports about orders: implemented by whoever owns the order handler.

The simulated TWS writes messages; a gateway that is attached without a protocol gets what they
mean.
"""

from decimal import Decimal
from typing import Protocol

from tapewire.simulator.exchange.credit import Impact
from tapewire.simulator.exchange.orders import Execution, Order


class OrderReports(Protocol):
    """Where the order handler reports what it does, in the order in which it does it."""

    def placed(self, order: Order) -> None:
        """The exchange has taken a new order; `changed` follows."""

    def modified(self, order: Order) -> None:
        """The order has new terms; `changed` or `executed` follows."""

    def changed(self, order: Order) -> None:
        """The order's terms and status as they are now."""

    def warned(self, order: Order, code: int, text: str) -> None:
        """Something about the order that its client should know; it lives on."""

    def rejected(self, order: Order) -> None:
        """The exchange did not take the order; its reason is in it."""

    def cancelled(self, order: Order) -> None:
        """The order was cancelled; its reason is in it."""

    def executed(self, execution: Execution, realised: Decimal | None) -> None:
        """An execution, booked, with the gross P&L that it realised. No `changed` follows."""

    def estimated(self, order: Order, commission: Decimal, impact: Impact) -> None:
        """What a what-if order would cost, and do to the account."""
