"""Margin and buying power: what an account can have, what-if orders, and rejections."""

from decimal import Decimal

import pytest

from tapewire.common.instruments import Instrument
from tapewire.simulator.exchange.margin import Margin, required
from tapewire.simulator.protocol.order_messages import OPEN_ORDER

D = Decimal
PLACES = {one.name: n for n, one in enumerate(OPEN_ORDER.at(157))}
STOCK = Instrument(symbol="AAPL")
ES = Instrument(symbol="ESZ6", sec_type="FUT", exchange="CME", multiplier=D(50))
OPTION = Instrument(symbol="AAPL C200", sec_type="OPT", multiplier=D(100))


@pytest.fixture
def tws(make_tws, make_quote):
    """A stock of 10.00 and an account with 1,000."""

    def make(*rows, **settings):
        rows = [make_quote(0, "10.00", "10.00", "10000", "10000"), *rows]
        made = make_tws(rows, **{"cash": D(1000), **settings})
        made.client(99).subscribe()
        made.pass_s(0)
        return made

    return make


def rejections(client):
    return [m[4] for m in client.read(4) if m[3] == "201"]


@pytest.mark.parametrize(
    ("instrument", "quantity", "price", "initial", "maintenance"),
    [
        (STOCK, 100, 10, 500, 250),
        (STOCK, -100, 10, 500, 250),
        (ES, 2, 5000, 44_000, 40_000),
        (Instrument(symbol="CLF7", sec_type="FUT", multiplier=D(1000)), -1, 70, 7_700, 7_000),
        (OPTION, 2, 3, 600, 600),
        (OPTION, -2, 3, 600, 600),
        (Instrument(symbol="BTC", sec_type="CRYPTO"), D("0.5"), 100, 50, 50),
        (Instrument(symbol="EUR", sec_type="CASH"), 10_000, D("1.1"), 330, 330),
    ],
)
def test_each_kind_of_contract_has_its_margin(instrument, quantity, price, initial, maintenance):
    assert required(instrument, D(quantity), D(price)) == Margin(D(initial), D(maintenance))


def test_an_order_beyond_the_buying_power_is_rejected_in_tws_s_words(tws):
    client = tws().client(1)
    client.place(1, quantity=200)
    assert rejections(client) == []
    client.place(2, quantity=1)
    assert rejections(client) == [
        "Order rejected - reason:YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED "
        "POSITION YOUR EQUITY WITH LOAN VALUE [999.00 USD] MUST EXCEED THE INITIAL MARGIN "
        "[1005.00 USD]"
    ]


def test_working_orders_take_buying_power_too(tws):
    client = tws().client(1)
    client.place(1, quantity=150, limit="9.00")
    client.place(2, quantity=150, limit="9.00")
    assert len(rejections(client)) == 1
    client.send("4", "1", 1)
    client.place(3, quantity=150, limit="9.00")
    assert rejections(client) == []


def test_an_order_that_closes_is_taken_however_little_is_left(tws, make_quote):
    market = tws(make_quote(1, "6.00", "6.00", "10000", "10000"))
    client = market.client(1)
    client.place(1, quantity=200)
    market.pass_s()
    client.read()
    client.place(2, quantity=1)
    assert len(rejections(client)) == 1
    client.place(3, side="SELL", quantity=200)
    assert rejections(client) == []


def test_the_exits_of_a_bracket_need_no_margin_of_their_own(tws):
    client = tws().client(1)
    client.place(1, quantity=190, transmit=0)
    client.place(2, side="SELL", quantity=190, limit="11.00", parent=1, transmit=0)
    client.place(3, side="SELL", quantity=190, stop="9.00", parent=1)
    assert rejections(client) == []
    client.send("5", "1")
    assert len(client.read(5)) >= 2


def test_a_group_counts_once_with_its_largest_order(tws):
    client = tws().client(1)
    for n, size in enumerate((150, 190, 100), 1):
        client.place(n, quantity=size, limit="9.00", ocaGroup="g", ocaType=1)
    assert rejections(client) == []


def test_a_modify_beyond_the_buying_power_leaves_the_order_as_it_was(tws):
    client = tws().client(1)
    client.place(1, quantity=100, limit="9.00")
    client.read()
    client.place(1, quantity=201, limit="9.00")
    assert client.errors() == [(1, 105)]
    client.send("5", "1")
    assert [m[PLACES["totalQuantity"]] for m in client.read(5)] == ["100"]


def test_what_if_tells_the_margin_before_and_after(tws):
    market = tws()
    client = market.client(1)
    client.place(1, quantity=100)
    client.read()
    client.place(2, quantity=50, what_if=1)
    first, second = client.read()
    names = ("initMargin", "maintMargin", "equityWithLoan")
    numbers = [second[PLACES[n + when]] for n in names for when in ("Before", "Change", "After")]
    assert numbers == ["500", "250", "750", "250", "125", "375", "999", "0", "999"]
    assert {first[PLACES[n + "After"]] for n in names} == {"1.7976931348623157E308"}
    assert second[PLACES["warningText"]] == ""
    assert market.server.books()["orders"] == 1


def test_what_if_warns_of_an_order_that_would_be_rejected(tws):
    client = tws().client(1)
    client.place(1, quantity=1000, what_if=1)
    warnings = [m[PLACES["warningText"]] for m in client.read(5)]
    assert warnings[0] == ""
    assert warnings[1].startswith("YOUR ORDER IS NOT ACCEPTED")


def test_account_values_have_the_margin(tws):
    client = tws().client(1)
    client.place(1, quantity=100)
    client.read()
    client.send("6", "2", 1, "")
    values = {m[2]: m[3] for m in client.read(6)}
    found = {
        k: values[k] for k in ("InitMarginReq", "MaintMarginReq", "AvailableFunds", "BuyingPower")
    }
    assert found == {
        "InitMarginReq": "500.00", "MaintMarginReq": "250.00", "AvailableFunds": "499.00",
        "BuyingPower": "998.00",
    }  # fmt: skip


def test_what_the_buying_power_says_can_be_bought(tws):
    client = tws().client(1)
    client.place(1, quantity=100)
    client.read()
    client.place(2, quantity=99)
    assert rejections(client) == []
