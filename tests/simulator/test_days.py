"""The day's open, high, low and close: live, as a subscriber gets them, and in history."""

from datetime import UTC, datetime

import pytest

from tapewire.common.instruments import Instrument
from tapewire.common.ticks.rows import HEADER
from tapewire.simulator.market.file import FileMarket
from tapewire.simulator.market.synthetic import SyntheticMarket
from tests.simulator.conftest import SECOND, START_NS, Tws

DAY_S = 86_400
LEFT_S = DAY_S - START_NS // SECOND % DAY_S  # until midnight, UTC
OF_DAY = {"14": "open", "6": "high", "7": "low", "9": "close"}


def days(client, kinds=OF_DAY):
    """What came of the day's prices, in order."""
    return [(kinds[one[3]], one[4]) for one in client.read(1) if one[3] in kinds]


def test_the_first_trade_opens_the_day_and_only_news_is_sent(make_tws, make_trade):
    prices = ("10", "11", "10.5", "9.5", "9.5", "11.5")
    tws = make_tws([make_trade(n, price, "1") for n, price in enumerate(prices)])
    client = tws.client()
    client.subscribe()
    assert days(client) == []
    tws.pass_s(0)
    assert days(client) == [("open", "10"), ("high", "10"), ("low", "10")]
    for news in ([("high", "11")], [], [("low", "9.5")], [], [("high", "11.5")]):
        tws.pass_s()
        assert days(client) == news


def test_who_comes_later_gets_the_day_until_then(make_tws, make_trade):
    tws = make_tws([make_trade(n, price, "1") for n, price in enumerate(("10", "12", "9", "11"))])
    tws.client().subscribe()
    tws.pass_s(3)
    late = tws.client(2)
    late.subscribe()
    assert days(late) == [("open", "10"), ("high", "12"), ("low", "9")]


def test_at_midnight_the_last_trade_is_the_close(make_tws, make_trade, make_quote):
    rows = [
        make_trade(0, "10", "1"), make_trade(1, "12", "1"),
        make_quote(LEFT_S + 1, "8", "9"), make_trade(LEFT_S + 2, "8.5", "1"),
    ]  # fmt: skip
    tws = make_tws(rows)
    client = tws.client()
    client.subscribe()
    for seconds in (0, 1):
        tws.pass_s(seconds)
    assert days(client)[-1] == ("high", "12")
    tws.pass_s(LEFT_S)
    assert days(client) == [], "nothing was traded yet"
    early = tws.client(3)
    early.subscribe()
    assert days(early) == days(client) == [("close", "12")], "another day has begun for both"
    tws.pass_s(1)
    assert days(client) == [("open", "8.5"), ("high", "8.5"), ("low", "8.5")]
    late = tws.client(2)
    late.subscribe()
    assert days(late) == [("open", "8.5"), ("high", "8.5"), ("low", "8.5"), ("close", "12")]


@pytest.mark.parametrize("seed", range(3))
def test_live_and_history_agree_on_a_market_with_a_past(seed):
    aapl = Instrument(symbol="AAPL")
    tws = Tws(SyntheticMarket([aapl], seed, 20.0), instruments=(aapl,))
    client = tws.client()
    client.subscribe()
    live = dict(days(client))
    assert set(live) == {"open", "high", "low", "close"}, "the day began before the market did"
    for _ in range(30):
        tws.pass_s(10)
        live |= dict(days(client))
    client.send("20", 7, *contract(), 0, "", "1 day", "2 D", 0, "TRADES", 2, 0, "")
    (message,) = client.read(17)
    bars = [message[n : n + 8] for n in range(5, 5 + 8 * int(message[4]), 8)]
    today, before = bars[-1], bars[-2]
    midnight = datetime.fromtimestamp(tws.now_ns // SECOND, UTC)
    assert today[0] == f"{midnight:%Y%m%d}"
    assert [live[name] for name in ("open", "high", "low")] == today[1:4]
    assert live["close"] == before[4]
    late = tws.client(2)
    late.subscribe()
    assert dict(days(late)) == live


def contract():
    return [0, "AAPL", "STK", "", 0.0, "", "", "SMART", "", "USD", "", ""]


def test_without_a_reader_at_midnight_the_first_trade_brings_the_close(make_tws, make_trade):
    tws = make_tws([make_trade(0, "10", "1"), make_trade(LEFT_S + 2, "8.5", "1")])
    client = tws.client()
    client.subscribe()
    tws.pass_s(0)
    client.read()
    tws.pass_s(LEFT_S + 2)
    assert days(client) == [("open", "8.5"), ("high", "8.5"), ("low", "8.5"), ("close", "10")]


def test_what_a_file_has_before_its_start_is_in_the_day(tmp_path):
    path = tmp_path / "ticks.csv"
    rows = [f"{n * SECOND},AAPL,,,,,{price},1" for n, price in enumerate((10, 13, 8, 11, 12), 1)]
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    tws = Tws(FileMarket(path, 4 * SECOND))
    client = tws.client()
    client.subscribe()
    assert days(client) == [("open", "10"), ("high", "13"), ("low", "8")]
    tws.pass_s(2)
    assert days(client) == []


def test_delayed_data_have_types_of_their_own(make_tws, make_trade):
    tws = make_tws([make_trade(0, "10", "1")], delayed=("AAPL",))
    client = tws.client()
    client.send("59", "1", 3)
    client.subscribe()
    tws.pass_s(0)
    kinds = {"76": "open", "72": "high", "73": "low", "75": "close"}
    assert days(client, kinds) == [("open", "10"), ("high", "10"), ("low", "10")]


def test_they_count_as_ticks_that_were_sent(make_tws, make_trade):
    tws = make_tws([make_trade(0, "10", "1"), make_trade(1, "9", "1")])
    client = tws.client()
    client.subscribe()
    for _ in range(2):
        tws.pass_s()
    assert len(client.read(1)) == tws.server.counters["messages_sent"] == 2 + 3 + 1


def test_what_came_while_data_were_cut_off_is_in_the_day(make_tws, make_trade):
    tws = make_tws([make_trade(n, price, "1") for n, price in enumerate(("10", "15", "11"))])
    client = tws.client()
    client.subscribe()
    tws.pass_s(0)
    feed = tws.server._feed
    feed.keep(make_trade(1, "15", "1"), tws.now_ns + SECOND)
    assert feed._topics["AAPL"].day.high == 15
