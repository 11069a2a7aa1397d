"""One simulation: a storm of so many steps, then calm, a flatten, and the invariants."""

import random
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from tapewire.common import roles
from tapewire.common.accounting.compare import broker_of
from tapewire.common.config.settings import (
    Config,
    InstrumentConfig,
    RiskConfig,
    RuleConfig,
    StrategyConfig,
)
from tapewire.common.events import Control
from tapewire.common.runtime.checkpoint import Policy
from tapewire.common.runtime.journal import Head
from tapewire.risk.service import RiskService
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.settings import SimulatorSettings
from tapewire.virtual.node import Build
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation import invariants, modifies
from tests.simulation.storm import StormyNetwork, outage, strike

START_NS = 1_700_000_000 * SECOND_NS
STEP_MAX_NS = 2 * SECOND_NS
CALM_NS = 30 * SECOND_NS
LIMIT = Decimal(60)
CHECKPOINTS = Policy(
    records=1, expired_ns=SECOND_NS, ended_ns=6 * SECOND_NS, given_up_ns=12 * SECOND_NS
)
"""A day in some seconds: with these a storm forgets many of its orders."""
ACCOUNTS = ("DU1000001", "DU1000002")
INSTRUMENTS = (
    InstrumentConfig(symbol="AAPL"),
    InstrumentConfig(
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
    modified: int
    answered: int
    deaths: int


def configuration(until_ns: int) -> Config:
    """Two strategies, one in each account of the login, with a limit that they reach at times."""
    strategies = tuple(
        StrategyConfig(
            name=name, strategy="tests.simulation.trader:Trader", account=account,
            parameters={"every": every, "until_ns": until_ns},
        )
        for name, every, account in (("a", 7, ACCOUNTS[0]), ("b", 11, ACCOUNTS[1]))
    )  # fmt: skip
    rule = RuleConfig(rule="MaxContractsPerInstrument", parameters={"limit": LIMIT})
    return Config(instruments=INSTRUMENTS, strategies=strategies, risk=RiskConfig(rules=(rule,)))


def simulate(
    seed: int,
    steps: int,
    replaced: Mapping[str, Build] | None = None,
    *,
    outages: bool = True,
    direct: bool = False,
) -> Result:
    """Run seed `seed` for `steps` strikes; the same arguments give the same result.

    With `outages` the machine itself may fail between them; with `direct` the gateways trade at the
    exchange itself. `replaced` are planted bugs. Every other seed keeps checkpoints.
    """
    rng, power = random.Random(seed), random.Random(seed + 2)
    network = StormyNetwork(random.Random(seed + 1))
    until_ns = START_NS + steps * STEP_MAX_NS
    config = configuration(until_ns)
    world = World(
        config, SyntheticMarket(config.all_instruments(), seed, 30),
        start_ns=START_NS, faults=network, replaced=replaced,
        settings=SimulatorSettings(accounts=ACCOUNTS), direct=direct,
        checkpoints=CHECKPOINTS if seed % 2 else None,
    )  # fmt: skip
    audit, found = modifies.Audit(world), list[str]()
    for _ in range(steps):
        world.run(rng.randrange(STEP_MAX_NS))
        strike(world, rng)
        if outages:
            outage(world, power)
        found += invariants.beyond_limit(world, LIMIT)
    found += settle(world, network, until_ns)
    found += modifies.once(world, audit)
    books = world.server.books()
    deaths = sum(node.starts - 1 for node in world.nodes.values())
    return Result(
        seed, found, world.heads(), books["orders"], audit.modified.total(),
        invariants.answered(world), deaths,
    )  # fmt: skip


def settle(world: World, network: StormyNetwork, until_ns: int) -> list[str]:
    """The storm is over: within 30 s all is READY; then flatten, and every order has its end."""
    network.calm = True
    for node in world.nodes.values():
        node.transport.crash_after = None
    world.run(max(0, until_ns - world.clock.mono_ns()) + CALM_NS)
    found = [f"after the storm, {fault}" for fault in invariants.readiness(world)]
    found += [*modifies.at_rest(world), *modifies.shared(world)]
    risk = world.service(roles.RISK)
    assert isinstance(risk, RiskService)
    now = world.clock.now()
    _reply, events = risk.monitor.control(Control(now.wall_ns, "flatten", "the end"), now)
    risk.emit(*events)
    world.run(CALM_NS)
    found += [
        f"flatten left {quantity} {symbol} in {account}"
        for (account, symbol), quantity in broker_of(world.server.books()).positions.items()
        if quantity
    ]
    return [*found, *modifies.flat(world), *invariants.broken(world, LIMIT)]
