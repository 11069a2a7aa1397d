"""An order's life, as its client hears of it."""

from decimal import Decimal

import pytest

from tapewire.common.instruments import Instrument

D = Decimal

ES = Instrument(symbol="ES", sec_type="FUT", exchange="CME", multiplier=D(50), min_tick=D("0.25"))


def shortened(messages):
    """Orders' messages in short: kind, and what matters of it."""
    short = {"3": lambda m: (m[2], m[3]), "4": lambda m: m[3], "11": lambda m: (m[19], m[20])}
    short["5"] = lambda m: m[94]
    short["59"] = lambda m: m[3]
    return [(m[0], short[m[0]](m)) for m in messages if m[0] in short]


@pytest.fixture
def tws(make_tws, make_quote):
    rows = [
        make_quote(0, "9.98", "10.00", "500", "60"),
        make_quote(1, "9.97", "9.99", "500", "40"),
        make_quote(2, "9.97", "9.98", "500", "500"),
    ]
    made = make_tws(rows)
    made.client(99).subscribe()
    made.pass_s(0)
    return made


@pytest.fixture
def client(tws):
    return tws.client(1)


def test_a_fill_is_told_as_tws_tells_it(client):
    client.place(1, quantity=50)
    assert shortened(client.read()) == [
        ("5", "PreSubmitted"), ("3", ("PreSubmitted", "0")),
        ("11", ("50", "10")),
        ("5", "Filled"), ("3", ("Filled", "50")),
        ("5", "Filled"),
        ("59", "1"),
    ]  # fmt: skip


def test_a_partial_fill_is_submitted_until_the_rest_is_filled(tws, client):
    client.place(1, quantity=100)
    assert shortened(client.read(3, 11, 59))[1:] == [
        ("11", ("60", "10")), ("3", ("Submitted", "60")), ("59", "1"),
    ]  # fmt: skip
    tws.pass_s()
    assert shortened(client.read(3, 11, 59)) == [
        ("11", ("40", "9.99")), ("3", ("Filled", "100")), ("59", "0"),
    ]  # fmt: skip


def test_a_resting_limit_is_submitted_and_a_cancel_is_status_then_202(client):
    client.place(1, limit="9.90")
    assert shortened(client.read()) == [("5", "Submitted"), ("3", ("Submitted", "0"))]
    client.send("4", "1", 1)
    assert shortened(client.read()) == [("3", ("Cancelled", "0")), ("4", "202")]


def test_a_cancel_of_an_unknown_and_of_a_finished_order_is_refused(client):
    client.place(1, quantity=10)
    client.read()
    client.send("4", "1", 1)
    client.send("4", "1", 2)
    assert client.errors() == [(1, 10148), (2, 10147)]


def test_an_immediate_order_cancels_what_it_does_not_get(client):
    client.place(1, quantity=100, limit="10.00", tif="IOC")
    assert shortened(client.read(3, 4)) == [
        ("3", ("Submitted", "0")), ("3", ("Submitted", "60")), ("3", ("Cancelled", "60")),
        ("4", "202"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"limit": "9.905"}, 110),
        ({"symbol": "NONE"}, 200),
        ({"exchange": "LSE"}, 200),
        ({"exchange": ""}, 321),
        ({"quantity": 0}, 321),
        ({"quantity": ""}, 321),
        ({"side": "SSHORT"}, 321),
        ({"type": "LMT"}, 321),
        ({"parent": 4}, 135),
    ],
)
def test_an_order_that_cannot_be_is_answered_with_its_error_alone(client, more, code):
    client.place(1, **more)
    assert shortened(client.read()) == [("4", str(code))]


@pytest.mark.parametrize(
    "more",
    [
        {"type": "REL"},
        {"trigger": 2},
        {"tif": "GTX"},
        {"quantity": 1.5},
        {"ocaGroup": "g", "ocaType": 4},
    ],
)
def test_a_rejected_order_is_201_then_inactive(client, more):
    client.place(1, **more)
    assert shortened(client.read()) == [("4", "201"), ("5", "Inactive"), ("3", ("Inactive", "0"))]


def test_an_id_that_is_not_above_all_that_were_used_is_refused(client):
    client.place(5, quantity=1)
    client.read()
    client.place(4, quantity=1)
    assert client.errors() == [(4, 103)]


def test_the_next_valid_id_is_above_all_that_the_client_used(tws, client):
    client.place(5, quantity=1)
    client.close()
    assert tws.connect().start(1).read(9) == [["9", "1", "6"]]
    assert tws.connect().start(2).read(9) == [["9", "1", "1"]]


def test_a_changed_price_is_worked_under_the_same_perm_id(client):
    client.place(1, limit="9.90", quantity=10)
    perm_id = client.read(5)[0][25]
    client.place(1, limit="10.00", quantity=10)
    answers = client.read()
    assert shortened(answers)[0] == ("11", ("10", "10"))
    assert {one[25] for one in answers if one[0] == "5"} == {perm_id}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"side": "SELL", "limit": "9.90"}, 105),
        ({"limit": None}, 105),
        ({"limit": "9.90", "ref": "other"}, 105),
        ({"limit": "9.905"}, 110),
    ],
)
def test_a_refused_change_leaves_the_order_as_it_was(tws, client, more, code):
    client.place(1, limit="9.90")
    client.read()
    client.place(1, **more)
    assert client.errors() == [(1, code)]
    client.send("5", "1")
    (limit,) = [one[16] for one in client.read(5)]
    assert limit == "9.9"


def test_a_change_of_a_finished_order_is_refused(client):
    client.place(1, quantity=10)
    client.place(2, limit="9.00")
    client.send("4", "1", 2)
    client.read()
    client.place(1, quantity=20)
    client.place(2, limit="9.10")
    assert client.errors() == [(1, 104), (2, 135)]


def test_a_change_below_what_is_filled_is_refused(client):
    client.place(1, quantity=100, limit="10.00")
    client.read()
    client.place(1, quantity=60, limit="10.00")
    assert client.errors() == [(1, 104)]


def test_what_if_is_two_open_orders_and_no_order(tws, client):
    client.place(1, quantity=100, what_if=1)
    first, second = client.read()
    assert (first[0], first[93], first[105]) == ("5", "1", "")
    assert (second[105], second[107]) == ("1", "USD")
    assert tws.server.books()["orders"] == 0


def test_what_if_needs_transmit(client):
    client.place(1, what_if=1, transmit=0)
    assert client.errors() == [(1, 413)]


def test_orders_outlive_their_connection_and_report_to_the_next_one(tws, client):
    client.place(1, quantity=10, limit="9.98", ref="mine")
    client.close()
    again = tws.client(1)
    tws.pass_s(2)
    assert shortened(again.read(11)) == [("11", ("10", "9.98"))]


def test_a_fill_while_nobody_is_connected_is_found_later(tws, client):
    client.place(1, quantity=10, limit="9.98", ref="mine")
    client.close()
    tws.pass_s(2)
    again = tws.client(1)
    again.send("7", "3", 8, 0, "", "", "", "", "", "")
    execution, report, end = again.read()
    assert (execution[1], execution[26], report[2], end[0]) == ("8", "mine", execution[14], "55")


def test_only_its_own_client_hears_of_an_order(tws, client):
    other = tws.client(2)
    client.place(1, quantity=10)
    assert other.read() == []


def test_a_global_cancel_cancels_everyones_orders_and_tells_each(tws, client):
    other = tws.client(2)
    client.place(1, limit="9.00")
    other.place(1, limit="9.00")
    client.read()
    other.read()
    tws.client(3).send("58", "1")
    for one in (client, other):
        assert shortened(one.read()) == [("3", ("Cancelled", "0")), ("4", "202")]


def test_a_price_off_the_quarter_points_is_refused(make_tws):
    client = make_tws(instruments=[ES]).client()
    client.place(1, symbol="ES", limit="4800.10", exchange="CME")
    client.send("9", "8", 7, 0, "ES", "", "", 0, "", "", "", "", "", "", "", 0, "", "")
    details = client.read()
    assert [one[0] for one in details] == ["4", "10", "52"]  # the contract is there
