"""The server's own account of things: pace, time, books, reports, audit."""

import json

import pytest

from tapewire.common.config.tws_address import IDENTIFY
from tapewire.common.instruments import Instrument
from tests.simulator.conftest import HANDSHAKE, contract_fields


@pytest.fixture
def tws(make_tws, make_quote):
    made = make_tws([make_quote(n, "9.98", "10.00") for n in range(50)])
    made.client(99).subscribe()
    made.pass_s(0)
    return made


def test_market_time_runs_at_its_speed(make_tws, make_quote):
    tws = make_tws([make_quote(n, "9", "10") for n in range(100)], speed=10.0)
    tws.client().subscribe()
    tws.pass_s(2)
    assert tws.server.counters["rows"] == 21
    assert tws.server.next_due_ns() == tws.now_ns + 100_000_000


def test_nothing_is_due_before_the_first_subscriber_and_after_the_last_row(make_tws, make_quote):
    tws = make_tws([make_quote(0, "9", "10")])
    client = tws.client()
    assert tws.server.next_due_ns() is None
    client.subscribe()
    assert tws.server.next_due_ns() == tws.now_ns
    tws.pass_s()
    assert tws.server.next_due_ns() is None
    assert tws.server.market_over


def test_at_full_speed_a_turn_is_bounded_and_waits_for_slow_readers(make_tws, make_quote):
    rows = [make_quote(n, "9", "10") for n in range(25)]
    tws = make_tws(rows, speed=0.0, rows_max_per_tick=10, unsent_max_bytes=1000)
    tws.client().subscribe()
    tws.pass_s()
    assert tws.server.counters["rows"] == 10
    tws.server.unsent_bytes = 1001
    tws.pass_s()
    assert (tws.server.counters["rows"], tws.server.next_due_ns()) == (10, None)
    tws.server.unsent_bytes = 0
    tws.pass_s()
    assert tws.server.counters["rows"] == 20


def test_after_its_seconds_the_market_stops_and_all_else_goes_on(make_tws, make_quote):
    tws = make_tws([make_quote(n, "9", "10") for n in range(50)], seconds=3.0)
    client = tws.client()
    client.subscribe()
    for _ in range(10):
        tws.pass_s()
    assert tws.server.counters["rows"] == 4
    client.place(1, quantity=10)
    assert client.read(11)


def test_the_third_second_over_the_pace_drops_the_connection(make_tws):
    tws = make_tws(rate_max_per_s=5)
    client = tws.client()
    client.read()
    told = []
    for _ in range(3):
        tws.pass_s(2)
        for _ in range(8):
            client.send("49", "1")
        told += [one[4] for one in client.read(4)]
    text = "Max rate of messages per second has been exceeded:max=5 rec=6"
    assert told == [f"{text} ({n})" for n in (1, 2, 3)]
    assert tws.closing == [client.conn]


def test_the_pace_is_that_of_any_second_whenever_it_begins(make_tws):
    tws = make_tws(rate_max_per_s=5)
    client = tws.client()
    client.read()
    tws.pass_s(2)
    for _ in range(2):
        client.send("49", "1")
    tws.pass_s(0.9)
    for _ in range(3):
        client.send("49", "1")
    assert client.errors() == []
    tws.pass_s(0.5)
    for _ in range(3):
        client.send("49", "1")
    assert client.errors() == [(-1, 100)]  # three, and three half a second before them


def test_requests_within_the_pace_are_never_refused(make_tws):
    tws = make_tws(rate_max_per_s=5)
    client = tws.client()
    for _ in range(20):
        tws.pass_s()
        for _ in range(5):
            client.send("49", "1")
    assert client.errors() == []


def test_positions_end_and_then_follow_each_fill(tws):
    client = tws.client()
    client.send("61", "1")
    assert client.read() == [["62", "1"]]
    client.place(1, quantity=30)
    assert [one[14:] for one in client.read(61)] == [["30", "10"]]
    client.send("64", "1")
    client.place(2, side="SELL", quantity=30)
    assert client.read(61) == []


def test_all_open_orders_are_everyones_and_open_orders_ones_own(tws):
    one, other = tws.client(1), tws.client(2)
    one.place(1, limit="9.00", ref="a")
    other.place(1, limit="9.00", ref="b")
    one.read()
    one.send("5", "1")
    assert [m[23] for m in one.read(5)] == ["a"]
    one.send("16", "1")
    assert [m[23] for m in one.read(5)] == ["a", "b"]
    assert one.read() == []


def test_completed_orders_carry_reference_perm_id_and_what_became_of_them(tws):
    client = tws.client()
    client.place(1, quantity=10, ref="filled")
    client.place(2, limit="9.00", ref="gone")
    client.place(3, limit="9.00", ref="open")
    client.send("4", "1", 2)
    client.send("99", "0")
    *orders, end = [one for one in client.read() if one[0] in ("101", "102")]
    assert [(one[22], one[-1]) for one in orders] == [
        ("filled", "Filled Size: 10"),
        ("gone", "Cancelled by Trader"),
    ]
    assert end == ["102"]


def executions(reader, **wanted):
    names = ("client", "account", "since", "symbol", "sec_type", "exchange", "side")
    reader.read()
    reader.send("7", "3", 5, *(wanted.get(name, 0 if name == "client" else "") for name in names))
    return [one[26] for one in reader.read(11)]


def test_executions_are_filtered_by_what_is_asked(tws):
    one, other = tws.client(1), tws.client(2)
    one.place(1, quantity=1, ref="a")
    other.place(1, side="SELL", quantity=1, ref="b")
    assert executions(one) == ["a", "b"]
    assert executions(one, client=2) == ["b"]
    assert executions(one, side="BUY") == ["a"]
    assert executions(one, symbol="MSFT") == []
    assert executions(one, since="20231114-22:13:20") == ["a", "b"]
    assert executions(one, since="20231114-22:13:21") == []


def test_executions_of_the_day_before_are_gone(tws):
    client = tws.client()
    client.place(1, quantity=1, ref="a")
    tws.pass_s(86_400)
    assert executions(client) == []


def test_account_updates_end_and_a_foreign_account_is_refused(tws):
    client = tws.client()
    client.place(1, quantity=10)
    client.read()
    client.send("6", "2", "1", "DU1234567")
    answers = client.read()
    values = {one[2]: one[3] for one in answers if one[0] == "6"}
    assert values["NetLiquidation"] == "999998.90"  # 10 at the middle, the commission paid
    assert [one[0] for one in answers[-3:]] == ["7", "8", "54"]
    client.send("6", "2", "1", "DU7")
    assert client.errors() == [(-1, 321)]


def test_a_summary_holds_the_tags_that_were_asked_for(tws):
    client = tws.client()
    client.send("62", "1", 4, "All", "BuyingPower,NetLiquidation")
    *values, end = client.read()
    assert {one[4] for one in values} == {"BuyingPower", "NetLiquidation"}
    assert end == ["64", "1", "4"]


def test_books_are_json_and_say_what_was_traded(tws):
    client = tws.client()
    client.place(1, quantity=30, ref="x")
    client.place(2, side="SELL", quantity=10, ref="y")
    books = json.loads(json.dumps(tws.server.books()))
    (account,) = books["accounts"].values()
    assert account["positions"] == {"AAPL": "20"}
    assert account["realised"] == {"AAPL": "-0.2"}
    assert account["commissions"] == {"AAPL": "1.998"}
    assert account["cash"] == "999797.802"
    assert books["orders_by_ref"] == {"x": 1, "y": 1}
    assert len(books["exec_ids"]) == books["executions"] == 2


def test_the_audit_has_a_line_for_each_order_execution_and_message(tws):
    client = tws.client()
    tws.server.take_audit()
    client.place(1, quantity=30, ref="x")
    lines = tws.server.take_audit()
    kinds = [line["kind"] for line in lines]
    assert kinds[:2] == ["message_in", "order"]
    assert kinds.count("message_out") == len(client.read())
    (execution,) = [line for line in lines if line["kind"] == "execution"]
    assert (execution["order_ref"], execution["shares"], execution["price"]) == ("x", "30", "10")
    assert all(line["ts_ns"] == tws.now_ns for line in lines)


def test_market_data_is_counted_in_one_line_a_turn(make_tws, make_quote):
    tws = make_tws([make_quote(n // 3, "10", None, str(n + 1), None) for n in range(6)])
    tws.client(1).subscribe()
    tws.client(2).subscribe()
    tws.server.take_audit()
    tws.pass_s(0)
    tws.pass_s()
    lines = [(line["kind"], line["sent"], line["sent_total"]) for line in tws.server.take_audit()]
    assert lines == [("market_data", 6, 6), ("market_data", 6, 12)]


def test_the_same_input_makes_the_same_output(make_tws, make_quote, read_fields):
    def run():
        tws = make_tws([make_quote(n, "9.98", "10.00") for n in range(5)])
        client = tws.client()
        client.subscribe()
        client.place(1, quantity=150)
        tws.pass_s(5)
        return client.read(), tws.server.take_audit(), tws.server.books()

    assert run() == run()


def test_two_instruments_of_one_name_are_refused(make_tws):
    with pytest.raises(ValueError, match="expected each once"):
        make_tws(instruments=[Instrument(symbol="A"), Instrument(symbol="A")])


@pytest.mark.parametrize(
    "settings",
    [
        {"server_version_max": 151},
        {"speed": -1.0},
        {"first_order_id": 0},
        {"accounts": ()},
        {"accounts": ("DU1", "")},
        {"accounts": ("DU1,DU2",)},
        {"accounts": ("DU1", "DU1")},
    ],
)
def test_impossible_settings_are_refused_by_name(make_tws, settings):
    with pytest.raises(ValueError, match=f"simulator.{next(iter(settings))} (is|has)"):
        make_tws(**settings)


def test_the_groups_own_simulator_tells_its_nonce_before_the_api_is_started(make_tws):
    client = make_tws(nonce="secret").connect()
    client.send_bytes(HANDSHAKE)
    client.send(IDENTIFY)
    assert client.read()[1:] == [[IDENTIFY, "secret"]]
    client.send("71", "2", 1, "")
    assert client.read(15) == [["15", "1", "DU1234567"]]


def test_a_simulator_of_nobodys_ignores_the_question_as_a_tws_does(make_tws):
    client = make_tws().connect()
    client.send_bytes(HANDSHAKE)
    client.send(IDENTIFY)
    assert len(client.read()) == 1
    client.send("71", "2", 1, "")
    client.send(IDENTIFY)
    assert client.read(int(IDENTIFY)) == []


def test_contract_details_name_a_market_rule_and_the_hours_of_a_week(tws):
    client = tws.client()
    client.send("9", "8", 5, *contract_fields("AAPL"), 0, "", "")
    (details,) = client.read(10)
    trading, regular = details[28:30]
    assert trading == regular
    assert trading.split(";")[:2] == ["20231114:0000-20231115:0000", "20231115:0000-20231116:0000"]
    assert len(trading.split(";")) == 7
    rule, *others = details[36].split(",")
    assert set(others) == {rule}
    client.send("91", rule)
    assert client.read(93) == [["93", rule, "1", "0", "0.01"]]
    client.send("91", 9999)
    assert client.errors() == [(-1, 321)]


def test_regular_hours_are_those_that_are_configured(make_tws):
    tws = make_tws(opens="09:30 America/New_York", closes="16:00 America/New_York")
    client = tws.client()
    client.send("9", "8", 5, *contract_fields("AAPL"), 0, "", "")
    (details,) = client.read(10)
    assert details[28].startswith("20231114:0000-20231115:0000;")
    assert details[29].startswith("20231114:1430-20231114:2100;20231115:1430-20231115:2100")
