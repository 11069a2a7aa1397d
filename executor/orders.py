"""One order as the executor follows it, and the accounts with all of them."""

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from tapewire.common.accounting.accounts import Accounts
from tapewire.common.accounting.book import ZERO
from tapewire.common.accounting.executions import Executions
from tapewire.common.accounting.orders import Order
from tapewire.common.accounting.trading_days import TradingDays
from tapewire.common.events import (
    CancelOrder,
    ModifyOrder,
    OrderState,
    OrderStateChanged,
    OrderTerms,
    OrderTermsChanged,
    SubmitOrder,
)
from tapewire.common.instruments import Instrument

CommandT = TypeVar("CommandT", CancelOrder, ModifyOrder)


class Request(Generic[CommandT]):
    """A cancel or a modify of an order, asked of the gateway again until it answers.

    `answered` is of this process alone.
    """

    def __init__(self, command: CommandT) -> None:
        self.command: CommandT = command
        self.answered = False


class ExecutorOrder(Order):
    """An order with what the executor's own journal says of it already (`announced_*`), and what
    was taken of its strategy and is not over (`cancel_request`, `modify_request`)."""

    def __init__(self, order: SubmitOrder, executions: Executions) -> None:
        super().__init__(order, executions)
        self.announced_state: OrderState = "CREATED"
        self.announced_filled = ZERO
        self.announced_terms: OrderTerms = order.terms
        self.answered = False
        self.modify_request: Request[ModifyOrder] | None = None
        self.cancel_request: Request[CancelOrder] | None = None

    def snapshot(self) -> dict[str, Any]:
        """Its durable state as plain values."""
        cancel, modify = self.cancel_request, self.modify_request
        return {
            **super().snapshot(),
            "announced": (self.announced_state, self.announced_filled, self.announced_terms),
            "cancel": cancel.command if cancel else None,
            "asked_modify": modify.command if modify else None,
        }


class Ledger(Accounts[ExecutorOrder]):
    """The accounts with the executor's orders: its own journal and the gateways', folded."""

    def __init__(
        self, instruments: Iterable[Instrument], day_of: TradingDays | None = None
    ) -> None:
        super().__init__(instruments, ExecutorOrder, day_of)
        self._on = {
            **self._on,
            OrderStateChanged: self._state_announced,
            OrderTermsChanged: self._terms_announced,
        }

    def _state_announced(self, event: OrderStateChanged, _source: str) -> ExecutorOrder | None:
        order = self.orders.apply(event)
        if order is not None:
            order.announced_state, order.announced_filled = event.state, event.filled
        return order

    def _terms_announced(self, event: OrderTermsChanged, _source: str) -> ExecutorOrder | None:
        order = self.orders.apply(event)
        if order is not None:
            order.announced_terms = event.terms
        return order
