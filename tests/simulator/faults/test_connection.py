"""The line and the session: connections that drop, freeze and lag, notices, client ids, pacing."""

import pytest

FAR = 90
TIME = 49


def ask_time(client):
    client.send("49", "1")


def codes(client):
    return [int(one[3]) for one in client.read(4)]


def test_a_reset_loses_what_was_not_sent_yet_though_tws_has_acted_on_it(tws, inject):
    client = tws.client()
    inject("reset", on_order=2)
    client.place(1, limit=FAR)
    client.read()
    client.place(2, limit=FAR)
    assert client.read() == []
    assert tws.closing == [client.conn]
    assert tws.server.books()["orders_open"] == 2


def test_a_close_sends_what_there_is_first(tws, inject):
    client = tws.client()
    inject("close", on_order=1)
    client.place(1, limit=FAR)
    assert client.read(5)
    assert tws.closing == [client.conn]


def test_only_the_connection_that_is_meant_is_reset(tws, inject):
    first, second = tws.client(1), tws.client(2)
    inject("reset", client_id=2)
    tws.collect()
    assert tws.closing == [second.conn]
    ask_time(first)
    assert first.read(TIME)


def test_market_data_ends_with_a_reset(tws, inject):
    client = tws.client(1)
    client.subscribe()
    inject("reset")
    client.read()
    tws.pass_s(3)
    assert client.read() == []


def test_a_half_open_line_carries_nothing_until_it_thaws_and_then_all_of_it_in_order(tws, inject):
    client = tws.client()
    inject("half_open", seconds=5)
    client.place(1, limit=FAR)
    ask_time(client)
    tws.pass_s(4.9)
    assert client.read() == []
    assert tws.server.books()["orders"] == 0  # TWS has not read it
    tws.pass_s(0.1)
    kinds = [int(one[0]) for one in client.read()]
    assert kinds == [5, 3, TIME]
    assert tws.server.books()["orders"] == 1


def test_another_line_works_meanwhile(tws, inject):
    first, second = tws.client(1), tws.client(2)
    inject("half_open", client_id=1, seconds=5)
    ask_time(first)
    ask_time(second)
    assert (first.read(), len(second.read(TIME))) == ([], 1)
    third = tws.connect().start(3)
    assert third.read(9)


def test_the_close_of_a_half_open_line_is_noticed_after_the_orders_in_it(tws, inject):
    client = tws.client()
    inject("half_open", seconds=5)
    client.place(1, limit=FAR)
    client.close()
    late = tws.connect().start(1)
    assert codes(late) == [326]
    assert tws.server.books()["orders"] == 0
    tws.pass_s(5)
    assert tws.server.books()["orders_open"] == 1
    assert 326 not in codes(tws.connect().start(1))


def test_a_line_that_is_not_read_carries_what_tws_sends_and_is_read_later(tws, inject):
    client, other = tws.client(1), tws.client(2)
    client.subscribe()
    inject("not_reading", client_id=1, seconds=5)
    client.place(1, limit=FAR)
    ask_time(client)
    ask_time(other)
    tws.pass_s(4.9)
    assert (client.read(TIME), len(other.read(TIME))) == ([], 1)
    assert tws.server.books()["orders"] == 0
    tws.pass_s(0.1)
    assert [int(one[0]) for one in client.read() if one[0] in ("3", "5", "49")] == [5, 3, TIME]


def test_ticks_go_on_over_a_line_that_is_not_read(make_tws, make_quote):
    tws = make_tws([make_quote(n, f"{99 + n / 100:.2f}", "110", "5", "5") for n in range(9)])
    client = tws.client()
    client.subscribe()
    tws.server.faults.inject("not_reading", seconds=5)
    tws.pass_s(0)
    client.read()
    tws.pass_s(2)
    assert client.read(1)


def test_the_close_of_a_line_that_is_not_read_is_noticed_later(tws, inject):
    client = tws.client()
    inject("not_reading", seconds=5)
    client.place(1, limit=FAR)
    client.close()
    assert codes(tws.connect().start(1)) == [326]
    tws.pass_s(5)
    assert tws.server.books()["orders_open"] == 1
    assert 326 not in codes(tws.connect().start(1))


def test_market_data_of_a_half_open_line_arrives_after_the_thaw(tws, inject):
    client = tws.client()
    client.subscribe()
    client.read()
    inject("half_open", seconds=2)
    client.send("1", "11", 2, 0, "AAPL", "STK", "", 0.0, "", "", "SMART", "", "USD", "", "", "0",
                "", 0, "0", "")  # fmt: skip
    tws.pass_s(1)
    assert client.read() == []
    tws.pass_s(1)
    assert client.read(81, 58)


def test_the_server_is_due_when_a_line_thaws(make_tws):
    tws = make_tws()
    client = tws.client()
    tws.server.faults.inject("half_open", seconds=5)
    assert tws.server.next_due_ns() <= tws.now_ns
    tws.pass_s(0)
    ask_time(client)
    assert tws.server.next_due_ns() == tws.now_ns + 5 * 10**9
    tws.pass_s(5)
    assert client.read(TIME)
    assert tws.server.next_due_ns() is None


def test_a_hanging_tws_lets_nobody_in_until_it_goes_on(tws, inject):
    client = tws.client(1)
    inject("hang", seconds=5)
    late = tws.connect().start(2)
    ask_time(client)
    tws.pass_s(4)
    assert (client.read(), late.read()) == ([], [])
    tws.pass_s(1)
    assert client.read(TIME)
    assert late.read()


def test_a_delay_holds_every_answer_back_and_keeps_their_order(tws, inject):
    client = tws.client()
    inject("delay", delay_s=2, seconds=3)
    ask_time(client)
    tws.collect()
    tws.pass_s(1)
    client.send("17", "1")
    assert client.read() == []
    tws.pass_s(1)
    assert [int(one[0]) for one in client.read()] == [TIME]
    tws.pass_s(1)
    assert [int(one[0]) for one in client.read()] == [15]
    ask_time(client)  # the delay is over
    assert client.read(TIME)


@pytest.mark.parametrize("at", range(1, 40))
def test_an_answer_can_be_cut_at_any_byte(tws, inject, at):
    client = tws.client()
    inject("split", at=at, pause_s=1)
    ask_time(client)
    client.send("17", "1")
    tws.collect()
    first = tws.inboxes.get(client.conn, b"")
    tws.pass_s(1)
    tws.collect()
    whole = tws.inboxes[client.conn]
    assert first == whole[:at]
    assert [int(one[0]) for one in client.read()] == [TIME, 15]


def test_1100_is_silence_until_1102_and_what_happened_meanwhile_must_be_asked_for(tws, inject):
    client = tws.client()
    client.subscribe()
    client.place(1, quantity=10, limit=FAR)
    client.read()
    inject("1100", seconds=3, times_announced=2)
    assert codes(client) == [1100, 1100]
    client.place(2, quantity=10)
    tws.pass_s(2)
    assert client.read(1, 2, 3, 5, 11, 59) == []
    assert tws.server.books()["executions"] == 1
    tws.pass_s(1)
    assert codes(client) == [1102]
    client.send("7", "3", 1, 0, "", "", "", "", "", "")
    assert len(client.read(11)) == 1


def test_1101_ends_every_subscription(make_tws, make_quote):
    tws = make_tws([make_quote(n, f"{10 + n}", f"{11 + n}") for n in range(20)])
    client = tws.client()
    client.subscribe()
    tws.pass_s(2)
    client.read()
    tws.server.faults.inject("1100", seconds=1, restored=1101)
    tws.pass_s(1)
    tws.pass_s(1)
    assert codes(client) == [1100, 1101]
    tws.pass_s(5)
    assert client.read(1, 2) == []
    client.subscribe(req_id=1)
    tws.pass_s(1)
    assert client.read(1)


def test_ticks_go_on_by_themselves_after_1102(make_tws, make_quote):
    tws = make_tws([make_quote(n, f"{10 + n}", f"{11 + n}") for n in range(20)])
    client = tws.client()
    client.subscribe()
    tws.pass_s(2)
    tws.server.faults.inject("1100", seconds=2)
    tws.pass_s(0)
    client.read()
    tws.pass_s(1)
    assert client.read(1) == []
    tws.pass_s(1)
    tws.pass_s(1)
    assert client.read(1)


def test_2110_ends_with_the_farms_and_without_1102(tws, inject):
    client = tws.client()
    inject("2110", seconds=2)
    tws.pass_s(2)
    assert codes(client) == [2110, 2104, 2106]


def test_after_2103_and_2104_the_subscriptions_are_dead(make_tws, make_quote):
    tws = make_tws([make_quote(n, f"{10 + n}", f"{11 + n}") for n in range(20)])
    client = tws.client()
    client.subscribe()
    tws.pass_s(1)
    tws.server.faults.inject("2103", seconds=1)
    tws.pass_s(0)
    tws.pass_s(1)
    assert codes(client) == [2103, 2104]
    tws.pass_s(3)
    assert client.read(1, 2) == []


def test_a_client_id_stays_taken_for_a_while_after_a_close(tws, inject):
    client = tws.client(1)
    inject("client_id_taken", seconds=10)
    client.close()
    assert codes(tws.connect().start(1)) == [326]
    tws.pass_s(9)
    assert codes(tws.connect().start(1)) == [326]
    tws.pass_s(1)
    assert 326 not in codes(tws.connect().start(1))


def test_a_pacing_violation_is_error_100_and_the_request_is_not_served(tws, inject):
    client = tws.client()
    inject("pacing_violation")
    client.place(1, limit=FAR)
    assert client.errors() == [(-1, 100)]
    assert tws.server.books()["orders"] == 0
    inject("pacing_violation", closes=True)
    ask_time(client)
    assert client.errors() == [(-1, 100)]
    assert tws.closing == [client.conn]


def test_a_request_can_stay_without_an_answer_or_get_a_useless_one(tws, inject):
    client = tws.client()
    inject("unanswered_request", request="OpenOrders")
    ask_time(client)
    client.send("5", "1")
    assert [int(one[0]) for one in client.read()] == [TIME]
    client.send("5", "1")
    assert [int(one[0]) for one in client.read()] == [53]
    inject("refused_request")
    client.send("5", "1")
    assert client.errors() == [(-1, 321)]


def test_clearing_thaws_lines_and_restores_what_was_cut_off(tws, inject):
    client = tws.client()
    inject("1100", seconds=60)
    client.read()
    inject("half_open", seconds=60)
    ask_time(client)
    assert client.read() == []
    tws.server.faults.clear()
    tws.pass_s(0)
    assert [int(one[0]) for one in client.read()] == [4, TIME]


def test_after_a_restart_gtc_orders_live_on_and_the_day_s_and_the_held_ones_are_gone(tws, inject):
    client = tws.client(1)
    client.place(1, limit=FAR, tif="GTC", ref="stays")
    client.place(2, limit=FAR, tif="DAY", ref="ends")
    client.place(3, limit=FAR, transmit=0, ref="held")
    client.read()
    inject("restart", seconds=60)
    tws.collect()
    assert tws.closing == [client.conn]
    assert client.read() == []
    client.close()
    early = tws.connect()
    tws.collect()
    assert tws.closing[-1] == early.conn
    early.close()
    tws.pass_s(60)
    again = tws.client(1)
    again.send("5", "1")
    assert [one[1] for one in again.read(5)] == ["1"]
    again.send("99", "1")
    assert len(again.read(101)) == 1
    again.send("4", "1", 3)
    assert again.errors() == [(3, 10147)]


def test_a_restart_within_the_day_keeps_the_day_s_orders(tws, inject):
    client = tws.client(1)
    client.place(1, limit=FAR)
    inject("restart", seconds=0, new_day=False)
    client.close()
    again = tws.client(1)
    again.send("5", "1")
    assert [one[1] for one in again.read(5)] == ["1"]


def test_a_bracket_that_works_is_as_it_was_after_a_restart(tws, inject):
    client = tws.client(1)
    client.place(1, quantity=10, tif="GTC", transmit=0)
    client.place(2, side="SELL", quantity=10, limit=500, parent=1, tif="GTC", transmit=0)
    client.place(3, side="SELL", quantity=10, stop=FAR, parent=1, tif="GTC")
    inject("restart", seconds=0)
    client.close()
    again = tws.client(1)
    again.send("4", "1", 2)
    assert {(one[1], one[2]) for one in again.read(3)} == {("2", "Cancelled"), ("3", "Cancelled")}


def test_a_modify_that_nobody_has_transmitted_is_forgotten_by_a_restart(tws, inject):
    client = tws.client(1)
    client.place(1, quantity=10, limit=FAR, tif="GTC")
    client.place(1, quantity=20, limit=FAR, tif="GTC", transmit=0)
    inject("restart", seconds=0)
    client.close()
    again = tws.client(1)
    again.place(2, side="SELL", quantity=10, limit=500, parent=1, tif="GTC")
    again.read()
    again.send("5", "1")
    assert {one[1]: one[14] for one in again.read(5)} == {"1": "10", "2": "10"}
