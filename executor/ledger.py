"""The executor's ledger: each order with its fills, each position, and what could still fill."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Generic, TypeVar

from tapewire.common.accounting.book import Book, execution_key
from tapewire.common.events import (
    AccountPosition,
    CancelOrder,
    Commission,
    Fill,
    ModifyOrder,
    OrderState,
    SubmitOrder,
)
from tapewire.common.instruments import Instrument
from tapewire.executor.order_state import FINAL
from tapewire.risk.rules import Exposure
from tapewire.risk.rules.base import exposure_of

ZERO = Decimal(0)
C = TypeVar("C", CancelOrder, ModifyOrder)


class Asked(Generic[C]):
    """A cancel or a change of an order, for which the gateway is asked until it answers."""

    def __init__(self, command: C) -> None:
        self.command: C = command
        self.asked_ns = 0
        self.answered = False


class Order:
    """One order as the executor follows it. `told_*` is what its own journal says already.

    `quantity` and `limit_price` are the terms that TWS told; `modify` and `cancel` are what was
    taken of a strategy and is not over.
    """

    def __init__(self, order: SubmitOrder, executions: dict[str, Decimal]) -> None:
        self.order = order
        self.state: OrderState = "CREATED"
        self.reason = ""
        self.executions = executions
        self.told_state: OrderState = "CREATED"
        self.told_filled = ZERO
        self.asked_ns = 0
        self.answered = False
        self.quantity, self.limit_price = order.quantity, order.limit_price
        self.told_terms = (order.quantity, order.limit_price)
        self.modify: Asked[ModifyOrder] | None = None
        self.cancel: Asked[CancelOrder] | None = None

    def __repr__(self) -> str:
        return f"<Order {self.order.intent_id}: {self.state}, filled {self.filled}>"

    @property
    def filled(self) -> Decimal:
        """What the executions add up to, as far as they are known here."""
        return sum(self.executions.values(), ZERO)

    @property
    def live(self) -> bool:
        """Whether it could still fill."""
        return self.state not in FINAL

    @property
    def terms(self) -> tuple[Decimal, Decimal | None]:
        """Quantity and limit price, as TWS told them."""
        return self.quantity, self.limit_price

    @property
    def larger(self) -> Decimal:
        """The whole quantity; while a change is under way, the larger of the old and the new."""
        change = self.modify.command if self.modify else None
        return max(self.quantity, change.quantity) if change else self.quantity

    @property
    def remaining(self) -> Decimal:
        """What could still fill."""
        return max(self.larger - self.filled, ZERO) if self.live else ZERO


class Ledger:
    """All orders of the executor, and the account's positions from every fill."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self.book = Book({i.symbol: i.multiplier for i in instruments})
        self.orders: dict[str, Order] = {}
        self.states: Counter[OrderState] = Counter()  # how many orders are in each
        self._live: dict[str, Order] = {}
        self._reported: dict[str, AccountPosition] = {}
        # By intent and not only by order: a fill can be heard of before the order it is of.
        self._executions: defaultdict[str, dict[str, Decimal]] = defaultdict(dict)

    def add(self, order: SubmitOrder) -> Order:
        """A new order, CREATED."""
        entry = Order(order, self._executions[order.intent_id])
        self.orders[order.intent_id] = self._live[order.intent_id] = entry
        self.states[entry.state] += 1
        return entry

    def move(self, entry: Order, state: OrderState, reason: str) -> None:
        """To another state, the end or a return from it included."""
        self.states[entry.state] -= 1
        self.states[state] += 1
        entry.state, entry.reason = state, reason
        if entry.live:
            self._live[entry.order.intent_id] = entry
        else:
            self._live.pop(entry.order.intent_id, None)

    def apply_fill(self, fill: Fill) -> Order | None:
        """Count a fill once; gives the order that it is of, if it is one of ours."""
        if not self.book.apply_fill(fill) or fill.intent_id is None:
            return None
        self._executions[fill.intent_id][execution_key(fill.exec_id)] = fill.quantity
        return self.orders.get(fill.intent_id)

    def apply_account(self, event: Commission | AccountPosition) -> None:
        """Count a commission once; of positions, the newest word that a gateway heard counts."""
        if isinstance(event, Commission):
            self.book.apply_commission(event)
            return
        known = self._reported.get(event.symbol)
        if known is None or event.ts_ns >= known.ts_ns:
            self._reported[event.symbol] = event

    def exposure(self, symbol: str, without: Order | None = None) -> Exposure:
        """The symbol's position with all that could still fill, but for the order `without`."""
        working = (
            (e.order, e.remaining)
            for e in self._live.values()
            if e.order.symbol == symbol and e is not without
        )
        held, reported = self.book.position(symbol).quantity, self._reported.get(symbol)
        return exposure_of(symbol, held, working, reported.quantity if reported else None)

    def live(self) -> Iterator[Order]:
        """Orders that could still fill."""
        return iter(list(self._live.values()))
