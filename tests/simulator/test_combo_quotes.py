"""Market data of combos: a net quote of the legs, which may be 0 or negative."""

import pytest

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row

LEGS = [Instrument(symbol=name, con_id=n) for name, n in (("A", 11), ("B", 22), ("C", 33))]
SPREAD = ((11, 1, "BUY"), (22, 1, "SELL"))


def subscribe(client, legs=SPREAD, req_id=7, exchange="SMART", snapshot=0, generic=""):
    fields = [field for leg in legs for field in (*leg, "SMART")]
    contract = [0, "XYZ", "BAG", "", 0.0, "", "", exchange, "", "USD", "", ""]
    client.send("1", "11", req_id, *contract, len(legs), *fields, "0", generic, snapshot, "0", "")


def ticks(client):
    """Prices and sizes that came: the tick's type and its values."""
    return [tuple(one[3:6]) if one[0] == "1" else tuple(one[3:5]) for one in client.read(1, 2)]


@pytest.fixture
def tws(make_tws, make_quote):
    """A of 5.00 to 5.10 for 30, B of 2.00 to 2.10 for 20, and what rows follow."""

    def make(*rows, **settings):
        first = [
            make_quote(0, "5.00", "5.10", "30", "30", symbol="A"),
            make_quote(0, "2.00", "2.10", "20", "20", symbol="B"),
        ]
        made = make_tws([*first, *rows], instruments=LEGS, **settings)
        made.client(99).subscribe(1, "A")
        made.pass_s(0)
        return made

    return make


def test_a_combo_is_quoted_at_what_its_legs_would_trade_at(tws, make_quote):
    market = tws(
        make_quote(1, "5.05", "5.10", "30", "30", symbol="A"),
        make_quote(2, "2.00", "2.10", "15", "50", symbol="B"),
        make_quote(3, "9", "9.1", symbol="C"),
    )
    client = market.client()
    subscribe(client)
    assert [m[0] for m in client.read()] == ["81", "58", "1", "1"]
    subscribe(client, req_id=8)
    assert ticks(client) == [("1", "2.9", "20"), ("2", "3.1", "20")]
    market.pass_s()
    assert ticks(client) == [("1", "2.95", "20")] * 2
    market.pass_s()
    assert ticks(client) == [("0", "30")] * 2 + [("3", "15")] * 2
    market.pass_s()
    assert ticks(client) == []


def test_a_price_may_be_negative_and_zero(tws, make_quote):
    market = tws(make_quote(1, "1.95", "2.05", "9", "9", symbol="A"))
    client = market.client()
    subscribe(client, ((11, 1, "SELL"), (22, 1, "BUY")))
    assert ticks(client) == [("1", "-3.1", "20"), ("2", "-2.9", "20")]
    market.pass_s()
    assert ticks(client) == [("1", "-0.05", "9"), ("2", "0.15", "9")]


def test_ratios_count_in_the_price_and_in_the_size(tws):
    client = tws().client()
    subscribe(client, ((11, 1, "BUY"), (22, 3, "SELL")))
    assert ticks(client) == [("1", "-1.3", "6"), ("2", "-0.9", "6")]


def test_a_side_on_which_a_leg_shows_nothing_is_empty(tws):
    market = tws(
        Row(1_000_000_000, "B", "-1", None, "0", None, None, None),
        Row(2_000_000_000, "B", "2.01", None, "5", None, None, None),
    )
    client = market.client()
    subscribe(client)
    client.read()
    market.pass_s()
    assert ticks(client) == [("2", "-1", "0")]
    market.pass_s()
    assert ticks(client) == [("2", "3.09", "5")]
    subscribe(client, ((11, 1, "BUY"), (33, 1, "SELL")), req_id=9)
    assert ticks(client) == [], "nothing was ever shown of C"


def test_what_is_quoted_is_what_an_order_pays(tws):
    market = tws()
    client = market.client()
    subscribe(client)
    ask = next(price for kind, price, _ in ticks(client) if kind == "2")
    legs = [field for leg in SPREAD for field in (*leg, "SMART", 0, 0, "", -1)]
    contract = [0, "XYZ", "BAG", "", 0.0, "", "", "SMART", "", "USD", "", ""]
    more = {"orderComboLegs": [0], "smartComboRoutingParams": [0], "comboLegs": [2, *legs]}
    client.place(1, quantity=20, limit=ask, contract=contract, **more)
    assert [m[20] for m in client.read(11) if m[5] == "BAG"] == [ask]


def test_a_combo_is_kept_while_somebody_reads_it(tws, make_quote):
    market = tws(make_quote(1, "5.05", "5.10", "30", "30", symbol="A"))
    client, other = market.client(), market.client(2)
    subscribe(client)
    subscribe(other)
    client.send("2", "2", 7)
    client.send("2", "2", 7)
    assert client.errors() == [(7, 300)]
    other.read()
    market.pass_s()
    assert ticks(other) == [("1", "2.95", "20")]
    assert ticks(client) == []
    other.close()
    subscribe(client, snapshot=1)
    assert client.read(57) == [["57", "1", "7"]]
    feed = market.server._feed
    client.subscribe(1, "A")
    feed._combos.drop_unread()
    assert (feed._combos.all(), feed._combos.of_leg) == ([], {})


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"legs": ()}, 321),
        ({"legs": SPREAD[:1]}, 321),
        ({"legs": (SPREAD[0], (99, 1, "SELL"))}, 200),
        ({"legs": (SPREAD[0], (22, 0, "SELL"))}, 321),
        ({"legs": (SPREAD[0], (22, 1, "HOLD"))}, 321),
        ({"exchange": ""}, 321),
        ({"generic": "9999"}, 321),
    ],
)
def test_a_combo_that_cannot_be_is_refused(tws, given, code):
    client = tws().client()
    subscribe(client, **given)
    assert client.errors() == [(7, code)]


def test_it_counts_as_a_line_and_as_ticks_that_were_sent(tws):
    market = tws(lines_max=1)
    client = market.client()
    before = market.server.counters["messages_sent"]
    subscribe(client)
    assert market.server.counters["messages_sent"] - before == len(ticks(client)) == 2
    subscribe(client, req_id=8)
    client.subscribe(9, "B")
    assert client.errors() == [(8, 101), (9, 101)]


def test_without_live_data_of_a_leg_there_is_none_of_the_combo(tws):
    client = tws(delayed=("B",)).client()
    subscribe(client)
    assert client.errors() == [(7, 354)]


def test_generic_ticks_of_a_combo_are_asked_for_in_vain(tws):
    client = tws().client()
    subscribe(client, generic="233,236")
    assert [m[0] for m in client.read()] == ["81", "58", "1", "1"]


def test_a_leg_count_that_is_no_count_is_refused_and_nothing_else(tws):
    client = tws().client()
    for count in ("-1", "101", "two"):
        contract = [0, "XYZ", "BAG", "", 0.0, "", "", "SMART", "", "USD", "", ""]
        client.send("1", "11", 7, *contract, count, "0", "", 0, "0", "")
    assert client.errors() == [(7, 320)] * 3
