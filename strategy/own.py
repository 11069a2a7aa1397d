"""What is a strategy's own: its orders, its fills, and the position that they add up to.

A flatten closes the account. Every order from before it was cancelled and every position closed,
so the position is that of orders that the gateway took after the last completed flatten; a fill
of an older one that is heard of later was closed with the rest. It depends on no order in which
the streams arrive, and is the same after a restart.
"""

from decimal import Decimal
from typing import Final, NamedTuple

from tapewire.common.accounting.book import execution_key
from tapewire.common.events import (
    Event,
    Fill,
    FlattenCompleted,
    OrderChanged,
    OrderCreated,
    OrderIntended,
    OrderState,
    OrderUpdated,
    SubmitOrder,
    signed,
)
from tapewire.strategy.base import LiveOrder

ZERO: Final = Decimal(0)
ENDED: Final = frozenset[OrderState](["FILLED", "CANCELLED", "REJECTED", "REFUSED", "LOST"])


class OwnOrder:
    """One order, from the executor's word that there is one."""

    def __init__(self, order: SubmitOrder) -> None:
        self.order = order
        self.state: OrderState = "CREATED"
        self.filled = ZERO
        self.quantity = order.quantity
        self.limit_price = order.limit_price

    def view(self) -> LiveOrder:
        """As the strategy is shown it."""
        return LiveOrder(
            self.order.signal_id,
            self.order.symbol,
            self.order.action,
            self.order.order_type,
            self.quantity,
            self.limit_price,
            self.filled,
            self.state,
        )


class Execution(NamedTuple):
    """An own execution as it counts, and when the gateway took its order."""

    symbol: str
    change: Decimal
    taken_ns: int


class Own:
    """Orders, fills and position of the strategy `name`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._orders: dict[str, OwnOrder] = {}  # the ended ones too: some come back
        self._open: dict[str, OwnOrder] = {}
        self._taken_ns: dict[str, int] = {}  # by intent
        self._executions: dict[str, Execution] = {}
        self._positions: dict[str, Decimal] = {}
        self._flattened_ns = 0

    # ---- what comes in -----------------------------------------------------------------------

    def on_executor(self, event: Event) -> None:
        """Orders that are made, move on and get new terms."""
        if isinstance(event, OrderCreated) and event.order.strategy == self.name:
            intent_id = event.order.intent_id
            self._orders[intent_id] = self._open[intent_id] = OwnOrder(event.order)
        elif isinstance(event, OrderChanged) and event.intent_id in self._orders:
            self._on_changed(event)
        elif isinstance(event, OrderUpdated) and event.intent_id in self._orders:
            order = self._orders[event.intent_id]
            order.quantity, order.limit_price = event.quantity, event.limit_price

    def on_gateway(self, event: Event) -> bool:
        """Whether it is an own fill; each execution counts once, corrections in place."""
        if isinstance(event, OrderIntended) and event.order.strategy == self.name:
            self._taken_ns[event.order.intent_id] = event.ts_ns
        if not isinstance(event, Fill) or event.strategy != self.name:
            return False
        key = execution_key(event.exec_id)
        known = self._executions.get(key)
        taken_ns = self._taken_ns.get(event.intent_id or "", event.ts_ns)
        one = Execution(
            event.symbol,
            signed(event.side, event.quantity),
            known.taken_ns if known else taken_ns,
        )
        self._executions[key] = one
        if one.taken_ns > self._flattened_ns:
            held = self._positions.get(one.symbol, ZERO)
            self._positions[one.symbol] = held + one.change - (known.change if known else ZERO)
        return True

    def on_risk(self, event: Event) -> None:
        """A completed flatten: what was held before it is held no more."""
        if not isinstance(event, FlattenCompleted) or event.ts_ns <= self._flattened_ns:
            return
        self._flattened_ns = event.ts_ns
        self._positions.clear()
        for one in self._executions.values():
            if one.taken_ns > event.ts_ns:
                held = self._positions.get(one.symbol, ZERO)
                self._positions[one.symbol] = held + one.change

    def _on_changed(self, event: OrderChanged) -> None:
        order = self._orders[event.intent_id]
        order.state, order.filled = event.state, event.filled
        if event.state in ENDED:
            self._open.pop(event.intent_id, None)
        else:
            self._open[event.intent_id] = order

    # ---- what is known -----------------------------------------------------------------------

    def position(self, symbol: str) -> Decimal:
        """What is held of `symbol`."""
        return self._positions.get(symbol, ZERO)

    def open(self, symbol: str) -> int:
        """How many orders on `symbol` have not come to their end."""
        return sum(order.order.symbol == symbol for order in self._open.values())

    def live_orders(self) -> list[LiveOrder]:
        """The orders that could still fill."""
        return [order.view() for order in self._open.values()]

    def state_of(self, signal_id: str) -> OrderState | None:
        """The state of the live order that came of a signal."""
        order = self._open.get(f"{signal_id}/1")
        return order.state if order is not None else None
