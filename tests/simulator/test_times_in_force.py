"""How long orders live: at once, for the day, to a date, for an auction."""

from datetime import UTC, datetime

import pytest

from tapewire.common.daily_time import DailyTime
from tapewire.simulator.exchange.hours import Hours
from tapewire.simulator.protocol.order_messages import OPEN_ORDER
from tests.simulator.conftest import SECOND, START_NS

GOOD_TILL = [one.name for one in OPEN_ORDER.at(157)].index("goodTillDate")


@pytest.fixture
def tws(make_tws, make_quote):
    """A server with a quote of 60 shares, and rows that a test adds."""

    def make(*rows, **settings):
        made = make_tws([make_quote(0, "9.98", "10.00", "60", "60"), *rows], **settings)
        made.client(99).subscribe()
        made.pass_s(0)
        return made

    return make


def after(seconds):
    """The time so many seconds after the start, as a setting or in an order."""
    return datetime.fromtimestamp(START_NS // SECOND + seconds, UTC)


def clock(seconds):
    return f"{after(seconds):%H:%M:%S}"


def statuses(client):
    return [(one[2], one[3]) for one in client.read(3)]


def fills(client):
    return [(one[19], one[20]) for one in client.read(11)]


# ---- at once -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "more", "expected"),
    [
        (60, {}, ("Filled", "60")),
        (61, {}, ("Cancelled", "0")),
        (60, {"limit": "10.00"}, ("Filled", "60")),
        (60, {"limit": "9.99"}, ("Cancelled", "0")),
    ],
)
def test_fill_or_kill_fills_in_full_or_not_at_all(tws, quantity, more, expected):
    client = tws().client(1)
    client.place(1, quantity=quantity, tif="FOK", **more)
    assert statuses(client)[-1] == expected


def test_a_fill_or_kill_stop_decides_when_it_triggers(tws, make_trade):
    market = tws(make_trade(1, "10.05", "1"))
    client = market.client(1)
    client.place(1, quantity=61, stop="10.05", tif="FOK")
    assert statuses(client) == [("PreSubmitted", "0")]
    market.pass_s()
    assert statuses(client)[-1] == ("Cancelled", "0")


# ---- to a date -----------------------------------------------------------------------------------


def test_a_good_till_date_order_ends_at_its_time(tws):
    market = tws()
    client = market.client(1)
    client.place(1, limit="9.00", tif="GTD", goodTillDate=f"{after(5):%Y%m%d-%H:%M:%S}")
    assert client.read(5)[-1][GOOD_TILL] == f"{after(5):%Y%m%d %H:%M:%S} UTC"
    client.read()
    assert market.server.next_due_ns() == START_NS + 5 * SECOND
    market.pass_s(4)
    assert client.read() == []
    market.pass_s()
    assert [(one[0], one[2]) for one in client.read()] == [("3", "Cancelled"), ("4", "1")]


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("20301231 12:00:00 America/New_York", 17),
        ("20301231 12:00:00 EST", 17),
        ("20301231 12:00:00", 12),
        ("20301231-12:00:00", 12),
        ("20301231", 23),
    ],
)
def test_a_date_is_read_with_its_zone(tws, text, hour):
    client = tws().client(1)
    client.place(1, limit="9.00", tif="GTD", goodTillDate=text)
    assert client.read(5)[-1][GOOD_TILL].startswith(f"20301231 {hour}:")


@pytest.mark.parametrize(
    ("date", "code"),
    [
        ("", 334),
        ("20200101 12:00:00", 334),
        ("tomorrow", 337),
        ("20301301 12:00:00", 337),
        ("20301231 12:00:00 Mars", 337),
    ],
)
def test_a_date_that_cannot_be_is_refused(tws, date, code):
    client = tws().client(1)
    client.place(1, limit="9.00", tif="GTD", goodTillDate=date)
    assert client.errors() == [(1, code)]


def test_a_good_after_time_order_starts_at_its_time(tws):
    market = tws()
    client = market.client(1)
    client.place(1, quantity=10, goodAfterTime=f"{after(5):%Y%m%d %H:%M:%S} UTC")
    market.pass_s(4)
    assert statuses(client) == [("PreSubmitted", "0")]
    market.pass_s()
    assert fills(client) == [("10", "10")]


# ---- the close, and the open ---------------------------------------------------------------------


def test_a_market_on_close_order_fills_in_full_at_the_last_price(tws, make_trade):
    market = tws(make_trade(1, "10.07", "1"), closes=clock(5))
    client = market.client(1)
    client.place(1, type="MOC", quantity=1000)
    market.pass_s(4)
    assert statuses(client) == [("PreSubmitted", "0")]
    market.pass_s()
    assert fills(client) == [("1000", "10.07")]


@pytest.mark.parametrize(
    ("order", "utc"),
    [
        ({"type": "MOC"}, "2023-11-15 21:00:00"),
        ({"type": "LOC", "limit": "10.00"}, "2023-11-15 21:00:00"),
        ({"tif": "OPG"}, "2023-11-15 14:30:00"),
    ],
)
def test_a_market_that_never_closes_has_its_auctions_at_the_times_of_new_york(tws, order, utc):
    market = tws()
    client = market.client(1)
    client.place(1, quantity=10, **order)
    auction_ns = int(datetime.fromisoformat(f"{utc}+00:00").timestamp()) * SECOND
    market.pass_s((auction_ns - market.now_ns) // SECOND - 1)
    assert statuses(client) == [("PreSubmitted", "0")]
    market.pass_s()
    assert fills(client) == [("10", "9.99")]


def test_without_a_close_a_day_order_outlives_the_closing_auction(tws):
    market = tws()
    client = market.client(1)
    client.place(1, quantity=10, limit="9.00")
    market.pass_s(2 * 86_400)
    assert statuses(client) == [("Submitted", "0")]


@pytest.mark.parametrize(
    ("side", "limit", "filled"),
    [
        ("BUY", "10.07", True),
        ("BUY", "10.06", False),
        ("SELL", "10.07", True),
        ("SELL", "10.08", False),
    ],
)
def test_a_limit_on_close_order_fills_at_the_closing_price_or_not(
    tws, make_trade, side, limit, filled
):
    market = tws(make_trade(1, "10.07", "1"), closes=clock(5))
    client = market.client(1)
    client.place(1, side=side, type="LOC", quantity=100, limit=limit)
    market.pass_s(5)
    messages = client.read()
    assert [(m[19], m[20]) for m in messages if m[0] == "11"] == (
        [("100", "10.07")] if filled else []
    )
    assert messages[-1][0] == ("59" if filled else "4")


def test_an_order_for_the_opening_fills_at_the_open(tws, make_trade):
    market = tws(make_trade(1, "10.07", "1"), opens=clock(5))
    client = market.client(1)
    client.place(1, quantity=1000, tif="OPG")
    client.place(2, quantity=100, limit="10.00", tif="OPG")
    market.pass_s(4)
    assert fills(client) == []
    market.pass_s()
    messages = client.read(3, 11)
    assert [(m[19], m[20]) for m in messages if m[0] == "11"] == [("1000", "10.07")]
    assert [(m[1], m[2]) for m in messages if m[0] == "3"] == [("1", "Filled"), ("2", "Cancelled")]


def test_a_day_order_ends_at_the_close_and_a_gtc_order_does_not(tws):
    market = tws(closes=clock(5))
    client = market.client(1)
    client.place(1, limit="9.00")
    client.place(2, limit="9.00", tif="GTC")
    client.read()
    market.pass_s(5)
    assert [(one[1], one[2]) for one in client.read(3)] == [("1", "Cancelled")]


def test_without_a_close_a_day_order_has_no_end(tws):
    market = tws()
    client = market.client(1)
    client.place(1, limit="9.00")
    client.read()
    market.pass_s(100 * 86_400)
    assert client.read() == []


def test_outside_its_hours_the_market_takes_only_orders_that_say_so(tws, make_quote):
    market = tws(opens=clock(-10), closes=clock(-5))
    client = market.client(1)
    client.place(1, quantity=10)
    client.place(2, quantity=10, outsideRth=1)
    assert [(one[1], one[2]) for one in client.read(3)][-1] == ("2", "Filled")
    market.pass_s(86_400 - 10)
    assert fills(client) == [("10", "10")]


def test_over_night_a_gtc_order_rests_and_comes_back(tws, make_quote):
    market = tws(make_quote(6, "8.98", "9.00"), opens=clock(-5), closes=clock(5))
    client = market.client(1)
    client.place(1, quantity=10, limit="9.00", tif="GTC")
    client.place(2, quantity=10, limit="9.00", tif="GTC", outsideRth=1)
    client.read()
    market.pass_s(6)
    assert [(one[1], one[2]) for one in client.read(3)] == [("2", "Filled")]
    market.pass_s(86_400)
    assert [(one[1], one[2]) for one in client.read(3)] == [("1", "Filled")]


def test_outside_the_hours_nothing_can_be_had_at_once(tws):
    client = tws(opens=clock(-10), closes=clock(-5)).client(1)
    client.place(1, quantity=10, tif="IOC")
    assert statuses(client)[-1] == ("Cancelled", "0")


# ---- the hours -----------------------------------------------------------------------------------


def test_a_time_of_day_follows_its_zone_through_the_year():
    closes = DailyTime.of("16:00 America/New_York")
    winter, summer = (int(datetime(2026, m, 5, tzinfo=UTC).timestamp()) * SECOND for m in (1, 7))
    assert datetime.fromtimestamp(closes.next_ns(winter) // SECOND, UTC).hour == 21
    assert datetime.fromtimestamp(closes.next_ns(summer) // SECOND, UTC).hour == 20


def test_at_its_time_the_next_one_is_tomorrow():
    closes = DailyTime.of("16:00")
    at_ns = closes.next_ns(START_NS)
    assert closes.next_ns(at_ns) == at_ns + 86_400 * SECOND


def test_the_market_is_open_from_the_open_to_the_close():
    hours = Hours(clock(10), clock(20))
    found = [hours.is_open(START_NS + second * SECOND) for second in (9, 10, 19, 20)]
    assert found == [False, True, True, False]


@pytest.mark.parametrize("text", ["16h", "25:00", "16:00 Mars", "noon"])
def test_a_time_that_is_none_is_refused_with_what_was_expected(make_tws, text):
    with pytest.raises(ValueError, match=r"simulator.closes is .* must be a time such as 16:00"):
        make_tws(closes=text)
