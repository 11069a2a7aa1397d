"""Lots: first in, first out, beside the average cost that the book keeps.

Both methods are asked the same: what an execution realises of the position that was held before it.
They differ while something is held and agree once it is flat. Neither has an order of its own: the
ledger takes the executions of a position in the order in which the book has them.
"""

from collections import deque
from decimal import Decimal
from typing import Final, Literal, Protocol

from tapewire.common.accounting.book import ZERO, Position

Method = Literal["average", "fifo"]
METHODS: Final[tuple[Method, ...]] = ("average", "fifo")


class Holding(Protocol):
    """What is held of one symbol. `quantity` is signed, `average_cost` is of one unit of it."""

    quantity: Decimal

    @property
    def average_cost(self) -> Decimal:
        """What an open unit cost on average; 0 when flat."""

    def trade(self, change: Decimal, price: Decimal) -> Decimal:
        """Take in an execution of `change` (signed) at `price`; gives what it realised."""


class Lots:
    """What is held of one symbol, by the executions that opened it: the oldest is closed first."""

    def __init__(self, multiplier: Decimal = Decimal(1)) -> None:
        self.quantity = ZERO
        self._multiplier = multiplier
        self._open: deque[tuple[Decimal, Decimal]] = deque()  # signed quantity, and price

    def __repr__(self) -> str:
        return f"<Lots {self.quantity} in {len(self._open)}>"

    @property
    def average_cost(self) -> Decimal:
        """What an open unit cost on average; 0 when flat."""
        cost = sum((quantity * price for quantity, price in self._open), ZERO)
        return cost / self.quantity if self.quantity else ZERO

    def trade(self, change: Decimal, price: Decimal) -> Decimal:
        """Take in an execution of `change` (signed) at `price`; gives what it realised."""
        realised, left = ZERO, change
        self.quantity += change
        while left and self._open and self._open[0][0] * left < 0:
            quantity, cost = self._open.popleft()
            closed = min(abs(quantity), abs(left)).copy_sign(quantity)
            realised += closed * (price - cost) * self._multiplier
            left += closed
            if rest := quantity - closed:
                self._open.appendleft((rest, cost))
        if left:
            self._open.append((left, price))
        return realised


def holding(method: Method, symbol: str, multiplier: Decimal) -> Holding:
    """An empty holding of `symbol` whose closes are worked out by `method`."""
    return Lots(multiplier) if method == "fifo" else Position(symbol, multiplier)
