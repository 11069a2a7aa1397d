"""Risk's decisions: what is halted and what is being flattened, the same for every reader."""

from decimal import Decimal

import pytest

from tapewire.common.accounting.decisions import Decisions
from tapewire.common.events import (
    EVERYTHING,
    Event,
    FlattenCompleted,
    FlattenStarted,
    OrderTerms,
    RiskHalted,
    RiskResumed,
    Scope,
    SubmitOrder,
)

AAPL, ACCOUNT = Scope(symbol="AAPL"), Scope(account="DU1")
ORDER = SubmitOrder("i", 1, "DU1", "dip", "AAPL", OrderTerms("BUY", Decimal(1)), expires_ns=2)


def decided(*events: Event) -> Decisions:
    one = Decisions()
    for event in events:
        one.apply(event)
    return one


def test_the_first_halt_of_a_scope_stands_until_it_is_lifted():
    one = decided(RiskHalted(1, AAPL, "first"), RiskHalted(2, AAPL, "second"))
    assert one.halts == {AAPL: RiskHalted(1, AAPL, "first")}
    one.apply(RiskResumed(3, ACCOUNT, "another"))
    assert one.halt_on(ORDER) == AAPL
    one.apply(RiskResumed(3, AAPL, "this one"))
    assert one.halt_on(ORDER) is None


def test_a_resume_of_everything_lifts_every_halt():
    one = decided(RiskHalted(1, AAPL, ""), RiskHalted(1, ACCOUNT, ""))
    one.apply(RiskResumed(2, EVERYTHING, ""))
    assert one.halts == {}


@pytest.mark.parametrize("scope", [Scope(symbol="MSFT"), Scope("DU2"), Scope(strategy="other")])
def test_a_halt_or_a_flatten_elsewhere_does_not_cover_an_order(scope: Scope):
    one = decided(RiskHalted(1, scope, ""), FlattenStarted(1, scope, ""))
    assert (one.halt_on(ORDER), one.flattens(ORDER)) == (None, False)


def test_a_flatten_takes_the_place_of_a_reduction_and_no_reduction_that_of_anything():
    five, none = Decimal(5), Decimal(0)
    one = decided(FlattenStarted(1, AAPL, "", five))
    assert one.may_flatten(AAPL, none)
    assert one.may_flatten(EVERYTHING, none)
    assert not one.may_flatten(AAPL, five)
    assert not one.may_flatten(AAPL, Decimal(4)), "it would start over with each price"
    assert not one.may_flatten(EVERYTHING, Decimal(6))
    assert not decided(FlattenStarted(1, AAPL, "")).may_flatten(AAPL, none)


def test_a_larger_flatten_takes_the_place_of_a_smaller_one():
    one = decided(FlattenStarted(1, AAPL, ""), FlattenStarted(2, EVERYTHING, ""))
    one.apply(FlattenCompleted(3, AAPL))
    assert one.flattens(ORDER)
    one.apply(FlattenCompleted(3, EVERYTHING))
    assert not one.flattens(ORDER)
    assert one.snapshot() == {
        "halts": [], "lock_outs": [], "flatten": [], "owed": [], "answered": [],
    }  # fmt: skip
