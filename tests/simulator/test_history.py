"""History: it agrees with what was streamed, with itself at every scale, and with TWS's rules."""

from datetime import UTC, datetime

import pytest

from tapewire.common.instruments import Instrument
from tapewire.simulator.answers.history_pace import HistoryPace
from tapewire.simulator.market.file import FileMarket
from tapewire.simulator.market.past import SymbolPast
from tapewire.simulator.market.screen import Screen
from tapewire.simulator.market.summary import join, summarise
from tapewire.simulator.market.synthetic import SyntheticMarket
from tests.simulator.conftest import SECOND, START_NS, contract_fields

AAPL = Instrument(symbol="AAPL")
DAY = 86_400


def ask_bars(client, req_id=5, size="1 min", duration="3600 S", what="TRADES", **more):
    end, rth, keep = more.get("end", ""), more.get("rth", 0), more.get("keep", 0)
    contract = contract_fields(more.get("symbol", "AAPL"))
    fields = [0, end, size, duration, rth, what, more.get("dates", 2), keep, ""]
    client.send(20, req_id, *contract, *fields)


def bars_in(message):
    rows = message[5:]
    return [tuple(rows[n : n + 8]) for n in range(0, len(rows), 8)]


def bars(client, **more):
    ask_bars(client, **more)
    (message,) = client.read(17)
    return bars_in(message)


def ask_ticks(client, what, start="", end="", count=1000):
    client.send(96, 6, *contract_fields("AAPL"), 0, start, end, count, what, 0, 0, "")


def ticks(client, what, **more):
    ask_ticks(client, what, **more)
    ((_, _, count, *rows, done),) = client.read(96, 97, 98)
    assert done == "1"
    width = len(rows) // int(count)
    return [rows[n : n + width] for n in range(0, len(rows), width)]


def stamp(at_ns):
    return f"{datetime.fromtimestamp(at_ns // SECOND, UTC):%Y%m%d-%H:%M:%S}"


@pytest.fixture
def live(make_tws):
    """A synthetic market of four symbols' worth of rows, streamed for three minutes and more."""
    tws = make_tws(SyntheticMarket([AAPL], 3, 20), server_version_max=178)
    client = tws.client()
    client.subscribe()
    for req_id, kind in ((2, "AllLast"), (3, "BidAsk"), (4, "MidPoint")):
        client.send(97, req_id, *contract_fields("AAPL"), kind, 0, 0)
    for _ in range(200):
        tws.pass_s(1)
    return tws, client


def minute_of(tws):
    """The last whole minute, in seconds."""
    return tws.now_ns // SECOND // 60 * 60 - 60


def test_what_was_streamed_in_a_minute_is_what_history_says_of_it_tick_by_tick(live):
    tws, client = live
    streamed = {"1": [], "2": [], "3": [], "4": []}
    for fields in client.read(99):
        streamed[fields[2]].append(fields[3:])
    second = minute_of(tws)

    def within(rows):
        return [row for row in rows if second <= int(row[0]) < second + 60]

    start = stamp(second * SECOND)
    trades = within(ticks(client, "TRADES", start=start))
    assert len(trades) > 100
    assert trades == [
        [at, mask, price, size, exchange, conditions]
        for at, price, size, mask, exchange, conditions in within(streamed["2"])
    ]
    quotes = within(ticks(client, "BID_ASK", start=start))
    assert quotes == [
        [at, mask, bid, ask, bid_size, ask_size]
        for at, bid, ask, bid_size, ask_size, mask in within(streamed["3"])
    ]
    middles = within(ticks(client, "MIDPOINT", start=start))
    assert [(at, price) for at, _, price, _ in middles] == [
        (at, price) for at, price in within(streamed["4"])
    ]


def test_a_bar_of_that_minute_is_made_of_the_trades_that_were_streamed(live):
    tws, client = live
    second = minute_of(tws)
    trades = [
        (float(fields[4]), float(fields[5]))
        for fields in client.read(99)
        if fields[2] == "2" and second <= int(fields[3]) < second + 60
    ]
    (found,) = [one for one in bars(client) if int(one[0]) == second]
    prices = [price for price, _ in trades]
    volume = sum(size for _, size in trades)
    assert tuple(map(float, found[1:5])) == (prices[0], max(prices), min(prices), prices[-1])
    assert (float(found[5]), int(found[7])) == (volume, len(trades))
    average = sum(price * size for price, size in trades) / volume
    assert float(found[6]) == pytest.approx(average)


def test_the_market_continues_what_was_before_it(make_tws):
    tws = make_tws(SyntheticMarket([AAPL], 3, 20))
    client = tws.client()
    client.subscribe()
    tws.pass_s(1)
    first = next(float(one[4]) for one in client.read(1) if one[3] == "1")
    before = ticks(client, "BID_ASK", end=stamp(START_NS))
    assert len(before) >= 1000
    assert abs(float(before[-1][2]) / first - 1) < 0.001


def test_two_markets_of_one_seed_have_one_past(make_tws):
    def past():
        client = make_tws(SyntheticMarket([AAPL], 3, 20)).client()
        return bars(client, size="1 hour", duration="2 W")

    assert past() == past()
    assert len(past()) == 2 * 7 * 24 + 1


@pytest.fixture
def past():
    return SymbolPast("AAPL", 0.01, 15_000, 1, 1_700_000_123)


@pytest.mark.parametrize(
    ("from_s", "to_s"),
    [
        (1_699_999_000, 1_700_000_123),
        (1_699_919_990, 1_699_921_001),
        (1_650_000_007, 1_650_000_099),
    ],
)
def test_a_stretch_of_the_past_is_what_its_seconds_are(past, from_s, to_s):
    whole, screen = {}, Screen()
    for _, row in past.rows(from_s, to_s):
        summarise(row, screen, whole)
    found = past.summary(from_s, to_s)
    assert found.keys() == whole.keys()
    for kind, bar in found.items():
        same = ("open", "high", "low", "close", "volume", "count")
        assert [getattr(bar, name) for name in same] == [
            getattr(whole[kind], name) for name in same
        ]


def test_days_of_the_past_are_their_hours(past):
    day = 1_699_920_000
    whole = {}
    for hour in range(24):
        join(whole, past.summary(day + hour * 3600, day + hour * 3600 + 3600))
    found = past.summary(day, day + DAY)["TRADES"]
    assert (whole["TRADES"].high, whole["TRADES"].low) == (found.high, found.low)
    assert whole["TRADES"].volume == found.volume
    assert found.high > found.low


def test_a_file_has_its_earlier_rows_for_a_past(make_tws, tmp_path):
    path = tmp_path / "ticks.csv"
    lines = ["ts_ns,symbol,bid,ask,bid_size,ask_size,last,last_size"]
    lines += [f"{n * SECOND},AAPL,,,,,{100 + n},{n}" for n in range(1, 121)]
    path.write_text("\n".join(lines) + "\n")
    tws = make_tws(FileMarket(path, 100 * SECOND))
    client = tws.client()
    client.subscribe()
    tws.pass_s(5)
    found = ticks(client, "TRADES", end=stamp(tws.now_ns + SECOND))
    assert [float(one[2]) for one in found] == list(range(101, 206))
    assert int(found[-1][0]) - int(found[0][0]) == 104


@pytest.mark.parametrize("speed", [1, 7, 60, 0.5])
def test_a_files_past_at_another_speed_is_what_its_rows_are(tmp_path, speed):
    path = tmp_path / "ticks.csv"
    lines = ["ts_ns,symbol,bid,ask,bid_size,ask_size,last,last_size"]
    lines += [f"{n * SECOND // 3 + n},AAPL,,,,,{100 + n * 7 % 31},1" for n in range(1, 2000)]
    path.write_text("\n".join(lines) + "\n")
    market = FileMarket(path, 600 * SECOND)
    first = next(market)
    began_s = 1_700_000_000
    past = market.past_of("AAPL", began_s * SECOND, speed)
    whole = list(past.rows(past.first_s, began_s))
    assert len(whole) == round(first.ts_ns / SECOND * 3) - 1
    assert whole[-1][0] < began_s * SECOND
    for from_s in range(past.first_s, began_s, max(1, (began_s - past.first_s) // 5)):
        to_s = min(began_s, from_s + 70)
        rows = list(past.rows(from_s, to_s))
        assert rows == [one for one in whole if from_s * SECOND <= one[0] < to_s * SECOND]
        prices = [float(row.last) for _, row in rows]
        bar = past.summary(from_s, to_s)["TRADES"]
        assert (bar.open, bar.high, bar.low, bar.close, bar.count) == (
            prices[0], max(prices), min(prices), prices[-1], len(prices),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"size": "7 mins"}, 321, "bar size setting is invalid"),
        ({"duration": "1 fortnight"}, 321, "duration string is invalid"),
        ({"duration": "99 Y"}, 321, "duration string is invalid"),
        ({"duration": "9 Y", "what": "SCHEDULE"}, 162, "Time length exceed max"),
        ({"duration": "90000 S"}, 321, "must be made in days"),
        ({"what": "GOSSIP"}, 321, "Incorrect WhatToShow GOSSIP"),
        ({"what": "FEE_RATE"}, 162, "No historical market data"),
        ({"size": "1 secs", "duration": "1 D"}, 162, "Time length exceed max"),
        ({"end": "yesterday"}, 10314, "time-zone entered is invalid"),
        ({"end": "20231114-22:00:00", "keep": 1}, 321, "must be empty"),
        ({"symbol": "XYZ"}, 200, "No security definition"),
        ({"end": "19600101-00:00:00"}, 162, "HMDS query returned no data: AAPL@SMART Trades"),
    ],
)
def test_what_history_cannot_answer_is_an_error_under_its_id(make_tws, changes, code, text):
    client = make_tws(SyntheticMarket([AAPL], 3, 20)).client()
    ask_bars(client, **changes)
    ((_, _, req_id, found, message),) = client.read()
    assert (req_id, int(found)) == ("5", code)
    assert text in message


def test_days_weeks_and_months_carry_their_dates(make_tws):
    client = make_tws(SyntheticMarket([AAPL], 3, 20)).client()
    days = bars(client, size="1 day", duration="5 D", dates=1)
    assert [one[0] for one in days] == [f"202311{day}" for day in range(10, 15)]
    assert len(bars(client, size="1 day", duration="1 Y", what="BID_ASK")) == 365
    assert bars(client, size="1 week", duration="2 W")[-1][0] == "20231119"
    assert bars(client, size="1 month", duration="3 M")[-1][0] == "20231130"


def test_regular_hours_leave_out_the_rest(make_tws):
    tws = make_tws(SyntheticMarket([AAPL], 3, 20), opens="14:30", closes="21:00")
    client = tws.client()
    hours = [datetime.fromtimestamp(int(one[0]), UTC).hour for one in
             bars(client, size="1 hour", duration="1 D", rth=1)]  # fmt: skip
    assert sorted(set(hours)) == list(range(14, 21))
    ask_bars(client, what="SCHEDULE", size="1 day", duration="2 D")
    ((_, _, _, _, zone, count, *sessions),) = client.read(106)
    assert (zone, count, sessions[0][9:], sessions[1][9:]) == ("UTC", "3", "14:30:00", "21:00:00")


def test_bars_that_are_kept_up_to_date_change_every_five_seconds(make_tws):
    tws = make_tws(SyntheticMarket([AAPL], 3, 20))
    client = tws.client()
    ask_bars(client, size="1 min", duration="600 S", keep=1)
    newest = bars_in(client.read(17)[0])[-1]
    for _ in range(70):
        tws.pass_s(1)
    updates = client.read(90)
    assert len(updates) >= 14
    assert [one[3] for one in updates] == sorted(one[3] for one in updates)
    assert (updates[0][3], int(updates[-1][3])) == (newest[0], int(newest[0]) + 60)
    client.send(25, 1, 5)
    tws.pass_s(10)
    assert client.read(90) == []
    client.send(25, 1, 5)
    assert client.errors() == [(5, 366)]


def test_real_time_bars_are_those_of_history(make_tws):
    tws = make_tws(SyntheticMarket([AAPL], 3, 20))
    client = tws.client()
    client.send(50, 3, 8, *contract_fields("AAPL"), 5, "TRADES", 0, "")
    for _ in range(60):
        tws.pass_s(1)
    streamed = [tuple(one[3:]) for one in client.read(50)]
    assert len(streamed) == 12
    known = bars(client, size="5 secs", duration="120 S")
    assert all(one in known for one in streamed[1:])
    client.send(51, 1, 8)
    tws.pass_s(10)
    assert client.read(50) == []


def test_the_head_and_the_histogram(make_tws):
    client = make_tws(SyntheticMarket([AAPL], 3, 20)).client()
    client.send(87, 3, *contract_fields("AAPL"), 0, 0, "TRADES", 1)
    assert client.read(88) == [["88", "3", "20180524-00:00:00"]]
    client.send(88, 4, *contract_fields("AAPL"), 0, 0, "1 day")
    ((_, _, count, *rows),) = client.read(89)
    assert len(rows) == 2 * int(count) > 0
    assert sum(int(size) for size in rows[1::2]) > 100_000


def test_history_is_paced_where_requests_are(make_tws):
    client = make_tws(SyntheticMarket([AAPL], 3, 20), rate_max_per_s=50).client()
    for req_id in (5, 6):
        ask_bars(client, req_id=req_id, size="5 secs", duration="60 S")
    ((_, _, req_id, code, text),) = client.read(4)
    assert (req_id, code) == ("6", "162")
    assert "pacing violation" in text


def test_the_limits_on_history():
    pace = HistoryPace()
    assert [pace.allows(n, n, "AAPL") for n in range(6)] == [True] * 5 + [False]
    assert pace.allows(2 * SECOND, 0, "MSFT") is False
    assert pace.allows(15 * SECOND, 0, "MSFT") is True
    served = [pace.allows((20 + 3 * n) * SECOND, 100 + n, n) for n in range(60)]
    assert served == [True] * 54 + [False] * 6
    assert pace.allows(620 * SECOND, 300, "AAPL")
