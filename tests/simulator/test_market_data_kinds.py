"""Delayed data, generic ticks, and tick-by-tick data with a past."""

from tapewire.common.options import instrument_of
from tests.simulator.conftest import AAPL, contract_fields

CALL = instrument_of("AAPL  281215C00150000")


def subscribe(client, req_id=1, generic="", snapshot=0):
    client.send(1, 11, req_id, *contract_fields("AAPL"), "0", generic, snapshot, "0", "")


def test_a_symbol_without_a_subscription_has_delayed_data_for_who_asks(make_tws, make_quote):
    tws = make_tws([make_quote(1, "10", "11", "100", "200")], delayed=("AAPL",))
    client = tws.client()
    subscribe(client)
    assert client.errors() == [(1, 354)]
    client.send(59, 1, 3)
    subscribe(client)
    tws.pass_s(1)
    messages = client.read()
    assert [one[2:4] for one in messages if one[0] == "4"] == [["1", "10167"]]
    assert [one[3] for one in messages if one[0] == "58"] == ["3"]
    assert [one[3] for one in messages if one[0] == "1"] == ["66", "67"]
    client.send(97, 2, *contract_fields("AAPL"), "Last", 0, 0)
    assert client.errors() == [(2, 10189)]


def test_the_kind_of_data_does_not_outlive_the_connection(make_tws):
    tws = make_tws(delayed=("AAPL",))
    client = tws.client()
    client.send(59, 1, 3)
    client.close()
    again = tws.client()
    subscribe(again)
    assert again.errors() == [(1, 354)]


def test_delayed_greeks_have_types_of_their_own(make_tws, make_quote):
    rows = [make_quote(1, "160", "161"), make_quote(1, "20", "21", symbol=CALL.symbol)]
    tws = make_tws(rows, [AAPL, CALL], delayed=(CALL.symbol,))
    client = tws.client()
    client.send(59, 1, 3)
    fields = [1001, *contract_fields("")[1:]]
    client.send(1, 11, 1, *fields, "0", "", 0, "0", "")
    tws.pass_s(1)
    assert {one[2] for one in client.read(21)} == {"80", "81", "83"}


def test_each_trade_comes_with_the_volume_of_the_day(make_tws, make_trade):
    tws = make_tws([make_trade(1, "10", "5"), make_trade(2, "12", "5"), make_trade(3, "11", "2")])
    client = tws.client()
    subscribe(client)
    tws.pass_s(0)
    subscribe(client, 2, generic="233")
    tws.pass_s(1)
    tws.pass_s(1)
    texts = [one[4].split(";") for one in client.read(46)]
    assert [(one[0], one[1], one[3], one[4]) for one in texts] == [
        ("12", "5", "10", "11"), ("11", "2", "12", "11"),
    ]  # fmt: skip
    client.send(2, 2, 2)
    tws.pass_s(1)
    assert client.read(46) == []


def test_generic_ticks_are_sent_where_there_are_any(make_tws, make_trade, make_quote):
    tws = make_tws([make_trade(1, "10", "5"), make_quote(1, "10", "11")])
    client = tws.client()
    subscribe(client)
    tws.pass_s(0)
    client.read()
    subscribe(client, 2, generic="100,165,221,236")
    found = {one[3]: one[4] for one in client.read(1, 45) if one[2] == "2"}
    assert (found["37"], found["46"]) == ("10.5", "3.0")
    assert [found[kind] for kind in ("15", "16", "19", "20")] == ["10"] * 4


def test_an_unknown_generic_tick_and_a_snapshot_with_any_are_errors(make_tws):
    client = make_tws().client()
    subscribe(client, 1, generic="4711")
    subscribe(client, 2, generic="233", snapshot=1)
    assert client.errors() == [(1, 321), (2, 321)]


def test_a_stream_can_begin_with_ticks_of_the_past(make_tws, make_trade):
    tws = make_tws([make_trade(n, str(n), "1") for n in range(1, 8)])
    client = tws.client()
    subscribe(client)
    for _ in range(5):
        tws.pass_s(1)
    client.send(97, 2, *contract_fields("AAPL"), "Last", 3, 0)
    ((_, req_id, count, *_),) = client.read(98)
    assert (req_id, count) == ("2", "3")
