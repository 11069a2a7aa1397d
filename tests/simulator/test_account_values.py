"""Account values: what is sent when a client asks, and what of later changes."""

import pytest

from tests.simulator.conftest import Tws, quote

ONE, TWO = "DU1", "DU2"
TAGS = "NetLiquidation,TotalCashValue"


@pytest.fixture
def tws():
    """Two accounts; the price of AAPL goes up by 1 each minute."""
    rows = [quote(60 * n, f"{100 + n}.00", f"{100 + n}.02") for n in range(30)]
    return Tws(rows, accounts=(ONE, TWO))


@pytest.fixture
def client(tws):
    one = tws.client()
    one.subscribe()
    tws.pass_s(0)
    one.place(1, quantity=10, account=ONE)
    one.read()
    return one


def summary(client, req_id=7, tags=TAGS):
    client.send("62", "1", req_id, "All", tags)
    return client.read()


def told(messages):
    return [(one[3], one[4], one[5]) for one in messages]


def test_a_summary_names_the_currency_of_each_value(client):
    assert {one[6] for one in summary(client)[:-1]} == {"USD"}


def test_what_has_changed_is_sent_three_minutes_later_and_nothing_else(tws, client):
    summary(client)
    tws.pass_s(179)
    assert client.read(63) == []
    tws.pass_s(1)  # the mark of 10 shares went from 100.01 to 103.01
    assert told(client.read(63)) == [(ONE, "NetLiquidation", "1000028.90")]
    assert client.read(64) == []


def test_a_summary_does_not_tell_of_an_execution_at_once_updates_do(tws, client):
    summary(client)
    client.send("6", "2", "1", ONE)
    client.send("76", "1", 8, TWO, "", 1)
    client.read()
    client.place(2, side="SELL", quantity=10, account=ONE)
    news = client.read(6, 7, 8, 63, 73)
    assert {one[0] for one in news} == {"6", "7", "8"}
    assert ["6", "2", "TotalCashValue", "999997.80", "USD", ONE] in news
    client.place(3, quantity=10, account=TWO)
    assert {one[0] for one in client.read(6, 63, 73)} == {"73"}


def test_nothing_is_due_while_nothing_has_moved(tws):
    client = tws.client()
    summary(client)
    assert tws.server.next_due_ns() is None
    tws.pass_s(200)
    assert client.read(63) == []


def test_after_a_quiet_time_values_are_sent_in_their_turn(tws):
    client = tws.client()
    summary(client)
    tws.pass_s(1000)  # between the turns at 900 and 1080 seconds
    client.subscribe()
    client.place(1, quantity=10, account=ONE)
    tws.pass_s(79)
    assert client.read(63) == []
    tws.pass_s(1)
    assert {one[3] for one in client.read(63)} == {ONE}


def test_a_summary_that_is_cancelled_is_sent_no_more(tws, client):
    summary(client)
    client.send("63", "1", 7)
    tws.pass_s(200)
    assert client.read(63) == []


def test_values_that_are_cancelled_are_sent_no_more(client):
    client.send("76", "1", 8, ONE, "", 1)
    client.send("77", "1", 8)
    client.read()
    client.place(2, quantity=1, account=ONE)
    assert client.read(73) == []


def test_a_client_has_two_summaries_at_most(client):
    summary(client, 7)
    summary(client, 8)
    client.send("62", "1", 9, "All", TAGS)
    assert client.errors() == [(9, 322)]
    client.send("63", "1", 7)
    assert summary(client, 9)[-1] == ["64", "1", "9"]


def test_a_client_that_left_is_sent_nothing(tws, client):
    summary(client)
    client.close()
    tws.pass_s(200)
    tws.collect()
    assert tws.inboxes == {}
