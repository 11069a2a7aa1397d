"""A group without strategies watches what others trade, and enforces its rules on that."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import ib_async
import pytest

from tapewire.common.accounting.book import ZERO
from tapewire.common.config import settings as configuration
from tapewire.common.config import tws_address
from tapewire.common.events import (
    Event,
    FlattenCompleted,
    FlattenStarted,
    LockOutEnded,
    PositionClosed,
    PositionReported,
    RiskViolation,
)
from tapewire.console.group.supervisor import Group
from tests.pipeline.running import Running
from tests.waiting import wait_for

SOMEBODY = 77
CONFIG = """\
[simulator]
enabled = true
rate_per_s = 600

[tws]
open_orders_ms = 1000

[[instruments]]
symbol = "AAPL"

[[risk.rules]]
rule = "MaxContractsPerInstrument"
parameters = { limit = 10 }
enforcement = "flatten"
until = 1

[[risk.rules]]
rule = "MaxOrderSize"
parameters = { limit = 6 }
enforcement = "cancel"
"""


class Watched:
    """A group that trades nothing itself, and somebody with an ordinary client beside it."""

    def __init__(self, running: Running) -> None:
        self.running = running
        address = tws_address.find(running.group.config, running.run_dir)
        self.client = ib_async.IB()
        self.client.connect(address.host, address.port, SOMEBODY, raiseSyncErrors=True)
        self.stock = ib_async.Stock("AAPL", "SMART", "USD")
        assert self.client.qualifyContracts(self.stock) == [self.stock]
        ticker = self.client.reqMktData(self.stock)
        self.until(lambda: ticker.hasBidAsk() and ticker.last > 0, "a price")

    def until(self, condition, what: str, timeout_s: float = 30) -> None:
        def look() -> bool:
            self.client.sleep(0.02)
            return bool(condition())

        wait_for(look, f"{what}; risk: {self.journal()[-6:]}", timeout_s)

    def buys(self, quantity: int, limit: float | None = None) -> ib_async.Trade:
        order = (
            ib_async.MarketOrder("BUY", quantity)
            if limit is None
            else ib_async.LimitOrder("BUY", quantity, limit)
        )
        return self.client.placeOrder(self.stock, order)

    def held(self) -> int:
        return int(sum(one.position for one in self.client.positions()))

    def mark(self) -> str | None:
        """The price that risk values the position at, once it knows its executions."""
        positions = self.running.status("risk")["positions"]
        return next((one["mark"] for one in positions if one["quantity"] == "4"), None)

    def earned(self) -> Decimal:
        """What all executions of the account came to, as the broker lists them."""
        sides = {"BOT": -1, "SLD": 1}
        return sum(
            (
                Decimal(str(fill.execution.price))
                * Decimal(str(fill.execution.shares))
                * sides[fill.execution.side]
                for fill in self.client.reqExecutions()
            ),
            Decimal(0),
        )

    def journal(self) -> list[Event]:
        return self.running.journal("risk")

    def found(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.journal() if isinstance(event, kind)]

    def reported(self) -> list[Decimal]:
        """The positions that the gateways have journaled."""
        journals = [self.running.journal(name) for name in ("gateway", "liquidation")]
        return [e.quantity for of in journals for e in of if isinstance(e, PositionReported)]


@pytest.fixture
def watched(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    (run_dir / "tapewire.toml").write_text(CONFIG)
    monkeypatch.setenv("TAPEWIRE_CONFIG", str(run_dir / "tapewire.toml"))
    monkeypatch.setenv("TAPEWIRE_RUN_DIR", str(run_dir / "run"))
    monkeypatch.delenv("TAPEWIRE_SIMULATOR__RATE_PER_S")
    group = Group(configuration.load())
    group.up()
    running = Running(group)
    try:
        running.until_ready()
        one = Watched(running)
        yield one
        one.client.disconnect()
    finally:
        group.down()


def test_somebody_elses_resting_order_is_cancelled(watched: Watched):
    within = watched.buys(2, 1.0)
    watched.until(lambda: within.orderStatus.status == "Submitted", "an order within the limit")
    too_large = watched.buys(8, 1.0)
    watched.until(too_large.isDone, "the order to be cancelled")
    assert too_large.orderStatus.status == "Cancelled"
    (violation, *_) = watched.found(RiskViolation)
    assert violation.rule == "MaxOrderSize"
    assert watched.running.status("risk")["trading"] == "ACTIVE"


def test_a_position_that_somebody_else_has_made_too_large_is_closed(watched: Watched):
    resting = watched.buys(3, 1.0)
    watched.until(lambda: resting.orderStatus.status == "Submitted", "an order that rests")
    watched.buys(15)
    watched.until(lambda: watched.found(FlattenStarted), "the flatten")
    watched.until(lambda: watched.found(FlattenCompleted), "its end")
    watched.until(lambda: watched.held() == 0, "to be flat")
    assert resting.isDone(), "what rests could open it again"
    assert min(watched.reported()) >= ZERO, "never past flat to the other side"
    watched.until(lambda: watched.found(PositionClosed), "everybody's executions to be known")
    (closed,) = watched.found(PositionClosed)
    assert (closed.account, closed.symbol, closed.currency) == ("DU1234567", "AAPL", "USD")
    assert closed.realised == watched.earned()
    watched.until(lambda: watched.found(LockOutEnded), "the end of the lock-out")
    watched.buys(4)
    watched.until(lambda: watched.held() == 4, "what the limit allows")
    watched.until(lambda: watched.mark() is not None, "a price of what is held")
    assert len(watched.found(FlattenStarted)) == 1
