"""What the Gateway turns away at its door, it has not done: orders and cancels are sent again, and
each is asked about again before it is."""

from decimal import Decimal

import pytest

from tapewire.gateway import broker
from tests.gateway.projectx.here import ready, submit

PLACE, CANCEL, MODIFY = "/Order/place", "/Order/cancel", "/Order/modify"


def limited(linked, path, times=1):
    linked.gateway.server.faults.arm_as({"what": "limited", "path": path, "times": times})
    return linked


def asked(linked, path):
    return [body for one, body in linked.asked if one == path]


def resting(linked):
    linked.broker.submit("", submit(type="LMT", limit=Decimal(2490)))
    linked.turn()
    return linked.take(broker.OrderReport)[0].order_id


def test_an_order_is_sent_again_under_its_tag_after_a_while():
    linked = limited(ready(), PLACE)
    linked.broker.submit("", submit())
    linked.turn()
    assert [one.reference for one in linked.take(broker.OrderReturned)] == ["i1"]
    assert len(asked(linked, PLACE)) == 1
    assert linked.broker.waiting == 1
    linked.pass_time(2)
    linked.turn()
    first, again = asked(linked, PLACE)
    assert first == again
    assert [one.reference for one in linked.take(broker.ExecutionReport)] == ["i1"]
    assert len(linked.gateway.found("/Order/search", accountId=1001)["orders"]) == 1


def test_one_that_may_not_go_any_more_is_not_sent_again():
    linked = limited(ready(), PLACE)
    linked.broker.submit("", submit())
    linked.turn().pass_time(1)
    linked.turn(lambda _name: "drop")
    assert linked.broker.waiting == 0
    linked.pass_time(2)
    linked.turn()
    assert len(asked(linked, PLACE)) == 1


def test_a_cancel_is_sent_again_and_so_is_one_of_everything():
    linked = ready()
    order_id = resting(linked)
    limited(linked, CANCEL).broker.cancel(order_id)
    linked.turn().pass_time(2)
    linked.turn()
    assert linked.take(broker.OrderReport)[-1].status == "cancelled"
    linked.gateway.place(type=1, limitPrice=2490)
    limited(linked, "/Order/searchOpen").broker.cancel_all()
    linked.turn().pass_time(2)
    linked.turn()
    assert linked.take(broker.OrderReport)[-1].status == "cancelled"


def test_a_modify_is_rejected():
    linked = ready()
    order_id = resting(linked)
    limited(linked, MODIFY)
    linked.broker.modify(order_id, submit(type="LMT", limit=Decimal(2480)), "m1")
    linked.turn()
    [error] = linked.take(broker.OrderError)
    assert (error.effect, error.text) == ("modify_rejected", "too many requests")


@pytest.mark.parametrize("path", ["/Position/searchOpen", "/Order/searchOpen", "/Trade/search"])
def test_a_list_is_asked_for_again(path):
    linked = limited(ready(), path)
    linked.broker.query_positions()
    linked.broker.query()
    linked.turn().pass_time(2)
    linked.turn()
    assert len(linked.take(broker.PositionsComplete)) == 1
    assert len(linked.take(broker.QueryComplete)) == 3
