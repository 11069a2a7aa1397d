"""The disk fills while the virtual group trades: it halts, says why, and goes on by itself."""

from collections import Counter
from decimal import Decimal

import pytest

from tapewire.common import roles
from tapewire.common.accounting.compare import broker_of
from tapewire.common.config.settings import Config, RiskConfig, RuleConfig, StrategyConfig
from tapewire.common.events import Control, FlattenCompleted, RiskHalted
from tapewire.common.runtime.disk import MB
from tapewire.risk.service import RiskService
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.settings import SimulatorSettings
from tapewire.virtual.node import Node
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation import invariants
from tests.simulation.run import ACCOUNTS, INSTRUMENTS, START_NS
from tests.simulation.seeds import LIMIT
from tests.simulation.watch import Watch

LOW_BYTES = 50 * MB  # between nothing and `free_halt_mb`


def trading(until_s: int = 40) -> World:
    """A group that has traded for a while."""
    until_ns = START_NS + until_s * SECOND_NS
    strategy = StrategyConfig(
        name="a", strategy="tests.simulation.trader:Trader", account=ACCOUNTS[0],
        parameters={"every": 7, "until_ns": until_ns},
    )  # fmt: skip
    rule = RuleConfig(rule="MaxContractsPerInstrument", parameters={"limit": LIMIT})
    config = Config(instruments=INSTRUMENTS, strategies=(strategy,), risk=RiskConfig(rules=(rule,)))
    watch = Watch(config)
    world = World(
        config, SyntheticMarket(config.all_instruments(), 1, 30), start_ns=START_NS,
        settings=SimulatorSettings(accounts=ACCOUNTS), observer=watch,
    )  # fmt: skip
    watch.attach(world)
    world.run(10 * SECOND_NS)
    assert states(world) == {"READY"}
    return world


def states(world: World, *roles_: str) -> set[str]:
    now = world.clock.now()
    services = (world.service(role) for role in roles_ or roles.JOURNALED)
    return {service.reported_state(now)[0] for service in services if service}


def orders(world: World) -> int:
    return int(world.server.books()["orders"])


def agrees(world: World) -> list[str]:
    """At rest: the strategy has stopped trading, and its orders have their ends."""
    world.run(START_NS + 65 * SECOND_NS - world.clock.mono_ns())
    watch = world.observer
    assert isinstance(watch, Watch)
    found = [*invariants.readiness(world), *invariants.books_agree(world, watch)]
    return [*found, *invariants.chains(world)]


def test_before_the_disk_is_full_what_adds_risk_is_denied_with_the_reason_until_there_is_room():
    world = trading()
    world.fill_disk(LOW_BYTES)
    world.run(2 * SECOND_NS)
    assert states(world, roles.GATEWAY, roles.EXECUTOR, roles.RISK) == {"HALTED"}
    assert states(world, roles.LIQUIDATION) == {"READY"}  # it takes only what reduces
    gateway = world.service(roles.GATEWAY)
    assert gateway is not None
    assert "50,000,000 bytes were free, trading needs 100,000,000" in gateway.room.reason
    held = exposed(world)
    world.run(10 * SECOND_NS)
    assert exposed(world) <= held
    world.fill_disk(None)
    before = orders(world)
    world.run(10 * SECOND_NS)
    assert states(world) == {"READY"}
    assert orders(world) > before + 5
    assert agrees(world) == []


def exposed(world: World) -> Decimal:
    """The worst case of all positions, as risk sees it."""
    risk = world.service(roles.RISK)
    assert isinstance(risk, RiskService)
    accounts = risk.monitor.accounts
    return sum((accounts.exposure(*key).certain for key in accounts.keys()), Decimal(0))  # noqa: SIM118


@pytest.mark.parametrize("victim", [(), *((role,) for role in roles.JOURNALED)], ids=str)
def test_on_a_full_disk_nothing_is_published_and_afterwards_nothing_is_missing(victim):
    world = trading(until_s=30)
    world.fill_disk(0, *victim)
    heads = {role: world.nodes[role].records.head for role in victim or roles.JOURNALED}
    world.run(10 * SECOND_NS)
    for role, head in heads.items():
        assert world.nodes[role].records.head == head
        if role != roles.LIQUIDATION:  # which has nothing to write
            assert states(world, role) == {"HALTED"}
    world.fill_disk(None)
    world.run(5 * SECOND_NS)
    assert states(world) == {"READY"}
    assert agrees(world) == []


def test_a_process_that_waits_for_room_has_no_more_turns_than_it_would_have(monkeypatch):
    """A commit that finds the disk full is tried again four times a second, as with a real disk."""
    world, turns = trading(until_s=30), Counter[str]()
    turn = World.turn

    def counted(world: World, node: Node) -> None:
        turns[node.role] += 1
        turn(world, node)

    monkeypatch.setattr(World, "turn", counted)
    world.run(2 * SECOND_NS)
    usual = turns[roles.GATEWAY]
    turns.clear()
    world.fill_disk(0)
    world.run(2 * SECOND_NS)
    assert world.nodes[roles.GATEWAY].records.full
    assert turns[roles.GATEWAY] < 2 * usual


def test_a_process_that_dies_on_a_full_disk_comes_back_and_nothing_is_missing():
    world = trading(until_s=30)
    world.fill_disk(0)
    world.run(3 * SECOND_NS)
    for role in world.nodes:
        world.kill(role)
    world.run(3 * SECOND_NS)
    world.fill_disk(None)
    world.run(10 * SECOND_NS)
    assert states(world) == {"READY"}
    assert agrees(world) == []


@pytest.mark.parametrize(
    "short",
    [
        pytest.param((LOW_BYTES,), id="nearly full"),
        pytest.param((0, roles.GATEWAY, roles.EXECUTOR), id="full, but for the reserves"),
    ],
)
def test_a_flatten_ends_on_a_disk_without_room(short: tuple):
    world = trading()
    world.fill_disk(*short)
    world.run(2 * SECOND_NS)
    risk = world.service(roles.RISK)
    assert isinstance(risk, RiskService)
    control = Control(START_NS, "flatten", "a person")
    risk.emit(*risk.monitor.control(control, world.clock.now())[1])
    world.run(30 * SECOND_NS)
    assert FlattenCompleted in map(type, world.events(roles.RISK))
    held = broker_of(world.server.books()).positions
    assert not any(held.values())
    world.fill_disk(None)
    assert agrees(world) == []


def test_a_halt_that_could_not_be_written_down_stops_trading_and_is_answered_later():
    world = trading()
    world.fill_disk(0, roles.RISK)
    risk = world.service(roles.RISK)
    assert isinstance(risk, RiskService)
    reply, events = risk.monitor.control(
        Control(START_NS, "flatten", "a person"), world.clock.now()
    )
    risk.emit(*events)
    world.run(10 * SECOND_NS)
    assert reply.ok
    before = orders(world)
    world.run(10 * SECOND_NS)
    assert orders(world) == before  # the heartbeat says HALTED
    world.fill_disk(None)
    world.run(30 * SECOND_NS)
    kinds = [type(event) for event in world.events(roles.RISK)]
    assert kinds.count(RiskHalted) == kinds.count(FlattenCompleted) == 1
    assert world.server.books()["orders_open"] == 0
