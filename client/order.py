"""An order of this client: its state as the executor reports it, its executions as the gateway
does."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Protocol, TypeVar

from tapewire.common.accounting.executions import Executions
from tapewire.common.accounting.leg_executions import LegExecutions
from tapewire.common.delivery.outcomes import Outcome
from tapewire.common.events import (
    Fill,
    GroupSignal,
    OrderTerms,
    Signal,
    SubmitOrder,
    TermChanges,
)
from tapewire.strategy.terms import Number, changes_of, prices_of

T = TypeVar("T")


class OrderPort(Protocol):
    """What an order asks of its client."""

    def cancel(self, order_id: str) -> Awaitable[Outcome]:
        """Have an order cancelled; gives the answer to that."""

    def modify(self, order_id: str, changes: TermChanges) -> Awaitable[Outcome]:
        """Have an order modified; gives the answer to that."""

    def until(self, look: Callable[[], T], timeout_s: float | None) -> Awaitable[T]:
        """What `look` gives once it is true, or at the end of the time."""


class PlacedOrder:
    """An order. `id` names it for `cancel` and in the events: its intent is `id` with `/1`.

    `state` is UNANSWERED until the executor has answered, then CREATED, INTENDED, ACCEPTED, FILLED,
    CANCELLED, REJECTED, DENIED, LOST or UNKNOWN, as docs/architecture.md has them. It is EXPIRED if
    the signal expired and was not acted on. UNKNOWN is not a refusal: the order may work, or fill.
    """

    def __init__(self, signal: Signal | GroupSignal, port: OrderPort) -> None:
        first = signal.legs[0] if isinstance(signal, GroupSignal) else signal
        self.id = signal.id
        self.symbol: str = first.symbol
        self.terms: OrderTerms = first.terms
        self.account = signal.account
        self._outcome = Outcome(signal.id)
        self._executions = Executions()
        self._port = port

    def __repr__(self) -> str:
        reason = f": {self.reason}" if self.reason else ""
        return f"<PlacedOrder {self.id} {self.terms} {self.symbol} is {self.state}{reason}>"

    @property
    def state(self) -> str:
        """What has become of it."""
        return self._outcome.state or "UNANSWERED"

    @property
    def reason(self) -> str:
        """Why it has this state, where somebody says so."""
        return self._outcome.reason

    @property
    def filled(self) -> Decimal:
        """How much was executed, by the executor's word; of a combo, how many whole ones."""
        return self._outcome.filled

    @property
    def average_price(self) -> Decimal | None:
        """What one executed unit cost; None before the first. Of a combo it is net."""
        return self._outcome.average_price

    @property
    def fills(self) -> list[Fill]:
        """Its executions, as the broker reports them; of a combo those of its legs."""
        return [*self._executions.values()]

    @property
    def intent_id(self) -> str:
        """Its name in journals and at the broker; empty until the executor has answered."""
        return self._outcome.intent_id

    @property
    def is_answered(self) -> bool:
        """Whether the executor has taken it or denied it."""
        return self._outcome.is_answered

    @property
    def is_over(self) -> bool:
        """Whether nothing more is expected of it, and all its executions are here."""
        return self._outcome.done and self._executions.quantity >= self.filled

    async def done(self, timeout_s: float | None = None) -> "PlacedOrder":
        """Wait until it is over; TimeoutError if that takes longer, which changes nothing about the
        order."""
        if not await self._port.until(lambda: self.is_over, timeout_s):
            raise TimeoutError(
                f"order {self.id} is {self.state} after {timeout_s:g} s; it goes on. Wait again,"
                " or cancel it"
            )
        return self

    async def cancel(self) -> Outcome:
        """Have it cancelled. `ok` of what this gives says whether that is under way: it may still
        fill meanwhile, so wait for `done`."""
        return await self._port.cancel(self.id)

    async def modify(
        self,
        quantity: Number | None = None,
        *,
        limit_price: Number | None = None,
        stop_price: Number | None = None,
        trail: Number | None = None,
        trail_percent: Number | None = None,
        limit_offset: Number | None = None,
    ) -> Outcome:
        """Change its terms; those that are not named stay. `quantity` is the whole one, what is
        filled included. This gives MODIFIED once the broker has confirmed the new terms."""
        prices = prices_of(limit_price, stop_price, trail, trail_percent, limit_offset)
        return await self._port.modify(self.id, changes_of(quantity, prices))

    # ---- what the client hands over ------------------------------------------------------------

    def moved(self, outcome: Outcome) -> None:
        """The executor says something new of it."""
        self._outcome = outcome

    def created(self, order: SubmitOrder) -> None:
        """The executor has made an order of it: of what it consists, and where it trades."""
        self.account, self.terms = order.account, order.terms
        if order.legs and not isinstance(self._executions, LegExecutions):
            self._executions = LegExecutions(order, self._executions)

    def retermed(self, terms: OrderTerms) -> None:
        """The broker has it with other terms now."""
        self.terms = terms

    def executed(self, fill: Fill) -> None:
        """One of its executions, or a correction of one."""
        self._executions.count(fill)
