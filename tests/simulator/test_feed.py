"""Market data, as its subscribers get it."""

import pytest

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import Row

MANY = [Instrument(symbol=f"S{number}") for number in range(101)]


def ticks(client):
    return client.read(1, 2, 57, 99)


def test_a_price_is_sent_with_its_size_and_a_size_alone_when_only_it_changed(make_tws, make_quote):
    tws = make_tws(
        [
            make_quote(0, "10.00", "10.010", "100", "200.0"),
            make_quote(1, "10.00", "10.01", "150", "200"),
            make_quote(2, "10.00", "10.02", "150", "300"),
        ]
    )
    client = tws.client()
    client.subscribe(req_id=7)
    client.read()
    tws.pass_s(0)
    assert ticks(client) == [
        ["1", "6", "7", "1", "10", "100", "1"],
        ["1", "6", "7", "2", "10.01", "200", "1"],
    ]
    tws.pass_s()
    assert ticks(client) == [["2", "6", "7", "0", "150"]]
    tws.pass_s()
    assert ticks(client) == [["1", "6", "7", "2", "10.02", "300", "1"]]


def test_every_trade_is_sent_even_at_an_unchanged_price(make_tws, make_trade):
    tws = make_tws([make_trade(0, "61837.63000000", "0.02000000"), make_trade(0, "61837.63", "1")])
    client = tws.client()
    client.subscribe()
    tws.pass_s(0)
    assert [one for one in ticks(client) if one[3] == "4"] == [
        ["1", "6", "1", "4", "61837.63", "0.02", "0"],
        ["1", "6", "1", "4", "61837.63", "1", "0"],
    ]


def test_one_side_alone_leaves_the_other_as_it_was(make_tws):
    row = Row(0, "AAPL", "10", None, "5", None, None, None)
    tws = make_tws([row])
    client = tws.client()
    client.subscribe()
    tws.pass_s(0)
    assert ticks(client) == [["1", "6", "1", "1", "10", "5", "1"]]


def test_a_subscriber_gets_parameters_and_the_current_values_at_once(make_tws, make_quote):
    tws = make_tws([make_quote(0, "10", "11")])
    tws.client(1).subscribe()
    tws.pass_s(0)
    late = tws.client(2)
    late.subscribe(req_id=3)
    assert late.read() == [
        ["81", "3", "0.01", "9c0001", "3"],
        ["58", "1", "3", "1"],
        ["1", "6", "3", "1", "10", "100", "1"],
        ["1", "6", "3", "2", "11", "100", "1"],
    ]


def test_a_snapshot_ends_and_leaves_no_line(make_tws, make_quote):
    tws = make_tws([make_quote(0, "10", "11"), make_quote(1, "12", "13")])
    tws.client(1).subscribe()
    tws.pass_s(0)
    client = tws.client(2)
    client.subscribe(snapshot=1)
    assert ticks(client)[-1] == ["57", "1", "1"]
    tws.pass_s()
    assert ticks(client) == []


def test_the_market_starts_with_the_first_request_and_goes_on_unheard(make_tws, make_quote):
    tws = make_tws([make_quote(n, str(n + 1), "50") for n in range(5)])
    client = tws.client()
    tws.pass_s(100)
    client.subscribe()
    tws.pass_s(0)
    assert [one[4] for one in ticks(client)] == ["1", "50"]
    client.send("2", "2", 1)
    tws.pass_s(3)
    client.subscribe()
    assert [one[4] for one in ticks(client)] == ["4", "50"]


def test_after_a_cancel_nothing_comes_and_a_second_cancel_is_refused(make_tws, make_quote):
    tws = make_tws([make_quote(0, "10", "11")])
    client = tws.client()
    client.subscribe()
    client.send("2", "2", 1)
    client.send("2", "2", 1)
    tws.pass_s(0)
    assert client.errors() == [(1, 300)]
    assert ticks(client) == []


def test_bid_ask_stream_sends_each_change_of_the_quote(make_tws, make_quote, make_trade):
    tws = make_tws([make_quote(0, "10", "11"), make_quote(1, "10", "11"), make_trade(2, "10", "1")])
    client = tws.client()
    stream(client, "BidAsk")
    tws.pass_s(5)
    assert client.read() == [["99", "1", "3", "1700000005", "10", "11", "100", "100", "0"]]


@pytest.mark.parametrize(("kind", "number"), [("Last", "1"), ("AllLast", "2")])
def test_a_trade_stream_sends_each_trade(make_tws, make_quote, make_trade, kind, number):
    tws = make_tws([make_quote(0, "10", "11"), make_trade(0, "10.5", "3")])
    client = tws.client()
    stream(client, kind)
    tws.pass_s(0)
    assert client.read() == [["99", "1", number, "1700000000", "10.5", "3", "0", "SMART", ""]]


def stream(client, kind, req_id=1, symbol="AAPL"):
    contract = [0, symbol, "STK", "", 0, "", "", "SMART", "", "USD", "", ""]
    client.send("97", req_id, *contract, kind, 0, 0)


@pytest.mark.parametrize("price", ["10", "-1"])
def test_a_size_of_0_behind_a_price_that_came_without_one_is_no_change(make_tws, price):
    sizes = [None, "0", "0.0", "3", "0"]
    rows = [
        Row(n * 10**9, "AAPL", None if n else price, "11", size, "5", None, None)
        for n, size in enumerate(sizes)
    ]
    tws = make_tws(rows)
    client = tws.client()
    stream(client, "BidAsk", 1)
    client.subscribe(req_id=2)
    client.read()
    sent = []
    for _ in sizes:
        tws.pass_s(1 if sent else 0)
        sent.append([(one[0], one[6] if one[0] == "99" else one[-1]) for one in ticks(client)])
    assert sent[1:3] == [[], []]
    kind = "1" if price == "-1" else "2"  # whether a side is empty is about its price
    assert [[one[0] for one in found] for found in sent[3:]] == [[kind, "99"], [kind, "99"]]


def test_a_side_becomes_empty_or_is_so_no_longer_with_its_price(make_tws):
    sizes = ["0", "3", "5", "0", "0"]
    rows = [
        Row(n * 10**9, "AAPL", None if n else "-1", "11", size, "5", None, None)
        for n, size in enumerate(sizes)
    ]
    tws = make_tws(rows)
    client = tws.client()
    client.subscribe(req_id=2)
    tws.pass_s(0)
    client.read()
    tws.pass_s(len(sizes))
    sent = [tuple(one[:1] + one[4:6]) for one in ticks(client)]
    assert sent == [("1", "-1", "3"), ("2", "5"), ("1", "-1", "0")]


def test_a_sixth_stream_a_duplicate_and_an_unknown_kind_are_refused(make_tws):
    client = make_tws(instruments=MANY).client()
    for number in range(6):
        stream(client, "BidAsk", number, f"S{number}")
    stream(client, "Last", 0, "S0")
    client.send("98", 0)
    stream(client, "Midpoint", 9, "S9")
    client.send("98", 0)
    assert client.errors() == [(5, 10190), (0, 102), (9, 10189), (0, 300)]


def test_the_101st_line_a_duplicate_id_and_an_unknown_contract_are_refused(make_tws):
    client = make_tws(instruments=MANY).client()
    for number in range(101):
        client.subscribe(number, f"S{number}")
    client.subscribe(3, "S3")
    client.send("2", "2", 0)
    client.subscribe(500, "NONE")
    assert client.errors() == [(100, 101), (3, 102), (500, 200)]


def test_a_closed_connection_ends_its_lines_and_no_others(make_tws, make_quote):
    tws = make_tws([make_quote(0, "10", "11")])
    gone, stays = tws.client(1), tws.client(2)
    gone.subscribe()
    stays.subscribe()
    gone.close()
    tws.pass_s(0)
    assert len(ticks(stays)) == 2
    assert tws.server.counters["messages_sent"] == 2


def test_a_connection_that_is_being_closed_gets_no_more_ticks(make_tws, make_quote):
    tws = make_tws([make_quote(0, "10", "11")])
    client = tws.client()
    client.subscribe()
    client.read()
    client.send_bytes(b"\xff" * 8)
    tws.pass_s(0)
    assert client.read() == []
    assert tws.server.counters["messages_sent"] == 0


def test_symbols_that_are_not_configured_are_passed_over(make_tws, make_quote):
    tws = make_tws([make_quote(0, "1", "2", symbol="ELSE"), make_quote(0, "10", "11")])
    client = tws.client()
    client.subscribe()
    tws.pass_s(0)
    assert [one[4] for one in ticks(client)] == ["10", "11"]
