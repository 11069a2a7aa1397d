"""A short session as the journals have it: one order filled in two parts, one that works, one
refused, a fill of nobody's order, a denied signal, and a halt."""

from decimal import Decimal

from tapewire.common.events import (
    AccountPosition,
    Commission,
    Event,
    Fill,
    OrderAccepted,
    OrderChanged,
    OrderCreated,
    OrderDenied,
    OrderFilled,
    OrderIntended,
    OrderRefused,
    RiskHalted,
    SubmitOrder,
)

T0 = 1_795_174_338_000_000_000  # 2026-11-20T11:32:18Z
MS = 1_000_000


def order(number: int, at_ms: int, **more: object) -> SubmitOrder:
    """An order of the strategy `dip`, caused by a tick 2 ms before, signalled 1 ms before."""
    given = {"symbol": "AAPL", "action": "BUY", "quantity": Decimal(10), "strategy": "dip", **more}
    at_ns = T0 + at_ms * MS
    return SubmitOrder(
        intent_id=f"dip-e-{number}/1",
        ts_ns=at_ns,
        order_type="LMT" if "limit_price" in more else "MKT",
        expires_ns=at_ns + 5000 * MS,
        signal_id=f"dip-e-{number}",
        signal_ns=at_ns - 1 * MS,
        cause_id=f"gateway/e/tick.AAPL/{number}/0",
        cause_ns=at_ns - 2 * MS,
        **given,
    )


def fill(exec_id: str, at_ms: int, quantity: int, price: str, intent_id: str | None) -> Fill:
    return Fill(
        T0 + at_ms * MS, exec_id, 7001, "AAPL", "BUY", Decimal(quantity), Decimal(price),
        intent_id, "dip" if intent_id else None,
    )  # fmt: skip


FILLED = order(1, 10)
WORKING = order(2, 100, symbol="ESZ6", limit_price=Decimal("5400.25"))
REFUSED = order(3, 200, strategy="other")
FIRST = fill("0000a.01.01", 14, 4, "100.10", "dip-e-1/1")
SECOND = fill("0000a.02.01", 15, 6, "100.20", "dip-e-1/1")
FOREIGN = fill("0000b.01.01", 50, 1, "99.5", None)

EVENTS: dict[str, list[Event]] = {
    "gateway": [
        OrderIntended(T0 + 11 * MS, 1, FILLED),
        OrderAccepted(T0 + 13 * MS, "dip-e-1/1", 1, 7001, T0 + 12 * MS),
        FIRST,
        Commission(T0 + 14 * MS, "0000a.01.01", Decimal("0.35"), "USD"),
        SECOND,
        OrderFilled(T0 + 15 * MS, "dip-e-1/1"),
        Commission(T0 + 16 * MS, "0000a.02.01", Decimal("0.65"), "USD"),
        FOREIGN,
        OrderIntended(T0 + 101 * MS, 2, WORKING),
        OrderAccepted(T0 + 102 * MS, "dip-e-2/1", 2, 7002),
        OrderRefused(T0 + 201 * MS, "dip-e-3/1", "trading is HALTED"),
        AccountPosition(T0 + 210 * MS, "AAPL", Decimal(11), Decimal("100.1")),
    ],
    "way-out": [fill("0000a.01.01", 17, 4, "100.10", "dip-e-1/1")],  # both gateways tell of it
    "executor": [
        OrderCreated(T0 + 10 * MS, "dip-e-1", FILLED),
        OrderChanged(T0 + 18 * MS, "dip-e-1/1", "dip", "FILLED", Decimal(10)),
        OrderDenied(T0 + 60 * MS, "dip-e-9", "dip", "MaxContracts"),
        OrderCreated(T0 + 100 * MS, "dip-e-2", WORKING),
        OrderCreated(T0 + 200 * MS, "dip-e-3", REFUSED),
    ],
    "risk": [RiskHalted(T0 + 150 * MS, "asked by hand")],
}
