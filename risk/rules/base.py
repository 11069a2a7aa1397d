"""What a rule is: a limit on where positions, with all that could still fill, may get to."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple, Protocol

from tapewire.common.events import SubmitOrder

ZERO = Decimal(0)


class Exposure(NamedTuple):
    """One symbol's position and what may still be bought and sold; UNKNOWN orders count in full.

    `position` is what the fills add up to, `reported` the broker's own word on it, if there is one:
    it alone knows what was held before the first fill. Each may be behind the other by a message.
    """

    position: Decimal = ZERO
    buying: Decimal = ZERO
    selling: Decimal = ZERO
    reported: Decimal | None = None

    @property
    def highest(self) -> Decimal:
        """The position if all that is working on the buying side fills, and nothing else."""
        return max(self.position, self._reported) + self.buying

    @property
    def lowest(self) -> Decimal:
        """The position if all that is working on the selling side fills, and nothing else."""
        return min(self.position, self._reported) - self.selling

    @property
    def _reported(self) -> Decimal:
        return self.position if self.reported is None else self.reported

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
    symbol: str,
    position: Decimal,
    working: Iterable[tuple[SubmitOrder, Decimal]],
    reported: Decimal | None = None,
) -> Exposure:
    """A symbol's exposure, from its position and the live orders with what remains of each."""
    buying = selling = ZERO
    for order, remaining in working:
        if order.symbol != symbol:
            continue
        if order.action == "BUY":
            buying += remaining
        else:
            selling += remaining
    return Exposure(position, buying, selling, reported)
