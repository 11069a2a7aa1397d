"""A list of positions and what the user hub says while it is under way: where they differ, neither
is believed, and the list is asked for again."""

import json

import pytest

from tapewire.gateway import broker
from tests.gateway.projectx.here import ready
from tests.simulator.projectx.conftest import CONTRACT

ENDS = (broker.PositionsComplete, broker.AccountListed)


@pytest.fixture(params=["all accounts", "one account"])
def linked(request):
    linked = ready()
    linked.alone = request.param == "one account"
    return linked


def begin(linked):
    if not linked.alone:
        linked.broker.query_positions()
        return
    linked.broker.list_account("x", "1001")
    linked.say(n=question(linked), found={"success": True, "orders": []})


def question(linked):
    [line] = linked.broker.release(linked.now, lambda _name: "send").data.splitlines()
    return json.loads(line)["n"]


def held(size):
    return {
        "id": 1, "accountId": 1001, "contractId": CONTRACT, "type": 1, "size": size,
        "averagePrice": 2500,
    }  # fmt: skip


def said(linked, size):
    linked.say(said="position", about={"data": held(size)})


def listed(linked, *rows):
    linked.say(n=question(linked), found={"success": True, "positions": [*rows]})


def quantities(linked):
    return [int(one.quantity) for one in linked.take(broker.PositionReport)]


def ends(linked):
    return len(linked.take(ENDS))


@pytest.mark.parametrize(("said_then", "row"), [(2, (held(1),)), (2, ()), (0, (held(1),))])
def test_a_list_that_the_hub_contradicts_is_asked_for_again(linked, said_then, row):
    begin(linked)
    said(linked, said_then)
    listed(linked, *row)
    assert (quantities(linked), ends(linked)) == ([said_then], 0)
    listed(linked, held(3))
    assert (quantities(linked), ends(linked)) == ([3], 1)


def test_what_the_hub_said_before_the_question_or_says_alike_contradicts_nothing(linked):
    said(linked, 1)
    begin(linked)
    said(linked, 2)
    listed(linked, held(2))
    assert (quantities(linked), ends(linked)) == ([1, 2, 2], 1)
    begin(linked)
    listed(linked)
    assert (quantities(linked), ends(linked)) == ([], 1)


def test_a_list_that_is_contradicted_time_and_again_cannot_be_read(linked):
    begin(linked)
    for size in (1, 2, 3):
        assert ends(linked) == 0
        said(linked, size)
        listed(linked, held(9))
    assert (quantities(linked), ends(linked)) == ([1, 2, 3], 0 if linked.alone else 1)
    [complaint] = linked.take(broker.Unreadable)
    assert "user hub" in complaint.text
    begin(linked)
    listed(linked, held(9))
    assert (quantities(linked), ends(linked)) == ([9], 1)


def test_what_the_hub_says_of_another_account_contradicts_nothing(linked):
    begin(linked)
    linked.broker._spoken.hub(broker.PositionReport("1002", "MNQZ6", 5, 5))
    listed(linked, held(1))
    assert (quantities(linked), ends(linked)) == ([1], 1)


def test_a_list_that_was_asked_for_before_the_hub_was_away_is_asked_for_again(linked):
    begin(linked)
    number = question(linked)
    linked.say(hub="user", up=False)
    linked.say(hub="user", up=True)  # what was traded meanwhile nobody has said
    linked.say(n=number, found={"success": True, "positions": [held(1)]})
    assert (quantities(linked), ends(linked)) == ([], 0)
    listed(linked)
    assert (quantities(linked), ends(linked)) == ([], 1)
