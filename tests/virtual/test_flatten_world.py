"""A flatten from end to end: the live services and TWS's bytes, with processes that fail."""

from decimal import Decimal

import pytest

from tapewire.common import roles
from tapewire.common.accounting.compare import broker_of
from tapewire.common.bus import wire
from tapewire.common.config.settings import Config, InstrumentConfig
from tapewire.common.events import (
    EVERYTHING,
    CancelOrder,
    Control,
    FlattenCompleted,
    FlattenDelayed,
    OrderDenied,
    OrderRequest,
    OrderTerms,
    Scope,
    Side,
    SubmitOrder,
)
from tapewire.common.instruments import Instrument
from tapewire.executor.service import ExecutorService
from tapewire.gateway.tws.encoder import RequestEncoder, contract_of
from tapewire.gateway.tws.framing import frame
from tapewire.risk.service import RiskService
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.server import TwsServer
from tapewire.simulator.settings import SimulatorSettings
from tapewire.virtual.world import SECOND_NS, World

ACCOUNT = "DU1000001"
TSLA = Instrument(symbol="TSLA")
OTHER_CLIENT = 900


class Desk:
    """A world, and what a person and an executor ask in it."""

    def __init__(self, opens: str = "", closes: str = "") -> None:
        config = Config(
            instruments=(InstrumentConfig(symbol="AAPL"), InstrumentConfig(symbol="MSFT"))
        )
        instruments = [*config.all_instruments(), TSLA]
        self.world = World(
            config, SyntheticMarket(instruments, 1, 30), start_ns=1_700_000_000 * SECOND_NS,
            settings=SimulatorSettings(accounts=(ACCOUNT,), opens=opens, closes=closes),
            elsewhere=(TSLA,),
        )  # fmt: skip
        self.run(5)
        reader = ("market", [b"\x01" + wire.topic("last.AAPL")])  # the market begins with it
        self.world._deliver(self.world.nodes[roles.GATEWAY], reader)
        self.run(1)

    def run(self, seconds: float) -> None:
        self.world.run(int(seconds * SECOND_NS))

    def submit(
        self, name: str, side: Side, quantity: int, limit: int | None = None, symbol: str = "AAPL"
    ) -> None:
        """An order of an executor; a stopped gateway finds it when it wakes."""
        now = self.world.clock.now()
        terms = OrderTerms(side, Decimal(quantity))
        if limit is not None:
            terms = OrderTerms(side, Decimal(quantity), "LMT", Decimal(limit))
        self._ask(
            SubmitOrder(
                name, now.wall_ns, ACCOUNT, "s", symbol, terms, now.wall_ns + 3600 * SECOND_NS
            )
        )

    def _ask(self, command: SubmitOrder | CancelOrder) -> None:
        executor = self.world.service(roles.EXECUTOR)
        assert isinstance(executor, ExecutorService)
        request = wire.encode(OrderRequest(1, [command], next(iter(executor.doors)).welcome.token))
        self.world._route(roles.EXECUTOR, f"{roles.GATEWAY}.requests", [request])

    def flatten(self, scope: Scope = EVERYTHING) -> None:
        risk, now = self.world.service(roles.RISK), self.world.clock.now()
        assert isinstance(risk, RiskService)
        reply, events = risk.monitor.control(Control(now.wall_ns, "flatten", "x", scope), now)
        assert reply.ok, reply.text
        risk.emit(*events)

    def buy_elsewhere(self, quantity: int) -> None:
        """Another client of TWS buys what the group has not configured."""
        server, encode = self.world.server, RequestEncoder(9, 157)
        order = SubmitOrder("", 0, ACCOUNT, "s", "TSLA", OrderTerms("BUY", Decimal(quantity)), 0)
        sent = [
            b"API\0" + frame(b"v157..157"), encode.start_api(),
            encode.place_order("1", order, contract_of(TSLA)),
        ]  # fmt: skip
        server.connected(OTHER_CLIENT, self.world.clock.mono_ns())
        for data in sent:
            server.received(OTHER_CLIENT, data, self.world.clock.mono_ns())
        self.run(2)

    def held(self) -> dict[str, int]:
        positions = broker_of(self.world.server.books()).positions
        return {symbol: int(q) for (_, symbol), q in positions.items() if q}

    def working(self) -> int:
        return len(self.world.server._exchange.open_orders())

    def completed(self) -> bool:
        return any(isinstance(e, FlattenCompleted) for e in self.world.events(roles.RISK))

    def delays(self) -> list[str]:
        return [e.reason for e in self.world.events(roles.RISK) if isinstance(e, FlattenDelayed)]


@pytest.fixture
def desk() -> Desk:
    """10 AAPL are held."""
    one = Desk()
    one.submit("s/1", "BUY", 10)
    one.run(2)
    assert one.held() == {"AAPL": 10}
    return one


def test_it_closes_and_is_over_within_seconds(desk: Desk):
    desk.submit("s/2", "SELL", 10, limit=100_000)
    desk.run(1)
    assert desk.working() == 1
    desk.flatten()
    desk.run(5)
    assert (desk.held(), desk.working(), desk.completed(), desk.delays()) == ({}, 0, True, [])


def test_outside_regular_hours_it_closes_with_a_limit():
    """It is 17:13 in New York. A market order would wait for the open."""
    desk = Desk("09:30 America/New_York", "16:00 America/New_York")
    assert isinstance(desk.world.server, TwsServer)
    desk.world.server.faults.inject("position", symbol="AAPL", quantity=10)
    desk.run(5)
    desk.flatten()
    desk.run(8)
    assert (desk.held(), desk.completed()) == ({"AAPL": 10}, False)
    desk.run(12)
    assert (desk.held(), desk.completed()) == ({}, True)


def test_what_is_not_configured_is_closed_too(desk: Desk):
    desk.buy_elsewhere(7)
    assert desk.held() == {"AAPL": 10, "TSLA": 7}
    desk.flatten()
    desk.run(10)
    assert (desk.held(), desk.completed()) == ({}, True)


def test_a_stopped_gateway_wakes_with_a_sell_and_it_does_not_pass(desk: Desk):
    desk.world.stop(roles.GATEWAY, continue_after_ns=30 * SECOND_NS)
    desk.submit("late/1", "SELL", 10)
    desk.flatten()
    desk.run(20)
    assert (desk.held(), desk.completed()) == ({}, True)
    desk.run(20)
    assert desk.held() == {}
    (denied,) = [e for e in desk.world.events(roles.GATEWAY) if isinstance(e, OrderDenied)]
    assert "no order passes as reducing" in denied.reason


def test_a_gateway_that_is_stopped_with_a_working_sell_does_not_hold_up_a_flatten(desk: Desk):
    desk.submit("s/2", "SELL", 10, limit=100_000)
    desk.run(1)
    desk.world.stop(roles.GATEWAY, continue_after_ns=60 * SECOND_NS)
    desk.flatten()
    desk.run(15)
    assert (desk.held(), desk.working(), desk.completed()) == ({}, 0, True)


def test_a_part_is_flattened_without_the_orders_of_another_part(desk: Desk):
    desk.submit("s/2", "SELL", 10, limit=100_000)
    desk.submit("m/1", "BUY", 10, limit=1, symbol="MSFT")
    desk.run(1)
    desk.flatten(Scope(symbol="AAPL"))
    desk.run(10)
    assert (desk.held(), desk.working(), desk.completed()) == ({}, 1, True)


def test_of_a_part_with_a_stopped_gateway_every_order_is_cancelled_and_said_so(desk: Desk):
    desk.submit("s/2", "SELL", 10, limit=100_000)
    desk.submit("m/1", "BUY", 10, limit=1, symbol="MSFT")
    desk.run(1)
    desk.world.stop(roles.GATEWAY, continue_after_ns=60 * SECOND_NS)
    desk.flatten(Scope(symbol="AAPL"))
    desk.run(30)
    assert (desk.held(), desk.working(), desk.completed()) == ({}, 0, True)
    assert any("Every order of the login is cancelled" in reason for reason in desk.delays())


@pytest.mark.parametrize("victim", [roles.GATEWAY, roles.LIQUIDATION, roles.RISK])
def test_whatever_dies_on_the_way_it_goes_on(desk: Desk, victim: str):
    desk.submit("s/2", "SELL", 4, limit=100_000)
    desk.run(1)
    desk.flatten()
    desk.run(0.06)
    desk.world.kill(victim, restart_after_ns=3 * SECOND_NS)
    desk.run(30)
    assert (desk.held(), desk.working(), desk.completed()) == ({}, 0, True)
