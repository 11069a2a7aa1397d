"""Both adapters trade alike: the same strategies on the same market, through TWS's bytes and
directly, come to the same journals, times included."""

from decimal import Decimal

import msgspec
import pytest

from tapewire.common import roles
from tapewire.common.accounting.compare import broker_of
from tapewire.common.config.settings import (
    Config,
    InstrumentConfig,
    RiskConfig,
    StrategyConfig,
    TwsConfig,
)
from tapewire.common.events import (
    Commission,
    ConnectionChanged,
    ConnectionUp,
    Event,
    Fill,
    OrderCancelled,
    OrderModified,
    OrderModifyRejected,
)
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.settings import SimulatorSettings
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation import invariants, modifies
from tests.simulation.run import ACCOUNTS, CALM_NS, START_NS, configuration, simulate
from tests.simulation.seeds import LIMIT
from tests.simulation.watch import Watch

STEP_NS = SECOND_NS // 10
Setup = tuple[Config, SimulatorSettings, int]


def momentum() -> Setup:
    strategy = StrategyConfig(
        name="momentum",
        strategy="tapewire.strategy.examples.momentum:Momentum",
        parameters={"window": 50, "quantity": 10, "pause": 100},
    )
    symbols = (
        InstrumentConfig(symbol="AAPL"),
        InstrumentConfig(symbol="ESZ6", sec_type="FUT", exchange="CME", multiplier=Decimal(50)),
        InstrumentConfig(symbol="MSFT", ticks=("bid_ask", "all_last")),
    )
    config = Config(
        instruments=symbols, strategies=(strategy,), risk=RiskConfig(heartbeat_ms=1000),
        tws=TwsConfig(tick_by_tick_every_s=0),
    )  # fmt: skip
    return config, SimulatorSettings(), 120


def traders() -> Setup:
    """Two accounts, market, limit and stop orders, modifies and cancels."""
    seconds = 30
    config = configuration(START_NS + seconds * SECOND_NS)
    return config, SimulatorSettings(accounts=ACCOUNTS), seconds


def run(setup: Setup, *, seed: int = 1, step_ns: int = 0, direct: bool) -> World:
    config, settings, seconds = setup
    world = World(
        config, SyntheticMarket(config.all_instruments(), seed, 20),
        start_ns=START_NS, settings=settings, step_ns=step_ns, direct=direct,
    )  # fmt: skip
    world.run(seconds * SECOND_NS + CALM_NS)
    return world


def executions(world: World) -> list[tuple[object, ...]]:
    """In order: account, symbol, side, quantity, price, intent, commission."""
    events = world.events(roles.GATEWAY)
    fees = {e.exec_id: e.amount for e in events if isinstance(e, Commission)}
    return [
        (e.account, e.symbol, e.side, e.quantity, e.price, e.intent_id, fees[e.exec_id])
        for e in events
        if isinstance(e, Fill)
    ]


def journal(world: World, role: str) -> list[Event]:
    """What a role has journaled, but for the steps of its login and the version it agreed on."""
    return [
        msgspec.structs.replace(event, server_version=0)
        if isinstance(event, ConnectionUp)
        else event
        for event in world.events(role)
        if not isinstance(event, ConnectionChanged)
    ]


@pytest.mark.parametrize(("make", "step_ns"), [(momentum, 0), (momentum, STEP_NS), (traders, 0)])
def test_both_adapters_come_to_the_same_executions_and_journals(make, step_ns):
    """Whether the market moves row by row or in steps, as in a back-test."""
    setup = make()
    through_tws = run(setup, direct=False, step_ns=step_ns)
    directly = run(setup, direct=True, step_ns=step_ns)
    done = executions(directly)
    assert len(done) > 10
    assert done == executions(through_tws)
    assert broker_of(directly.server.books()) == broker_of(through_tws.server.books())
    for role in roles.JOURNALED:
        assert journal(directly, role) == journal(through_tws, role)


def test_the_traders_modify_and_cancel_directly_too():
    world = run(traders(), direct=True)
    kinds = {type(event) for event in world.events(roles.GATEWAY)}
    assert {OrderModified, OrderModifyRejected, OrderCancelled, Fill} <= kinds
    assert {account for account, *_ in executions(world)} == set(ACCOUNTS)


def test_a_direct_run_repeats_exactly():
    assert run(traders(), direct=True).heads() == run(traders(), direct=True).heads()


@pytest.mark.parametrize("seed", [1, 2])
def test_no_invariant_breaks_when_gateway_and_executor_are_killed(seed):
    config, settings, seconds = traders()
    watch = Watch(config)
    world = World(
        config, SyntheticMarket(config.all_instruments(), seed, 30),
        start_ns=START_NS, settings=settings, direct=True, observer=watch,
    )  # fmt: skip
    watch.attach(world)
    victims = (roles.GATEWAY, roles.EXECUTOR, roles.GATEWAY, roles.LIQUIDATION, roles.EXECUTOR)
    for n, victim in enumerate(victims):
        world.run(7 * SECOND_NS + n * 12_345_678)
        world.kill(victim)
    world.run(10 * SECOND_NS)
    world.nodes[roles.GATEWAY].transport.crash_after = 5  # in the middle of a turn
    world.run(seconds * SECOND_NS + CALM_NS)
    assert sum(node.starts - 1 for node in world.nodes.values()) == len(victims) + 1
    assert world.server.books()["executions"] > 10
    assert [*modifies.at_rest(world), *modifies.shared(world), *modifies.once(world, watch)] == []
    assert invariants.broken(world, watch, LIMIT) == []
    assert watch.faults == []


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 11))]
)
def test_no_invariant_breaks_in_a_storm_without_tws(seed):
    result = simulate(seed, 30, direct=True)
    assert result.broken == []
    assert result.orders > 0
    assert result.deaths > 0
