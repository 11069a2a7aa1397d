"""Orders and fills for the tests of risk."""

from decimal import Decimal

from tapewire.common.events import AccountPosition, Fill, SubmitOrder
from tapewire.common.instruments import Instrument
from tapewire.risk.monitor import RiskMonitor
from tapewire.risk.rules import MaxContracts

SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
AAPL = Instrument(symbol="AAPL", con_id=1001)
MSFT = Instrument(symbol="MSFT", con_id=1002)


def order(intent_id: str = "a/1", action: str = "BUY", quantity: int = 10, **more: object):
    given = {"symbol": "AAPL", "strategy": "s", **more}
    return SubmitOrder(
        intent_id=intent_id, ts_ns=T0, action=action, quantity=Decimal(quantity),
        order_type="MKT", expires_ns=T0 + SECOND, **given,
    )  # fmt: skip


def fill(of: SubmitOrder, quantity: int, exec_id: str, **more: object) -> Fill:
    given = {"intent_id": of.intent_id, "strategy": of.strategy, **more}
    return Fill(
        ts_ns=T0, exec_id=exec_id, perm_id=1, symbol=of.symbol, side=of.action,
        quantity=Decimal(quantity), price=Decimal(100), **given,
    )  # fmt: skip


def held(quantity: int, symbol: str = "AAPL", ts_ns: int = T0) -> AccountPosition:
    return AccountPosition(ts_ns, symbol, Decimal(quantity), Decimal(100))


def monitor(limit: int = 100, journal=()) -> RiskMonitor:
    one = RiskMonitor([MaxContracts(Decimal(limit))], [AAPL, MSFT])
    for event in journal:
        one.apply(event)
    return one
