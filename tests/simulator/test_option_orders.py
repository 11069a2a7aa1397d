"""Options at the simulator: asked for, traded, charged and held."""

from decimal import Decimal

import pytest

from tapewire.common.options import instrument_of

NAME = "AAPL  261218C00190000"
INSTRUMENTS = [instrument_of("AAPL"), instrument_of(NAME), instrument_of("AAPL  261218P00190000")]
BY_NAME = [0, "", "OPT", "", 0.0, "", "", "SMART", "", "USD", NAME, ""]
BY_TERMS = [0, "AAPL", "OPT", "20261218", 190.0, "C", "100", "SMART", "", "USD", "", ""]
CALLS_AND_PUTS = [0, "AAPL", "OPT", "20261218", 190.0, "", "", "SMART", "", "USD", "", ""]


@pytest.fixture
def tws(make_tws, make_quote):
    rows = [make_quote(0, "2.40", "2.50", "10", "10", symbol=NAME)]
    made = make_tws(rows, INSTRUMENTS)
    made.client(99).subscribe()
    made.pass_s(0)
    return made


@pytest.mark.parametrize("contract", [BY_NAME, BY_TERMS])
def test_an_order_fills_for_a_hundred_shares_a_contract(tws, contract):
    client = tws.client()
    client.place(1, "BUY", 3, contract=contract)
    (execution,) = client.read(11)
    assert execution[3:13] == [
        "1001", "AAPL", "OPT", "20261218", "190", "C", "100", "SMART", "USD", NAME,
    ]  # fmt: skip
    assert execution[13] == "AAPL"
    client.send("61", "1")
    (position,) = client.read(61)
    assert position[-2:] == ["3", "250"]
    books = tws.server.books()
    assert books["accounts"]["DU1234567"]["cash"] == "999248.05"  # 750 for them, 3 x 0.65


def test_open_orders_name_the_option(tws):
    client = tws.client()
    client.place(1, "BUY", 1, "2.00", contract=BY_NAME)
    (order, *_) = client.read(5)
    assert order[2:13] == [
        "1001", "AAPL", "OPT", "20261218", "190", "C", "100", "SMART", "USD", NAME, "AAPL",
    ]  # fmt: skip


def test_what_fits_several_options_is_refused(tws):
    client = tws.client()
    client.place(1, "BUY", 1, contract=CALLS_AND_PUTS)
    assert client.errors() == [(1, 200)]


def test_all_that_fit_are_described(tws):
    client = tws.client()
    client.send("9", "8", 5, *CALLS_AND_PUTS, "0", "", "")
    assert [one[6] for one in client.read(10)] == ["190", "190"]


def test_a_chain_has_the_expiries_and_strikes_of_each_class(make_tws):
    names = [
        "AAPL  261218C00190000", "AAPL  261218P00190000", "AAPL  270115C00192500",
        "AAPL1 261218C00010000",
    ]  # fmt: skip
    adjusted = instrument_of(names.pop(), underlying="AAPL", multiplier=Decimal(10))
    tws = make_tws([], [instrument_of("AAPL"), *map(instrument_of, names), adjusted])
    client = tws.client()
    client.send("78", 5, "AAPL", "", "STK", 1000)
    assert client.read(75, 76) == [
        ["75", "5", "SMART", "1000", "AAPL", "100", "2", "20261218", "20270115", "2", "190",
         "192.5"],
        ["75", "5", "SMART", "1000", "AAPL1", "10", "1", "20261218", "1", "10"],
        ["76", "5"],
    ]  # fmt: skip


def test_an_underlying_without_options_has_an_empty_chain(make_tws):
    client = make_tws([]).client()
    client.send("78", 5, "AAPL", "", "STK", 0)
    assert client.read(75, 76) == [["76", "5"]]


@pytest.mark.parametrize(("symbol", "con_id"), [("TSLA", 0), ("AAPL", 999), ("TSLA", 1000)])
def test_the_chain_of_what_is_not_there_is_refused(make_tws, symbol, con_id):
    client = make_tws([]).client()
    client.send("78", 5, symbol, "", "STK", con_id)
    assert client.errors() == [(5, 200)]
