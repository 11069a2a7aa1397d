"""Lists of all accounts: they end once each account's was read, in whatever order answers come."""

import json

import pytest

from tapewire.gateway import broker
from tests.gateway.projectx.here import Linked

ACCOUNTS = ("1001", "1002")
HELD = {"id": 1, "contractId": "X", "type": 1, "size": 2, "averagePrice": 5}
ORDER = {"id": 7, "contractId": "X", "status": 1, "type": 1, "side": 0, "size": 1, "limitPrice": 5}
ENDS = {"positions": broker.PositionsComplete, "orders": broker.QueryComplete}
FAILURES = {
    "refusal": {"found": {"success": False, "errorCode": 1}},
    "fault": {"fault": "status 500", "uncertain": False},
}


class TwoAccounts(Linked):
    """A session of two accounts whose questions a test answers itself."""

    def __init__(self, name, **adapter):
        super().__init__(accounts=ACCOUNTS, **adapter)
        self._take(broker.OPENED)
        self.say(accounts=[{"id": int(one), "name": one, "simulated": True} for one in ACCOUNTS])
        [asked] = self.questions()
        self.say(n=asked["n"], found=self.gateway.found("/Contract/search", **asked["body"]))
        self.say(hub="user", up=True)
        self.questions()
        self.name = name
        self.ask = {
            "positions": self.broker.query_positions,
            "orders": self.broker.query_all_orders,
        }[name]

    def questions(self):
        lines = self.broker.release(self.now, lambda _: "send").data.splitlines()
        return [one for one in map(json.loads, lines) if "n" in one]

    def answer(self, question, *found):
        account = question["body"]["accountId"]
        rows = [{**one, "accountId": account} for one in found]
        self.say(n=question["n"], found={"success": True, self.name: rows})


def ends(linked):
    return len(linked.take(ENDS[linked.name]))


@pytest.fixture(params=ENDS)
def linked(request):
    return TwoAccounts(request.param)


def row(linked):
    return HELD if linked.name == "positions" else ORDER


def test_no_list_ends_while_an_account_is_missing_whichever_answers_first(linked):
    linked.ask()
    asked, before = linked.questions(), 0
    while asked:
        assert ends(linked) == 0
        linked.answer(asked.pop(), row(linked))
        asked += linked.questions()
        before += 1
    assert (before, ends(linked)) == (2, 1)


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("failing", ACCOUNTS)
def test_a_refusal_or_a_fault_of_any_account_makes_the_list_unreadable(linked, failure, failing):
    linked.ask()
    asked = linked.questions()
    while asked:
        question = asked.pop(0)
        if str(question["body"]["accountId"]) == failing:
            linked.say(n=question["n"], **FAILURES[failure])
        else:
            linked.answer(question, row(linked))
        asked += linked.questions()
    assert [type(one) for one in linked.reports][-2:] == [broker.Unreadable, ENDS[linked.name]]
    assert (len(linked.take(broker.Unreadable)), ends(linked)) == (1, 1)


def test_the_list_behind_one_that_failed_is_asked_for_and_ends(linked):
    linked.ask()
    linked.ask()
    [question] = linked.questions()
    linked.say(n=question["n"], **FAILURES["fault"])
    assert (len(linked.take(broker.Unreadable)), ends(linked)) == (1, 1)
    for _ in ACCOUNTS:
        assert ends(linked) == 0
        [question] = linked.questions()
        linked.answer(question)
    assert ends(linked) == 1
    assert linked.questions() == []


def test_one_that_cannot_be_read_is_said_before_the_end_of_its_list(linked):
    linked.ask()
    [question] = linked.questions()
    linked.answer(question, {"id": 1})
    assert [type(one) for one in linked.reports][-2:] == [broker.Unreadable, ENDS[linked.name]]
    assert linked.questions() == []


# ---- the lists of one account --------------------------------------------------------------------


def one_account(name="f-1", account="1002"):
    linked = TwoAccounts("positions")
    linked.reports.clear()
    assert linked.broker.list_account(name, account)
    return linked


def asked_about(questions):
    return [(one["path"], one["body"]["accountId"]) for one in questions]


def answered_in(linked, name, question, *found):
    linked.name = name
    linked.answer(question, *found)


def test_of_one_account_open_orders_are_asked_for_and_then_positions_and_nothing_else():
    linked = one_account()
    [orders] = linked.questions()
    answered_in(linked, "orders", orders, ORDER)
    [positions] = linked.questions()
    assert asked_about([orders, positions]) == [
        ("/Order/searchOpen", 1002), ("/Position/searchOpen", 1002),
    ]  # fmt: skip
    assert linked.take(broker.AccountListed) == []
    answered_in(linked, "positions", positions, HELD)
    *before, end = linked.reports
    assert [type(one) for one in before] == [broker.OrderReport, broker.PositionReport]
    assert before[0].listed
    assert end == broker.AccountListed("f-1")
    assert linked.questions() == []


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("is_second", [False, True])
def test_where_either_of_them_fails_there_is_no_end(failure, is_second):
    linked = one_account()
    [question] = linked.questions()
    if is_second:
        answered_in(linked, "orders", question)
        [question] = linked.questions()
    linked.say(n=question["n"], **FAILURES[failure])
    assert len(linked.take(broker.Unreadable)) == 1
    assert (linked.take(broker.AccountListed), linked.questions()) == ([], [])


def test_a_question_that_waits_to_be_sent_gives_way_to_the_next_about_the_same_account():
    linked = one_account("f-1")
    linked.broker.list_account("f-2", "1002")
    linked.broker.list_account("f-3", "1001")
    orders = linked.questions()
    assert asked_about(orders) == [("/Order/searchOpen", 1002), ("/Order/searchOpen", 1001)]
    for one in orders:
        answered_in(linked, "orders", one)
    for one in linked.questions():
        answered_in(linked, "positions", one)
    assert [one.id for one in linked.take(broker.AccountListed)] == ["f-2", "f-3"]


def test_one_that_was_turned_away_is_asked_again():
    linked = one_account()
    [question] = linked.questions()
    linked.say(n=question["n"], fault="too many requests", limited=True)
    linked.pass_time(2)
    assert asked_about(linked.questions()) == [("/Order/searchOpen", 1002)]


def test_an_account_that_is_not_one_of_the_login_is_not_listed_by_itself():
    linked = TwoAccounts("positions")
    assert not linked.broker.list_account("f-1", "1003")
    assert linked.questions() == []


# ---- what else is asked for ----------------------------------------------------------------------


def test_balances_that_are_refused_are_asked_for_again_and_are_not_all_values():
    linked = TwoAccounts("positions")
    linked.broker.query_accounts()
    for _ in range(3):
        assert linked.take(broker.Complaint) == []
        [question] = linked.questions()
        linked.say(n=question["n"], **FAILURES["refusal"])
    assert (linked.questions(), linked.take(broker.AccountsComplete)) == ([], [])
    assert len(linked.take(broker.Complaint)) == 1


def test_a_list_that_waits_to_be_begun_serves_all_who_ask_until_then(linked):
    assert [bool(linked.ask()) for _ in range(5)] == [False, False, True, True, True]
    asked = 0
    while questions := linked.questions():
        for question in questions:
            linked.answer(question, row(linked))
            asked += 1
    assert (asked, ends(linked)) == (2 * len(ACCOUNTS), 2)


def test_the_question_of_a_round_that_was_given_up_leaves_the_outbox():
    linked = TwoAccounts("orders")
    linked.broker.query()
    assert linked.broker.waiting == 1
    linked.broker.give_up_query()
    assert (linked.broker.waiting, linked.questions()) == (0, [])


def test_a_round_in_place_of_another_asks_once_and_what_was_turned_away_of_that_not_again():
    linked = TwoAccounts("orders")
    linked.broker.query()
    [old] = linked.questions()
    linked.broker.query()
    linked.broker.query()
    linked.say(n=old["n"], fault="too many requests", limited=True)
    linked.pass_time(2)
    assert [one["path"] for one in linked.questions()] == ["/Order/searchOpen"]


def test_a_cancel_of_everything_counts_as_a_request_for_each_account():
    linked = TwoAccounts("orders")
    linked.broker.cancel_all()
    before = linked.broker.requests
    assert linked.broker.waiting == len(ACCOUNTS)
    assert [one["body"]["accountId"] for one in linked.questions()] == [1001, 1002]
    assert linked.broker.requests - before == len(ACCOUNTS)


def test_lists_leave_a_quarter_of_the_minute_to_orders_and_cancels():
    linked = TwoAccounts("orders", rate_max=20)
    linked.pass_time(60)
    asked = 0
    linked.broker.query_positions()
    for _ in range(20):
        linked.broker.query()
        asked += len(linked.questions())
    linked.broker.cancel_all()
    assert (asked, len(linked.questions())) == (15, len(ACCOUNTS))
