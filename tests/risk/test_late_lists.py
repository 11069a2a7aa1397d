"""A flatten whose lists come late: whenever one comes, another one is out."""

import pytest

from tapewire.common.events import ListPositions, OrderDenied, PositionsListed, Scope
from tests.risk.flattening import Run, closes


def listed(run: Run, number: int) -> None:
    """The broker's list of this number comes."""
    asked = [one for _, one in run.asked if isinstance(one, ListPositions)]
    run.apply(PositionsListed(1, asked[number - 1].id))


def late(scope: Scope) -> Run:
    """The first list is late, so a second one is out."""
    run = Run(scope)
    run.hold(10)
    run.answers = False
    assert closes(run.pass_s(6)) == []
    return run


@pytest.mark.parametrize("scope", [Scope(), Scope(symbol="AAPL")])
def test_nothing_is_closed_while_a_list_of_all_accounts_is_out_that_puts_positions_in_doubt(scope):
    run = late(scope)
    listed(run, 1)
    assert closes(run.pass_s(2)) == []
    assert "waiting for the broker's list of positions" in str(run.flatten)
    listed(run, 2)
    assert len(closes(run.tick())) == 1


def test_a_list_that_never_comes_is_not_waited_for_without_end():
    run = late(Scope())
    listed(run, 1)
    assert closes(run.pass_s(10)) == []
    assert len(closes(run.pass_s(10))) == 1


def test_of_one_account_the_first_order_is_asked_for_and_only_others_wait():
    run = late(Scope("DU1"))
    listed(run, 1)
    (close,) = closes(run.tick())
    run.apply(OrderDenied(1, "DU1", "risk", "gateway", "in doubt", intent_id=close.intent_id))
    assert closes(run.pass_s(16)) == []
    listed(run, 3)  # the first that was asked for after the denial, and another one is out
    assert closes(run.pass_s(1)) == []
    listed(run, 4)
    assert len(closes(run.tick())) == 1


def test_that_nothing_is_held_needs_no_further_list():
    run = late(Scope())
    run.hold(0)
    listed(run, 1)
    run.pass_s(1)
    listed(run, 2)
    run.pass_s(1)
    assert run.flatten.phase == "DONE"
