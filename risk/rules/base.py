"""What a rule is: a limit on where positions, with all that could still fill, may get to."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple, Protocol

from common.events import SubmitOrder

ZERO = Decimal(0)


class Exposure(NamedTuple):
    """One symbol's position and what may still be bought and sold; UNKNOWN orders count in full."""

    position: Decimal = ZERO
    buying: Decimal = ZERO
    selling: Decimal = ZERO

    def with_order(self, order: SubmitOrder) -> "Exposure":
        """The exposure if `order` were working too."""
        if order.action == "BUY":
            return self._replace(buying=self.buying + order.quantity)
        return self._replace(selling=self.selling + order.quantity)


class Rule(Protocol):
    """A limit. Its sentences name the subject, what was found and what is allowed."""

    name: str

    def refusal(self, order: SubmitOrder, exposure: Exposure) -> str:
        """Why `order` must not go; empty if it may."""

    def violation(self, symbol: str, exposure: Exposure) -> str:
        """How `exposure` breaks the rule; empty if it does not."""


def exposure_of(
    symbol: str, position: Decimal, working: Iterable[tuple[SubmitOrder, Decimal]]
) -> Exposure:
    """A symbol's exposure, from its position and the live orders with what remains of each."""
    exposure = Exposure(position)
    for order, remaining in working:
        if order.symbol == symbol:
            if order.action == "BUY":
                exposure = exposure._replace(buying=exposure.buying + remaining)
            else:
                exposure = exposure._replace(selling=exposure.selling + remaining)
    return exposure
