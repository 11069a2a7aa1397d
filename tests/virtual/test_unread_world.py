"""A group at a TWS that goes on sending ticks and reads nothing for a minute."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tapewire import Quote, Strategy
from tapewire.common import roles
from tapewire.common.accounting.compare import broker_of
from tapewire.common.config.settings import Config, InstrumentConfig, StrategyConfig
from tapewire.common.events import ConnectionLost, Fill, OrderIntended
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.server import TwsServer
from tapewire.simulator.settings import SimulatorSettings
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation.run import START_NS

UNREAD_S = 60
FOUND_OUT_S = 35
"""Open orders are listed every 10 s, TWS has a second to answer, and 10 s to answer at all; or an
order is not answered for 5 s, and then not listed for 10 s."""


class Parameters(msgspec.Struct, frozen=True):
    """Whether it trades on and on."""

    always: bool


class Trader(Strategy[Parameters]):
    """Buys and sells for the first seconds, or all the time."""

    def on_start(self) -> None:
        self.seen = 0

    def on_quote(self, quote: Quote) -> None:
        self.seen += 1
        if self.seen % 10 == 0 and (self.parameters.always or self.seen < 50):
            (self.buy if self.seen % 20 else self.sell)(quote.symbol, 1)


@pytest.fixture(params=[True, False], ids=["trading", "idle"])
def world(request: pytest.FixtureRequest) -> World:
    trader = StrategyConfig(
        name="a", strategy=f"{__name__}:Trader", parameters={"always": request.param}
    )
    config = Config(instruments=(InstrumentConfig(symbol="AAPL"),), strategies=(trader,))
    return World(
        config, SyntheticMarket(config.all_instruments(), 1, 10),
        start_ns=START_NS, settings=SimulatorSettings(),
    )  # fmt: skip


def of_kind(world: World, kind: type[Any]) -> list[Any]:
    return [one for one in world.events(roles.GATEWAY) if isinstance(one, kind)]


def state(world: World) -> str:
    service = world.service(roles.GATEWAY)
    assert service is not None
    return service.readiness(world.clock.now())[0]


def test_it_is_found_out_and_all_is_well_once_tws_reads_again(world: World) -> None:
    world.run(10 * SECOND_NS)
    assert state(world) == "READY"
    assert isinstance(world.server, TwsServer)
    world.server.faults.inject("not_reading", seconds=UNREAD_S)
    world.run(FOUND_OUT_S * SECOND_NS)
    assert of_kind(world, ConnectionLost)
    assert state(world) != "READY"
    intended = len(of_kind(world, OrderIntended))
    world.run((UNREAD_S - FOUND_OUT_S) * SECOND_NS)
    assert len(of_kind(world, OrderIntended)) == intended
    world.run(40 * SECOND_NS)
    assert state(world) == "READY"
    signed = {"BUY": 1, "SELL": -1}
    filled = sum((signed[one.side] * one.quantity for one in of_kind(world, Fill)), Decimal(0))
    held = broker_of(world.server.books()).positions.values()
    assert filled == sum(held, Decimal(0))
