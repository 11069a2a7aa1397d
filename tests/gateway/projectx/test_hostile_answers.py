"""A Gateway that says what it must not: what cannot be read costs itself, and is never nothing."""

import json
from decimal import Decimal

import pytest

from tapewire.common.events.base import NAME_MAX, TEXT_MAX
from tapewire.gateway import broker
from tapewire.gateway.broker import BrokerError
from tests.gateway.projectx.here import Linked, ready, submit
from tests.simulator.projectx.conftest import CONTRACT

ORDER = {
    "id": 7, "accountId": 1001, "contractId": CONTRACT, "type": 1, "side": 0, "size": 1,
    "limitPrice": 5, "status": 1, "customTag": "i1",
}  # fmt: skip
TRADE = {
    "id": 3, "accountId": 1001, "orderId": 7, "contractId": CONTRACT, "side": 0, "size": 1,
    "price": 2500, "fees": 1,
}  # fmt: skip
POSITION = {
    "id": 1, "accountId": 1001, "contractId": CONTRACT, "type": 1, "size": 2, "averagePrice": 2500,
}  # fmt: skip
ACCOUNT = {"id": 1001, "name": "PRAC1", "balance": 50_000, "simulated": True}
LISTED = {
    "/Position/searchOpen": ("query_positions", "positions", broker.PositionsComplete),
    "/Order/searchOpen": ("query_all_orders", "orders", broker.QueryComplete),
    "/Account/search": ("query_accounts", "accounts", broker.AccountsComplete),
}


@pytest.fixture
def linked():
    return ready()


def questions(linked):
    lines = linked.broker.release(linked.now, lambda _name: "send").data.splitlines()
    return [one for one in map(json.loads, lines) if "n" in one]


def answer(linked, **found):
    """Answer the only question that is out; returns what it asked for."""
    [question] = questions(linked)
    linked.say(n=question["n"], found={"success": True, **found})
    return question["path"]


def is_no_list(linked, end):
    """Whether no end came, or the core knew before it that the list could not be read."""
    kinds = [type(one) for one in linked.reports if isinstance(one, (broker.Unreadable, end))]
    linked.take(end)
    return kinds[:1] in ([], [broker.Unreadable])


def said(linked, kind, **row):
    linked.say(said=kind, about={"data": row})


# ---- what is missing is not nothing --------------------------------------------------------------


@pytest.mark.parametrize("path", LISTED)
def test_an_answer_without_its_list_does_not_say_that_there_is_nothing(linked, path):
    ask, name, end = LISTED[path]
    for found in ({}, {name: None}, {name: "none"}, {name: {"id": 1}}):
        getattr(linked.broker, ask)()
        for _ in range(3):  # balances are asked for again
            if asked := questions(linked):
                linked.say(n=asked[0]["n"], found={"success": True, **found})
        assert is_no_list(linked, end)
        [complaint] = [*linked.take(broker.Unreadable), *linked.take(broker.Complaint)]
        assert f"without a list of {name}" in str(complaint)


@pytest.mark.parametrize("path", ["/Order/searchOpen", "/Order/search", "/Trade/search"])
def test_a_round_ends_no_list_that_is_missing(linked, path):
    linked.broker.query()
    while (asked := questions(linked))[0]["path"] != path:
        name = "trades" if "Trade" in asked[0]["path"] else "orders"
        linked.say(n=asked[0]["n"], found={"success": True, name: []})
    linked.take(broker.QueryComplete)
    linked.say(n=asked[0]["n"], found={"success": True})
    assert (linked.take(broker.QueryComplete), questions(linked)) == ([], [])
    assert len(linked.take(broker.Complaint)) == 1


def test_orders_are_not_all_cancelled_where_they_are_not_listed(linked):
    linked.broker.cancel_all()
    answer(linked, orders=None)
    assert "orders may be left" in linked.take(broker.Complaint)[0].text


NO_SIZE = [None, "2", -1, True, 1e16, [2], "1e30"]


def unread(linked, kind, row, *changes):
    """Each of these is `Unreadable`, and nothing else."""
    for change in changes:
        linked.reports.clear()
        said(linked, kind, **{**row, **change})
        assert [type(one) for one in linked.reports] == [broker.Unreadable], change
    linked.reports.clear()


def test_a_position_without_a_size_is_not_flat(linked):
    unread(linked, "position", POSITION, *({"size": size} for size in NO_SIZE))


def test_a_position_of_no_known_side_or_cost_is_not_long_and_not_for_nothing(linked):
    changes = [{"type": 0}, {"type": None}, {"averagePrice": None}]
    unread(linked, "position", POSITION, *changes)
    for change in changes:
        said(linked, "position", **{**POSITION, **change, "size": 0})  # is flat, whatever it was
    assert [one.quantity for one in linked.take(broker.PositionReport)] == [0, 0, 0]


def test_a_trade_that_lacks_a_number_is_not_taken_in_part(linked):
    said(linked, "order", **ORDER)
    unread(linked, "trade", TRADE, *({"size": size} for size in (*NO_SIZE, 0)))
    unread(linked, "trade", TRADE, *({"price": price} for price in (None, "2500", 1e13, -1e13)))
    unread(linked, "trade", TRADE, *({"fees": fees} for fees in ("1", 1e13)))
    unread(linked, "trade", TRADE, *({"voided": voided} for voided in ("no", 1, [0])))
    said(linked, "trade", **TRADE)  # its id was not used up
    assert [one.quantity for one in linked.take(broker.ExecutionReport)] == [1]


def test_a_voided_trade_needs_no_size_and_a_trade_no_fees(linked):
    said(linked, "order", **ORDER)
    said(linked, "trade", **{**TRADE, "fees": None})
    said(linked, "trade", **{**TRADE, "size": 0, "voided": True})
    fills = linked.take(broker.ExecutionReport)
    assert [(one.exec_id, one.quantity) for one in fills] == [("3.01", 1), ("3.02", 0)]
    assert linked.take(broker.CommissionReport) == []


def test_an_account_without_a_balance_has_not_lost_it_all(linked):
    unread(linked, "account", ACCOUNT, *({"balance": one} for one in (None, "50000", 1e16)))


# ---- names ---------------------------------------------------------------------------------------

NO_ID = [None, "7", 7.5, 0, -7, 2**63, True, [7]]


def test_an_order_that_is_taken_under_no_id_waits_for_a_list_to_name_it(linked):
    for number in NO_ID:
        linked.broker.submit("", submit())
        answer(linked, orderId=number)
        assert linked.take(broker.OrderReport) == []
        [complaint] = linked.take(broker.Complaint)
        assert "i1" in complaint.text
        assert "all orders are asked for" in complaint.text


def test_what_has_no_id_cannot_be_read(linked):
    unread(linked, "order", ORDER, *({"id": number} for number in NO_ID))
    unread(linked, "trade", TRADE, *({"id": number} for number in NO_ID))
    unread(linked, "trade", TRADE, *({"orderId": number} for number in NO_ID))


def test_a_contract_that_no_journal_could_keep_cannot_be_read(linked):
    names = [{"contractId": name} for name in (None, "", 7, "X" * (NAME_MAX + 1), "\x1b[2J")]
    for kind, row in (("order", ORDER), ("position", POSITION), ("trade", TRADE)):
        unread(linked, kind, row, *names)


def test_somebody_s_tag_that_cannot_be_ours_is_left_out_and_the_order_counts(linked):
    for tag in (7, ["i1"], "X" * (NAME_MAX + 1), "\x1b[2J"):
        said(linked, "order", **{**ORDER, "customTag": tag})
        assert [one.reference for one in linked.take(broker.OrderReport)] == [""]


def test_an_order_keeps_the_tag_that_it_has_shown(linked):
    said(linked, "order", **ORDER)
    bare = {key: value for key, value in ORDER.items() if key != "customTag"}
    for left_out in ({}, {"customTag": None}, {"customTag": ""}):
        said(linked, "order", **bare, **left_out)
        said(linked, "trade", **TRADE)
        linked.broker.query_all_orders()
        answer(linked, orders=[{**bare, **left_out}])
    assert {one.reference for one in linked.take(broker.OrderReport)} == {"i1"}
    assert {one.reference for one in linked.take(broker.ExecutionReport)} == {"i1"}


def test_a_refusal_in_any_words_is_a_sentence_for_a_terminal(linked):
    for words in (7, {"a": 1}, "no\x1b[2J\n", "N" * 10_000, ["no"]):
        linked.broker.submit("", submit())
        [question] = questions(linked)
        found = {"success": False, "errorCode": 2, "errorMessage": words}
        linked.say(n=question["n"], found=found)
        [report] = linked.take(broker.OrderReport)
        assert (report.reference, report.status) == ("i1", "rejected")
        assert report.reason.isprintable()
        assert 0 < len(report.reason) <= TEXT_MAX


def test_a_refusal_with_any_code_ends_a_cancel(linked):
    said(linked, "order", **ORDER)
    for code in ("x", None, [1], 1e300):
        linked.broker.cancel("7")
        [question] = questions(linked)
        linked.say(n=question["n"], found={"success": False, "errorCode": code})
        assert [one.effect for one in linked.take(broker.OrderError)] == ["cancel_rejected"]


# ---- one that cannot be read costs itself --------------------------------------------------------

BAD = {**ORDER, "id": 8, "side": 5}
OTHER = {**ORDER, "id": 9, "customTag": "i2"}


def test_one_order_that_cannot_be_read_does_not_keep_others_from_being_cancelled(linked):
    linked.broker.cancel_all()
    assert answer(linked, orders=[ORDER, BAD, "what", OTHER]) == "/Order/searchOpen"
    asked = [(one["path"], one["body"]["orderId"]) for one in questions(linked)]
    assert asked == [("/Order/cancel", number) for number in (7, 8, 9)]


def test_one_order_of_long_ago_does_not_keep_executions_from_being_read(linked):
    linked.broker.query()
    answer(linked, orders=[ORDER])
    answer(linked, orders=[BAD, OTHER])
    answer(linked, trades=[{**TRADE, "id": None}, TRADE])
    assert len(linked.take(broker.Unreadable)) == 2
    assert [one.query for one in linked.take(broker.QueryComplete)] == [
        "open_orders", "completed_orders", "executions",
    ]  # fmt: skip
    assert [one.order_id for one in linked.take(broker.OrderReport)] == ["7", "9"]
    assert [one.reference for one in linked.take(broker.ExecutionReport)] == ["i1"]


def test_one_position_that_cannot_be_read_hides_no_other_and_the_list_is_not_whole(linked):
    linked.broker.query_positions()
    answer(linked, positions=[{**POSITION, "size": None}, POSITION])
    kinds = [type(one) for one in linked.reports]
    assert kinds == [broker.Unreadable, broker.PositionReport, broker.PositionsComplete]


# ---- logging in ----------------------------------------------------------------------------------


def test_a_login_without_accounts_ends_the_connection():
    linked = Linked()
    linked.open()
    no_id = {"id": "PRAC1", "name": "PRAC1"}
    for accounts in (None, 7, "PRAC1", {"id": 1001}, [None], [no_id]):
        with pytest.raises(BrokerError, match="accounts of the login"):
            linked.say(accounts=accounts)


# ---- floods --------------------------------------------------------------------------------------


def test_trades_of_orders_that_nobody_shows_are_asked_about_within_bounds(linked):
    for number in range(1, 2_001):
        said(linked, "trade", **{**TRADE, "id": number, "orderId": number})
    waiting = linked.broker.waiting
    assert waiting <= 1_000
    assert len(linked.take(broker.ExecutionReport)) == 2_000 - waiting
    assert linked.take(broker.Unreadable) == []


# ---- a hub that is there and says nothing --------------------------------------------------------


def placed(linked, number=7):
    linked.broker.submit("", submit(type="LMT", limit=Decimal(2490)))
    answer(linked, orderId=number)


def alive(linked, seconds):
    for _ in range(seconds):
        linked.mono_ns += 1_000_000_000
        linked.say(alive=True)


def test_a_hub_that_does_not_show_an_order_that_was_taken_is_not_trusted(linked):
    placed(linked)
    alive(linked, 9)
    assert linked.broker.overdue(linked.now) == ""
    alive(linked, 2)
    assert "user hub" in linked.broker.overdue(linked.now)
    linked.close()
    assert linked.broker.overdue(linked.now) == ""


@pytest.mark.parametrize("is_first", [True, False])
def test_a_hub_that_shows_it_before_the_answer_or_behind_it_is(linked, is_first):
    if is_first:
        said(linked, "order", **ORDER)
    placed(linked)
    if not is_first:
        said(linked, "order", **ORDER)
    alive(linked, 20)
    assert linked.broker.overdue(linked.now) == ""


# ---- answers that are no JSON of ours ------------------------------------------------------------

NO_JSON = (
    '"size": NaN', '"size": -Infinity', '"size": 1e999999999999', f'"size": {"9" * 5000}',
    '"contractId": "\\ud800"', f'"of": {"[" * 5000}{"]" * 5000}',
)  # fmt: skip


@pytest.mark.parametrize("space", ["", " "])
def test_an_answer_that_no_decoder_reads_is_one_all_the_same(linked, space):
    for part in NO_JSON:
        linked.broker.query_positions()
        [question] = questions(linked)
        line = f'{{"n":{space}{question["n"]},"found":{{"success":true,"positions":[{{{part}}}]}}}}'
        linked._take(b"data", line.encode() + b"\n")
        assert is_no_list(linked, broker.PositionsComplete)
        assert linked.take(broker.Unreadable), part[:20]
    linked.broker.query_positions()
    answer(linked, positions=[])
    assert len(linked.take(broker.PositionsComplete)) == 1


def test_a_token_that_is_never_taken_does_not_use_up_the_limit(linked):
    linked.broker.submit("", submit())
    for _ in range(10):
        for question in questions(linked):
            linked.say(n=question["n"], fault="received 401", expired=True)
    assert len(linked.take(broker.OrderReturned)) == 1
    linked.mono_ns += 2_000_000_000
    assert len(questions(linked)) == 1
