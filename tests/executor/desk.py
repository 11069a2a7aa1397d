"""Signals and the gateway's events about them, for the tests of the executor."""

from decimal import Decimal

from tapewire.common.events import Event, Fill, OrderIntended, Signal, SubmitOrder
from tapewire.common.instruments import Instrument
from tapewire.executor.executor import Executor
from tapewire.risk.rules import MaxContracts

SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
AAPL = Instrument(symbol="AAPL", con_id=1001)


def signal(number: int = 1, action: str = "BUY", quantity: object = 10, **more: object) -> Signal:
    given = {"symbol": "AAPL", "order_type": "MKT", "expires_ns": T0 + 5 * SECOND, **more}
    return Signal(
        id=f"s-e-{number}", ts_ns=T0, strategy="s", action=action,
        quantity=Decimal(str(quantity)), **given,
    )  # fmt: skip


def fill(order: SubmitOrder, quantity: int, exec_id: str, **more: object) -> Fill:
    given = {"intent_id": order.intent_id, "strategy": order.strategy, **more}
    return Fill(
        ts_ns=T0, exec_id=exec_id, perm_id=1, symbol=order.symbol, side=order.action,
        quantity=Decimal(quantity), price=Decimal(100), **given,
    )  # fmt: skip


def executor(limit: int = 100, journal: list[Event] = (), *, live: bool = True) -> Executor:
    one = Executor([MaxContracts(Decimal(limit))], [AAPL])
    for event in journal:
        one.apply(event)
    if live:
        one.caught_up(T0)
    return one


def taken(one: Executor, wanted: Signal) -> SubmitOrder:
    """The order that comes of a signal, INTENDED at the gateway."""
    _, (order,) = one.on_signal(wanted, T0)
    one.on_broker(OrderIntended(T0, 1, order), T0)
    return order
