"""One order, as its events have made it."""

from decimal import Decimal
from typing import Any

from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.executions import Executions
from tapewire.common.accounting.identity import Names
from tapewire.common.accounting.lifecycle import LIVE
from tapewire.common.events import (
    ORDER_TYPES,
    ModifyOrder,
    OrderState,
    OrderTerms,
    SubmitOrder,
    terms_fault,
)


class Order:
    """One order. `terms` are those in force as far as the broker has reported them, `modify` the
    change of them that is under way."""

    def __init__(self, order: SubmitOrder, executions: Executions) -> None:
        self.order = order
        self.intent_id = order.intent_id  # also the order's reference at the broker
        self.terms: OrderTerms = order.terms
        self.state: OrderState = "CREATED"
        self.reason = ""
        self.modify: ModifyOrder | None = None
        self.client_id = ""  # the broker's, under which the order id means something
        self.order_id = ""
        self.permanent_id = ""
        self.sent_ns: int | None = None
        self.executions = executions
        self.counted = ZERO  # what could still fill, as the registry's totals have it

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.order.intent_id}: {self.state}, filled {self.filled}>"

    @property
    def names(self) -> Names:
        """The broker's names for it."""
        return Names(self.client_id, self.order_id, self.permanent_id)

    @property
    def filled(self) -> Decimal:
        """What its executions add up to; of a combo, how many whole ones."""
        return self.executions.quantity

    @property
    def average_price(self) -> Decimal | None:
        """What an executed unit cost; None before the first. Of a combo, the net price of a whole
        one."""
        return self.executions.average_price

    @property
    def live(self) -> bool:
        """Whether it works, or may."""
        return self.state in LIVE

    @property
    def worst_case_quantity(self) -> Decimal:
        """The whole quantity; while a modify is under way, the larger of the old and the new."""
        quantity = self.terms.quantity
        return max(quantity, self.modify.terms.quantity) if self.modify else quantity

    @property
    def remaining(self) -> Decimal:
        """What could still fill, in the worst case; 0 if it is over."""
        if self.state not in LIVE:
            return ZERO
        quantity = self.terms.quantity if self.modify is None else self.worst_case_quantity
        left = quantity - self.executions.quantity
        return left if left > 0 else ZERO

    @property
    def least_remaining(self) -> Decimal:
        """What could still fill in any case: while a modify is under way, with the smaller of the
        two quantities; 0 if it is over."""
        if self.state not in LIVE:
            return ZERO
        quantity = self.terms.quantity
        if self.modify is not None:
            quantity = min(quantity, self.modify.terms.quantity)
        return max(quantity - self.filled, ZERO)

    def left_on(self, symbol: str, ratio: int) -> Decimal:
        """What could still fill of a symbol that it trades, in the worst case: with `ratio` units
        per unit of the order, less what was executed of this symbol alone; 0 if it is over."""
        if self.state not in LIVE:
            return ZERO
        left = ratio * self.worst_case_quantity - self.executions.on(symbol)
        return left if left > 0 else ZERO

    @property
    def uneven(self) -> dict[str, Decimal]:
        """Of a combo, what was executed of its legs beyond whole ones, by symbol."""
        if not self.order.legs:
            return {}
        beyond = {
            symbol: self.executions.on(symbol) - ratio * self.filled
            for symbol, _, ratio in self.order.parts
        }
        return {symbol: quantity for symbol, quantity in beyond.items() if quantity}

    def modify_fault(self, terms: OrderTerms) -> str:
        """Why the order cannot get these terms, in a sentence; empty if it can. The executor asks
        when a strategy wants it, and the gateway again: the order may have filled meanwhile."""
        if self.state != "ACCEPTED":
            return f"the order is {self.state}; it must be ACCEPTED"
        if terms.quantity <= self.filled:
            return f"quantity is {terms.quantity:f}; it must be above the {self.filled:f} filled"
        return terms_fault(terms) or self._trailing_fault(terms)

    def _trailing_fault(self, terms: OrderTerms) -> str:
        """The broker moves a trailing stop, and nobody here knows where it is by now: to set it
        again could take it back from the market."""
        kind = ORDER_TYPES.get(terms.type)
        if kind is None or not kind.trails or terms.stop == self.terms.stop:
            return ""
        return f"the stop of a {terms.type} order follows the market; change its distance instead"

    def snapshot(self) -> dict[str, Any]:
        """Its durable state as plain values."""
        legs = {symbol: self.executions.on(symbol) for symbol in self.order.symbols}
        return {
            "state": self.state,
            "terms": self.terms,
            "modify": self.modify,
            "client_id": self.client_id,
            "order_id": self.order_id,
            "permanent_id": self.permanent_id,
            "filled": self.filled,
            **({"legs": legs} if self.order.legs else {}),
        }
