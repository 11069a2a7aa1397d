"""A gateway core with the bytes of a TWS at hand: what the tests of the orders need."""

from decimal import Decimal

from tapewire.common.events import (
    Event,
    Heartbeat,
    ModifyOrder,
    OrderAnswer,
    OrderIntended,
    RiskHalted,
    SubmitOrder,
    TradingState,
)
from tapewire.common.instruments import Instrument
from tapewire.gateway.gateway import Gateway
from tapewire.simulator.exchange.account import Holding
from tapewire.simulator.exchange.orders import Execution, Order
from tapewire.simulator.protocol import messages
from tapewire.simulator.protocol.messages import frame
from tapewire.simulator.protocol.order_messages import completed_order, open_order

SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
ACCOUNT = "DU1234567"
AAPL = Instrument(symbol="AAPL", con_id=1001)
MSFT = Instrument(symbol="MSFT", con_id=1002)


def submit(intent_id: str = "s-1/1", action: str = "BUY", quantity: object = 10, **more: object):
    """An order that is good for a minute."""
    given = {"symbol": "AAPL", "order_type": "MKT", "strategy": "s", "ts_ns": T0, **more}
    given.setdefault("expires_ns", T0 + 60 * SECOND)
    return SubmitOrder(intent_id=intent_id, action=action, quantity=Decimal(str(quantity)), **given)


def change(modify_id: str = "s-2", quantity: object = 10, limit: str | None = None, **more: object):
    """New terms for the order s-1/1, good for a minute."""
    given = {"intent_id": "s-1/1", "ts_ns": T0, "expires_ns": T0 + 60 * SECOND, **more}
    price = None if limit is None else Decimal(limit)
    return ModifyOrder(id=modify_id, quantity=Decimal(str(quantity)), limit_price=price, **given)


def order_at_tws(order: SubmitOrder, order_id: int, **more: object) -> Order:
    """The same order as TWS holds it."""
    given = {"status": "Submitted", "perm_id": 7_000 + order_id, "client_id": 1, **more}
    return Order(
        order_id=order_id,
        order_ref=order.intent_id,
        instrument=AAPL if order.symbol == "AAPL" else MSFT,
        action=order.action,
        quantity=order.quantity,
        order_type=order.order_type,
        limit=order.limit_price,
        tif="DAY",
        **given,
    )


def execution_of(order: Order, shares: object, exec_id: str, price: str = "150.25") -> Execution:
    """One fill of an order."""
    return Execution(
        exec_id=exec_id,
        order=order,
        ts_ns=T0,
        shares=Decimal(str(shares)),
        price=Decimal(price),
        cumulative=Decimal(str(shares)),
        average_price=Decimal(price),
        commission=Decimal(1),
        is_passive=False,
    )


def fields_of(data: bytes) -> list[list[str]]:
    """The messages in a stream of frames, each as its fields."""
    out = []
    while data:
        size = int.from_bytes(data[:4], "big")
        out.append(data[4 : 4 + size].decode().split("\0")[:-1])
        data = data[4 + size :]
    return out


class Desk:
    """A gateway, its clock, everything it said; `journal` is what it gave birth to."""

    def __init__(self, journal: list[Event] | None = None, *, connect: bool = True, **settings):
        self.gateway = Gateway([AAPL, MSFT], client_id=1, settle_ms=2000, **settings)
        self.now_ns = T0
        self.journal: list[Event] = []
        self.written: list[list[str]] = []
        if journal is not None:
            for event in journal:
                self.gateway.apply(event)
            self.journal += [*journal, *self.gateway.restarted(self.now_ns)]
        self.beat()
        if connect:
            self.connect()
            self.answer_snapshot()

    # ---- the way to READY ----

    def connect(self, next_id: int = 1, version: int = 157) -> list[list[str]]:
        """Handshake and start; gives what the gateway asks for then."""
        self.gateway.opened(self.now_ns)
        self.gateway.release(self.now_ns)
        self.raw(frame([str(version), "20261120 10:00:00 UTC"]))
        started = self.flush()
        self.hear(messages.next_valid_id(next_id), messages.managed_accounts(ACCOUNT))
        return started + self.flush()

    def answer_snapshot(self, *listed: list[str]) -> list[Event]:
        """TWS's lists, with `listed` in them, to their ends; gives what came of it."""
        self.flush()
        news = self.hear(*listed, messages.open_order_end(), messages.execution_end(1))
        news += self.hear(messages.completed_orders_end())
        return news + self.tick()

    def lose(self, reason: str = "TWS closed the connection") -> list[Event]:
        return self._born(self.gateway.closed(self.now_ns, reason))

    # ---- what comes in ----

    def beat(self, trading: TradingState = "ACTIVE", age_ms: int = 0) -> None:
        beat_ns = self.now_ns - age_ms * 1_000_000
        self.gateway.on_risk(Heartbeat(beat_ns, "READY", "", 0, "", trading))

    def halt(self) -> None:
        self.gateway.on_risk(RiskHalted(self.now_ns, "test"))

    def pass_s(self, seconds: float) -> list[Event]:
        """Time passes; risk keeps its lease fresh."""
        self.now_ns += int(seconds * SECOND)
        if self.gateway.gate.beat is not None:
            self.beat(self.gateway.gate.beat.trading or "ACTIVE")
        return self.tick()

    def tick(self) -> list[Event]:
        return self._born(self.gateway.tick(self.now_ns))

    def raw(self, data: bytes) -> list[Event]:
        return self._born(self.gateway.received(data, self.now_ns))

    def hear(self, *all_fields: list[str]) -> list[Event]:
        return self.raw(b"".join(frame(fields) for fields in all_fields))

    def error(self, request_id: int, code: int, text: str = "text") -> list[Event]:
        return self.hear(messages.error(157, request_id, code, text))

    def hold(self, quantity: int, symbol: str = "AAPL") -> list[Event]:
        """TWS reports a position."""
        holding = Holding(AAPL if symbol == "AAPL" else MSFT)
        holding.quantity, holding.cost = Decimal(quantity), Decimal(quantity) * 100
        return self.hear(messages.position(ACCOUNT, holding))

    # ---- orders ----

    def submit(self, order: SubmitOrder) -> OrderAnswer:
        answer, events = self.gateway.submit(order, self.now_ns)
        self._born(events)
        return answer

    def modify(self, wanted: ModifyOrder) -> OrderAnswer:
        answer, events = self.gateway.modify(wanted, self.now_ns)
        self._born(events)
        return answer

    def rest(self, quantity: int = 10, action: str = "BUY", limit: str = "150") -> Order:
        """A limit order that works at TWS."""
        order = self.send(
            submit(action=action, quantity=quantity, order_type="LMT", limit_price=Decimal(limit))
        )
        self.opened(order)
        return order

    def flush(self) -> list[list[str]]:
        """Write what may be written; gives the messages."""
        data, _intents, refused = self.gateway.release(self.now_ns)
        self._born(refused)
        written = fields_of(data)
        self.written += written
        return written

    def placed(self) -> list[str]:
        """The order ids of all placeOrder messages that went to TWS."""
        return [fields[1] for fields in self.written if fields[0] == "3"]

    def send(self, order: SubmitOrder) -> Order:
        """Submit and write an order; gives it as TWS holds it."""
        assert self.submit(order).accepted
        self.flush()
        return order_at_tws(order, self.order_id(order.intent_id))

    def order_id(self, intent_id: str) -> int:
        return self.gateway.orders.intents[intent_id].order_id

    def state(self, intent_id: str = "s-1/1") -> str:
        return self.gateway.orders.intents[intent_id].state

    def opened(self, order: Order, **changed: object) -> list[Event]:
        """openOrder and orderStatus of an order, as TWS sends them."""
        for name, value in changed.items():
            setattr(order, name, value)
        return self.hear(open_order(157, ACCOUNT, order), messages.order_status(order))

    def fill(self, order: Order, shares: object, exec_id: str) -> list[Event]:
        one = execution_of(order, shares, exec_id)
        return self.hear(messages.execution(157, -1, ACCOUNT, one))

    def intended(self) -> list[OrderIntended]:
        return [e for e in self.journal if isinstance(e, OrderIntended)]

    def _born(self, events: list[Event]) -> list[Event]:
        self.journal += events
        return events


def names(events: list[Event]) -> list[str]:
    """The events' classes, for short."""
    return [type(event).__name__ for event in events]


__all__ = [
    "AAPL",
    "ACCOUNT",
    "MSFT",
    "SECOND",
    "T0",
    "Desk",
    "change",
    "completed_order",
    "execution_of",
    "fields_of",
    "names",
    "open_order",
    "order_at_tws",
    "submit",
]
