"""A group at a ProjectX that answers what it must not: a flatten ends when the account is flat, and
an order that nobody hears of any more is found."""

import pytest

from tapewire.common import roles
from tapewire.common.events import ConnectionLost, FlattenCompleted, FlattenDelayed
from tapewire.virtual.world import SECOND_NS
from tests.virtual.projectx_desk import PX, Desk, configuration, trader


def endpoints(desk):
    return desk.world.brokers["px"].server.gateway._venue.endpoints


def answering(desk, path, change):
    """From now on the Gateway's answer is what `change` makes of it; returns how to end that."""
    found = endpoints(desk)[path]
    endpoints(desk)[path] = lambda body: change(found(body))
    return lambda: endpoints(desk).update({path: found})


def holding(*rules):
    """A group without a strategy, whose account somebody else trades."""
    desk = Desk(configuration(*rules)).run(3)
    desk.world.idle_ns = SECOND_NS // 5
    desk.stranger(size=3)
    desk.run(3)
    assert desk.held() == desk.known() == 3
    return desk


NO_POSITIONS = {
    "null": lambda found: {**found, "positions": None},
    "missing": lambda found: {"success": True, "errorCode": 0, "errorMessage": None},
    "no size": lambda found: {
        **found, "positions": [{**one, "size": None} for one in found["positions"]]
    },
    "refused": lambda _found: {"success": False, "errorCode": 1, "errorMessage": None},
}  # fmt: skip


CHEAP = {"null", "no size"}


@pytest.mark.parametrize(
    "answer",
    [pytest.param(one, marks=() if one in CHEAP else pytest.mark.soak) for one in NO_POSITIONS],
)
def test_a_flatten_does_not_end_on_a_list_of_positions_that_is_none(answer):
    desk = holding()
    end = answering(desk, "/Position/searchOpen", NO_POSITIONS[answer])
    assert desk.ask("flatten") == ""
    desk.run(30)
    assert desk.events(roles.RISK, FlattenCompleted) == []
    assert desk.events(roles.RISK, FlattenDelayed)
    end()
    desk.run(30)
    assert desk.held() == 0
    assert len(desk.events(roles.RISK, FlattenCompleted)) == 1


def test_a_flatten_cancels_an_order_that_cannot_be_read_and_those_behind_it():
    desk = holding()
    for price in (2000, 2001, 2002):
        desk.stranger(type=1, limitPrice=price)
    end = answering(
        desk, "/Order/searchOpen",
        lambda found: {**found, "orders": [{**one, "side": 9} for one in found["orders"]]},
    )  # fmt: skip
    assert desk.ask("flatten") == ""
    desk.run(20)
    end()
    assert endpoints(desk)["/Order/searchOpen"]({"accountId": int(PX)})["orders"] == []
    desk.run(20)
    assert desk.held() == 0
    assert len(desk.events(roles.RISK, FlattenCompleted)) == 1


def test_what_a_hub_that_is_connected_does_not_say_is_found_soon():
    desk = Desk(configuration(strategies=(trader("a", PX, 7),))).run(8)
    desk.inject("silent_hub", hub="user", seconds=600)
    desk.world.idle_ns = SECOND_NS // 5
    desk.run(20)
    assert desk.events("gateway-px", ConnectionLost)
    assert desk.ask("flatten") == ""
    desk.run(20)
    assert desk.held() == desk.known() == 0
