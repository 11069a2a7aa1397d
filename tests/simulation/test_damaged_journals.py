"""Journals that are damaged while the whole group is stopped: it halts, and says which one."""

from collections.abc import Callable

import pytest

from tapewire.common import roles
from tapewire.common.events import Control
from tapewire.common.runtime.stand_by import StandBy
from tapewire.risk.service import RiskService
from tapewire.simulator.market.synthetic import SyntheticMarket
from tapewire.simulator.settings import SimulatorSettings
from tapewire.virtual.node import CrashingJournal
from tapewire.virtual.world import SECOND_NS, World
from tests.pipeline.damage import follows
from tests.simulation.run import ACCOUNTS, START_NS, configuration

CUT = 4
Damage = Callable[[CrashingJournal, CrashingJournal], None]


def older_copy(records: CrashingJournal, older: CrashingJournal) -> None:
    records.replace(older.content())


def deleted(records: CrashingJournal, _older: CrashingJournal) -> None:
    records.cut(records.head.seq)


def cut(records: CrashingJournal, _older: CrashingJournal) -> None:
    records.cut(CUT)


def bit_flipped(records: CrashingJournal, _older: CrashingJournal) -> None:
    records.flip(records.head.seq // 2, bit=77)


def bit_of_the_last_flipped(records: CrashingJournal, _older: CrashingJournal) -> None:
    records.flip(records.head.seq, bit=5)


def another_run_s(records: CrashingJournal, _older: CrashingJournal) -> None:
    """A sound journal that has nothing to do with this group."""
    other, count = traded(seed=2), records.head.seq
    records.cut(count)
    for source in (*roles.JOURNALED, *roles.JOURNALED):
        if records.head.seq <= count:
            CrashingJournal.append(records, other.events(source))


def traded(seed: int = 1) -> World:
    config = configuration(START_NS + 600 * SECOND_NS)
    world = World(
        config,
        SyntheticMarket(config.all_instruments(), seed, 30),
        start_ns=START_NS,
        settings=SimulatorSettings(accounts=ACCOUNTS),
    )
    world.run(5 * SECOND_NS)
    ask(world, "halt")
    ask(world, "resume")  # so that risk has a past as well
    return world


def ask(world: World, action: str) -> bool:
    risk = world.service(roles.RISK)
    assert isinstance(risk, RiskService)
    now = world.clock.now()
    reply, events = risk.monitor.control(Control(now.wall_ns, action, "x"), now)  # type: ignore[arg-type]
    risk.emit(*events)
    world.run(SECOND_NS)
    return reply.ok


def stop(world: World, after_s: int = 5) -> None:
    """The whole group; it starts again by itself."""
    for name in world.nodes:
        world.kill(name, restart_after_ns=after_s * SECOND_NS)


def states(world: World) -> dict[str, tuple[str, str]]:
    now = world.clock.now()
    return {
        name: service.readiness(now)
        for name in world.nodes
        if (service := world.service(name)) is not None
    }


DAMAGES = (older_copy, deleted, cut, bit_flipped, bit_of_the_last_flipped, another_run_s)
QUICK = {
    (roles.GATEWAY, older_copy),
    (roles.EXECUTOR, deleted),
    (roles.RISK, cut),
    (roles.LIQUIDATION, bit_flipped),
    (roles.RISK, another_run_s),
}
CASES = [
    pytest.param(
        role,
        damage,
        id=f"{role}-{damage.__name__}",
        marks=() if (role, damage) in QUICK else pytest.mark.soak,
    )
    for role in roles.JOURNALED
    for damage in DAMAGES
]


@pytest.mark.parametrize(("role", "damage"), CASES)
def test_no_damage_is_traded_on_and_a_copy_puts_it_right(role: str, damage: Damage) -> None:
    world = traded()
    older = CrashingJournal()
    older.replace(world.nodes[role].records.content())
    older.cut(CUT)
    world.run(5 * SECOND_NS)
    stop(world)
    world.run(SECOND_NS)
    backup, orders = world.nodes[role].records.content(), world.server.books()["orders"]
    damage(world.nodes[role].records, older)
    world.run(8 * SECOND_NS)

    found = states(world)
    assert isinstance(world.service(role), StandBy)
    assert found[role][0] == "HALTED"
    assert found[role][1].startswith(f"{role}'s journal ")
    assert f"`tapewire journals restore {role} --from FILE`" in found[role][1]
    readers = {name for name, node in world.nodes.items() if follows(node.role, role)}
    assert all(found[name] == ("HALTED", found[role][1]) for name in readers - {roles.RISK})
    assert readers, "somebody depends on it"
    assert found[roles.RISK][0] == "HALTED"
    assert world.server.books()["orders"] == orders
    assert world.nodes[role].starts == 2, "it stays up"

    stop(world)
    world.nodes[role].records.replace(backup)
    world.run(10 * SECOND_NS)
    assert ask(world, "resume")
    world.run(5 * SECOND_NS)
    assert {state for state, _ in states(world).values()} == {"READY"}
    assert world.server.books()["orders"] > orders


@pytest.mark.parametrize("role", roles.JOURNALED)
def test_the_readers_notice_it_without_the_memory_of_its_owner(role: str) -> None:
    """A journal and its owner's memory, both of an earlier day."""
    world = traded()
    node = world.nodes[role]
    older, memory = node.records.content(), node.remembered.read()
    world.run(5 * SECOND_NS)
    ask(world, "halt")
    ask(world, "resume")
    stop(world)
    world.run(SECOND_NS)
    orders = world.server.books()["orders"]
    node.records.replace(older)
    node.records.cut(1)
    node.remembered.write(type(memory)())
    world.run(8 * SECOND_NS)
    found = states(world)
    readers = {name for name, one in world.nodes.items() if follows(one.role, role)}
    for name in readers:
        assert found[name][0] == "HALTED", name
        assert f"{role}'s journal " in found[name][1]
    assert world.server.books()["orders"] == orders


def test_the_loss_of_power_is_no_damage() -> None:
    """The executor's journal does not wait for the disk; what it lacks the others give it."""
    world = traded()
    world.run(5 * SECOND_NS)
    before = world.nodes[roles.EXECUTOR].records.head.seq
    world.cut_power(lambda: SECOND_NS)
    assert world.nodes[roles.EXECUTOR].records.head.seq < before
    world.run(8 * SECOND_NS)
    assert {state for state, _ in states(world).values()} == {"READY"}


def test_damage_that_is_found_by_a_reader_s_catch_up_ends_the_owner_once() -> None:
    world = traded()
    gateway = world.nodes[roles.GATEWAY]
    gateway.records.flip(1, bit=30)
    world.kill(roles.EXECUTOR)
    world.run(8 * SECOND_NS)
    assert isinstance(world.service(roles.GATEWAY), StandBy)
    assert gateway.starts == 2
    assert "record 1 is not as it was written" in states(world)[roles.EXECUTOR][1]
    assert states(world)[roles.RISK][0] == "HALTED"
