"""What TWS does with orders that nobody asked for."""

from decimal import Decimal

import pytest

from tapewire.common.errors import ConfigError

FAR = 90  # a BUY limit that rests
STATUS, ERROR, ORDER, EXECUTION, COMMISSION, POSITION, COMPLETED = 3, 4, 5, 11, 59, 61, 101


def open_orders(client, everyone=True):
    client.read()
    client.send("16" if everyone else "5", "1")
    return [
        {"order_id": one[1], "client_id": one[24], "perm_id": one[25], "ref": one[23],
         "quantity": one[14]}
        for one in client.read(ORDER)
    ]  # fmt: skip


def completed(client):
    client.read()
    client.send("99", "1")
    return client.read(COMPLETED)


def executions(client):
    client.read()
    client.send("7", "3", 1, 0, "", "", "", "", "", "")
    return client.read(EXECUTION)


def test_a_swallowed_order_has_no_answer_and_does_not_exist(tws, inject):
    client = tws.client()
    inject("swallowed")
    client.place(1, limit=FAR, ref="t")
    assert client.read() == []
    assert (open_orders(client), completed(client)) == ([], [])
    client.place(2, limit=FAR)
    assert client.read(ORDER)


def test_the_nth_order_is_swallowed_and_no_other(tws, inject):
    client = tws.client()
    inject("swallowed", on_order=3)
    for order_id in range(1, 6):
        client.place(order_id, limit=FAR)
    assert [one["order_id"] for one in open_orders(client)] == ["1", "2", "4", "5"]


def test_an_unanswered_order_is_known_but_only_on_request(tws, inject):
    client = tws.client()
    inject("unanswered")
    client.place(1, limit=FAR, ref="t")
    assert client.read() == []
    assert [one["ref"] for one in open_orders(client)] == ["t"]


def test_an_unanswered_order_that_fills_shows_among_the_executions(tws, inject):
    client = tws.client()
    inject("unanswered")
    client.place(1, quantity=10)
    assert client.read() == []
    assert len(executions(client)) == 1


def test_a_late_order_is_unknown_until_it_turns_up_working(tws, inject):
    client = tws.client()
    inject("late_order", seconds=70)
    client.place(1, limit=FAR, ref="t")
    client.place(2, limit=FAR)
    assert [one["order_id"] for one in open_orders(client)] == ["2"]
    tws.pass_s(71)
    assert [one[1] for one in client.read(ORDER)] == ["1"]
    assert [one["ref"] for one in open_orders(client)] == ["", "t"]


def test_a_rejection_is_the_exchange_s_with_201_and_an_error_alone_with_others(tws, inject):
    client = tws.client()
    inject("rejected", text="margin")
    client.place(1, limit=FAR)
    kinds = [int(one[0]) for one in client.read()]
    assert kinds == [ERROR, ORDER, STATUS]
    inject("rejected", code=10311, text="no")
    client.place(2, limit=FAR)
    assert client.read() == [["4", "2", "2", "10311", "no"]]
    assert open_orders(client) == []


def test_an_order_with_a_warning_works_on(tws, inject):
    client = tws.client()
    client.place(1, limit=FAR)
    client.read()
    inject("warning", code=10311, text="routed directly")
    assert client.read() == [["4", "2", "1", "10311", "routed directly"]]
    assert len(open_orders(client)) == 1


def test_a_fault_can_be_meant_for_the_order_with_a_tag(tws, inject):
    client = tws.client()
    client.place(1, limit=FAR, ref="a")
    client.place(2, limit=FAR, ref="b")
    client.read()
    inject("warning", tag="b")
    assert [one[2] for one in client.read(ERROR)] == ["2"]
    inject("warning", tag="c")
    assert [one["what"] for one in tws.server.faults.armed()] == ["warning"]


def test_a_warning_for_the_nth_order_comes_behind_its_answer(tws, inject):
    client = tws.client()
    inject("warning", on_order=2)
    client.place(1, limit=FAR)
    client.place(2, limit=FAR)
    assert [(int(one[0]), one[2]) for one in client.read(ERROR)] == [(ERROR, "2")]


def test_a_cancel_that_is_not_found_leaves_the_order_working(tws, inject):
    client = tws.client()
    client.place(1, limit=FAR)
    inject("cancel_not_found")
    client.send("4", "1", 1)
    assert client.errors() == [(1, 10147)]
    assert len(open_orders(client)) == 1
    client.send("4", "1", 1)
    assert client.errors() == [(1, 202)]


def test_a_replaced_perm_id_shows_cancelled_beside_the_one_that_works(tws, inject):
    client = tws.client()
    client.place(1, quantity=10, limit=FAR, ref="t")
    before = open_orders(client)[0]
    inject("perm_id_replaced")
    assert client.read() == []  # nobody says so
    after = open_orders(client)
    assert [(one["order_id"], one["ref"]) for one in after] == [("1", "t")]
    assert after[0]["perm_id"] != before["perm_id"]
    assert [before["perm_id"] in one for one in completed(client)] == [True]


def test_a_replacement_is_what_a_cancel_by_order_id_reaches(tws, inject):
    client = tws.client()
    client.place(1, limit=FAR)
    inject("perm_id_replaced", pushed=True)
    assert [one[2] for one in client.read(STATUS)] == ["Submitted", "Cancelled", "Submitted"]
    client.send("4", "1", 1)
    assert client.errors() == [(1, 202)]
    assert open_orders(client) == []


def test_orders_that_tws_made_itself_are_not_counted_as_sent(tws, inject):
    client = tws.client()
    client.place(1, limit=FAR, ref="t")
    inject("perm_id_replaced")
    inject("foreign_execution")
    assert tws.server.books()["orders_by_ref"] == {"t": 1}


def test_a_split_modify_leaves_the_old_order_beside_the_new_one(tws, inject):
    client = tws.client()
    client.place(1, quantity=10, limit=FAR, ref="t")
    inject("modify_split")
    client.place(1, quantity=20, limit=FAR, ref="t")
    found = open_orders(client)
    assert [(one["order_id"], one["quantity"]) for one in found] == [("1", "10"), ("1", "20")]
    assert len({one["perm_id"] for one in found}) == 2


def test_a_foreign_execution_carries_our_tag_and_another_client_id(tws, inject):
    client = tws.client(1)
    client.place(1, quantity=10, limit=FAR, ref="t")
    client.read()
    inject("foreign_execution", client_id=42)
    sent = client.read(STATUS, ORDER, EXECUTION, COMMISSION)
    assert [int(one[0]) for one in sent] == [EXECUTION, COMMISSION]
    own = open_orders(client)[0]
    found = sent[0]
    assert "42" in found
    assert "t" in found
    assert own["perm_id"] not in found
    assert tws.server.books()["accounts"]["DU1234567"]["positions"] == {"AAPL": "10"}


def test_an_order_can_be_filled_without_an_execution_of_today(tws, inject):
    client = tws.client()
    client.place(1, quantity=10, limit=FAR, ref="t")
    client.read()
    inject("filled_without_execution")
    assert client.read(STATUS, ORDER, EXECUTION, COMMISSION) == []
    assert (open_orders(client), executions(client)) == ([], [])
    assert ["Filled" in one for one in completed(client)] == [True]
    assert tws.server.books()["accounts"]["DU1234567"]["positions"] == {"AAPL": "10"}


def test_a_busted_execution_leaves_nothing_traded_in_any_book(tws, inject):
    client = tws.client()
    client.place(1, quantity=10)
    client.place(2, "SELL", 4)
    client.read()
    inject("busted_execution", after_s=0)
    tws.pass_s(0)
    (sent,) = client.read(EXECUTION)
    books = tws.server.books()
    assert sent[14].endswith(".02")
    assert sent[14] in books["exec_ids"]
    account = books["accounts"]["DU1234567"]
    assert account["positions"] in ({"AAPL": "10"}, {"AAPL": "-4"})
    assert account["realised"] == {"AAPL": "0"}


def test_a_corrected_execution_replaces_the_first_in_every_book(tws, inject):
    client = tws.client()
    client.place(1, quantity=10)
    client.place(2, "SELL", 4)
    before = tws.server.books()
    client.read()
    inject("corrected_execution", by_ticks=-3, after_s=0)
    tws.pass_s(0)
    (sent,) = client.read(EXECUTION)
    books = tws.server.books()
    assert sent[14] == before["exec_ids"][0][:-2] + "02"
    assert books["exec_ids"] == [sent[14], before["exec_ids"][1]]
    account = books["accounts"]["DU1234567"]
    assert account["positions"] == {"AAPL": "6"}
    assert account["average_price"] == {"AAPL": "99.98"}
    earlier = before["accounts"]["DU1234567"]
    realised = Decimal(account["realised"]["AAPL"]) - Decimal(earlier["realised"]["AAPL"])
    assert realised == 4 * Decimal("0.03")
    assert Decimal(account["cash"]) - Decimal(earlier["cash"]) == 10 * Decimal("0.03")


def test_a_cancelled_order_fills_afterwards(tws, inject):
    client = tws.client()
    inject("fill_after_cancel", after_s=2)
    client.place(1, quantity=10, limit=FAR)
    client.send("4", "1", 1)
    assert client.errors() == [(1, 202)]
    tws.pass_s(1)
    assert client.read(EXECUTION) == []
    tws.pass_s(1)
    kinds = [int(one[0]) for one in client.read(STATUS, EXECUTION, COMMISSION)]
    assert kinds == [EXECUTION, STATUS, COMMISSION]
    assert tws.server.books()["accounts"]["DU1234567"]["positions"] == {"AAPL": "10"}


def test_a_part_of_a_cancelled_order_can_fill_and_it_stays_cancelled(tws, inject):
    client = tws.client()
    inject("fill_after_cancel", quantity=3, after_s=0)
    client.place(1, quantity=10, limit=FAR)
    client.send("4", "1", 1)
    client.read()
    tws.pass_s(0)
    (status,) = client.read(STATUS)
    assert status[2:5] == ["Cancelled", "3", "7"]


def test_an_order_entered_by_hand_has_no_order_id_and_belongs_to_client_0(tws, inject):
    client = tws.client(1)
    inject("hand_entered", symbol="AAPL", side="SELL", quantity=5, limit=200)
    assert client.read() == []
    (found,) = open_orders(client)
    assert (found["order_id"], found["client_id"], found["ref"]) == ("0", "0", "")
    assert open_orders(client, everyone=False) == []
    client.send("58", "1")
    assert open_orders(client) == []


def test_a_market_order_by_hand_moves_the_position(tws, inject):
    client = tws.client(1)
    client.send("61", "1")
    client.read()
    inject("hand_entered", symbol="AAPL", side="SELL", quantity=5)
    assert [one[-2] for one in client.read(POSITION)] == ["-5"]


def test_a_position_in_an_unknown_contract_can_be_seen_and_closed_by_its_number(tws, inject):
    client = tws.client(1)
    client.send("61", "1")
    client.read()
    inject("position", symbol="ZZZ", quantity=-7, price=50, con_id=777)
    (found,) = client.read(POSITION)
    assert (found[3], found[4], found[-2], found[-1]) == ("777", "ZZZ", "-7", "50")
    client.send("9", "8", 1, 777, "", "", "", 0.0, "", "", "", "", "", "", "", 0, "", "")
    assert client.read(10)[0][3] == "ZZZ"
    client.place(1, "BUY", 7, symbol="ZZZ")
    assert [one[-2] for one in client.read(POSITION)] == ["0"]


def test_a_position_of_a_known_symbol_adds_to_what_is_held(tws, inject):
    client = tws.client(1)
    client.place(1, quantity=10)
    inject("position", symbol="AAPL", quantity=-4)
    assert tws.server.books()["accounts"]["DU1234567"]["positions"] == {"AAPL": "6"}
    assert tws.server.books()["executions"] == 1


@pytest.mark.parametrize(
    ("what", "given", "sentence"),
    [
        ("hand_entered", {"symbol": "APPL"}, "hand_entered: symbol is 'APPL'; did you mean AAPL?"),
        ("position", {"symbol": "X", "account": "DU9"},
         "position: account is 'DU9'; expected one of: DU1234567"),
        ("fill_after_cancel", {"quantity": -1}, "quantity is -1, must be above 0"),
        ("position", {"symbol": "X", "quantity": 0}, "quantity is 0, must be a number, and not 0"),
    ],
)  # fmt: skip
def test_what_this_tws_does_not_have_is_refused(inject, what, given, sentence):
    with pytest.raises(ConfigError) as refused:
        inject(what, **given)
    assert sentence in str(refused.value)
