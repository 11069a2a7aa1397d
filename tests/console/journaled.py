"""A short session as the journals have it: an order filled in two parts, one that works, one that
was denied, a fill of an order that is not ours, a denied signal, and a halt."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from tapewire.common.events import (
    EVERYTHING,
    Commission,
    Event,
    Fill,
    OrderAccepted,
    OrderCreated,
    OrderDenied,
    OrderFilled,
    OrderIntended,
    OrderStateChanged,
    OrderTerms,
    PositionReported,
    RiskHalted,
    SubmitOrder,
)
from tapewire.common.runtime.journal import SqliteJournal

T0 = 1_795_174_338_000_000_000  # 2026-11-20T11:32:18Z
MS = 1_000_000
ACCOUNT, OTHER_ACCOUNT = "DU1", "DU2"
MARKET = OrderTerms("BUY", Decimal(10))
LIMIT = OrderTerms("BUY", Decimal(10), "LMT", limit=Decimal("5400.25"))


def order(number: int, at_ms: int, terms: OrderTerms = MARKET, **more: str) -> SubmitOrder:
    """An order of the strategy `dip`, caused by a tick 2 ms before, signalled 1 ms before."""
    at_ns = T0 + at_ms * MS
    plain = SubmitOrder(
        intent_id=f"dip-e-{number}/1",
        ts_ns=at_ns,
        account=ACCOUNT,
        strategy="dip",
        symbol="AAPL",
        terms=terms,
        expires_ns=at_ns + 5000 * MS,
        signal_id=f"dip-e-{number}",
        signal_ns=at_ns - 1 * MS,
        cause_id=f"gateway/e/tick.AAPL/{number}/0",
        cause_ns=at_ns - 2 * MS,
    )
    return replace(plain, **more)


def fill(exec_id: str, at_ms: int, quantity: int, price: str, intent_id: str | None) -> Fill:
    return Fill(
        T0 + at_ms * MS, ACCOUNT, exec_id, "7001", "AAPL", "BUY", Decimal(quantity), Decimal(price),
        intent_id, "dip" if intent_id else None,
    )  # fmt: skip


def write(run_dir: Path, source: str, events: Iterable[Event]) -> None:
    """Append events to a source's journal."""
    journal = SqliteJournal(run_dir / "journals" / f"{source}.sqlite", "NORMAL")
    journal.append([*events])
    journal.close()


FILLED = order(1, 10)
WORKING = order(2, 100, LIMIT, symbol="ESZ6")
DENIED = order(3, 200, strategy="other")
FIRST = fill("0000a.01.01", 14, 4, "100.10", "dip-e-1/1")
SECOND = fill("0000a.02.01", 15, 6, "100.20", "dip-e-1/1")
FOREIGN = fill("0000b.01.01", 50, 1, "99.5", None)

EVENTS: dict[str, list[Event]] = {
    "gateway": [
        OrderIntended(T0 + 11 * MS, "1", FILLED),
        OrderAccepted(T0 + 13 * MS, ACCOUNT, "dip-e-1/1", "1", "7001", T0 + 12 * MS),
        FIRST,
        Commission(T0 + 14 * MS, ACCOUNT, "0000a.01.01", Decimal("0.35"), "USD"),
        SECOND,
        OrderFilled(T0 + 15 * MS, ACCOUNT, "dip-e-1/1"),
        Commission(T0 + 16 * MS, ACCOUNT, "0000a.02.01", Decimal("0.65"), "USD"),
        FOREIGN,
        OrderIntended(T0 + 101 * MS, "2", WORKING),
        OrderAccepted(T0 + 102 * MS, ACCOUNT, "dip-e-2/1", "2", "7002"),
        OrderDenied(T0 + 201 * MS, ACCOUNT, "other", "gateway", "trading is HALTED", "dip-e-3/1"),
        PositionReported(T0 + 210 * MS, ACCOUNT, "AAPL", Decimal(11), Decimal("100.1")),
    ],
    # Both gateways report it, and only one knows the order.
    "liquidation": [replace(FIRST, ts_ns=T0 + 17 * MS, intent_id=None, strategy=None)],
    "executor": [
        OrderCreated(T0 + 10 * MS, "dip-e-1", FILLED, trigger_price=100.05),
        OrderStateChanged(T0 + 18 * MS, ACCOUNT, "dip-e-1/1", "dip", "FILLED", Decimal(10)),
        OrderDenied(T0 + 60 * MS, ACCOUNT, "dip", "executor", "MaxContracts", signal_id="dip-e-9"),
        OrderCreated(T0 + 100 * MS, "dip-e-2", WORKING, trigger_price=100.05),
        OrderCreated(T0 + 200 * MS, "dip-e-3", DENIED),
    ],
    "risk": [RiskHalted(T0 + 150 * MS, EVERYTHING, "manual")],
}
