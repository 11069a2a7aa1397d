"""ProjectX behind the broker port: what it asks the Gateway, and what it reports of the answers."""

import json
from decimal import Decimal

import pytest

from tapewire.common import roles
from tapewire.common.events import Quote, Trade
from tapewire.gateway import broker
from tapewire.gateway.broker import BrokerError
from tests.gateway.projectx.here import Linked, ready, submit
from tests.simulator.projectx.conftest import ACCOUNT, CONTRACT, SECOND, quoted

ORDER = {
    "id": 7, "accountId": 1001, "contractId": CONTRACT, "type": 1, "side": 0, "size": 1,
    "limitPrice": 5, "status": 1,
}  # fmt: skip


def place(linked, order):
    linked.broker.submit("", order)
    return linked.turn()


def orders(linked):
    found = linked.take(broker.OrderReport)
    return [(one.reference, one.status, one.filled) for one in found]


def test_a_session_stands_once_the_contracts_and_the_user_hub_are_there():
    linked = Linked().open()
    [done] = linked.take(broker.SessionReady)
    assert done.accounts == ("1001",)
    assert [path for path, _ in linked.asked] == ["/Contract/search"]
    [described] = linked.broker.descriptions(linked.now)
    assert (described.symbol, described.multiplier, described.min_tick) == (
        "MNQZ6", 2, Decimal("0.25"),
    )  # fmt: skip
    assert described.contradiction == ""


def test_accounts_that_are_not_to_be_traded_on_are_refused():
    linked = Linked(refuses=lambda accounts: f"no {accounts[0]['name']}").open()
    assert [one.reason for one in linked.take(broker.SessionRefused)] == ["no PRAC1"]
    assert linked.take(broker.SessionReady) == []
    linked = Linked(accounts=("7",)).open()
    [refused] = linked.take(broker.SessionRefused)
    assert "1001 (PRAC1)" in refused.reason


def test_what_the_link_refuses_ends_the_connection():
    linked = Linked()
    linked.open()
    with pytest.raises(BrokerError, match="has no project-x-py"):
        linked.say(refused="python has no project-x-py")


def test_accounts_that_cannot_be_read_end_the_connection():
    linked = Linked()
    linked.open()
    with pytest.raises(BrokerError, match="accounts"):
        linked.say(accounts=[{"number": 1001}])


def test_an_order_is_placed_under_its_intent_s_id_and_named_by_the_gateway():
    linked = place(ready(), submit(type="LMT", limit=Decimal("2490.25")))
    [(path, body)] = linked.asked[-1:]
    assert (path, body["customTag"], body["limitPrice"]) == ("/Order/place", "i1", 2490.25)
    reports = linked.take(broker.OrderReport)
    assert {one.reference for one in reports} == {"i1"}
    assert len({one.permanent_id for one in reports}) == 1
    assert [one.status for one in reports] == ["accepted", "working"]
    assert reports[-1].terms.limit == Decimal("2490.25")


def test_a_fill_names_its_intent_and_what_it_cost():
    linked = place(ready(), submit(quantity=2))
    [fill] = linked.take(broker.ExecutionReport)
    assert (fill.reference, fill.side, fill.quantity, fill.price) == (
        "i1", "BUY", 2, Decimal("2500.5"),
    )  # fmt: skip
    [cost] = linked.take(broker.CommissionReport)
    assert cost.exec_id == fill.exec_id
    assert cost.amount > 0
    [position] = linked.take(broker.PositionReport)
    assert (position.account, position.symbol, position.quantity) == ("1001", "MNQZ6", 2)
    assert position.average_cost == 5001
    [account] = linked.take(broker.AccountReport)
    assert account.amount < 1_000_000
    assert orders(linked)[-1] == ("i1", "filled", 2)


def test_a_lost_answer_says_nothing_and_a_round_of_lists_finds_the_order():
    linked = ready()
    linked.lost.add("/Order/place")
    linked.hubs["user"].call("UnsubscribeOrders", ACCOUNT)
    place(linked, submit(type="LMT", limit=Decimal(2490)))
    assert orders(linked) == []
    linked.broker.query()
    linked.turn()
    [found, again] = linked.take(broker.OrderReport)
    assert found == again
    assert (found.reference, found.status, found.listed, found.is_open) == (
        "i1", "working", True, True,
    )  # fmt: skip
    assert [one.query for one in linked.take(broker.QueryComplete)] == [
        "open_orders", "completed_orders", "executions",
    ]  # fmt: skip


def test_an_order_that_is_refused_says_why():
    linked = place(ready(), submit(type="LMT", limit=Decimal("2490.1")))
    [report] = linked.take(broker.OrderReport)
    assert (report.reference, report.status) == ("i1", "rejected")
    assert "minimum price variation" in report.reason


def test_a_tag_that_is_taken_already_rejects_nothing():
    linked = ready()
    for _ in range(2):
        linked = place(linked, submit(type="LMT", limit=Decimal(2490)))
    assert "rejected" not in [status for _, status, _ in orders(linked)]


def test_a_trade_that_comes_before_its_order_waits_for_it():
    linked = ready()
    linked.lost.add("/Order/place")
    linked.hubs["user"].call("UnsubscribeOrders", ACCOUNT)
    linked.broker.submit("", submit())
    linked.turn()
    assert linked.take(broker.ExecutionReport) == []
    linked.turn()
    assert [one.reference for one in linked.take(broker.ExecutionReport)] == ["i1"]


def test_a_trade_of_nobody_s_is_reported_without_a_tag():
    linked = ready()
    linked.gateway.place()
    linked.turn()
    assert [one.reference for one in linked.take(broker.ExecutionReport)] == [""]


def test_an_order_is_modified_and_cancelled_by_the_gateway_s_id():
    linked = place(ready(), submit(type="LMT", limit=Decimal(2490)))
    order_id = linked.take(broker.OrderReport)[0].order_id
    linked.broker.modify(order_id, submit(type="LMT", limit=Decimal(2480), quantity=2), "m1")
    linked.turn()
    terms = linked.take(broker.OrderReport)[-1].terms
    assert (terms.limit, terms.quantity) == (2480, 2)
    linked.broker.cancel(order_id)
    linked.turn()
    assert orders(linked)[-1][1] == "cancelled"
    linked.broker.cancel(order_id)
    linked.turn()
    [error] = linked.take(broker.OrderError)
    assert (error.order_id, error.effect) == (order_id, "cancel_rejected")


def test_a_cancel_of_everything_reaches_what_others_placed():
    linked = ready()
    linked.gateway.place(type=1, limitPrice=2490)
    linked.gateway.place(type=1, limitPrice=2480)
    linked.broker.cancel_all()
    linked.turn()
    assert [status for _, status, _ in orders(linked)][-2:] == ["cancelled", "cancelled"]


def test_an_order_that_may_not_go_any_more_is_not_written():
    linked = ready()
    linked.broker.submit("", submit())
    linked.turn(lambda _name: "wait")
    assert linked.broker.waiting == 1
    linked.turn(lambda _name: "drop")
    assert linked.broker.waiting == 0
    assert "/Order/place" not in [path for path, _ in linked.asked]


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (submit(type="MIT", stop=Decimal(1)), "order type MIT is not one"),
        (submit(time_in_force="IOC"), "time in force IOC"),
        (submit(quantity=Decimal("0.5")), "whole contracts"),
        (submit(type="TRAIL", trail=Decimal(5)), "place a stop"),
        (submit(type="STP LMT", stop=Decimal(9), limit=Decimal(9)), "a stop-limit"),
        (submit(type="LMT", limit=Decimal(9), time_in_force="DAY"), "until it is cancelled.*GTC"),
        (submit(type="STP", stop=Decimal(9), time_in_force="DAY"), "until it is cancelled.*GTC"),
    ],
)
def test_what_projectx_has_no_terms_for_is_denied(order, reason):
    with pytest.raises(ValueError, match=reason):
        ready().broker.submit("", order)


def test_a_limit_of_risk_s_own_which_it_cancels_itself_may_be_of_the_day():
    order = submit(strategy=roles.RISK, type="LMT", limit=Decimal(2490), time_in_force="DAY")
    assert orders(place(ready(), order))[-1][1] == "working"


def test_a_part_of_a_contract_is_no_new_size():
    linked = place(ready(), submit(type="LMT", limit=Decimal(2490)))
    order_id = linked.take(broker.OrderReport)[0].order_id
    part = submit(type="LMT", limit=Decimal(2490), quantity=Decimal("2.5"))
    with pytest.raises(ValueError, match="whole contracts"):
        linked.broker.modify(order_id, part, "m1")


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        ("Custom tag is already in use.", []),
        ("customTag must be unique", []),
        ("The percentage of margin is too high.", ["rejected"]),
        ("Wrong stage.", ["rejected"]),
    ],
)
def test_a_refusal_is_about_the_tag_if_it_has_the_word(refusal, status):
    linked = ready()
    linked.broker.submit("", submit())
    line = json.loads(linked.broker.release(linked.now, lambda _name: "send").data)
    found = {"success": False, "errorCode": 2, "errorMessage": refusal}
    linked.say(n=line["n"], found=found)
    assert [status for _, status, _ in orders(linked)] == status


@pytest.mark.parametrize(
    ("number", "status", "is_open"),
    [(1, "working", True), (2, "filled", False), (7, "accepted", True), (99, None, True)],
)
def test_an_order_is_open_unless_its_status_says_that_it_has_ended(number, status, is_open):
    linked = ready()
    linked.say(said="order", about={"data": {**ORDER, "status": number}})
    [report] = linked.take(broker.OrderReport)
    assert (report.status, report.is_open) == (status, is_open)


def test_a_number_beyond_all_bounds_cannot_be_read_and_ends_nothing():
    linked = ready()
    about = json.dumps({"said": "order", "about": {"data": {**ORDER, "size": 0}}})
    linked._take(b"data", about.replace('"size": 0', '"size": 1e300').encode() + b"\n")
    assert len(linked.take(broker.Unreadable)) == 1


def test_before_the_contracts_are_known_no_order_is_taken():
    with pytest.raises(ValueError, match="no contract"):
        Linked().broker.submit("", submit())


def test_requests_are_within_the_limit_of_a_minute():
    linked = ready(rate_max=10)
    linked.pass_time(60)
    for number in range(12):
        linked.broker.submit("", submit(f"i{number}", type="LMT", limit=Decimal(2490)))
    linked.turn()
    placed = [body for path, body in linked.asked if path == "/Order/place"]
    assert len(placed) == 10
    linked.pass_time(60)
    linked.turn()
    placed = [body for path, body in linked.asked if path == "/Order/place"]
    assert len(placed) == 12


def test_a_user_hub_that_goes_is_a_lost_server_and_its_return_a_restored_one():
    linked = ready()
    linked.say(hub="user", up=False)
    assert len(linked.take(broker.ServerLost)) == 1
    linked.say(hub="user", up=True)
    assert len(linked.take(broker.ServerRestored)) == 1


def test_a_market_hub_that_returns_puts_every_line_in_doubt_and_is_subscribed_again():
    linked = ready()
    linked.broker.take_feed_news()
    linked.say(hub="market", up=True)
    assert [one.state for one in linked.broker.take_feed_news()] == ["doubtful"]
    assert CONTRACT.encode() in linked.broker.release(linked.now, lambda _name: "send").data


def test_quotes_and_trades_are_ticks():
    linked = ready(
        quoted(2500, 2500.5), quoted(2500.25, 2500.5, after_s=1, last="2500.5"),
        quoted(2500.25, 2500.5, after_s=2, size="7"),
    )  # fmt: skip
    linked.broker.take_ticks()
    linked.pass_time(1)
    linked.pass_time(1)
    [(symbol, ticks)] = linked.broker.take_ticks()
    at_ns = linked.gateway.now_ns - SECOND
    assert symbol == "MNQZ6"
    assert ticks == [
        Quote("MNQZ6", at_ns, 2500.25, 0.0, 2500.5, 0.0), Trade("MNQZ6", at_ns, 2500.5, 2.0),
    ]  # fmt: skip


def test_what_cannot_be_read_is_said_and_ends_nothing():
    linked = ready()
    linked._take(b"data", b"{]\n")
    linked.say(said="order", about={"data": {"accountId": 1001, "id": 1}})
    linked.say(said="quote", about={"contract_id": CONTRACT, "data": {"bestBid": "x"}})
    assert len(linked.take(broker.Unreadable)) == 3
    place(linked, submit())
    assert len(linked.take(broker.ExecutionReport)) == 1


def test_lines_may_come_in_pieces():
    linked = ready()
    for part in (b'{"hub": "us', b'er", "up": false}\n'):
        linked._take(b"data", part)
    assert len(linked.take(broker.ServerLost)) == 1


def test_a_silent_process_is_hung_up_on():
    linked = ready()
    assert linked.broker.overdue(linked.now) == ""
    linked.mono_ns += 11 * SECOND
    assert "said nothing for 10 s" in linked.broker.overdue(linked.now)


def test_positions_and_balances_are_listed():
    linked = ready()
    linked.gateway.place(side=1, size=3)
    linked.turn()
    linked.reports.clear()
    linked.broker.query_positions()
    linked.broker.query_accounts()
    linked.broker.query_all_orders()
    linked.turn()
    [position] = linked.take(broker.PositionReport)
    assert (position.quantity, position.average_cost) == (-3, 5000)
    assert len(linked.take(broker.PositionsComplete)) == 1
    assert len(linked.take(broker.AccountReport)) == 1
    assert len(linked.take(broker.AccountsComplete)) == 1
    assert [one.query for one in linked.take(broker.QueryComplete)] == ["all_orders"]


TRADE = {
    "id": 3, "accountId": 1001, "orderId": 7, "contractId": CONTRACT, "side": 0, "size": 1,
    "price": 2500, "fees": 1,
}  # fmt: skip


def question(linked):
    [line] = linked.broker.release(linked.now, lambda _name: "send").data.splitlines()
    return json.loads(line)


def test_who_ordered_a_trade_is_asked_again_when_that_fails():
    linked = ready()
    linked.say(said="trade", about={"data": TRADE})
    linked.say(n=question(linked)["n"], fault="status 500")
    assert linked.take(broker.ExecutionReport) == []
    again = question(linked)
    assert (again["path"], again["body"]) == (
        "/Order/searchById", {"accountId": 1001, "orderId": 7},
    )  # fmt: skip
    linked.say(n=again["n"], found={"success": True, "order": {**ORDER, "customTag": "i1"}})
    assert [one.reference for one in linked.take(broker.ExecutionReport)] == ["i1"]


def test_a_trade_whose_order_is_not_named_in_the_end_is_reported_without_a_tag():
    linked = ready()
    linked.say(said="trade", about={"data": TRADE})
    for _ in range(3):
        assert linked.take(broker.ExecutionReport) == []
        linked.say(n=question(linked)["n"], found={"success": False, "errorCode": 2})
    assert [one.reference for one in linked.take(broker.ExecutionReport)] == [""]
    assert len(linked.take(broker.Complaint)) == 1
    assert linked.broker.release(linked.now, lambda _name: "send").data == b""


@pytest.mark.parametrize(
    "answer",
    [
        {"fault": "status 500"},
        {"found": {"success": False, "errorCode": 1}},
        {"found": {"success": True, "contracts": [7]}},
        {"found": {"success": True, "contracts": [{"name": "MNQZ6"}]}},
        {"found": {"success": True, "contracts": [{"name": "MNQZ6", "id": "X", "tickSize": "?"}]}},
    ],
)
def test_without_an_answer_about_a_contract_the_session_ends(answer):
    linked = Linked()
    linked._take(broker.OPENED)
    linked.say(accounts=[{"id": 1001, "name": "PRAC1"}])
    asked = linked.broker.release(linked.now, lambda _name: "send").data.splitlines()[-1]
    with pytest.raises(BrokerError, match="MNQZ6"):
        linked.say(n=json.loads(asked)["n"], **answer)


def test_a_contract_that_is_not_there_is_said_and_the_session_stands_without_it():
    linked = Linked()
    linked._take(broker.OPENED)
    linked.say(accounts=[{"id": 1001, "name": "PRAC1"}])
    asked = linked.broker.release(linked.now, lambda _name: "send").data.splitlines()[-1]
    linked.say(n=json.loads(asked)["n"], found={"success": True, "contracts": []})
    assert "no contract of that name" in linked.take(broker.Complaint)[0].text
    linked.say(hub="user", up=True)
    assert len(linked.take(broker.SessionReady)) == 1
