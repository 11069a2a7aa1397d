"""A journal is damaged while the whole group is stopped: nothing may be traded on the rest."""

import random
from collections.abc import Callable, Iterator
from typing import Final

from tapewire.common import roles
from tapewire.common.events import EVERYTHING
from tapewire.risk.service import RiskService
from tapewire.virtual.node import CrashingJournal
from tapewire.virtual.world import SECOND_NS, World
from tests.simulation.storm import HOUR_NS, order
from tests.simulation.watch import Watch

CUT_MAX: Final = 40
TRADING_NS: Final = 6 * SECOND_NS
REMEMBERED_AFTER_NS: Final = 3 * SECOND_NS // 2  # at most once per second
AFTER_NS: Final = 15 * SECOND_NS


def cut(journal: CrashingJournal, known: int, rng: random.Random) -> None:
    """Some of the records that others knew are gone, as in an older copy of it."""
    journal.cut(journal.head.seq - max(0, known - rng.randrange(1, CUT_MAX)))


def delete(journal: CrashingJournal, _known: int, _rng: random.Random) -> None:
    """All of it is gone."""
    journal.cut(journal.head.seq)


def flip(journal: CrashingJournal, _known: int, rng: random.Random) -> None:
    """One bit is another."""
    journal.flip(rng.randrange(journal.head.seq) + 1, bit=rng.randrange(64))


KINDS: Final[tuple[Callable[[CrashingJournal, int, random.Random], None], ...]] = (
    cut,
    delete,
    flip,
)


def damaged(world: World, watch: Watch, rng: random.Random) -> Iterator[str]:
    """Trade again, stop the group, damage one journal, start it; what is wrong after that.

    The traders stop only for half an hour, so an hour later they trade again.
    """
    risk = world.service(roles.RISK)
    assert isinstance(risk, RiskService)
    world.clock.step_wall(HOUR_NS)
    order(risk, "resume", EVERYTHING)
    world.run(TRADING_NS)
    victim, kind = rng.choice(roles.JOURNALED), rng.choice(KINDS)
    known = world.nodes[victim].records.head.seq
    world.run(REMEMBERED_AFTER_NS)
    for role in world.nodes:
        world.kill(role, restart_after_ns=SECOND_NS)
    journal = world.nodes[victim].records
    if not known:
        return
    if world.keeper is not None and kind is flip:
        # Behind a checkpoint a live process finds it later, as it walks the journal while it runs.
        world.keeper.discard()
    kind(journal, known, rng)
    placed = set(watch.broker.placed_by_ref)
    world.run(AFTER_NS)
    about = f"with {victim}'s journal damaged ({kind.__name__})"
    # A stop that a group renews only reduces, and an exit must be possible whatever is wrong.
    if not all(map(watch.is_added, watch.broker.placed_by_ref.keys() - placed)):
        yield f"tail: orders were placed {about}"
    now = world.clock.now()
    if not any(
        one.service is not None
        and one.service.readiness(now)[0] == "HALTED"
        and one.service.readiness(now)[1]
        for one in world.nodes.values()
    ):
        yield f"tail: nothing is HALTED {about}"
