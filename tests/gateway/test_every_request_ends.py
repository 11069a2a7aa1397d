"""Every modify ends, whatever happens to its order, and in whatever order it happens."""

from hypothesis import given
from hypothesis import strategies as st

from tapewire.common.events import OrderModifyRejected
from tests.gateway.one_order import OneOrder
from tests.gateway.tws_bench import Bench, names

STEPS = st.lists(st.sampled_from(OneOrder.STEPS), max_size=14)


@given(STEPS)
def test_a_modify_ends_with_its_order_or_with_a_believed_snapshot(steps):
    world = OneOrder()
    for step in steps:
        step(world)
        world.check()
    world.settle()
    world.check()
    assert world.pending() == [], names(world.bench.journal)
    assert world.bench.intent().filled == world.filled
    assert world.bench.gateway.sync.quiet
    replayed = Bench(world.bench.journal, connect=False)
    assert replayed.gateway.registry.snapshot() == world.bench.gateway.registry.snapshot()


def test_a_journal_that_has_a_modify_of_an_order_that_is_over_is_mended_at_the_start():
    world = OneOrder()
    world.modify()
    world.end()
    journal = [e for e in world.bench.journal if not isinstance(e, OrderModifyRejected)]
    world.bench = Bench(journal, connect=False)
    assert names(world.bench.journal[len(journal) :]) == ["OrderModifyRejected"]
    world.check()


def test_once_a_modify_has_ended_with_its_order_tws_is_not_asked_any_more():
    world = OneOrder()
    world.bench.pass_s(10)
    world.modify()
    world.end()
    for _ in range(100):
        world.bench.pass_s(2)
        assert world.bench.flush() == []
