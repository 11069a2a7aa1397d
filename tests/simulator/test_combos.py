"""Combos: several contracts in one order, over the wire of a TWS in memory."""

from decimal import Decimal

import pytest

from tapewire.common.instruments import Instrument

D = Decimal
LOW = Instrument(symbol="LOW", sec_type="OPT", multiplier=D(100), con_id=11)
HIGH = Instrument(symbol="HIGH", sec_type="OPT", multiplier=D(100), con_id=22)
SPREAD = ((11, 1, "BUY"), (22, 1, "SELL"))
NO_ID = [0, "XYZ", "BAG", "", 0.0, "", "", "SMART", "", "USD", "", ""]


@pytest.fixture
def tws(make_tws, make_quote):
    """Two calls, of 5.00 to 5.10 and of 2.00 to 2.10: the spread is 2.90 to 3.10, for 20 units."""

    def make(*rows, **settings):
        rows = [
            make_quote(0, "5.00", "5.10", "30", "30", symbol="LOW"),
            make_quote(0, "2.00", "2.10", "20", "20", symbol="HIGH"),
            *rows,
        ]
        made = make_tws(rows, instruments=(LOW, HIGH), **settings)
        client = made.client(99)
        client.send(
            "1",
            "11",
            1,
            11,
            "",
            "OPT",
            "",
            0.0,
            "",
            "",
            "SMART",
            "",
            "USD",
            "",
            "",
            "0",
            "",
            0,
            "0",
            "",
        )
        made.pass_s(0)
        return made

    return make


def place(client, order_id, side="BUY", quantity=10, legs=SPREAD, **more):
    fields = [len(legs)]
    for con_id, ratio, action in legs:
        fields += [con_id, ratio, action, "SMART", 0, 0, "", -1]
    more = {"orderComboLegs": [0], "smartComboRoutingParams": [0], "limit": None, **more}
    client.place(order_id, side=side, quantity=quantity, contract=NO_ID, comboLegs=fields, **more)


def fills(client):
    """Executions: security type, side, shares and price."""
    return [(m[5], m[18], m[19], m[20]) for m in client.read(11)]


def test_a_market_order_buys_and_sells_its_legs_at_their_quotes(tws):
    client = tws().client(1)
    place(client, 1)
    assert fills(client) == [
        ("OPT", "BOT", "10", "5.1"), ("OPT", "SLD", "10", "2"), ("BAG", "BOT", "10", "3.1")
    ]  # fmt: skip


def test_a_sale_does_the_reverse(tws):
    client = tws().client(1)
    place(client, 1, side="SELL")
    assert fills(client) == [
        ("OPT", "SLD", "10", "5"), ("OPT", "BOT", "10", "2.1"), ("BAG", "SLD", "10", "2.9")
    ]  # fmt: skip


def test_legs_are_charged_and_booked_and_the_whole_is_not(tws):
    market = tws()
    client = market.client(1)
    place(client, 1, ref="spread")
    messages = client.read()
    kinds = [m[0] for m in messages]
    assert kinds == ["5", "3", "11", "59", "11", "59", "11", "5", "3", "5"]
    assert [m[3] for m in messages if m[0] == "59"] == ["6.5", "6.5"]
    books = market.server.books()
    account = books["accounts"]["DU1234567"]
    assert account["positions"] == {"LOW": "10", "HIGH": "-10"}
    assert (books["executions"], len(set(books["exec_ids"]))) == (2, 2)
    assert D(account["cash"]) == 1_000_000 - 3100 - 13


def test_a_limit_waits_for_the_net_price(tws, make_quote):
    market = tws(make_quote(1, "5.00", "4.95", "30", "30", symbol="LOW"))
    client = market.client(1)
    place(client, 1, limit="3.00")
    assert [(m[2], m[4]) for m in client.read(3)] == [("Submitted", "10")]
    market.pass_s()
    assert [f[2:] for f in fills(client)] == [("10", "4.95"), ("10", "2"), ("10", "2.95")]


def test_a_credit_is_a_negative_limit(tws):
    client = tws().client(1)
    place(client, 1, legs=((11, 1, "SELL"), (22, 1, "BUY")), limit="-2.95")
    assert fills(client) == []
    place(client, 2, legs=((11, 1, "SELL"), (22, 1, "BUY")), limit="-2.90")
    assert fills(client)[-1] == ("BAG", "BOT", "10", "-2.9")


def test_whole_units_fill_as_far_as_every_leg_shows_them(tws, make_quote):
    market = tws(make_quote(1, "2.00", "2.10", "50", "50", symbol="HIGH"))
    client = market.client(1)
    place(client, 1, quantity=12, legs=((11, 1, "BUY"), (22, 3, "SELL")))
    assert [f[2] for f in fills(client)] == ["6", "18", "6"]
    market.pass_s()
    assert [f[2] for f in fills(client)] == ["6", "18", "6"]


@pytest.mark.parametrize(("quantity", "status"), [(20, "Filled"), (21, "Cancelled")])
def test_fill_or_kill_counts_the_whole_combo(tws, quantity, status):
    client = tws().client(1)
    place(client, 1, quantity=quantity, tif="FOK")
    assert client.read(3)[-1][2] == status


def test_open_order_has_the_legs(tws):
    client = tws().client(1)
    place(client, 1, limit="1.00")
    message = client.read(5)[0]
    assert message[4] == "BAG"
    at = message.index("11|1,22|-1")
    assert message[at + 1 : at + 10] == ["2", "11", "1", "BUY", "SMART", "0", "0", "", "-1"]
    assert message[at + 10 : at + 14] == ["22", "1", "SELL", "SMART"]


def test_a_combo_is_modified_and_cancelled(tws):
    market = tws()
    client = market.client(1)
    place(client, 1, limit="1.00")
    place(client, 1, limit="1.10")
    client.read()
    place(client, 1, limit="1.10", legs=((11, 1, "BUY"), (22, 2, "SELL")))
    assert client.errors() == [(1, 105)]
    client.send("4", "1", 1)
    assert client.read(3)[-1][2] == "Cancelled"
    assert market.server.books()["orders_open"] == 0


def test_executions_and_completed_orders_are_listed(tws):
    client = tws().client(1)
    place(client, 1)
    client.read()
    client.send("7", "3", 9, 0, "", "", "", "", "", "")
    assert [m[0] for m in client.read()] == ["11", "59", "11", "59", "11", "55"]
    client.send("99", "1")
    assert "11|1,22|-1" in client.read(101)[0]


def test_what_if_adds_up_the_legs(tws):
    client = tws().client(1)
    place(client, 1, what_if=1)
    assert "13" in client.read(5)[-1]  # twice 6.50 in commission


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"legs": ()}, 321),
        ({"legs": ((11, 1, "BUY"),)}, 321),
        ({"legs": ((11, 1, "BUY"), (99, 1, "SELL"))}, 200),
        ({"legs": ((11, 1, "BUY"), (22, 0, "SELL"))}, 321),
        ({"legs": ((11, 1, "BUY"), (22, 1, "HOLD"))}, 321),
        ({"limit": "3.005"}, 110),
        ({"stop": "3.00"}, 387),
        ({"tif": "OPG"}, 387),
        ({"orderComboLegs": [2, 5, ""]}, 201),
        ({"smartComboRoutingParams": [1, "NonGuaranteed", "1"]}, 201),
    ],
)
def test_a_combo_that_cannot_be_is_refused(tws, more, code):
    client = tws().client(1)
    place(client, 1, **more)
    assert client.errors() == [(1, code)]


def test_a_guaranteed_combo_is_what_it_is_anyway(tws):
    client = tws().client(1)
    place(client, 1, smartComboRoutingParams=[1, "NonGuaranteed", "0"])
    assert len(fills(client)) == 3
