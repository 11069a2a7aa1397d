"""What a simulation costs must not grow faster than it does."""

from decimal import Decimal

from tapewire.virtual.world import SECOND_NS
from tests import counted
from tests.simulation import invariants
from tests.simulation.test_simulation import session

LIMIT = Decimal(60)


def test_watching_the_limit_costs_the_same_however_many_orders_there_were():
    world = session(1, 600)
    few, steps = world.server.books()["orders"], counted.steps(lambda: watch(world))
    world.run(3_600 * SECOND_NS)
    assert world.server.books()["orders"] > 2 * few
    assert counted.steps(lambda: watch(world)) < 1.2 * steps


def watch(world):
    return list(invariants.beyond_limit(world, LIMIT))
