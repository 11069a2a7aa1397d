"""Links that are slow for seconds: which they are, and what becomes of a halt on its way."""

import random

from tapewire.common import roles
from tapewire.common.events import EVERYTHING
from tapewire.gateway.service import GatewayService
from tapewire.risk.service import RiskService
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.settings import SimulatorSettings
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation.clogging import WAYS
from tests.simulation.run import ACCOUNTS, START_NS, configuration
from tests.simulation.seeds import CLOGGED, HELD_BACK, NARROWED, seeds_for
from tests.simulation.storm import StormyNetwork, order

SLOW_NS = 5 * SECOND_NS


def trading(network: StormyNetwork) -> World:
    config = configuration(START_NS + 60 * SECOND_NS)
    world = World(
        config, SyntheticMarket(config.all_instruments(), 1, 30), start_ns=START_NS, faults=network,
        settings=SimulatorSettings(accounts=ACCOUNTS),
    )  # fmt: skip
    world.run(5 * SECOND_NS)
    return world


def test_each_way_that_can_be_clogged_is_one_on_which_messages_go():
    world = trading(StormyNetwork(random.Random(1)))
    risk = world.service(roles.RISK)
    assert isinstance(risk, RiskService)
    order(risk, "flatten", EVERYTHING)
    world.run(5 * SECOND_NS)
    there = {link.name.partition(":")[0] for link in world.links._links.values()}
    assert {f"{sender}>{receiver}" for sender, receiver in WAYS} <= there


def test_a_halt_that_is_slow_on_its_way_arrives_after_the_lease_and_nothing_adds_risk_till_then():
    network = StormyNetwork(random.Random(1))
    world = trading(network)
    gateway, risk = world.service(roles.GATEWAY), world.service(roles.RISK)
    assert isinstance(gateway, GatewayService)
    assert isinstance(risk, RiskService)
    network.clogged[f"{roles.RISK}>{roles.GATEWAY}"] = lambda: SLOW_NS
    order(risk, "halt", EVERYTHING)
    world.run(SLOW_NS - SECOND_NS)
    gate, now = gateway.gateway.gate, world.clock.now()
    assert not gate.decisions.halts
    assert "its lease is 3000 ms" in gate._lease_denial(now)
    world.run(3 * SECOND_NS)
    assert EVERYTHING in gate.decisions.halts


def test_a_bug_is_looked_for_in_seeds_in_which_it_can_show():
    assert {*seeds_for(NARROWED[0], 30)} <= {*seeds_for(CLOGGED[0], 30)}
    assert [*seeds_for(HELD_BACK[0], 21)] == [10, 20]
    assert [*seeds_for("fill-twice", 5)] == [2, 3, 4]
