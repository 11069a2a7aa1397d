"""Rules taken over by risk, gateway and executor, with processes that die meanwhile."""

import pytest

from tapewire.common import roles
from tapewire.common.config.settings import Config, InstrumentConfig, RiskConfig, RuleConfig
from tapewire.common.events import Control, RulesChanged
from tapewire.executor.service import ExecutorService
from tapewire.gateway.service import GatewayService
from tapewire.risk.rules import RuleBook
from tapewire.risk.rules.in_force import shown, text_of
from tapewire.risk.service import RiskService
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.virtual.world import SECOND_NS, World

MS = 1_000_000


def rules(limit: int) -> tuple[RuleConfig, ...]:
    return (RuleConfig(rule="MaxContracts", parameters={"limit": limit}),)


def a_world(limit: int = 10) -> World:
    config = Config(
        instruments=(InstrumentConfig(symbol="AAPL"),), risk=RiskConfig(rules=rules(limit))
    )
    market = SyntheticMarket(config.all_instruments(), 1, 30)
    world = World(config, market, start_ns=1_700_000_000 * SECOND_NS)
    world.run(5 * SECOND_NS)
    return world


def books(world: World) -> list[RuleBook]:
    """What risk, gateway and executor work by."""
    risk, gateway, executor = map(world.service, (roles.RISK, roles.GATEWAY, roles.EXECUTOR))
    assert isinstance(risk, RiskService)
    assert isinstance(gateway, GatewayService)
    assert isinstance(executor, ExecutorService)
    return [risk.monitor.rules, gateway.gateway.limits.rules, executor.executor.admission.rules]


def reload(world: World, limit: int) -> None:
    risk, now = world.service(roles.RISK), world.clock.now()
    assert isinstance(risk, RiskService)
    control = Control(now.wall_ns, "reload", "x", by="ann", rules=text_of(rules(limit)))
    reply, events = risk.monitor.control(control, now)
    assert reply.ok, reply.text
    risk.emit(*events)


def changed(world: World) -> list[str]:
    return [e.rules for e in world.events(roles.RISK) if isinstance(e, RulesChanged)]


def test_all_take_them_over_and_restarted_ones_work_by_them_too() -> None:
    world = a_world()
    reload(world, 7)
    world.run(SECOND_NS)
    assert [text_of(one.entries) for one in books(world)] == [text_of(rules(7))] * 3
    for node in world.nodes.values():
        node.rules_confirmed = False  # each has read the file again, and it is as it was
    for role in (roles.RISK, roles.GATEWAY, roles.EXECUTOR):
        world.kill(role)
        world.run(5 * SECOND_NS)
        assert [text_of(one.entries) for one in books(world)] == [text_of(rules(7))] * 3
    assert changed(world) == [text_of(rules(10)), text_of(rules(7))]


def test_a_checkpoint_keeps_the_rules_in_force() -> None:
    world = a_world()
    reload(world, 7)
    world.run(SECOND_NS)
    world.compact()
    for role in (roles.RISK, roles.GATEWAY, roles.EXECUTOR):
        world.nodes[role].rules_confirmed = False
        world.kill(role)
    world.run(10 * SECOND_NS)
    assert [text_of(one.entries) for one in books(world)] == [text_of(rules(7))] * 3


@pytest.mark.parametrize("role", [roles.RISK, roles.GATEWAY, roles.EXECUTOR])
@pytest.mark.parametrize("after_ns", [0, 1, MS, 20 * MS])
def test_whoever_dies_at_any_step_all_work_by_the_same_rules_afterwards(
    role: str, after_ns: int
) -> None:
    world = a_world()
    reload(world, 7)
    world.run(after_ns)
    world.nodes[role].rules_confirmed = False
    world.kill(role)
    world.run(10 * SECOND_NS)
    by_journal = changed(world)[-1]
    assert [text_of(one.entries) for one in books(world)] == [by_journal] * 3
    assert {*(tuple(shown(one).items()) for one in books(world))} == {
        tuple(shown(books(world)[0]).items())
    }


@pytest.mark.parametrize("role", [roles.RISK, roles.GATEWAY, roles.EXECUTOR])
@pytest.mark.parametrize("steps", range(4))
def test_whoever_dies_at_one_of_the_next_commits_or_sends_all_agree_with_the_journal(
    role: str, steps: int
) -> None:
    world = a_world()
    world.nodes[roles.RISK].rules_confirmed = False
    world.nodes[role].transport.crash_after = steps
    reload(world, 7)
    world.run(10 * SECOND_NS)
    assert world.nodes[role].starts > 1, "it has died"
    by_journal = changed(world)
    assert by_journal[-1] == text_of(rules(10 if (role, steps) == (roles.RISK, 0) else 7))
    assert [text_of(one.entries) for one in books(world)] == [by_journal[-1]] * 3
