"""Profit and loss from the books, and the positions of one account."""

import pytest

from tests.simulator.conftest import START_NS

MIDNIGHT_S = 1_700_006_400 - START_NS // 1_000_000_000


@pytest.fixture
def tws(make_tws, make_quote):
    rows = [make_quote(1, "10.00", "10.02"), make_quote(2, "11.00", "11.02"),
            make_quote(MIDNIGHT_S + 60, "12.00", "12.02")]  # fmt: skip
    tws = make_tws(rows, accounts=("DU1", "DU2"))
    tws.trader = tws.client(1)
    tws.trader.subscribe()
    tws.pass_s(0)
    tws.trader.place(1, "BUY", 100, account="DU1")
    return tws


def test_profit_follows_the_books_every_second(tws):
    client = tws.client(2)
    client.send(92, 5, "DU1", "")
    client.send(94, 6, "DU1", "", 1000)
    assert client.read(94, 95) == [["94", "5", "-2", "-1", "0"],
                                   ["95", "6", "100", "-2", "-1", "0", "1001"]]  # fmt: skip
    tws.pass_s(1)
    tws.pass_s(1)
    assert client.read(94, 95) == [["94", "5", "98", "99", "0"],
                                   ["95", "6", "100", "98", "99", "0", "1101"]]  # fmt: skip
    client.send(93, 5)
    client.send(95, 6)
    tws.pass_s(MIDNIGHT_S)
    assert client.read() == []


def test_a_new_day_begins_at_midnight(tws):
    client = tws.client(2)
    tws.pass_s(1)
    tws.pass_s(MIDNIGHT_S)
    client.send(92, 5, "DU1", "")
    assert client.read(94) == [["94", "5", "0", "99", "0"]]
    tws.pass_s(100)
    tws.pass_s(1)
    assert client.read(94) == [["94", "5", "100", "199", "0"]]


def test_positions_of_an_account_come_and_follow(tws):
    client = tws.client(2)
    client.send(74, 1, 5, "DU1", "")
    client.send(74, 1, 6, "DU2", "model")
    first = client.read(71, 72)
    assert [(one[0], one[2]) for one in first] == [("71", "5"), ("72", "5"), ("72", "6")]
    tws.pass_s(1)
    tws.trader.place(2, "BUY", 10, account="DU2")
    ((_, _, req_id, account, *_, quantity, _, model),) = client.read(71)
    assert (req_id, account, quantity, model) == ("6", "DU2", "10", "model")
    client.send(75, 1, 6)
    tws.trader.place(3, "BUY", 10, account="DU2")
    assert client.read() == []


def test_an_unknown_account_or_contract_is_an_error_under_its_id(tws):
    client = tws.client(2)
    client.send(92, 5, "DU9", "")
    client.send(94, 6, "DU1", "", 77)
    client.send(74, 1, 7, "DU9", "")
    assert client.errors() == [(5, 321), (6, 321), (7, 321)]
