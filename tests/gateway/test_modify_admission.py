"""Admission of modifies: what could add risk needs trading and a lease, what shrinks does not."""

from decimal import Decimal

import pytest

from tapewire.common.events import (
    EVERYTHING,
    FlattenCompleted,
    FlattenStarted,
    RiskResumed,
)
from tests.gateway.tws_bench import Bench, modify_order, rejected, remaining, submit
from tests.gateway.tws_messages import SECOND, T0


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize("closed", ["halt", "lease", "flatten"])
@pytest.mark.parametrize("when", ["asked", "written"])
@pytest.mark.parametrize("terms", [(11, "150"), (10, "151"), (9, "151")])
def test_a_modify_that_could_add_risk_needs_trading_and_a_lease(
    bench: Bench, closed: str, when: str, terms: tuple[int, str]
):
    bench.rest()
    if when == "written":
        assert bench.modify(modify_order("s-2", *terms)).accepted
    if closed == "halt":
        bench.halt()
    elif closed == "lease":
        bench.now += 4 * SECOND
    else:
        bench.gateway.on_risk(FlattenStarted(T0, EVERYTHING, "test"))
    if when == "asked":
        assert not bench.modify(modify_order("s-2", *terms)).accepted
    assert bench.flush() == []
    assert len(rejected(bench)) == 1
    assert remaining(bench) == 10
    bench.beat()
    bench.gateway.on_risk(RiskResumed(T0, EVERYTHING, "test"))
    bench.gateway.on_risk(FlattenCompleted(T0, EVERYTHING))
    assert bench.modify(modify_order("s-3", *terms)).accepted


@pytest.mark.parametrize("by", ["halt", "lease"])
def test_a_modify_that_only_makes_an_order_smaller_needs_neither(bench: Bench, by: str):
    bench.rest()
    if by == "halt":
        bench.halt()
    else:
        bench.now += 4 * SECOND
    assert bench.modify(modify_order(quantity=9, limit="150")).accepted
    assert len(bench.flush()) == 1


def test_an_order_is_modified_though_its_own_time_is_over(bench: Bench):
    bench.rest()
    bench.pass_s(3600)
    later = bench.now.wall_ns + SECOND
    assert bench.modify(modify_order(quantity=11, limit=151, expires_ns=later)).accepted
    assert len(bench.flush()) == 1


def test_a_modify_that_changes_nothing_needs_no_leave(bench: Bench):
    bench.rest()
    bench.halt()
    assert bench.modify(modify_order(quantity=10, limit=150)).accepted


def test_a_modify_expires_after_its_last_moment(bench: Bench):
    bench.rest()
    assert bench.modify(modify_order("s-2", limit=149, expires_ns=T0)).accepted
    bench.now += 1
    assert bench.flush() == []
    assert rejected(bench) == ["it expired before it could be sent"]


def test_a_clock_that_is_set_back_does_not_keep_a_modify_alive(bench: Bench):
    bench.rest()
    ends = {"expires_ns": T0 + 3600 * SECOND, "expires_mono_ns": bench.now.mono_ns}
    assert bench.modify(modify_order("s-2", limit=149, **ends)).accepted
    bench.now += 1
    assert bench.flush() == []
    assert rejected(bench) == ["it expired before it could be sent"]


def test_what_an_order_has_filled_is_not_counted_again_when_it_grows(bench: Bench):
    bench.hold(10)
    order = bench.rest(8, "SELL")
    bench.fill(order, 4, "0001.01")
    bench.halt()
    assert not bench.modify(modify_order("s-2", 11, 150, side="SELL")).accepted
    assert bench.modify(modify_order("s-3", 10, 150, side="SELL")).accepted


def test_in_a_halt_an_order_that_reduces_may_grow_to_the_position_and_no_further(bench: Bench):
    bench.hold(10)
    bench.rest(6, "SELL")
    bench.halt()
    assert not bench.modify(modify_order("s-2", 11, "150", side="SELL")).accepted
    assert bench.modify(modify_order("s-3", 10, "150", side="SELL")).accepted


def test_a_modify_counts_with_its_larger_quantity_for_what_reduces(bench: Bench):
    bench.hold(10)
    order = bench.rest(2, "SELL")
    bench.modify(modify_order(quantity=8, limit="150", side="SELL"))
    bench.flush()
    bench.halt()
    assert not bench.submit(submit("b/1", "SELL", 3)).accepted
    bench.opened(order, quantity=Decimal(8))
    assert not bench.submit(submit("c/1", "SELL", 3)).accepted
    assert bench.submit(submit("d/1", "SELL", 2)).accepted
