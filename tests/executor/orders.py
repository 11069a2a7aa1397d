"""Signals, orders and executions for the tests of the executor; an executor to give them to."""

from collections.abc import Sequence
from decimal import Decimal
from types import SimpleNamespace

from tapewire.common.clock import Now
from tapewire.common.events import (
    CancelOrder,
    CancelSignal,
    ConnectionUp,
    Event,
    Fill,
    ModifyOrder,
    ModifySignal,
    OrderAccepted,
    OrderIntended,
    OrderTerms,
    Side,
    Signal,
    SubmitOrder,
    TermChanges,
)
from tapewire.common.instruments import Instrument
from tapewire.executor.executor import Executor
from tapewire.risk.rules import RuleBook, load_rules

MS = 1_000_000
SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
NOW = Now(T0, 50 * SECOND)
"""The moment of every test; its monotonic clock has nothing to do with its wall clock."""
AAPL = Instrument(symbol="AAPL", con_id=1001)
MSFT = Instrument(symbol="MSFT", con_id=1002)


def terms(side: Side = "BUY", quantity: object = 10, limit: object = None) -> OrderTerms:
    """A market order's terms, or a limit order's."""
    price = None if limit is None else Decimal(str(limit))
    return OrderTerms(side, Decimal(str(quantity)), "MKT" if price is None else "LMT", price)


def signal(
    number: int = 1, side: Side = "BUY", quantity: object = 10, limit: object = None, **more: object
) -> Signal:
    given = {"symbol": "AAPL", "expires_ns": T0 + 5 * SECOND, "account": "", **more}
    given.setdefault("terms", terms(side, quantity, limit))
    return Signal(id=f"s-e-{number}", ts_ns=T0, strategy="s", **given)


def fill(order: SubmitOrder, quantity: int, exec_id: str, **more: object) -> Fill:
    given = {
        "intent_id": order.intent_id, "strategy": order.strategy, "account": order.account,
        "price": Decimal(100), **more,
    }  # fmt: skip
    return Fill(
        ts_ns=T0, exec_id=exec_id, permanent_id="1", symbol=order.symbol, side=order.terms.side,
        quantity=Decimal(quantity), **given,
    )  # fmt: skip


def rules(limit: int = 100, rule: str = "MaxContractsPerInstrument") -> RuleBook:
    """A rule book with one limit on contracts."""
    everything = SimpleNamespace(account="", strategy="", symbol="")
    entry = SimpleNamespace(
        rule=rule, parameters={"limit": limit}, enforcement=["halt"], until="person",
        scope=everything,
    )  # fmt: skip
    return load_rules([entry])


def executor(
    limit: int = 100,
    journal: Sequence[Event] = (),
    *,
    live: bool = True,
    accounts: tuple[str, ...] = ("DU1",),
    book: RuleBook | None = None,
) -> Executor:
    """An executor that has read `journal`; the gateway's accounts are known to it."""
    one = Executor(rules(limit) if book is None else book, [AAPL, MSFT])
    for event in journal:
        one.apply(event)
    if accounts:
        one.on_broker(ConnectionUp(T0, 157, accounts), NOW)
    if live:
        one.caught_up(NOW)
    return one


def intended(order: SubmitOrder, order_id: str = "1") -> OrderIntended:
    return OrderIntended(T0, order_id, order)


def accepted(order: SubmitOrder, order_id: str = "1") -> OrderAccepted:
    return OrderAccepted(T0, order.account, order.intent_id, order_id, "1")


def taken(one: Executor, wanted: Signal) -> SubmitOrder:
    """The order that comes of a signal, INTENDED at the gateway."""
    _, (order,) = one.on_signal(wanted, NOW)
    one.on_broker(intended(order), NOW)
    return order


def working(
    one: Executor, quantity: int = 10, number: int = 1, limit: object = 150, **more: object
) -> SubmitOrder:
    """A limit order that the broker has accepted."""
    order = taken(one, signal(number, quantity=quantity, limit=limit, **more))
    one.on_broker(accepted(order), NOW)
    return order


def cancel(number: int = 2, of: str = "s-e-1", **more: object) -> CancelSignal:
    given = {"account": "", "strategy": "s", "expires_ns": T0 + 5 * SECOND, **more}
    return CancelSignal(id=f"s-e-{number}", ts_ns=T0, signal_id=of, **given)


def modify(
    quantity: int | None = None, limit: str | None = None, number: int = 2, **more: object
) -> ModifySignal:
    given = {"account": "", "strategy": "s", "expires_ns": T0 + 5 * SECOND, **more}
    given.setdefault("signal_id", "s-e-1")
    return ModifySignal(
        id=f"s-e-{number}",
        ts_ns=T0,
        changes=TermChanges(
            None if quantity is None else Decimal(quantity),
            None if limit is None else Decimal(limit),
        ),
        **given,
    )


def asked(one: Executor, after_ns: int = 0) -> list[Event]:
    return [c for c in one.tick(NOW + after_ns) if isinstance(c, CancelOrder | ModifyOrder)]
