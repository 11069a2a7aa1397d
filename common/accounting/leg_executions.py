"""The executions of a combo: those of its legs, and how many whole combos they add up to.

A combo is one order at the broker, and what it trades are its legs: each execution is of one of
them, in the leg's symbol. They are reported one after the other, and may be corrected one by one.
So two numbers are kept:

*   what was executed of each leg. It moves the positions, and what is left of it may still fill.
*   how many combos are whole: the fewest that any of the legs is enough for. That is what the order
    has filled, and what its end is judged by. A correction of one leg may lower it.

Between the first leg of a combo and its last the two differ, and none of the differences is lost:
the leg that is executed counts in its position, and the others still count as working.
"""

from decimal import ROUND_FLOOR, Decimal

from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.exec_ids import execution_key
from tapewire.common.accounting.executions import Executions
from tapewire.common.events import Fill, SubmitOrder


class LegExecutions(Executions):
    """Those of one combo order; `quantity` counts whole combos. `before` are executions that were
    reported before the order was known."""

    def __init__(self, order: SubmitOrder, before: Executions) -> None:
        super().__init__()
        self._order = order
        self._parts = order.parts
        self._legs = {part.symbol: Executions() for part in self._parts}
        for fill in before.values():
            self.count(fill)

    @property
    def average_price(self) -> Decimal | None:
        """What a whole combo cost: the average prices of its legs, those that the combo sells when
        it is bought taken off. None before the first whole one."""
        if not self.quantity:
            return None
        net = ZERO
        for symbol, side, ratio in self._parts:
            price = self._legs[symbol].average_price or ZERO
            net += ratio * price if side == self._order.terms.side else -ratio * price
        return net

    def on(self, symbol: str) -> Decimal:
        """What was executed of one leg."""
        return self._legs[symbol].quantity

    def average_on(self, symbol: str) -> Decimal | None:
        """What a unit of one leg cost; None before the first."""
        return self._legs[symbol].average_price

    def quantity_with(self, fill: Fill) -> Decimal:
        """See `Executions.quantity_with`."""
        beside = LegExecutions(self._order, self)
        beside.count(fill)
        return beside.quantity

    def _added(self, fill: Fill) -> None:
        """To its leg. A correction may move an execution to another one."""
        if (leg := self._leg_of(fill)) is not None:
            leg.count(fill)
        self._add_up()

    def _removed(self, fill: Fill) -> None:
        if (leg := self._leg_of(fill)) is not None:
            leg.discard(execution_key(fill.exec_id))
        self._add_up()

    def _leg_of(self, fill: Fill) -> Executions | None:
        """The leg that an execution is of; None where it is of none, and nothing of the combo."""
        is_its = self._order.side_on(fill.symbol) == fill.side
        return self._legs[fill.symbol] if is_its else None

    def _add_up(self) -> None:
        whole = min(self._legs[symbol].quantity / ratio for symbol, _, ratio in self._parts)
        self.quantity = whole.to_integral_value(ROUND_FLOOR)
