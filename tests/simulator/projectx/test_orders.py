"""The Gateway's endpoints for orders, positions and trades."""

import pytest

from tests.simulator.projectx.conftest import ACCOUNT, CONTRACT, begun, quoted

LIMIT = {"accountId": ACCOUNT, "contractId": CONTRACT, "type": 1, "side": 0, "size": 2}


def orders(gateway, path="/Order/searchOpen"):
    return gateway.found(path, accountId=ACCOUNT)["orders"]


def positions(gateway):
    found = gateway.found("/Position/searchOpen", accountId=ACCOUNT)["positions"]
    return [(one["type"], one["size"], one["averagePrice"]) for one in found]


def test_a_limit_order_waits_is_modified_and_cancelled(gateway):
    order_id = gateway.place(**LIMIT, limitPrice=2490.25, customTag="mine")
    [order] = orders(gateway)
    assert (order["id"], order["status"], order["customTag"]) == (order_id, 1, "mine")
    assert (order["limitPrice"], order["size"], order["fillVolume"]) == (2490.25, 2, 0)
    gateway.found("/Order/modify", accountId=ACCOUNT, orderId=order_id, limitPrice=2489.5, size=3)
    [order] = orders(gateway)
    assert (order["id"], order["limitPrice"], order["size"]) == (order_id, 2489.5, 3)
    gateway.found("/Order/cancel", accountId=ACCOUNT, orderId=order_id)
    assert orders(gateway) == []
    [order] = orders(gateway, "/Order/search")
    assert order["status"] == 3


def test_a_market_order_trades_at_the_quote(gateway):
    order_id = gateway.place(side=1, size=2)
    [order] = orders(gateway, "/Order/search")
    assert (order["status"], order["fillVolume"], order["filledPrice"]) == (2, 2, 2500.0)
    [trade] = gateway.found("/Trade/search", accountId=ACCOUNT)["trades"]
    assert (trade["orderId"], trade["side"], trade["size"]) == (order_id, 1, 2)
    assert (trade["price"], trade["profitAndLoss"], trade["voided"]) == (2500.0, None, False)
    assert positions(gateway) == [(2, 2, 2500.0)]


def test_a_trade_that_closes_says_what_it_realised(gateway):
    gateway.place(size=2)
    gateway.place(side=1)
    trades = gateway.found("/Trade/search", accountId=ACCOUNT)["trades"]
    assert [one["profitAndLoss"] for one in trades] == [None, -1.0]  # half a point of 2 dollars
    assert positions(gateway) == [(1, 1, 2500.5)]


def test_a_tag_is_taken_once_per_account():
    gateway = begun(accounts=("PRAC1", "PRAC2"))
    gateway.place(customTag="one")
    refused = gateway.refused("/Order/place", **{**LIMIT, "limitPrice": 1, "customTag": "one"})
    assert refused == (
        2, "Custom tag is already in use: it must be unique across the account.",
    )  # fmt: skip
    gateway.place(accountId=1002, customTag="one")
    assert len(orders(gateway, "/Order/search")) == 1


def test_a_refused_order_leaves_its_tag_free(gateway):
    assert gateway.refused("/Order/place", **LIMIT, customTag="x")[1] == "limitPrice is missing."
    gateway.place(**LIMIT, limitPrice=2490, customTag="x")


def test_a_position_is_closed_in_parts_and_as_a_whole(gateway):
    gateway.place(size=3)
    asked = {"accountId": ACCOUNT, "contractId": CONTRACT}
    assert gateway.refused("/Position/partialCloseContract", **asked, size=4)[0] == 5
    gateway.found("/Position/partialCloseContract", **asked, size=1)
    assert positions(gateway) == [(1, 2, 2500.5)]
    gateway.found("/Position/closeContract", **asked)
    assert positions(gateway) == []
    assert gateway.refused("/Position/closeContract", **asked) == (2, "Position not found.")


def test_a_stop_waits_for_its_price():
    gateway = begun(
        quoted(2500, 2500.5), quoted(2495, 2495.5, after_s=1, last="2495"),
        quoted(2494.75, 2495.25, after_s=2, last="2494.75"),
    )  # fmt: skip
    gateway.place(type=4, side=1, stopPrice=2496)
    assert [one["status"] for one in orders(gateway)] == [1]
    gateway.pass_time(1)
    gateway.pass_time(1)
    assert orders(gateway) == []
    assert positions(gateway)[0][:2] == (2, 1)


@pytest.mark.parametrize(("kind", "limit"), [(6, 2500.0), (7, 2500.5)])
def test_an_order_joins_its_side_of_the_quote(gateway, kind, limit):
    gateway.place(type=kind, side=0 if kind == 6 else 1)
    assert [one["limitPrice"] for one in orders(gateway)] == [limit]


def test_a_trailing_stop_keeps_its_distance(gateway):
    gateway.place(type=5, side=1, trailPrice=10)
    [order] = orders(gateway)
    assert (order["type"], order["stopPrice"]) == (5, 2490.0)


@pytest.mark.parametrize(
    ("asked", "code", "text"),
    [
        ({"accountId": 7}, 1, "Account not found."),
        ({"contractId": "CON.F.US.NQ.Z26"}, 8, "Contract not found."),
        ({"type": 9}, 2, "Invalid order type or side."),
        ({"side": 2}, 2, "Invalid order type or side."),
        ({"size": 0}, 2, "Invalid order size."),
        ({"size": 1.5}, 2, "Invalid order size."),
        ({"limitPrice": "2490"}, 2, "limitPrice is missing."),
        ({"limitPrice": 2490.1}, 2, "The price does not conform"),
        ({"takeProfitBracket": {"ticks": 4}}, 2, "takeProfitBracket is not simulated"),
    ],
)
def test_an_order_that_cannot_be_is_refused(gateway, asked, code, text):
    found = gateway.refused("/Order/place", **{**LIMIT, "limitPrice": 2490, **asked})
    assert found[0] == code
    assert found[1].startswith(text)
    assert orders(gateway) == []


def test_what_is_over_can_be_neither_cancelled_nor_modified(gateway):
    asked = {"accountId": ACCOUNT, "orderId": gateway.place()}
    assert gateway.refused("/Order/cancel", **asked)[0] == 3
    assert gateway.refused("/Order/modify", **asked, size=2)[0] == 3
    assert gateway.refused("/Order/cancel", accountId=ACCOUNT, orderId=1)[0] == 2


def test_an_order_of_another_account_is_not_found():
    gateway = begun(accounts=("PRAC1", "PRAC2"))
    order_id = gateway.place(**LIMIT, limitPrice=2490)
    assert gateway.refused("/Order/cancel", accountId=1002, orderId=order_id)[0] == 2


def test_orders_are_found_by_id_by_status_and_by_time(gateway):
    first = gateway.place()
    gateway.pass_time(60)
    second = gateway.place(**LIMIT, limitPrice=2490)
    found = gateway.found("/Order/searchById", accountId=ACCOUNT, orderId=first)["order"]
    assert found["id"] == first
    page = gateway.found(
        "/Order/v2/query", filter={"accountId": ACCOUNT, "statuses": [1]}, includeTotalCount=True
    )
    assert ([one["id"] for one in page["orders"]], page["totalCount"]) == ([second], 1)
    since = found["creationTimestamp"]
    late = gateway.found("/Order/search", accountId=ACCOUNT, startTimestamp=since[:-6] + "+01:00")
    assert len(late["orders"]) == 2
    until = gateway.found("/Order/search", accountId=ACCOUNT, endTimestamp=since)
    assert [one["id"] for one in until["orders"]] == [first]
