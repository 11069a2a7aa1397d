"""Options that are worked out or exercised on request."""

import pytest

from tapewire.common.options import instrument_of
from tests.simulator.conftest import AAPL

CALL, PUT = instrument_of("AAPL  281215C00150000"), instrument_of("AAPL  281215P00150000")


def contract(con_id):
    return [con_id, "", "OPT", "", "", "", "", "SMART", "", "USD", "", ""]


def exercise(client, req_id, con_id=1001, action=1, quantity=2, override=0):
    fields = contract(con_id)
    del fields[8]
    client.send(21, 2, req_id, *fields, action, quantity, "DU1234567", override)


@pytest.fixture
def tws(make_tws, make_quote):
    rows = [make_quote(1, "160.00", "160.02"),
            make_quote(1, "20.0", "20.2", symbol=CALL.symbol)]  # fmt: skip
    tws = make_tws(rows, [AAPL, CALL, PUT])
    tws.trader = tws.client(1)
    tws.trader.subscribe()
    tws.pass_s(0)
    return tws


def test_a_price_and_its_volatility_are_each_other_s(tws):
    tws.trader.read()
    tws.trader.send(55, 3, 5, *contract(1001), 0.3, 160, 0, "")
    ((_, req_id, kind, _, vol, delta, price, *_, spot),) = tws.trader.read(21)
    assert (req_id, kind, vol, spot) == ("5", "53", "0.3", "160.0")
    assert 0.5 < float(delta) < 1
    tws.trader.send(54, 3, 6, *contract(1001), price, 160, 0, "")
    ((_, req_id, _, _, vol, *_),) = tws.trader.read(21)
    assert (req_id, float(vol)) == ("6", pytest.approx(0.3))


def test_a_price_that_no_volatility_makes_is_not_computed(tws):
    tws.trader.read()
    tws.trader.send(54, 3, 6, *contract(1001), 1, 160, 0, "")
    assert tws.trader.read(21)[0][4:6] == ["-1", "-2"]
    tws.trader.send(55, 3, 7, *contract(1001), 0, 160, 0, "")
    tws.trader.send(54, 3, 8, *contract(1000), 5, 160, 0, "")
    assert tws.trader.errors() == [(7, 321), (8, 321)]


def test_an_exercised_call_becomes_what_it_is_on_at_the_strike(tws):
    tws.trader.place(1, "BUY", 3, symbol="", contract=contract(1001))
    tws.trader.send(61, 1)
    tws.trader.read()
    exercise(tws.trader, 2)
    held = {one[4 + 8]: one[-2:] for one in tws.trader.read(61)}
    assert held[CALL.symbol][0] == "1"
    assert held["AAPL"] == ["200", "150"]


def test_what_cannot_be_exercised_is_an_error_under_its_id(tws):
    exercise(tws.trader, 2)
    exercise(tws.trader, 3, con_id=1000)
    exercise(tws.trader, 4, action=3)
    assert tws.trader.errors() == [(2, 322), (3, 321), (4, 321)]


def test_an_option_lapses(tws):
    tws.trader.place(1, "BUY", 3, symbol="", contract=contract(1001))
    tws.trader.send(61, 1)
    tws.trader.read()
    exercise(tws.trader, 2, action=2, quantity=3)
    assert [one[-2] for one in tws.trader.read(61)] == ["0"]
