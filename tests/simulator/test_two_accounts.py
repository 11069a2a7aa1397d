"""Two accounts on one login: every message names its account, and each account has its books."""

import pytest

ONE, TWO = "DU1", "DU2"


@pytest.fixture
def tws(make_tws, make_quote):
    made = make_tws([make_quote(n, "9.98", "10.00") for n in range(50)], accounts=(ONE, TWO))
    made.client(99).subscribe()
    made.pass_s(0)
    return made


@pytest.fixture
def client(tws):
    return tws.client(1)


@pytest.fixture
def traded(client):
    """Bought 30 in the first account, sold 10 in the second."""
    client.place(1, quantity=30, account=ONE, ref="a")
    client.place(2, side="SELL", quantity=10, account=TWO, ref="b")
    client.read()
    return client


def test_both_accounts_are_listed(tws):
    assert tws.connect().start(1).read(15) == [["15", "1", "DU1,DU2"]]


def test_an_order_without_an_account_is_refused(tws, client):
    client.place(1, quantity=10)
    assert client.errors() == [(1, 435)]
    assert tws.server.books()["orders"] == 0


def test_an_order_for_an_unknown_account_is_refused(tws, client):
    client.place(1, quantity=10, account="DU3")
    assert client.errors() == [(1, 321)]
    assert tws.server.books()["orders"] == 0


def test_with_one_account_an_order_need_not_name_it_but_may_name_no_other(make_tws):
    client = make_tws(accounts=(ONE,)).client()
    client.place(1, limit="9.00")
    client.place(2, limit="9.00", account=ONE)
    client.place(3, limit="9.00", account=TWO)
    answers = client.read(4, 5)
    assert [(one[0], one[3] if one[0] == "4" else one[20]) for one in answers] == [
        ("5", ONE), ("5", ONE), ("4", "321"),
    ]  # fmt: skip


def test_open_orders_executions_and_completed_orders_name_the_account(client):
    client.place(1, quantity=10, account=TWO)
    client.place(2, limit="9.00", account=ONE)
    answers = client.read()
    assert {one[20] for one in answers if one[0] == "5" and one[1] == "1"} == {TWO}
    assert {one[20] for one in answers if one[0] == "5" and one[1] == "2"} == {ONE}
    assert [one[16] for one in answers if one[0] == "11"] == [TWO]
    client.send("99", "0")
    assert [one[19] for one in client.read(101)] == [TWO]


def test_an_order_cannot_be_moved_to_another_account(client):
    client.place(1, limit="9.00", account=ONE)
    client.read()
    client.place(1, limit="9.01", account=TWO)
    assert client.errors() == [(1, 105)]


def test_one_contract_has_a_position_in_each_account(tws, traded):
    accounts = tws.server.books()["accounts"]
    assert {name: one["positions"] for name, one in accounts.items()} == {
        ONE: {"AAPL": "30"},
        TWO: {"AAPL": "-10"},
    }
    assert {name: one["cash"] for name, one in accounts.items()} == {
        ONE: "999699",
        TWO: "1000098.802",
    }


def test_what_one_account_realises_is_not_the_other_ones(tws, traded):
    traded.place(3, side="SELL", quantity=30, account=ONE)
    accounts = tws.server.books()["accounts"]
    assert accounts[ONE]["realised"] == {"AAPL": "-0.6"}
    assert accounts[TWO]["realised"] == {"AAPL": "0"}


def test_positions_are_sent_for_each_account_and_follow_their_own_fills(traded):
    traded.send("61", "1")
    assert [(one[2], one[14]) for one in traded.read(61)] == [(ONE, "30"), (TWO, "-10")]
    traded.place(3, quantity=4, account=TWO)
    assert [(one[2], one[14]) for one in traded.read(61)] == [(TWO, "-6")]


def test_account_updates_are_of_the_account_that_was_named_last(traded):
    traded.send("6", "2", "1", ONE)
    traded.send("6", "2", "1", TWO)
    first, second = [one[2] for one in traded.read(54)]
    assert (first, second) == (ONE, TWO)
    traded.place(3, quantity=1, account=ONE)
    assert traded.read(7) == []
    traded.place(4, quantity=1, account=TWO)
    assert [(one[-1], one[13]) for one in traded.read(7)] == [(TWO, "-9")]


@pytest.mark.parametrize("account", ["", "DU3"])
def test_account_updates_without_a_known_account_are_refused(client, account):
    client.send("6", "2", "1", account)
    assert client.errors() == [(-1, 321)]


def test_a_summary_has_the_values_of_each_account(traded):
    traded.send("62", "1", 4, "All", "TotalCashValue")
    assert [(one[3], one[5]) for one in traded.read(63)] == [
        (ONE, "999699.00"),
        (TWO, "1000098.80"),
    ]


def test_values_under_a_request_id_are_of_one_account_or_of_all(client):
    client.send("76", "1", 4, TWO, "", 1)
    assert {one[3] for one in client.read(73)} == {TWO}
    client.send("76", "1", 5, "", "", 1)
    assert {one[3] for one in client.read(73)} == {ONE, TWO}
    client.send("76", "1", 6, "DU3", "", 1)
    assert client.errors() == [(6, 321)]


@pytest.mark.parametrize(("account", "refs"), [("", ["a", "b"]), (TWO, ["b"]), ("DU3", [])])
def test_executions_can_be_asked_for_by_account(traded, account, refs):
    traded.send("7", "3", 5, 0, account, "", "", "", "", "")
    assert [one[26] for one in traded.read(11)] == refs


def test_the_audit_names_the_account_of_each_order(tws, traded):
    lines = [line for line in tws.server.take_audit() if "order_ref" in line]
    assert {(line["order_ref"], line["account"]) for line in lines} == {("a", ONE), ("b", TWO)}
    assert {line["kind"] for line in lines} == {"order", "status", "execution"}


def test_a_what_if_order_needs_an_account_too(client):
    client.place(1, what_if=1)
    assert client.errors() == [(1, 435)]
    client.place(1, what_if=1, account=TWO)
    assert {one[20] for one in client.read(5)} == {TWO}


def test_a_contract_is_the_same_one_in_both_accounts(traded):
    traded.send("61", "1")
    assert len({tuple(one[3:14]) for one in traded.read(61)}) == 1
