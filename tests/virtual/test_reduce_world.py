"""A position that a rule reduces, in a whole group: what is left of it keeps its stop."""

from decimal import Decimal

import pytest

from tapewire.common import roles
from tapewire.common.accounting.compare import broker_of
from tapewire.common.config.sections import RuleConfig
from tapewire.common.events import FlattenCompleted, LockOutEnded
from tests.virtual.test_groups_world import ACCOUNT, Desk

LIMIT = 12


def bought_by_hand(quantity: int) -> Desk:
    """A strategy's bracket holds 10 AAPL, and a person buys more than the limit leaves."""
    desk = Desk(
        stop="5", target="5", rules=(
            RuleConfig(
                rule="MaxContractsPerInstrument", parameters={"limit": LIMIT}, enforcement="reduce"
            ),
        ),
    )  # fmt: skip
    desk.until("PROTECTING")
    desk.misbehave("hand_entered", symbol="AAPL", quantity=quantity)
    desk.run(30)
    return desk


def held(desk: Desk) -> Decimal:
    return broker_of(desk.world.server.books()).positions.get((ACCOUNT, "AAPL"), Decimal(0))


def stopped(desk: Desk) -> Decimal:
    """How much the stops at the broker are for, all together."""
    working = desk.world.server._exchange.open_orders()
    return sum((one.remaining for one in working if one.order_type == "STP"), Decimal(0))


@pytest.mark.parametrize("quantity", [3, 40])
def test_it_is_closed_down_to_the_limit_and_the_groups_stop_comes_back(quantity: int):
    desk = bought_by_hand(quantity)
    assert (held(desk), stopped(desk)) == (LIMIT, 10)
    risk = [type(event) for event in desk.world.events(roles.RISK)]
    assert (risk.count(FlattenCompleted), risk.count(LockOutEnded)) == (1, 1)
    assert desk.end() == []


def test_what_is_within_the_limit_is_left_alone():
    desk = bought_by_hand(2)
    assert (held(desk), stopped(desk)) == (LIMIT, 10)
    assert not [e for e in desk.world.events(roles.RISK) if isinstance(e, FlattenCompleted)]
