"""Stop orders: held until the market reaches their price, then worked as market orders."""

import pytest


@pytest.fixture
def tws(make_tws, make_quote):
    """A server with a quote and, like its market, no trade yet; a test adds the rows it needs."""

    def make(*rows):
        made = make_tws([make_quote(0, "9.98", "10.00", "500", "500"), *rows])
        made.client(99).subscribe()
        made.pass_s(0)
        return made

    return make


def statuses(client):
    return [(one[2], one[3]) for one in client.read(3)]


def test_a_buy_stop_waits_and_triggers_on_a_trade_at_its_price(tws, make_trade):
    market = tws(make_trade(1, "10.04", "1"), make_trade(2, "10.05", "1"))
    client = market.client(1)
    client.place(1, quantity=50, stop="10.05")
    assert statuses(client) == [("PreSubmitted", "0")]
    market.pass_s()
    assert client.read() == []
    market.pass_s()
    assert statuses(client) == [("Submitted", "0"), ("Filled", "50")]


def test_a_sell_stop_triggers_below_its_price_and_trades_at_the_bid(tws, make_trade):
    market = tws(make_trade(1, "9.96", "1"), make_trade(2, "9.90", "1"))
    client = market.client(1)
    client.place(1, side="SELL", quantity=50, stop="9.95")
    market.pass_s()
    client.read()
    market.pass_s()
    ((shares, price),) = [(one[19], one[20]) for one in client.read(11)]
    assert (shares, price) == ("50", "9.98")


def test_once_a_symbol_has_traded_a_quote_does_not_trigger(tws, make_quote, make_trade):
    market = tws(make_trade(1, "10.00", "1"), make_quote(2, "10.10", "10.20"))
    client = market.client(1)
    client.place(1, stop="10.05")
    market.pass_s(2)
    assert statuses(client) == [("PreSubmitted", "0")]


@pytest.mark.parametrize(("side", "stop"), [("BUY", "10.05"), ("SELL", "9.90")])
def test_before_the_first_trade_the_opposite_quote_triggers(tws, make_quote, side, stop):
    market = tws(make_quote(1, "9.91", "10.04"), make_quote(2, "9.90", "10.05"))
    client = market.client(1)
    client.place(1, side=side, quantity=10, stop=stop)
    market.pass_s()
    assert statuses(client) == [("PreSubmitted", "0")]
    market.pass_s()
    assert statuses(client)[-1] == ("Filled", "10")


def test_a_stop_that_the_market_has_passed_already_triggers_at_once(tws):
    client = tws().client(1)
    client.place(1, quantity=10, stop="10.00")
    assert statuses(client) == [("PreSubmitted", "0"), ("Submitted", "0"), ("Filled", "10")]


def test_open_order_has_the_stop_price_before_and_after_the_trigger(tws, make_trade):
    market = tws(make_trade(1, "10.05", "1"))
    client = market.client(1)
    client.place(1, quantity=600, stop="10.05")
    market.pass_s()
    orders = [(one[15], one[16], one[17], one[94]) for one in client.read(5)]
    assert orders == [
        ("STP", "0.0", "10.05", "PreSubmitted"),
        ("STP", "0.0", "10.05", "Submitted"),
        ("STP", "0.0", "10.05", "Submitted"),
    ]
    client.send("5", "1")
    assert [one[17] for one in client.read(5)] == ["10.05"]


def test_a_modified_stop_price_triggers_at_the_new_price_only(tws, make_trade):
    market = tws(make_trade(1, "10.05", "1"), make_trade(2, "10.10", "1"))
    client = market.client(1)
    client.place(1, quantity=10, stop="10.05")
    perm_id = client.read(5)[0][25]
    client.place(1, quantity=10, stop="10.10")
    assert [(one[17], one[25]) for one in client.read(5)] == [("10.1", perm_id)]
    market.pass_s()
    assert client.read() == []
    market.pass_s()
    assert statuses(client)[-1] == ("Filled", "10")


def test_a_stop_modified_to_where_the_market_is_triggers_at_once(tws):
    client = tws().client(1)
    client.place(1, quantity=10, stop="10.05")
    client.read()
    client.place(1, quantity=10, stop="10.00")
    assert statuses(client) == [("PreSubmitted", "0"), ("Submitted", "0"), ("Filled", "10")]


def test_a_held_stop_takes_a_new_quantity(tws, make_trade):
    market = tws(make_trade(1, "10.05", "1"))
    client = market.client(1)
    client.place(1, quantity=10, stop="10.05")
    client.place(1, quantity=25, stop="10.05")
    client.read()
    market.pass_s()
    assert [one[19] for one in client.read(11)] == ["25"]


def test_after_the_trigger_the_quantity_can_change_and_the_stop_price_not(tws):
    client = tws().client(1)
    client.place(1, quantity=600, stop="10.00")
    client.read()
    client.place(1, quantity=600, stop="10.50")
    assert client.errors() == [(1, 105)]
    client.place(1, quantity=550, stop="10.00")
    assert [(one[14], one[17], one[94]) for one in client.read(5)] == [("550", "10", "Submitted")]


def test_a_cancelled_stop_does_not_trigger(tws, make_trade):
    market = tws(make_trade(1, "10.05", "1"))
    client = market.client(1)
    client.place(1, stop="10.05")
    client.read()
    client.send("4", "1", 1)
    assert statuses(client) == [("Cancelled", "0")]
    market.pass_s()
    assert client.read() == []
    assert market.server.books()["orders_open"] == 0


def test_a_global_cancel_cancels_stops_too(tws):
    market = tws()
    client = market.client(1)
    client.place(1, stop="10.05")
    market.client(2).send("58", "1")
    assert statuses(client)[-1] == ("Cancelled", "0")


def test_a_stop_off_the_tick_is_refused_and_on_a_modify_the_old_one_stays(tws):
    client = tws().client(1)
    client.place(1, stop="10.055")
    assert client.errors() == [(1, 110)]
    client.place(2, stop="10.05")
    client.read()
    client.place(2, stop="10.055")
    assert client.errors() == [(2, 110)]
    client.send("5", "1")
    assert [one[17] for one in client.read(5)] == ["10.05"]


def test_a_stop_order_without_a_stop_price_is_refused(tws):
    client = tws().client(1)
    client.place(1, type="STP")
    assert client.errors() == [(1, 321)]


def test_a_stop_cannot_become_an_order_of_another_type(tws):
    client = tws().client(1)
    client.place(1, stop="10.05")
    client.read()
    client.place(1, limit="9.00")
    assert client.errors() == [(1, 105)]


def test_an_immediate_stop_waits_for_its_trigger_and_not_after_it(tws, make_trade):
    market = tws(make_trade(1, "10.05", "1"))
    client = market.client(1)
    client.place(1, quantity=600, stop="10.05", tif="IOC")
    assert statuses(client) == [("PreSubmitted", "0")]
    market.pass_s()
    assert statuses(client) == [("Submitted", "0"), ("Submitted", "500"), ("Cancelled", "500")]


def test_the_rest_of_a_triggered_day_stop_waits_for_the_next_quote(tws, make_quote, make_trade):
    market = tws(make_trade(1, "10.05", "1"), make_quote(2, "9.98", "10.30"))
    client = market.client(1)
    client.place(1, quantity=600, stop="10.05")
    market.pass_s(2)
    assert [(one[19], one[20]) for one in client.read(11)] == [("500", "10"), ("100", "10.3")]


def test_a_stop_outlives_its_connection(tws, make_trade):
    market = tws(make_trade(1, "10.05", "1"))
    client = market.client(1)
    client.place(1, quantity=10, stop="10.05")
    client.close()
    market.pass_s()
    again = market.client(1)
    again.send("99", "0")
    assert [(one[14], one[16]) for one in again.read(101)] == [("STP", "10.05")]


def test_older_stops_are_worked_first(tws, make_trade):
    market = tws(make_trade(1, "10.10", "1"))
    client = market.client(1)
    for order_id, stop in ((1, "10.10"), (2, "10.05"), (3, "10.08")):
        client.place(order_id, quantity=200, stop=stop)
    client.place(1, quantity=200, stop="10.09")  # keeps its age
    client.read()
    market.pass_s()
    assert [(one[2], one[19]) for one in client.read(11)] == [
        ("1", "200"), ("2", "200"), ("3", "100"),
    ]  # fmt: skip


def test_what_if_works_for_a_stop_and_places_nothing(tws):
    market = tws()
    client = market.client(1)
    client.place(1, quantity=1000, stop="10.05", what_if=1)
    first, second = client.read(5)
    assert (first[17], second[105]) == ("10.05", "5")
    assert market.server.books()["orders"] == 0


def test_the_audit_has_the_stop_price(tws):
    market = tws()
    client = market.client(1)
    market.server.take_audit()
    client.place(1, stop="10.05")
    (line,) = [line for line in market.server.take_audit() if line["kind"] == "order"]
    assert (line["type"], line["limit"], line["stop"]) == ("STP", None, "10.05")
