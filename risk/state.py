"""What risk knows: fills, positions, marks, and the orders that could still fill."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from msgspec.structs import replace

from tapewire.common.accounting.book import Book, execution_key
from tapewire.common.events import (
    AccountPosition,
    Commission,
    Event,
    Fill,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderIntended,
    OrderLost,
    OrderModified,
    OrderModifyIntended,
    OrderModifyRejected,
    OrderRefused,
    OrderRejected,
    OrderUnknown,
    SubmitOrder,
    Tick,
    Trade,
)
from tapewire.common.instruments import Instrument
from tapewire.risk.rules import Exposure
from tapewire.risk.rules.base import exposure_of

FINAL = (OrderRefused, OrderRejected, OrderCancelled, OrderFilled, OrderLost)


class RiskState:
    """The account as the gateways' events show it."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self.book = Book({i.symbol: i.multiplier for i in instruments})
        self._live: dict[str, SubmitOrder] = {}
        self._orders: dict[str, SubmitOrder] = {}
        self._quantities: dict[str, Decimal] = {}  # of changed orders, as TWS told them last
        self._filled: dict[str, Decimal] = {}
        self._executions: dict[str, Decimal] = {}
        self._reported: dict[str, AccountPosition] = {}

    def apply(self, event: Event) -> None:
        """Take in an event of a gateway; each execution counts once, whoever reports it."""
        if isinstance(event, Fill):
            self._on_fill(event)
        elif isinstance(event, Commission):
            self.book.apply_commission(event)
        elif isinstance(event, AccountPosition):
            known = self._reported.get(event.symbol)
            if known is None or event.ts_ns >= known.ts_ns:
                self._reported[event.symbol] = event
        elif isinstance(event, OrderIntended):
            self._orders[event.order.intent_id] = self._live[event.order.intent_id] = event.order
        elif isinstance(event, FINAL):
            self._live.pop(event.intent_id, None)
        elif isinstance(event, OrderModifyIntended | OrderModified | OrderModifyRejected):
            self._on_change(event)
        elif isinstance(event, OrderAccepted | OrderUnknown) and event.intent_id in self._orders:
            self._live[event.intent_id] = self._orders[event.intent_id]

    def mark(self, ticks: Iterable[Tick]) -> None:
        """Value positions at the newest of these: a trade's price, or the middle of a quote."""
        for tick in ticks:
            if isinstance(tick, Trade):
                price: float | None = tick.price
            elif tick.bid is not None and tick.ask is not None:
                price = (tick.bid + tick.ask) / 2
            else:
                continue
            self.book.position(tick.symbol).mark = Decimal(repr(price))

    def exposure(self, symbol: str) -> Exposure:
        """The symbol's position with all that could still fill."""
        held, reported = self.book.position(symbol).quantity, self._reported.get(symbol)
        return exposure_of(symbol, held, self._working(), reported.quantity if reported else None)

    def symbols(self) -> set[str]:
        """Every symbol that was traded, is ordered or is held."""
        working = {order.symbol for order in self._live.values()}
        return {*self.book.positions, *self._reported, *working}

    def live_orders(self) -> list[SubmitOrder]:
        """Orders that could still fill."""
        return list(self._live.values())

    def held(self) -> dict[str, Decimal]:
        """Open positions as the broker reports them; as the fills make them, where it has not."""
        held = {s: p.quantity for s, p in self.book.positions.items()}
        held |= {s: p.quantity for s, p in self._reported.items()}
        return {symbol: quantity for symbol, quantity in held.items() if quantity}

    def _working(self) -> Iterator[tuple[SubmitOrder, Decimal]]:
        for intent_id, order in self._live.items():
            left = order.quantity - self._filled.get(intent_id, Decimal(0))
            yield order, max(left, Decimal(0))

    def _on_change(self, event: OrderModifyIntended | OrderModified | OrderModifyRejected) -> None:
        """New terms: the larger quantity counts until TWS tells which it is."""
        wish = event.change if isinstance(event, OrderModifyIntended) else None
        intent_id = wish.intent_id if wish else getattr(event, "intent_id", "")
        order = self._orders.get(intent_id)
        if order is None:
            return
        quantity = self._quantities.setdefault(intent_id, order.quantity)
        if isinstance(event, OrderModified):
            quantity = self._quantities[intent_id] = event.quantity
        elif wish is not None:
            quantity = max(quantity, wish.quantity)
        changed = self._orders[intent_id] = replace(order, quantity=quantity)
        if intent_id in self._live:
            self._live[intent_id] = changed

    def _on_fill(self, fill: Fill) -> None:
        if not self.book.apply_fill(fill):
            return
        key = execution_key(fill.exec_id)
        change = fill.quantity - self._executions.get(key, Decimal(0))
        self._executions[key] = fill.quantity
        if fill.intent_id is not None:
            self._filled[fill.intent_id] = self._filled.get(fill.intent_id, Decimal(0)) + change
