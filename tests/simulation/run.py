"""One simulation: a storm of so many steps, then calm, a flatten, and the invariants."""

import random
from decimal import Decimal
from typing import NamedTuple

from tapewire.common.config.settings import StrategyConfig
from tapewire.common.events import Control
from tapewire.common.instruments import Instrument
from tapewire.common.runtime.journal import Head
from tapewire.gateway.gateway import Gateway
from tapewire.risk.service import RiskService
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation import changes, invariants
from tests.simulation.storm import StormyWeather, outage, strike

START_NS = 1_700_000_000 * SECOND_NS
STEP_MAX_NS = 2 * SECOND_NS
CALM_NS = 30 * SECOND_NS
MAX_CONTRACTS = Decimal(60)
INSTRUMENTS = (
    Instrument(symbol="AAPL"),
    Instrument(
        symbol="ESZ6", sec_type="FUT", exchange="CME", multiplier=Decimal(50),
        min_tick=Decimal("0.25"),
    ),
)  # fmt: skip


class Result(NamedTuple):
    """What a simulation came to. `broken` names every invariant that did not hold."""

    seed: int
    broken: list[str]
    heads: dict[str, Head]
    orders: int
    changed: int
    answered: int
    deaths: int


def simulate(
    seed: int, steps: int, gateway_class: type[Gateway] = Gateway, *, outages: bool = True
) -> Result:
    """Run seed `seed` for `steps` strikes; the same arguments give the same result.

    With `outages` the machine itself may fail between them.
    """
    rng, power = random.Random(seed), random.Random(seed + 2)
    weather = StormyWeather(random.Random(seed + 1))
    until_ns = START_NS + steps * STEP_MAX_NS
    strategies = [
        StrategyConfig(
            name=name, strategy="tests.simulation.trader:Trader",
            parameters={"every": every, "until_ns": until_ns},
        )
        for name, every in (("a", 7), ("b", 11))
    ]  # fmt: skip
    world = World(
        INSTRUMENTS, strategies, SyntheticMarket(INSTRUMENTS, seed, 30),
        start_ns=START_NS, max_contracts=MAX_CONTRACTS, weather=weather,
        gateway_class=gateway_class,
    )  # fmt: skip
    audit, found = changes.Audit(world), list[str]()
    for _ in range(steps):
        world.run(rng.randrange(STEP_MAX_NS))
        strike(world, rng)
        if outages:
            outage(world, power)
        found += invariants.beyond_limit(world, MAX_CONTRACTS)
    found += settle(world, weather, until_ns)
    found += changes.once(world, audit)
    books = world.server.books()
    deaths = sum(node.starts - 1 for node in world.nodes.values())
    changed = audit.changed.total()
    return Result(
        seed, found, world.heads(), books["orders"], changed, invariants.answered(world), deaths
    )


def settle(world: World, weather: StormyWeather, until_ns: int) -> list[str]:
    """The storm is over: within 30 s all is READY; then flatten, and every order has its end."""
    weather.calm = True
    for node in world.nodes.values():
        node.transport.fuse = None
    world.run(max(0, until_ns - world.clock.now_ns()) + CALM_NS)
    found = [f"after the storm, {fault}" for fault in invariants.readiness(world)]
    found += [*changes.at_rest(world), *changes.shared(world)]
    risk = world.service("risk")
    assert isinstance(risk, RiskService)
    _reply, events = risk.monitor.control(Control(world.clock.now_ns(), "flatten", "the end"))
    risk.born(*events)
    world.run(CALM_NS)
    found += [
        f"flatten left {quantity} {symbol}"
        for symbol, quantity in world.server.books()["positions"].items()
        if Decimal(quantity)
    ]
    return [*found, *changes.flat(world), *invariants.broken(world)]
